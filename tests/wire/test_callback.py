"""The address that comes back from the browser: ours and whole, or not used at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire.callback import CallbackCode, CallbackRefused, CallbackWrong, parse_callback
from genkan.wire.redirects import with_answer
from tests.wire.confusions import REGISTERED, corpus
from tests.wire.strategies import any_text, confusing_text

APP = "jira-server://oauth-callback"
LOOPBACK = "http://127.0.0.1:4711/oauth-callback"
ISSUER = "https://jira.example.com/jira"
STATE = "the-state"

Answer = CallbackCode | CallbackRefused | CallbackWrong


def come_back(url: str, *, state: str = STATE, redirect_uri: str = APP, issuer: str | None = None) -> Answer:
    """Judge an address with the values of an ordinary sign-in."""
    return parse_callback(url, state=state, redirect_uri=redirect_uri, issuer=issuer)


def why(answer: Answer) -> str:
    """Why an address is wrong."""
    assert isinstance(answer, CallbackWrong), answer
    return answer.why


redirects = st.sampled_from([*REGISTERED, LOOPBACK, "https://a.b/cb?x=1&y=2", "https://a.b/cb?"])
states = st.text(min_size=1, max_size=30)


@given(redirects, states, st.text(min_size=1, max_size=30), st.sampled_from([None, ISSUER]))
def test_the_sites_answer_is_read(redirect: str, state: str, code: str, issuer: str | None) -> None:
    """What the site's side writes onto a redirect, this side reads, whatever code and state are."""
    url = with_answer(redirect, {"code": code, "state": state, "iss": ISSUER})
    assert come_back(url, state=state, redirect_uri=redirect, issuer=issuer) == CallbackCode(code)


@given(redirects, states)
def test_the_sites_refusal_is_read(redirect: str, state: str) -> None:
    """A refusal comes with its code and a description fit to be shown (RFC 6749 4.1.2.1)."""
    params = {"error": "access_denied", "error_description": "Denied.\nBy you.", "state": state, "iss": ISSUER}
    url = with_answer(redirect, params)
    answer = come_back(url, state=state, redirect_uri=redirect, issuer=ISSUER)
    assert answer == CallbackRefused("access_denied", "Denied. By you.")


@given(states, states)
def test_another_state_is_refused(state: str, other: str) -> None:
    """The state is compared whole; a code that comes with another one is somebody else's (RFC 6749 10.12)."""
    answer = come_back(with_answer(APP, {"code": "c", "state": other}), state=state)
    assert isinstance(answer, CallbackCode) is (state == other)


@pytest.mark.parametrize(
    "query", ["code=c", "code=c&state=", "code=c&state", "error=access_denied", "code=c&State=the-state"]
)
def test_a_missing_state_is_refused(query: str) -> None:
    """Neither code nor error is believed without the state."""
    assert "state" in why(come_back(f"{APP}?{query}"))


def test_an_expected_state_that_is_empty_lets_nothing_through() -> None:
    """A sign-in that forgot its state is not one that accepts every answer."""
    assert "state" in why(come_back(f"{APP}?code=c&state=", state=""))
    assert "state" in why(come_back(f"{APP}?code=c", state=""))


@pytest.mark.parametrize("iss", ["https://evil.example", ISSUER + "/", ISSUER.upper(), "", "https://jira.example.com"])
def test_another_issuer_is_refused(iss: str) -> None:
    """The issuer is compared as a string (RFC 9207 2.4), so a mixed-up answer is not sent to our token endpoint."""
    assert "issuer" in why(come_back(with_answer(APP, {"code": "c", "state": STATE, "iss": iss}), issuer=ISSUER))


def test_a_promised_issuer_may_not_be_missing() -> None:
    """A site whose metadata promises `iss` always sends it; one that promises nothing is not asked for it."""
    url = f"{APP}?code=c&state={STATE}"
    assert "issuer" in why(come_back(url, issuer=ISSUER))
    assert come_back(url) == CallbackCode("c")
    assert come_back(url + "&iss=anything") == CallbackCode("c")


@pytest.mark.parametrize(
    "twice", ["code=d", "state=the-state", "state=x", "iss=x&iss=x", "x=1&x=2", "c%6fde=d", "error=x&error=x"]
)
def test_a_repeated_parameter_is_refused(twice: str) -> None:
    """Of two values no reader knows which counts (RFC 6749 3.1), in whatever spelling they come."""
    assert "repeated" in why(come_back(f"{APP}?code=c&state={STATE}&{twice}"))


@pytest.mark.parametrize(
    "query",
    ["", "?", f"?state={STATE}", f"?code=&state={STATE}", f"?error=&state={STATE}", f"?code=c&error=e&state={STATE}"],
)
def test_an_answer_has_a_code_or_an_error(query: str) -> None:
    """Neither, both, and empty ones are no answer."""
    assert isinstance(come_back(APP + query), CallbackWrong)


def test_no_confused_address_is_taken_for_the_redirect() -> None:
    """None of the confusions brings an answer, but for the spellings that a browser changes itself."""
    params = {"code": "c", "state": STATE}
    taken = []
    for confusion in corpus():
        if "#" in confusion.asked or "?" in confusion.asked:
            continue
        answer = come_back(with_answer(confusion.asked, params), redirect_uri=confusion.registered)
        if isinstance(answer, CallbackCode) and not same_but_for_browsers(confusion.registered, confusion.asked):
            taken.append(confusion)
    assert taken == []


def same_but_for_browsers(registered: str, asked: str) -> bool:
    """Scheme and host in another case, or a slash for an empty path (RFC 3986 6.2.2.1, 6.2.3)."""
    return registered.lower() == asked.lower().removesuffix("/")


@pytest.mark.parametrize(
    ("redirect", "came"),
    [
        (APP, "jira-server://oauth-callback/"),
        (APP, "JIRA-SERVER://OAUTH-CALLBACK"),
        ("HTTP://LOCALHOST:4711", "http://localhost:4711/"),
        ("https://A.example/Cb", "https://a.example/Cb"),
    ],
)
def test_what_a_browser_changes_on_the_way_is_taken(redirect: str, came: str) -> None:
    """Case of scheme and host, and the slash of an empty path, may change in transit."""
    assert come_back(f"{came}?code=c&state={STATE}", redirect_uri=redirect) == CallbackCode("c")


@pytest.mark.parametrize(
    "came",
    [
        "http://127.0.0.1:4712/oauth-callback",
        "http://localhost:4711/oauth-callback",
        "https://127.0.0.1:4711/oauth-callback",
        "http://127.0.0.1:4711/OAuth-callback",
        "http://127.0.0.1:4711/oauth-callback/",
        "http://127.0.0.1/oauth-callback",
    ],
)
def test_the_place_is_the_one_that_was_asked(came: str) -> None:
    """Port, host, scheme and path are those of this sign-in: here no port is free, ours is known."""
    assert "redirect address" in why(come_back(f"{came}?code=c&state={STATE}", redirect_uri=LOOPBACK))


@pytest.mark.parametrize("query", ["code=c", "x=2&code=c", "code=c&x=1", "X=1&code=c"])
def test_the_redirects_own_query_comes_back_first(query: str) -> None:
    """A query that was registered is kept by the site (RFC 6749 3.1.2), so its absence marks a foreign answer."""
    redirect = "https://a.b/cb?x=1"
    assert "query" in why(come_back(f"https://a.b/cb?{query}&state={STATE}", redirect_uri=redirect))
    assert come_back(f"{redirect}&code=c&state={STATE}", redirect_uri=redirect) == CallbackCode("c")


def test_a_fragment_is_passed_over() -> None:
    """Some providers and browsers append one; it holds nothing of ours."""
    assert come_back(f"{APP}?code=c&state={STATE}#_=_&code=d") == CallbackCode("c")
    assert isinstance(come_back(f"{APP}#code=c&state={STATE}"), CallbackWrong)


@pytest.mark.parametrize("query", ["code=%", "code=%zz", "code=%ff", "%80=x", "code=c&x=%c3%28", "code=\udcff"])
def test_a_query_that_cannot_be_decoded_is_refused(query: str) -> None:
    """Broken escapes and bytes that are no UTF-8 are not guessed at."""
    assert "cannot be read" in why(come_back(f"{APP}?{query}&state={STATE}"))


def test_length_and_number_are_bounded() -> None:
    """An address that grows without end is refused before it is read."""
    assert "too long" in why(come_back(f"{APP}?code={'c' * 20000}&state={STATE}"))
    many = "&".join(f"p{number}=x" for number in range(100))
    assert "cannot be read" in why(come_back(f"{APP}?code=c&state={STATE}&{many}"))


def test_a_wrong_address_does_not_show_its_code() -> None:
    """The reason names no value of the address, so that it may be logged and shown."""
    for query in ("code=the-code&code=x", "code=the-code", "code=the-code&error=the-code&state=the-state"):
        assert "the-code" not in why(come_back(f"{APP}?{query}"))


@given(
    any_text | confusing_text | confusing_text.map(f"{APP}?state={STATE}&".__add__),
    any_text,
    any_text | redirects,
    st.none() | any_text,
)
def test_any_address_is_judged(url: str, state: str, redirect_uri: str, issuer: str | None) -> None:
    """Judging never raises."""
    answer = come_back(url, state=state, redirect_uri=redirect_uri, issuer=issuer)
    assert isinstance(answer, CallbackCode | CallbackRefused | CallbackWrong)
