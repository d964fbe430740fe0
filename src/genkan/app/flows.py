"""The app's half of each protocol exchange, as generators: sign in, refresh, sign out, call the API.

Owns what is sent and how answers are judged; keeps nothing, opens no connection, reads no clock but through ``now``.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never
from urllib.parse import parse_qs, urlencode, urlsplit

from genkan.app.discovery import Wanted, discover
from genkan.app.outcomes import Problem, Refreshed, Retry, SignedIn, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.state import Site, Tokens
from genkan.app.steps import (
    INTERCEPTIONS,
    SET_UP_FAULTS,
    Answer,
    Ask,
    Call,
    Flow,
    Loss,
    Lost,
    NoReturn,
    Visit,
    ask,
    pause,
    visit,
)
from genkan.wire.oauth import (
    AuthorizationRequest,
    CallbackCode,
    CallbackRefused,
    CallbackWrong,
    CodeExchange,
    ErrorCode,
    OAuthFailure,
    RefreshRequest,
    RevocationRequest,
    TokenAnswer,
    parse_callback,
    parse_revocation_answer,
    parse_token_answer,
)
from genkan.wire.pkce import Method, challenge_of
from genkan.wire.redirects import find
from genkan.wire.token_answer import INVALID_RESPONSE
from genkan.wire.urls import join

__all__ = ["Wanted", "authorize", "call", "discover", "exchange", "refresh", "sign_in", "sign_out"]

Now = Callable[[], int]
Draw = Callable[[int], bytes]

REFRESH_PAUSES = (200, 1000)
"""Milliseconds before a refresh is asked again; after the last one the caller is told to try later."""


def sign_in(
    site: Site, redirect_uri: str, *, device_id: str, now: Now, draw: Draw
) -> Flow[SignedIn | Retry | SignInAgain | SiteSetUpWrong]:
    """Authorization code with PKCE (RFC 6749 4.1, RFC 7636), through whatever browser the driver has."""
    asked = yield from authorize(site, redirect_uri, device_id=device_id, draw=draw)
    return (yield from exchange(site, asked, now)) if isinstance(asked, CodeExchange) else asked


def authorize(site: Site, redirect_uri: str, *, device_id: str, draw: Draw) -> Flow[CodeExchange | Problem]:
    """The browser's half: what to exchange, once the person has come back with a code that is ours."""
    if find(site.redirect_uris, redirect_uri) is None:
        # RFC 9700 2.1: redirect addresses match exactly; what is not registered is refused before a browser opens
        return SiteSetUpWrong(f"The redirect address {redirect_uri} is not registered at {site.name}.")
    verifier, state = secret(draw), secret(draw)
    url = authorization_url(site, redirect_uri, verifier, state)
    brought = yield from visit(Visit(url, state, private=not site.share_browser_session))
    if isinstance(brought, NoReturn):
        return SignInAgain(brought.sentence)
    issuer = site.issuer if site.issuer_promised or _names_issuer(brought.address) else None
    answer = parse_callback(brought.address, state=state, redirect_uri=redirect_uri, issuer=issuer)
    match answer:
        case CallbackWrong():
            return SignInAgain(f"What the browser brought back is not the answer to this sign-in: {answer.why}.")
        case CallbackRefused():
            return refused(site, answer)
        case CallbackCode():
            return CodeExchange(
                code=answer.code,
                redirect_uri=redirect_uri,
                client_id=site.client_id,
                client_secret=site.client_secret,
                code_verifier=verifier,
                device_id=device_id,
            )
        case _:
            assert_never(answer)


def secret(draw: Draw) -> str:
    """A verifier, or a state."""
    # RFC 7636 7.1: 256 bits for the verifier; RFC 6749 10.12: the state gets as many
    return urlsafe_b64encode(draw(32)).rstrip(b"=").decode()


def authorization_url(site: Site, redirect_uri: str, verifier: str, state: str) -> str:
    """Where the browser is sent (RFC 6749 4.1.1)."""
    private = not site.share_browser_session
    return AuthorizationRequest(
        client_id=site.client_id,
        redirect_uri=redirect_uri,
        scope=site.scope,
        state=state,
        code_challenge=challenge_of(verifier),
        code_challenge_method=Method.S256.value,
        prompt="login" if private else None,
        extra=(("ephemeral", "true"),) if private else (),
    ).to_url(site.authorization_endpoint)


def _names_issuer(address: str) -> bool:
    """RFC 9207 2.4: an issuer that is named is compared, promised or not."""
    try:
        return "iss" in parse_qs(urlsplit(address).query, keep_blank_values=True)
    except ValueError:
        return True


_REFUSED_BY_PERSON = {ErrorCode.ACCESS_DENIED}
_REFUSED_FOR_NOW = {ErrorCode.SERVER_ERROR, ErrorCode.TEMPORARILY_UNAVAILABLE}
_REFUSED_WITHOUT_PERSON = {ErrorCode.LOGIN_REQUIRED, ErrorCode.INTERACTION_REQUIRED, ErrorCode.CONSENT_REQUIRED}


def refused(site: Site, refusal: CallbackRefused) -> Problem:
    """What a refusal that came back to the app means."""
    said = f" It says: {refusal.description}" if refusal.description else ""
    if refusal.error in _REFUSED_BY_PERSON:
        # The site's own words say that it was declined, and perhaps why: ours would say it twice.
        words = refusal.description or "It was declined."
        return SignInAgain(f"No sign-in at {site.name}: {words}")
    if refusal.error in _REFUSED_WITHOUT_PERSON:
        return SignInAgain(f"{site.name} wants the person to sign in.{said}")
    if refusal.error in _REFUSED_FOR_NOW:
        return Retry(f"{site.name} cannot sign anybody in at the moment: try again later.{said}")
    if refusal.error == ErrorCode.INVALID_SCOPE:
        gives_less = (
            f"The application link at {site.name} does not give {site.scope}: have it widened, or ask for less."
        )
        return SiteSetUpWrong(gives_less + said)
    return SiteSetUpWrong(f"{site.name} refuses the app's request ({refusal.error}).{said}")


def exchange(site: Site, asked: CodeExchange, now: Now) -> Flow[SignedIn | Problem]:
    """RFC 6749 4.1.3. Sent once: a code shown twice ends the sign-in that it made, so a lost answer is final."""
    started = now()
    answer = yield from ask(_form(site.token_endpoint, asked.to_form()))
    if isinstance(answer, Lost):
        if answer.loss is Loss.UNREACHABLE:
            return Retry(f"{answer.sentence} Then start the sign-in again.")
        if answer.loss in SET_UP_FAULTS:
            return SiteSetUpWrong(answer.sentence)
        return SignInAgain(f"{answer.sentence} Start the sign-in again.")
    granted = _judged(answer)
    if isinstance(granted, OAuthFailure):
        return _failed(site, granted, f"{site.name} did not accept the sign-in code")
    return SignedIn(site, asked.redirect_uri, _tokens(granted, None, site.scope, started))


def refresh(
    site: Site, tokens: Tokens, redirect_uri: str, *, now: Now, unanswered: bool = False
) -> Flow[Refreshed | Problem]:
    """RFC 6749 6. Asked again when an answer is lost: at many sites the same refresh token has the same successor.

    ``unanswered``: an earlier renewal with this token had no answer, so a site that takes it once may refuse it now.
    """
    if tokens.refresh is None:
        return SignInAgain(f"The sign-in at {site.name} cannot be renewed: sign in again.")
    asked = RefreshRequest(
        refresh_token=tokens.refresh,
        client_id=site.client_id,
        client_secret=site.client_secret,
        # Some providers of this kind call it mandatory, and none refuses the one that was signed in with.
        redirect_uri=redirect_uri,
    )
    started = now()
    answer, lost_one = yield from _ask_patiently(_form(site.token_endpoint, asked.to_form()))
    if isinstance(answer, Lost):
        return _not_renewed(site, answer, may_have_renewed=lost_one)
    granted = _judged(answer)
    if isinstance(granted, OAuthFailure):
        failed = _failed(site, granted, f"You are signed out of {site.name}")
        if isinstance(failed, SignInAgain) and (lost_one or unanswered):
            return _lost_for_good(site, granted, is_certain=lost_one)
        return replace(failed, may_have_renewed=lost_one) if isinstance(failed, Retry) else failed
    return Refreshed(_tokens(granted, tokens.refresh, tokens.scope, started))


def _not_renewed(site: Site, lost: Lost, *, may_have_renewed: bool) -> Problem:
    problem = not_asked(site, lost)
    return replace(problem, may_have_renewed=may_have_renewed) if isinstance(problem, Retry) else problem


def _lost_for_good(site: Site, failure: OAuthFailure, *, is_certain: bool) -> SignInAgain:
    """The token was good: what ended this is that a site which takes it only once did not get its answer through.

    Of a renewal that an earlier run left open nobody knows whether it was sent at all.
    """
    said = f" It says: {failure.description}" if failure.description else ""
    if not is_certain:
        return SignInAgain(
            f"An earlier renewal at {site.name} was left without an answer, which ends a sign-in where the site allows "
            f"no second try: sign in again.{said}"
        )
    return SignInAgain(
        f"The answer to a renewal at {site.name} was lost, and this site allows no second try: sign in again. Where "
        f"that happens often, ask its administrator for a window in which a renewal may be asked again.{said}"
    )


def _ask_patiently(request: Ask) -> Flow[tuple[Answer | Lost, bool]]:
    """The last answer, and whether one was lost on the way that the site may have acted on."""
    answer = yield from ask(request)
    lost_one = _may_have_acted(answer)
    for milliseconds in REFRESH_PAUSES:
        if not _worth_repeating(answer):
            break
        yield from pause(milliseconds)
        answer = yield from ask(request)
        lost_one = lost_one or _may_have_acted(answer)
    return answer, lost_one


def _may_have_acted(answer: Answer | Lost) -> bool:
    return isinstance(answer, Lost) and answer.loss in {Loss.INTERRUPTED, Loss.UNREADABLE}


def _worth_repeating(answer: Answer | Lost) -> bool:
    """A broken connection or a passing fault; a site that is out of reach or names a time is left alone."""
    if isinstance(answer, Lost):
        return answer.loss is Loss.INTERRUPTED
    return (answer.status == 408 or answer.status >= 500) and "retry-after" not in answer.headers


def _tokens(granted: TokenAnswer, shown: str | None, asked: str | None, started: int) -> Tokens:
    return Tokens(
        access=granted.access_token,
        # RFC 6749 6: without a new refresh token the one that was shown goes on
        refresh=granted.refresh_token or shown,
        obtained_at=started,
        # Counted from before the request, so a slow answer never makes a token look younger than it is.
        expires_at=started + granted.expires_in * 1000,
        # RFC 6749 5.1: left out, it is what was asked for
        scope=granted.scope or asked,
    )


def _judged(answer: Answer) -> TokenAnswer | OAuthFailure:
    return parse_token_answer(answer.status, answer.body, retry_after=answer.headers.get("retry-after"))


_CLIENT_REFUSED = {ErrorCode.INVALID_CLIENT, ErrorCode.UNAUTHORIZED_CLIENT}


def _failed(site: Site, failure: OAuthFailure, ended: str) -> Problem:
    said = f" It says: {failure.description}" if failure.description else ""
    if failure.error == INVALID_RESPONSE or 300 <= failure.status <= 399:
        # A network's own sign-in page answers everything; the sign-in at the site may be in good order.
        return _intercepted(site)
    match failure.kind:
        case "sign_in_again":
            return SignInAgain(f"{ended}: sign in again.{said}")
        case "retry":
            busy = f"{site.name} is busy or down (status {failure.status}): try again later."
            return Retry(busy, failure.retry_after)
        case "configuration":
            what = failure.error or f"status {failure.status}"
            return SiteSetUpWrong(
                f"{site.name} refuses the app ({what}): its application link needs checking.{said}",
                client_refused=failure.error in _CLIENT_REFUSED,
            )
        case _:
            assert_never(failure.kind)


def _intercepted(site: Site) -> Retry:
    return Retry(f"Something else answers in place of {site.name}: sign in to this network first, then try again.")


def not_asked(site: Site, lost: Lost) -> Problem:
    """What it means that a site which was signed in to before could not be asked."""
    if lost.loss in INTERCEPTIONS:
        # Never the advice to install an authority: here it may well be a network's own.
        return Retry(
            f"Something else answers in place of {site.name} on this network, or its certificate changed: sign in to "
            "this network first, then try again; where that does not help, ask the site's administrator."
        )
    if lost.loss in SET_UP_FAULTS:
        return SiteSetUpWrong(lost.sentence)
    return Retry(lost.sentence)


def sign_out(site: Site, tokens: Tokens) -> Flow[SignedOut | Problem]:
    """RFC 7009: any token of the sign-in ends it; the refresh token is the one that never runs out first."""
    hint = "refresh_token" if tokens.refresh else "access_token"
    revocation = RevocationRequest(
        token=tokens.refresh or tokens.access,
        client_id=site.client_id,
        client_secret=site.client_secret,
        token_type_hint=hint,
    )
    answer = yield from ask(_form(site.revocation_endpoint, revocation.to_form()))
    if isinstance(answer, Lost):
        return not_asked(site, answer)
    failure = parse_revocation_answer(answer.status, answer.body, retry_after=answer.headers.get("retry-after"))
    if failure is None and "html" in answer.headers.get("content-type", ""):
        # RFC 7009 2.2 has no page to show: a network's own sign-in page must not pass for a sign-out
        return _intercepted(site)
    if failure is None:
        return SignedOut(f"Signed out at {site.name}.")
    if failure.kind == "retry":
        return _failed(site, failure, "")
    return SiteSetUpWrong(
        f"{site.name} does not take sign-outs from the app (status {answer.status}): end it on the site's own page."
    )


def call(site: Site, access: str, asked: Call) -> Flow[Answer | Lost]:
    """One request of the site's API with a bearer token (RFC 6750 2.1); its path cannot leave the site."""
    url = join(site.base_url, asked.path)
    headers = (*asked.headers, ("Authorization", f"Bearer {access}"))
    return (yield from ask(Ask(asked.method, url, headers, asked.body, asked.limit, asked.seconds, asked.sink)))


def _form(url: str, fields: dict[str, str]) -> Ask:
    return Ask("POST", url, (("Content-Type", "application/x-www-form-urlencoded"),), urlencode(fields).encode())
