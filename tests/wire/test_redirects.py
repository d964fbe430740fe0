"""Redirect URIs: what may be registered, what matches, and how an answer is added."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import redirects
from genkan.wire.redirects import (
    Kind,
    RedirectProblem,
    RedirectURI,
    find,
    is_native,
    matches,
    parse_redirect,
    with_answer,
)
from tests.wire.strategies import any_text, base_urls, confusing_text

VENDOR = json.loads((Path(__file__).parents[1] / "vectors" / "vendor.json").read_text())
LOOPBACKS = ["http://127.0.0.1", "http://[::1]", "http://localhost"]


def a_redirect(text: str, *, allow_http: bool = False) -> RedirectURI:
    """The redirect URI that a text is."""
    parsed = parse_redirect(text, allow_http=allow_http)
    assert isinstance(parsed, RedirectURI), parsed
    return parsed


@pytest.mark.parametrize(
    ("text", "kind", "scheme", "host", "port"),
    [
        (VENDOR["redirect_uri"], Kind.HTTPS, "https", "localhost", 8091),
        (VENDOR["app_redirect_uri"], Kind.PRIVATE_USE, "jira-server", "oauth-callback", None),
        ("https://app.example.com", Kind.HTTPS, "https", "app.example.com", None),
        ("https://app.example.com/cb?tenant=1&x", Kind.HTTPS, "https", "app.example.com", None),
        ("https://[2001:db8::1]:8443/cb", Kind.HTTPS, "https", "2001:db8::1", 8443),
        ("http://127.0.0.1/cb", Kind.LOOPBACK, "http", "127.0.0.1", None),
        ("http://[::1]/oauth-callback", Kind.LOOPBACK, "http", "::1", None),
        ("http://localhost:34106/", Kind.LOOPBACK, "http", "localhost", 34106),
        ("http://localhost:8080/callback", Kind.LOOPBACK, "http", "localhost", 8080),
        ("com.example.app:/oauth2redirect", Kind.PRIVATE_USE, "com.example.app", None, None),
        ("app:///cb", Kind.PRIVATE_USE, "app", None, None),
        ("app://cb:8/x?y=z", Kind.PRIVATE_USE, "app", "cb", 8),
        ("MyApp://callback", Kind.PRIVATE_USE, "myapp", "callback", None),
    ],
)
def test_each_kind_is_recognised(text: str, kind: Kind, scheme: str, host: str | None, port: int | None) -> None:
    """The text is kept as it was written, and what it is stands beside it (RFC 8252 7)."""
    parsed = a_redirect(text)
    assert (parsed.text, parsed.kind, parsed.scheme, parsed.host, parsed.port) == (text, kind, scheme, host, port)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("https://a.b/" + "x" * 1989, "too-long"),
        ("https://a.b/c d", "characters"),
        ("https://a.b/caf\u00e9", "characters"),
        ("https://a.b\\c", "characters"),
        ("https://*.example.com/cb", "wildcard"),
        ("https://a.b/*", "wildcard"),
        ("https://a.b/%", "escapes"),
        ("/callback", "relative"),
        ("app.example.com/callback", "relative"),
        ("localhost:8080/callback", "relative"),
        ("app:callback", "relative"),
        ("app:", "relative"),
        *[(f"{scheme}://x/y", "scheme") for scheme in sorted(redirects.DENIED_SCHEMES)],
        ("JavaScript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"),
        ("urn:ietf:wg:oauth:2.0:oob", "scheme"),
        ("https://a.b/#", "fragment"),
        ("app://cb#x", "fragment"),
        ("https://u:p@a.b/cb", "userinfo"),
        ("app://u@cb", "userinfo"),
        ("https://a.b/x/../y", "dot-segments"),
        ("https://a.b/cb?state=x", "answer-parameter"),
        ("https:///cb", "host"),
        ("https:/a.b/cb", "host"),
        ("https:a.b/cb", "host"),
        ("https://a.b:0/cb", "host"),
        ("https://127.1/cb", "host"),
        ("app://a..b", "host"),
        ("http://a.b/cb", "http"),
        ("http://127.0.0.2/cb", "http"),
        ("http://localhost.example/cb", "http"),
    ],
)
def test_each_refusal_has_its_code_and_a_sentence(text: str, code: str) -> None:
    """What may not be registered is refused under one code, with a sentence for the person (RFC 9700 2.6)."""
    problem = parse_redirect(text)
    assert isinstance(problem, RedirectProblem)
    assert problem.code == code
    assert problem.sentence.endswith(".")
    assert ":" in problem.sentence


def test_the_longest_redirect_is_2000_characters() -> None:
    """The bound itself is allowed."""
    assert a_redirect("https://a.b/" + "x" * 1988).kind is Kind.HTTPS


def test_plain_http_elsewhere_needs_leave_and_carries_a_warning() -> None:
    """With TLS given up by name, web addresses pass with advice; the other checks stay (RFC 6749 3.1.2.1)."""
    parsed = a_redirect("http://app.example.com/cb", allow_http=True)
    assert (parsed.kind, parsed.scheme) == (Kind.HTTPS, "http")
    assert parsed.advice is not None
    assert isinstance(parse_redirect("http://u@app.example.com/cb", allow_http=True), RedirectProblem)


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("jira-server://oauth-callback", True),
        ("com.example.app:/cb", False),
        ("http://localhost/cb", True),
        ("http://127.0.0.1/cb", False),
        ("http://[::1]/cb", False),
        ("https://localhost/cb", False),
    ],
)
def test_advice_is_given_where_the_specification_advises(text: str, warned: bool) -> None:
    """A scheme that is no reverse domain name (RFC 8252 7.1) and localhost (RFC 8252 8.3) pass with a warning."""
    assert (a_redirect(text).advice is not None) is warned


@given(any_text | confusing_text | confusing_text.map("https://a".__add__) | confusing_text.map("app:".__add__))
def test_any_text_is_judged(text: str) -> None:
    """Judging never raises; what passes is kept byte for byte and holds nothing that could end a header or a policy."""
    parsed = parse_redirect(text)
    assert isinstance(parsed, RedirectURI | RedirectProblem)
    if isinstance(parsed, RedirectURI):
        assert parsed.text == text
        assert text.isascii()
        assert text.isprintable()
        assert not {" ", '"', "<", ">", "#", "*"} & set(text)


@given(base_urls(), confusing_text)
def test_web_redirects_are_read_as_another_reader_reads_them(base: str, rest: str) -> None:
    """Where we accept a web address, the standard library sees the same host and port."""
    parsed = parse_redirect(base + rest)
    if isinstance(parsed, RedirectURI):
        other = urlsplit(base + rest)
        assert (parsed.scheme, parsed.port) == (other.scheme, other.port)
        assert (parsed.host or "").lower() == other.hostname


@given(any_text, any_text)
def test_equality_decides(registered: str, asked: str) -> None:
    """Off loopback two texts match exactly when they are the same text (RFC 9700 2.1)."""
    assert matches(registered, registered)
    assert matches(registered, asked) is (registered == asked)


@given(
    st.sampled_from(LOOPBACKS),
    st.none() | st.integers(1, 65535),
    st.none() | st.integers(1, 65535),
    st.sampled_from(["", "/", "/cb", "/cb?x=1"]),
)
def test_the_port_of_a_loopback_redirect_is_free(host: str, first: int | None, second: int | None, rest: str) -> None:
    """An app takes whatever port the system gives it, with or without one registered (RFC 8252 7.3)."""
    one, two = (f"{host}{'' if port is None else f':{port}'}{rest}" for port in (first, second))
    assert matches(one, two)
    assert find(["https://a.b/cb", one], two) == one


@given(base_urls(), st.integers(1, 65535))
def test_the_port_of_a_web_redirect_is_not(base: str, port: int) -> None:
    """Off loopback another port is another redirect URI, and https on localhost is not loopback."""
    bare = base.partition("://")[2].partition("/")[0].partition(":")[0]
    for host in (bare, "localhost", "127.0.0.1"):
        assert not matches(f"https://{host}/cb", f"https://{host}:{port}/cb")
    assert not matches("http://a.example/cb", f"http://a.example:{port}/cb")


@given(st.sampled_from(LOOPBACKS), confusing_text | any_text, st.sampled_from(["/cb", ""]))
def test_nothing_but_a_port_stands_between_host_and_path(host: str, inserted: str, rest: str) -> None:
    """Between a loopback host and its path only a colon and a port in its one spelling are let through."""
    if matches(f"{host}{rest}", f"{host}{inserted}{rest}"):
        digits = inserted.removeprefix(":")
        assert inserted == "" or (
            inserted == f":{digits}" and digits.isascii() and str(int(digits)) == digits and 0 < int(digits) < 65536
        )


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://127.0.0.1/cb", "http://[::1]:8080/cb"),
        ("http://localhost/cb", "http://127.0.0.1:8080/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/CB"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb?x"),
        ("http://127.0.0.1", "http://127.0.0.1:8080/"),
        ("app:/x", "app://x"),
        ("app://x", "app:///x"),
        ("app://x", "APP://x"),
        ("app://x:1", "app://x:2"),
    ],
)
def test_near_misses_do_not_match(registered: str, asked: str) -> None:
    """Hosts of loopback are three, not one; paths are exact; `app:/x` and `app://x` are two redirect URIs."""
    assert not matches(registered, asked)
    assert not matches(asked, registered)
    assert find([registered], asked) is None


def test_the_same_text_is_found_before_a_free_port() -> None:
    """Of two registered loopback addresses the identical one is the match."""
    listed = ["http://127.0.0.1/cb", "http://127.0.0.1:8080/cb"]
    assert find(listed, "http://127.0.0.1:8080/cb") == listed[1]
    assert find(listed, "http://127.0.0.1:9090/cb") == listed[0]
    assert find([], "http://127.0.0.1/cb") is None


@pytest.mark.parametrize(
    ("listed", "native"),
    [
        (["jira-server://oauth-callback"], True),
        (["http://127.0.0.1/cb"], True),
        (["https://a.b/cb", "com.example.app:/cb"], True),
        (["https://a.b/cb"], False),
        (["https://localhost:8091/jira"], False),
        (["http://a.b/cb"], False),
        (["no redirect"], False),
        ([], False),
    ],
)
def test_native_is_preselected_by_the_redirect(listed: list[str], native: bool) -> None:
    """A redirect that stays on the device preselects a native link, a web address a confidential one."""
    assert is_native(listed) is native


answers = st.dictionaries(
    st.sampled_from(["code", "state", "iss", "error", "error_description"]), st.text(max_size=20), min_size=1
)


@given(
    st.sampled_from(
        ["https://a.b/cb", "https://a.b", "https://a.b/cb?x=1&y", "https://a.b/cb?", "app:/cb", "http://[::1]:8/cb"]
    ),
    answers,
)
def test_an_answer_comes_back_as_it_went_in(redirect: str, params: dict[str, str]) -> None:
    """A form decoder reads every value back unchanged, behind the query that was there (RFC 6749 4.1.2, B)."""
    address = with_answer(redirect, params)
    before, _, query = address.partition("?")
    own = redirect.partition("?")[2]
    assert before == redirect.partition("?")[0]
    assert query.startswith(own)
    added = query[len(own) :].lstrip("&")
    assert dict(parse_qsl(added, keep_blank_values=True, strict_parsing=True)) == params
    assert "&&" not in address
    assert address.isascii()
    assert " " not in address
    assert "+" not in added


def test_state_is_echoed_byte_for_byte() -> None:
    """Quotes, JSON, plus signs and bytes that are no UTF-8 come back as the bytes they were."""
    state = '{"a": "b+c&d=%41"}\udcff'
    echoed = with_answer("app://cb", {"state": state})
    assert echoed == "app://cb?state=%7B%22a%22%3A%20%22b%2Bc%26d%3D%2541%22%7D%FF"


@pytest.mark.parametrize(
    ("redirect", "address"),
    [
        ("https://a.b/cb", "https://a.b/cb?code=x"),
        ("https://a.b/cb?", "https://a.b/cb?code=x"),
        ("https://a.b/cb?y", "https://a.b/cb?y&code=x"),
        ("https://a.b/cb?y=1&", "https://a.b/cb?y=1&code=x"),
    ],
)
def test_one_separator_stands_before_the_answer(redirect: str, address: str) -> None:
    """The existing query is kept as it was written (RFC 6749 3.1.2), and no empty parameter comes between."""
    assert with_answer(redirect, {"code": "x"}) == address


def test_no_answer_adds_nothing() -> None:
    """Without parameters the redirect stays as it is."""
    assert with_answer("https://a.b/cb", {}) == "https://a.b/cb"


@pytest.mark.parametrize(
    ("redirect", "source"),
    [
        ("jira-server://oauth-callback", "jira-server:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("https://localhost:8091/jira", "https://localhost:8091"),
        ("https://a.b/cb;x,y", "https://a.b"),
        ("http://127.0.0.1:4711/cb", "http://127.0.0.1:4711"),
        ("http://localhost/cb", "http://localhost"),
        ("http://[::1]:4711/cb", "http:"),
        ("https://[2001:db8::1]/cb", "https:"),
        ("http://a.b/cb", "http://a.b"),
    ],
)
def test_a_form_may_lead_to_the_redirect(redirect: str, source: str) -> None:
    """The policy's source names scheme, host and port; for IPv6, which a policy cannot spell, the scheme."""
    assert redirects.form_action_source(redirect) == source


@given(any_text | confusing_text | confusing_text.map("https://a".__add__) | confusing_text.map("app:".__add__))
def test_no_redirect_writes_a_policy_of_its_own(text: str) -> None:
    """A source is one word without the separators of a policy, or there is none."""
    try:
        source = redirects.form_action_source(text)
    except ValueError:
        return
    assert not {" ", ";", ",", "'", '"', "*"} & set(source)
    assert ":" in source
