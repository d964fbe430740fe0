"""Sign-in, refresh, sign-out and API calls by hand: what is sent, and what each answer comes to."""

import base64
import json
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.app import flows
from genkan.app.outcomes import Problem, Refreshed, Retry, SignedIn, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.state import Site, Tokens
from genkan.app.steps import Answer, Ask, Call, Loss, Lost, NoReturn, Pause, Returned, Step, Visit
from genkan.wire.pkce import challenge_of, is_verifier
from genkan.wire.redirects import with_answer
from tests.app.by_hand import APP, BASE, CLIENT, a_site, document, drive, form_of, page
from tests.app.conftest import Chance

NOW = 1_700_000_000_000
TOKENS = Tokens("at-old", "rt-old", NOW - 3_600_000, NOW, "WRITE")
GRANTED = {"access_token": "at-new", "refresh_token": "rt-new", "token_type": "bearer", "expires_in": 3600}


def now() -> int:
    return NOW


class Walk:
    """Plays the browser and the token endpoint, and remembers what was asked."""

    def __init__(self, answer: dict[str, str] | None = None, token: object = None) -> None:
        self.answer = {"code": "the-code", "iss": BASE} if answer is None else answer
        self.token = document({**GRANTED, "scope": "WRITE"}) if token is None else token
        self.url = ""
        self.asked: list[Ask] = []

    def __call__(self, step: Step) -> object:
        if isinstance(step, Visit):
            self.url = step.url
            state = {"state": step.state} if "state" not in self.answer else {}
            return Returned(with_answer(self.query["redirect_uri"], {**state, **self.answer}))
        assert isinstance(step, Ask)
        self.asked.append(step)
        return self.token

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, strict_parsing=True))


def walk_in(walk: Callable[[Step], object], site: Site | None = None, redirect: str = APP) -> SignedIn | Problem:
    flow = flows.sign_in(site or a_site(), redirect, device_id="the-device", now=now, draw=Chance())
    return drive(flow, walk)


def test_authorization_request() -> None:
    """PKCE S256 and state are always there, each fresh, and the redirect is exactly the one that was asked (RFC 6749
    4.1; RFC 7636 7.1; RFC 9700 2.3).
    """
    first, second = Walk(), Walk()
    chance = Chance()
    for walk in (first, second):
        drive(flows.sign_in(a_site(), APP, device_id="d", now=now, draw=chance), walk)
    query = first.query
    assert first.url.startswith(f"{BASE}/rest/oauth2/latest/authorize?")
    assert {**query, "state": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": APP,
        "scope": "WRITE",
        "state": "",
        "code_challenge": "",
        "code_challenge_method": "S256",
    }
    assert len(base64.urlsafe_b64decode(query["state"] + "=")) == 32
    assert {query["state"], query["code_challenge"]}.isdisjoint({second.query["state"], second.query["code_challenge"]})


def test_code_exchange() -> None:
    """The exchange sends the verifier of this request, the exact redirect and the device mark, and keeps the times."""
    walk = Walk()
    outcome = walk_in(walk)
    assert isinstance(outcome, SignedIn)
    assert outcome.tokens == Tokens("at-new", "rt-new", NOW, NOW + 3_600_000, "WRITE")
    assert walk.asked[0].method == "POST"
    assert walk.asked[0].url == f"{BASE}/rest/oauth2/latest/token"
    form = form_of(walk.asked[0])
    verifier = form.pop("code_verifier")
    assert is_verifier(verifier)
    assert challenge_of(verifier) == walk.query["code_challenge"]
    assert form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": APP,
        "client_id": CLIENT,
        "device_id": "the-device",
    }


def test_client_secret_goes_into_the_form() -> None:
    """A link with a secret gets it in the body, never in the address or a header."""
    walk = Walk()
    walk_in(walk, a_site(client_secret="s3cret"))
    assert form_of(walk.asked[0])["client_secret"] == "s3cret"
    assert "s3cret" not in walk.url
    assert "s3cret" not in walk.asked[0].url + repr(walk.asked[0].headers)


def test_private_session_asks_for_a_new_sign_in() -> None:
    """`cacheSessionInMobileBrowser: false` asks the site for a fresh sign-in and to keep no cookie."""
    shared, private = Walk(), Walk()
    walk_in(shared)
    walk_in(private, a_site(share_browser_session=False))
    assert (private.query["prompt"], private.query["ephemeral"]) == ("login", "true")
    assert {"prompt", "ephemeral"}.isdisjoint(shared.query)


def test_unregistered_redirects_are_refused_first() -> None:
    """A redirect that the site did not register never gets into a browser; the port of a loopback one is free."""
    for redirect in ("http://127.0.0.1:8080/other", "http://localhost:80/oauth-callback", "evil://oauth-callback", ""):
        walk = Walk()
        assert isinstance(walk_in(walk, redirect=redirect), SiteSetUpWrong)
        assert walk.url == ""
    assert isinstance(walk_in(Walk(), redirect="http://127.0.0.1:49152/oauth-callback"), SignedIn)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "x", "state": "someone-elses", "iss": BASE},
        {"code": "x", "state": "", "iss": BASE},
        {"code": "x", "iss": "https://evil.example"},
        {"code": "x"},
        {"iss": BASE},
        {"code": "x", "error": "access_denied", "iss": BASE},
    ],
)
def test_answers_that_are_not_ours(answer: dict[str, str]) -> None:
    """A wrong state, another issuer, a promised issuer left out, no code: nothing is exchanged."""
    walk = Walk(answer)
    assert isinstance(walk_in(walk), SignInAgain)
    assert walk.asked == []


def test_issuer_is_checked_where_it_is_named_though_not_promised() -> None:
    """RFC 9207: without a promise `iss` may be missing, but one that is there must be right."""
    quiet = a_site(issuer_promised=False)
    assert isinstance(walk_in(Walk({"code": "x"}), quiet), SignedIn)
    assert isinstance(walk_in(Walk({"code": "x", "iss": BASE}), quiet), SignedIn)
    assert isinstance(walk_in(Walk({"code": "x", "iss": "https://evil.example"}), quiet), SignInAgain)
    assert isinstance(walk_in(Walk({"code": "x", "iss": ""}), quiet), SignInAgain)


@given(st.text(max_size=300))
def test_any_pasted_text_is_judged(text: str) -> None:
    """Whatever a person pastes, the flow ends in a sentence, never in an exception."""
    outcome = walk_in(lambda _step: Returned(text))
    assert isinstance(outcome, SignInAgain)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", SignInAgain),
        ("login_required", SignInAgain),
        ("temporarily_unavailable", Retry),
        ("server_error", Retry),
        ("invalid_scope", SiteSetUpWrong),
        ("unauthorized_client", SiteSetUpWrong),
        ("something_new", SiteSetUpWrong),
    ],
)
def test_refusals_of_the_site(error: str, kind: type) -> None:
    """Each error of the authorization endpoint comes to what the person can do about it."""
    outcome = walk_in(Walk({"error": error, "error_description": "Because\x1b[31m.", "iss": BASE}))
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, SignedIn)
    assert "\x1b" not in outcome.sentence
    assert "Because" in outcome.sentence


def test_nobody_came_back() -> None:
    """A browser that brings nothing back leaves its own sentence."""
    outcome = walk_in(lambda _step: NoReturn("No answer in time."))
    assert outcome == SignInAgain("No answer in time.")


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (Lost(Loss.INTERRUPTED, "Broke."), SignInAgain),
        (Lost(Loss.UNREADABLE, "Too long."), SignInAgain),
        (Lost(Loss.UNREACHABLE, "Gone."), Retry),
        (document({"error": "invalid_grant"}, 400), SignInAgain),
        (document({"error": "invalid_client"}, 401), SiteSetUpWrong),
        (document({}, 503), Retry),
        (page(200), Retry),
        (page(302, location="https://portal.example"), Retry),
        (document({**GRANTED, "token_type": "mac"}), Retry),
    ],
)
def test_an_exchange_is_never_repeated(token: object, kind: type) -> None:
    """Whatever becomes of the code exchange, it is sent exactly once (a code shown twice would end the sign-in)."""
    walk = Walk(token=token)
    assert isinstance(walk_in(walk), kind)
    assert len(walk.asked) == 1


def refreshed(*answers: object, site: Site | None = None) -> tuple[Refreshed | Problem, list[dict[str, str]], int]:
    """The outcome of a refresh over these answers, the forms that were sent, and how often it paused."""
    forms: list[dict[str, str]] = []
    pauses = 0
    waiting = list(answers)
    flow = flows.refresh(site or a_site(), TOKENS, APP, now=now)
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                pauses += 1
                step = flow.send(None)
            else:
                forms.append(form_of(step))
                step = flow.send(waiting.pop(0))
    except StopIteration as end:
        assert waiting == []
        return end.value, forms, pauses


def test_refresh() -> None:
    """A refresh shows the refresh token with the redirect that was signed in with, and asks for no scope."""
    outcome, forms, _ = refreshed(document(GRANTED), site=a_site(client_secret="s3cret"))
    assert outcome == Refreshed(Tokens("at-new", "rt-new", NOW, NOW + 3_600_000, "WRITE"))
    assert forms == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "rt-old",
            "client_id": CLIENT,
            "client_secret": "s3cret",
            "redirect_uri": APP,
        }
    ]


def test_a_lost_refresh_is_asked_again_with_the_same_token() -> None:
    """A broken connection or a passing fault repeats the very same request."""
    outcome, forms, pauses = refreshed(Lost(Loss.INTERRUPTED, "Broke."), page(502), document(GRANTED))
    assert isinstance(outcome, Refreshed)
    assert [form["refresh_token"] for form in forms] == ["rt-old"] * 3
    assert pauses == 2


def test_repetition_ends() -> None:
    """After three tries the caller is told to try later, with everything kept."""
    outcome, forms, _ = refreshed(*[Lost(Loss.INTERRUPTED, "Broke.")] * 3)
    assert outcome == Retry("Broke.")
    assert len(forms) == 3


@pytest.mark.parametrize(
    "answer", [Lost(Loss.UNREACHABLE, "Gone."), page(503, **{"retry-after": "30"}), page(429, **{"retry-after": "30"})]
)
def test_not_repeated_out_of_reach_or_against_advice(answer: object) -> None:
    """Out of reach nothing helps at once, and a site that names a time is given it."""
    outcome, forms, _ = refreshed(answer)
    assert isinstance(outcome, Retry)
    assert len(forms) == 1
    assert outcome.after == (30 if isinstance(answer, Answer) else None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (document({"error": "invalid_grant", "error_description": "Signed out."}, 400), SignInAgain),
        (document({"error": "invalid_grant"}, 401), SignInAgain),
        (document({"error": "invalid_client"}, 401), SiteSetUpWrong),
        (document({"error": "unsupported_grant_type"}, 400), SiteSetUpWrong),
        (page(404), SiteSetUpWrong),
        (page(200), Retry),
        (page(302, location="https://portal.example"), Retry),
        (Lost(Loss.CERTIFICATE, "Not trusted."), Retry),
        (Lost(Loss.NOT_TLS, "No https."), Retry),
        (Lost(Loss.CLIENT_CERTIFICATE, "One is asked for."), SiteSetUpWrong),
        (Lost(Loss.UNREADABLE, "Too long."), Retry),
    ],
)
def test_refusals_of_a_refresh(answer: object, kind: type) -> None:
    """Only `invalid_grant` ends a sign-in; a network's own page or a wrong set-up never does."""
    outcome, _, _ = refreshed(answer)
    assert isinstance(outcome, kind)


def test_without_a_new_refresh_token_the_old_one_goes_on() -> None:
    """RFC 6749 6: the answer may leave it out."""
    outcome, _, _ = refreshed(document({"access_token": "at-new", "expires_in": "60"}))
    assert isinstance(outcome, Refreshed)
    assert outcome.tokens.refresh == "rt-old"
    assert outcome.tokens.expires_at == NOW + 60_000


def test_a_sign_in_without_refresh_token_cannot_be_renewed() -> None:
    """Then only the person helps, and nobody is asked."""
    flow = flows.refresh(a_site(), Tokens("at", None, NOW, NOW), APP, now=now)
    assert isinstance(drive(flow, lambda _step: pytest.fail("asked")), SignInAgain)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, {}, b""), SignedOut),
        (document({}), SignedOut),
        (page(200), Retry),
        (page(503), Retry),
        (page(404), SiteSetUpWrong),
        (document({"error": "unsupported_token_type"}, 400), SiteSetUpWrong),
        (Lost(Loss.UNREACHABLE, "Gone."), Retry),
    ],
)
def test_sign_out(answer: object, kind: type) -> None:
    """The refresh token is revoked; only a 200 of the site itself counts as signed out (RFC 7009)."""
    forms: list[dict[str, str]] = []

    def script(step: Step) -> object:
        forms.append(form_of(step))
        return answer

    assert isinstance(drive(flows.sign_out(a_site(), TOKENS), script), kind)
    assert forms == [{"token": "rt-old", "token_type_hint": "refresh_token", "client_id": CLIENT}]


def test_call_stays_at_the_site() -> None:
    """The token goes to the site's own server and nowhere else, whatever the path holds (RFC 6750 2.1)."""
    asked: list[Ask] = []

    def script(step: Step) -> object:
        assert isinstance(step, Ask)
        asked.append(step)
        return document({})

    for path in ("/rest/api/2/myself", "/@evil.example/", "/a?next=https://evil.example", "/:80/x", "/%2f%2fevil"):
        drive(flows.call(a_site(), "at", Call("GET", path)), script)
        parts = urlsplit(asked[-1].url)
        assert (parts.scheme, parts.netloc) == ("https", "jira.example.com")
        assert ("Authorization", "Bearer at") in asked[-1].headers
    for path in ("//evil.example/", "https://evil.example/", "rest", "", "/\\evil.example", "/../x"):
        with pytest.raises(ValueError, match="path"):
            drive(flows.call(a_site(), "at", Call("GET", path)), script)


def test_no_secret_in_any_repr() -> None:
    """Nothing that flows yield or return shows a token, code, verifier, state or secret when printed."""
    seen: list[object] = []

    def script(step: Step) -> object:
        seen.append(step)
        if isinstance(step, Visit):
            query = parse_qs(urlsplit(step.url).query)
            seen.append(Returned(with_answer(APP, {"code": "the-code", "state": query["state"][0], "iss": BASE})))
            return seen[-1]
        seen.append(document({**GRANTED}))
        return seen[-1]

    outcome = walk_in(script, a_site(client_secret="s3cret"))
    assert isinstance(outcome, SignedIn)
    form = form_of(next(step for step in seen if isinstance(step, Ask)))
    printed = repr([*seen, outcome])
    for secret in ("the-code", "at-new", "rt-new", "s3cret", form["code_verifier"]):
        assert secret not in printed
    assert json.dumps("state") not in printed
