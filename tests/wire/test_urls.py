"""Base URLs: one spelling each, and no way for a path to lead to another origin."""

from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import urls
from genkan.wire.urls import BaseURL, BaseURLProblem
from tests.wire.strategies import any_text, base_urls, confusing_text


def a_base_url(text: str, *, allow_http: bool = False) -> BaseURL:
    """The base URL that a text spells."""
    base = urls.parse_base_url(text, allow_http=allow_http)
    assert isinstance(base, BaseURL)
    return base


@pytest.mark.parametrize(
    ("written", "text", "origin"),
    [
        ("https://jira.example.com", "https://jira.example.com", "https://jira.example.com"),
        ("https://jira.example.com/", "https://jira.example.com", "https://jira.example.com"),
        ("https://jira.example.com///", "https://jira.example.com", "https://jira.example.com"),
        ("HTTPS://Jira.Example.COM:443/Jira/", "https://jira.example.com/Jira", "https://jira.example.com"),
        ("https://jira.example.com:8443/a/b", "https://jira.example.com:8443/a/b", "https://jira.example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1/x", "http://127.0.0.1"),
        ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_base_url_has_one_spelling(written: str, text: str, origin: str) -> None:
    """Case of scheme and host, the scheme's own port and trailing slashes do not tell two sites apart."""
    base = a_base_url(written)
    assert (base.text, base.origin) == (text, origin)
    assert base.text == base.origin + base.path


@given(base_urls())
def test_reading_again_changes_nothing(text: str) -> None:
    """The spelling that comes out goes in unchanged."""
    once = a_base_url(text)
    assert a_base_url(once.text) == once


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            " ",
            "jira.example.com",
            "jira.example.com:8080/x",
            "//jira.example.com",
            "/jira",
            "https:",
            "https:/a.b",
            "https:a.b",
        ],
        *[
            "https://",
            "https:///a",
            "https://:443",
            "https://a:",
            "https://a:0",
            "https://a:99999",
            "https://u@a.b",
            "https://u:p@a.b",
        ],
        *[
            "https://a.b?x",
            "https://a.b/?",
            "https://a.b#x",
            "https://a.b/#",
            "ftp://a.b",
            "jira-server://a",
            "javascript://a.b",
        ],
        *[
            "https://a b",
            "https://a.b\n",
            " https://a.b",
            "https://a.b\\c",
            "https://caf\u00e9.example",
            "https://a.b/\u00e9",
            "https://a\0.b",
        ],
        *[
            "https://a.b/../c",
            "https://a.b/%2e%2e/c",
            "https://a.b//c",
            "https://a.b/%",
            "https://2130706433",
            "https://127.1",
        ],
        *["https://a.b/" + "x" * 2000, "https://\udc80"],
    ],
)
def test_other_texts_are_refused_with_a_fix(text: str) -> None:
    """What is not an absolute, plain, unambiguous address is refused, and the sentence says what to write."""
    problem = urls.parse_base_url(text, allow_http=True)
    assert isinstance(problem, BaseURLProblem)
    assert problem.sentence == f"{problem.problem} {problem.fix}"
    assert problem.problem.endswith(".")
    assert problem.fix.endswith(".")


@pytest.mark.parametrize(
    "text", ["http://jira.example.com", "http://192.168.1.2:8080/jira", "http://localhost.example", "http://[::2]"]
)
def test_plain_http_needs_leave_outside_loopback(text: str) -> None:
    """Tokens travel on https (RFC 6749 3.1) unless the operator gives it up by name."""
    problem = urls.parse_base_url(text)
    assert isinstance(problem, BaseURLProblem)
    assert "https://" in problem.fix
    assert not a_base_url(text, allow_http=True).secure


@pytest.mark.parametrize(
    "text",
    [
        "https://alice:hunter2@a.b",
        "alice:hunter2@a.b",
        "alice:hunter2",
        "hunter2@a.b",
        "ftp://a:hunter2@b",
        "https://a:hunter2",
    ],
)
def test_a_password_in_an_address_is_not_repeated(text: str) -> None:
    """A refused address that may hold a secret does not appear in the sentence about it."""
    problem = urls.parse_base_url(text)
    assert isinstance(problem, BaseURLProblem)
    assert "hunter2" not in problem.sentence


def test_a_forgotten_scheme_is_supplied_in_the_fix() -> None:
    """A host typed alone comes back as the address that was meant."""
    problem = urls.parse_base_url("jira.example.org/jira")
    assert isinstance(problem, BaseURLProblem)
    assert "https://jira.example.org/jira." in problem.fix


@given(any_text | confusing_text | confusing_text.map("https://a".__add__), st.booleans())
def test_any_text_is_read(text: str, allow_http: bool) -> None:
    """Reading never raises, and what passes is spelt in characters that every reader takes alike."""
    base = urls.parse_base_url(text, allow_http=allow_http)
    assert isinstance(base, BaseURL | BaseURLProblem)
    if isinstance(base, BaseURL):
        other = urlsplit(base.text)
        assert (other.scheme, other.hostname, other.port, other.path) == (base.scheme, base.host, base.port, base.path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *[
            (host, True)
            for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.255.0.3", "::1", "[::1]", "0:0:0:0:0:0:0:1")
        ],
        *[
            (host, False)
            for host in ("", "localhost.", "localhost.example", "a.localhost", "126.0.0.1", "128.0.0.1", "0.0.0.0")
        ],
        *[
            (host, False)
            for host in ("::", "::2", "::ffff:127.0.0.1", "127.1", "2130706433", "127.0.0.1.example", "[::1")
        ],
    ],
)
def test_loopback_is_what_never_leaves_the_machine(host: str, loopback: bool) -> None:
    """Only names and numbers that every resolver keeps on the machine count (RFC 8252 8.3)."""
    assert urls.is_loopback_host(host) is loopback


@given(base_urls(), any_text | confusing_text)
def test_no_path_changes_the_origin(base: str, rest: str) -> None:
    """Whatever stands behind the first slash, scheme, host and port stay, for two readers besides our own."""
    path = "/" + rest
    try:
        joined = urls.join(base, path)
    except ValueError:
        return
    wanted, stdlib, client = urlsplit(base), urlsplit(joined), httpx2.URL(joined)
    assert (stdlib.scheme, stdlib.netloc) == (wanted.scheme, wanted.netloc)
    assert (client.scheme, client.host, client.port) == (
        "https",
        wanted.hostname,
        wanted.port if wanted.port != 443 else None,
    )
    assert stdlib.path.startswith(wanted.path + "/")
    assert "\\" not in joined
    assert joined.isascii()
    assert joined.isprintable()


@pytest.mark.parametrize(
    ("path", "joined"),
    [
        ("/", "https://h.example/jira/"),
        ("/rest/api/2/myself", "https://h.example/jira/rest/api/2/myself"),
        ("/a?b=c&d=%40", "https://h.example/jira/a?b=c&d=%40"),
        ("/@evil.example", "https://h.example/jira/@evil.example"),
        ("/\t/evil.example", "https://h.example/jira/%09/evil.example"),
        ("/a\\@evil", "https://h.example/jira/a%5C@evil"),
        ("/caf\u00e9 x", "https://h.example/jira/caf%C3%A9%20x"),
        ("/a?../..", "https://h.example/jira/a?../.."),
    ],
)
def test_a_path_goes_below_the_context_path(path: str, joined: str) -> None:
    """Paths are appended, ambiguous characters escaped, and a base with or without slash gives the same."""
    assert urls.join("https://h.example/jira", path) == joined
    assert urls.join("https://h.example/jira/", path) == joined


@pytest.mark.parametrize(
    "path",
    ["", "a", "@evil.example", ".evil.example", ":80/", "//evil.example", "/\\evil", "///a", "?a", "#a", "\\a", " /a"],
)
def test_a_path_begins_with_exactly_one_slash(path: str) -> None:
    """What would glue itself to the host, or begin an authority of its own, is not joined."""
    with pytest.raises(ValueError, match="exactly one slash"):
        urls.join("https://h.example", path)


@pytest.mark.parametrize("path", ["/../a", "/a/..", "/a/../../b", "/%2e%2e/a", "/./a", "/..%2fa", "/..\\a", "/..;/a"])
def test_a_path_does_not_climb(path: str) -> None:
    """A path stays below the context path: what is meant for us does not reach another application on the host."""
    with pytest.raises(ValueError, match="dot segments"):
        urls.join("https://h.example/jira", path)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "h.example",
        "https://",
        "https:///x",
        "https://h.example?x",
        "https://h.example#x",
        "https://u@h.example",
        "app://x",
    ],
)
def test_nothing_is_joined_to_what_is_no_base(base: str) -> None:
    """A base without host, or with something behind the path, is a fault of the caller."""
    with pytest.raises(ValueError, match="base URL"):
        urls.join(base, "/a")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *[(text, True) for text in ("https://a.b", "http://a.b:1/c?d=e", "https://[::1]/x")],
        *[
            (text, False)
            for text in (
                "",
                "/a",
                "https://a.b#c",
                "https://u@a.b",
                "app://a",
                "https://",
                "https://a b",
                "https://a.b/" + "x" * 2000,
            )
        ],
    ],
)
def test_an_endpoint_is_an_address_to_call(text: str, good: bool) -> None:
    """An endpoint is absolute, of the web, and has no fragment (RFC 6749 3.1)."""
    assert urls.is_endpoint(text) is good
