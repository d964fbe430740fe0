"""Rules for the app's own request: client id, redirect, permission, PKCE, and the way back to the app.

Nothing is issued: what is asked ends at the sign-in page or in a refusal that travels to the app's address, and nobody
goes there.
"""

from genkan.doctor.judge_front import is_filtered
from genkan.doctor.judge_oauth import described
from genkan.doctor.judge_site import is_confluence, is_genkan
from genkan.doctor.likeness import alike
from genkan.doctor.observed import Heard, Q, Seen, origin_of
from genkan.doctor.policy import allows_form_to, policies
from genkan.doctor.saying import plain, say
from genkan.doctor.table import Row, Rule, Values, always, brief, heard, no_answer, ok, unknown, warning, wrong
from genkan.wire import callback
from genkan.wire.callback import CallbackRefused
from genkan.wire.metadata import ServerMetadata
from genkan.wire.oauth import ErrorCode

# Chosen by us and sent with every request: what comes back must bring it.
STATE = "genkan-check"
_NOBODY_HERE = frozenset({ErrorCode.LOGIN_REQUIRED, ErrorCode.INTERACTION_REQUIRED, ErrorCode.CONSENT_REQUIRED})
_NO_CLIENT_ID = say("no client id is known: see mobile-switch, or give it with --client-id")
_LINKS = say("Settings → Applications → Application links")
_LINKS_OF_CONFLUENCE = say("General configuration → Application links")


def refusal(seen: Seen, question: Q) -> CallbackRefused | None:
    """The refusal that came back on the way to the app, None where another thing came."""
    heard = seen.heard(question)
    if heard is None or not heard.redirects:
        return None
    came = callback.parse_callback(
        heard.header("location"), state=STATE, redirect_uri=seen.target.redirect_uri, issuer=None
    )
    return came if isinstance(came, CallbackRefused) else None


def _is_asked_to_sign_in(seen: Seen) -> bool:
    """The app's request led to the sign-in, and one of an unknown client did not: the request was looked at."""
    answer, unknown = seen.heard(Q.CLIENT), seen.heard(Q.UNKNOWN_APP)
    if answer is None or unknown is None or unknown.redirects:
        return False
    own = answer.redirects and origin_of(answer.target) == seen.target.base.origin
    return own or (answer.status == 200 and not alike(answer, unknown))


def _came_back(seen: Seen) -> CallbackRefused | None:
    found = (refusal(seen, question) for question in (Q.CLIENT_SILENT, Q.CLIENT, Q.CLIENT_WRONG))
    return next((one for one in found if one is not None), None)


def _explained(seen: Seen, question: Q = Q.CLIENT) -> str:
    """The probe whose fault explains this refusal, so that nobody looks for it in the link."""
    page, answer = seen.heard(Q.PAGE), seen.heard(question)
    if answer is None:
        return ""
    if answer.status == 400 and page is not None and alike(page, answer):
        return "proxy-headers"
    return "address-filter" if is_filtered(seen) else ""


def _is_refused(seen: Seen) -> bool:
    """The provider refuses the app's request on a page, as it does an unknown client's."""
    answer, unknown_one = seen.heard(Q.CLIENT), seen.heard(Q.UNKNOWN_APP)
    return (
        answer is not None
        and not answer.redirects
        and 400 <= answer.status < 500
        and unknown_one is not None
        and not unknown_one.redirects
    )


def _is_refused_alike(seen: Seen) -> bool:
    return alike(heard(seen, Q.CLIENT), heard(seen, Q.UNKNOWN_APP))


def _gets_through(seen: Seen) -> bool:
    return _came_back(seen) is not None or _is_asked_to_sign_in(seen)


def _silently(seen: Seen) -> CallbackRefused | None:
    return refusal(seen, Q.CLIENT_SILENT) or refusal(seen, Q.CLIENT)


def _came_with(seen: Seen, *errors: str) -> bool:
    came = _silently(seen)
    return came is not None and came.error in errors


def _error(seen: Seen) -> object:
    came = _silently(seen)
    return came.error if came is not None else ""


def _described_error(seen: Seen) -> object:
    came = _silently(seen)
    return came.description if came is not None else ""


def _forbidden(page: Heard, uri: str) -> str:
    """The policy on a page that forbids its forms to end at this address; empty where none does."""
    if page.status != 200:
        # An error page needs no way to the app.
        return ""
    return next((policy for policy in policies(page) if not allows_form_to(policy, uri)), "")


def _is_spoilt(answer: Heard, uri: str) -> bool:
    """A redirect without an address, or with the app's one inside another."""
    if not 300 <= answer.status <= 399:
        return False
    location = answer.header("location")
    return not location or (uri.partition(":")[0] in location.partition("?")[0] and not location.startswith(uri))


def _policy(seen: Seen) -> str:
    page = seen.last(Q.CLIENT)
    return _forbidden(page, seen.target.redirect_uri) if isinstance(page, Heard) else ""


def _spoilt(seen: Seen) -> int:
    """The status of a redirect whose address is gone or changed; 0 where there is none."""
    answers = (seen.heard(question) for question in (Q.CLIENT_SILENT, Q.CLIENT_WRONG))
    return next((one.status for one in answers if one and _is_spoilt(one, seen.target.redirect_uri)), 0)


_VALUES: Values = {
    "client_id": lambda seen: seen.client_id,
    "uri": lambda seen: seen.target.redirect_uri,
    "scheme": lambda seen: seen.target.redirect_uri.partition(":")[0],
    "scope": lambda seen: seen.target.scope,
    "links": lambda seen: _LINKS_OF_CONFLUENCE if is_confluence(seen) else _LINKS,
    "error": _error,
    "description": _described_error,
    "briefly": brief(Q.CLIENT),
    "blamed": _explained,
    "bad": _policy,
    "status": _spoilt,
}
_UNKNOWN_ID = unknown(lambda seen: seen.client_id is None, _NO_CLIENT_ID)
_EXPLAINED = unknown(lambda seen: bool(_explained(seen)), say("%(briefly)s: see %(blamed)s"))
_ASKED: tuple[Row, ...] = (_UNKNOWN_ID, *no_answer(Q.CLIENT), _EXPLAINED)


def _is_disabled(seen: Seen) -> bool:
    came = _came_back(seen)
    return came is not None and came.error == ErrorCode.UNAUTHORIZED_CLIENT


CLIENT = Rule(
    "client",
    say("authorize with the app's client id"),
    say("The app stops at an error page where the provider does not know its client id."),
    (
        *_ASKED,
        wrong(
            _is_disabled,
            lambda _: plain(ErrorCode.UNAUTHORIZED_CLIENT),
            say("Enable the link of %(client_id)s under %(links)s."),
        ),
        ok(_gets_through, say("%(client_id)s is known")),
        wrong(
            lambda seen: _is_refused(seen) and _is_refused_alike(seen),
            say("%(briefly)s, as for a client that nobody registered"),
            say(
                "Copy the client id anew from %(links)s (or genkan mobile status): %(client_id)s is not "
                "registered there, or its link is disabled."
            ),
        ),
        ok(_is_refused, say("%(client_id)s is known: it is refused otherwise than an unknown one")),
        unknown(always, say("%(briefly)s: somebody has to sign in first; try genkan app login")),
    ),
    _VALUES,
)
REDIRECT = Rule(
    "redirect",
    say("authorize with the redirect %(uri)s"),
    say("The code goes back to the app by this address, which must be registered letter by letter."),
    (
        *_ASKED,
        ok(_gets_through, say("registered")),
        wrong(
            lambda seen: _is_refused(seen) and heard(seen, Q.CLIENT).status != 404 and not _is_refused_alike(seen),
            say("%(briefly)s: refused, and the client is known"),
            say(
                "Add %(uri)s to the redirect URLs of the link of %(client_id)s under %(links)s, and see that it is "
                "enabled."
            ),
        ),
        unknown(always, say("%(briefly)s: see client")),
    ),
    _VALUES,
)
PERMISSION = Rule(
    "permission",
    say("authorize with scope %(scope)s, asking nobody (prompt=none)"),
    say("The app asks for this permission; a link with less refuses it."),
    (
        _UNKNOWN_ID,
        *no_answer(Q.CLIENT_SILENT),
        unknown(lambda seen: bool(_explained(seen, Q.CLIENT_SILENT)), say("%(briefly)s: see %(blamed)s")),
        wrong(
            lambda seen: _came_with(seen, ErrorCode.INVALID_SCOPE),
            say("%(error)s: the link gives less than %(scope)s"),
            say("Set the permission of the link of %(client_id)s to %(scope)s under %(links)s."),
        ),
        ok(
            lambda seen: _came_with(seen, *_NOBODY_HERE),
            say("%(scope)s is given (%(error)s: nobody was asked)"),
        ),
        unknown(
            always,
            say("it cannot be seen without signing in"),
            say("Look under %(links)s whether it is %(scope)s or wider."),
        ),
    ),
    {**_VALUES, "briefly": brief(Q.CLIENT_SILENT), "blamed": lambda seen: _explained(seen, Q.CLIENT_SILENT)},
)


def _is_refused_request(seen: Seen) -> bool:
    return _came_with(seen, ErrorCode.INVALID_REQUEST)


def _lacks_s256(seen: Seen) -> bool:
    found = described(seen)
    return isinstance(found, ServerMetadata) and "S256" not in found.code_challenge_methods


PKCE = Rule(
    "pkce",
    say("authorize with a challenge by S256"),
    say("The app has no secret: PKCE is what ties the code to it (RFC 7636)."),
    (
        wrong(
            _lacks_s256,
            say("the metadata lists no S256"),
            say("Update the provider to one that takes PKCE with S256 (see oauth-plugin)."),
        ),
        wrong(
            lambda seen: _is_refused_request(seen) and bool(_described_error(seen)),
            say("%(error)s: %(description)s"),
            say("Update the provider (see oauth-plugin)."),
        ),
        wrong(_is_refused_request, say("%(error)s: no reason given"), say("Update the provider (see oauth-plugin).")),
        ok(
            lambda seen: refusal(seen, Q.CLIENT_WRONG) is not None,
            say("S256 is taken, and a method that does not exist is refused"),
        ),
        ok(lambda seen: _silently(seen) is not None or _is_asked_to_sign_in(seen), say("S256 is taken")),
        ok(lambda seen: isinstance(described(seen), ServerMetadata), say("S256, says the metadata")),
        unknown(always, say("it cannot be seen without signing in")),
    ),
    _VALUES,
)


_FORBIDS = (
    say("the page's policy has a form-action without %(scheme)s:, so the browser stops there"),
    say("Add %(scheme)s: to form-action, or remove the policy that the proxy adds: %(bad)s"),
)
RETURN_TO_APP = Rule(
    "return-to-app",
    say("a refusal on its way to %(uri)s, and the rules of the sign-in page"),
    say("The last step is a redirect to %(scheme)s:, which proxies may eat and a page's own rules may forbid."),
    (
        _UNKNOWN_ID,
        _EXPLAINED,
        wrong(lambda seen: bool(_policy(seen)) and is_genkan(seen), *_FORBIDS),
        warning(lambda seen: bool(_policy(seen)), *_FORBIDS),
        ok(
            lambda seen: _came_back(seen) is not None,
            say("the redirect to %(scheme)s: comes through, and the page's policy lets forms go there"),
        ),
        wrong(
            lambda seen: bool(_spoilt(seen)),
            say("%(status)s with a Location that is gone or changed"),
            say(
                "See which rule of the proxy rewrites or removes Location (proxy_redirect, ProxyPassReverse, a "
                "firewall)."
            ),
        ),
        unknown(
            lambda seen: isinstance(seen.last(Q.CLIENT), Heard),
            say("it cannot be seen without signing in; the sign-in page does not forbid it"),
        ),
        unknown(always, say("no answer that would tell")),
    ),
    _VALUES,
)
