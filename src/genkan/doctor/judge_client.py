"""Judgements of the app's own request: client id, redirect, permission, PKCE, and the way back to the app.

Nothing is issued: what is asked ends at the sign-in page or in a refusal that travels to the app's address, and nobody
goes there.
"""

from genkan.doctor.judge_front import is_filtered
from genkan.doctor.judge_oauth import described
from genkan.doctor.judge_site import is_genkan
from genkan.doctor.likeness import alike
from genkan.doctor.observed import Heard, Q, Seen, Silent, origin_of
from genkan.doctor.policy import allows_form_to, policies
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
from genkan.wire import callback
from genkan.wire.callback import CallbackRefused
from genkan.wire.metadata import ServerMetadata
from genkan.wire.oauth import ErrorCode

# Chosen by us and sent with every request: what comes back must bring it.
STATE = "genkan-check"
_NOBODY_HERE = frozenset({ErrorCode.LOGIN_REQUIRED, ErrorCode.INTERACTION_REQUIRED, ErrorCode.CONSENT_REQUIRED})
_NO_CLIENT_ID = "no client id is known: see mobile-switch, or give it with --client-id"
_LINKS = "Settings → Applications → Application links"


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


def _explained(seen: Seen, answer: Heard) -> str:
    """The probe whose fault explains this refusal, so that nobody looks for it in the link."""
    page = seen.heard(Q.PAGE)
    if answer.status == 400 and page is not None and alike(page, answer):
        return "proxy-headers"
    return "address-filter" if is_filtered(seen) else ""


def client(seen: Seen) -> Probe:
    """Whether the provider knows the client id."""
    told = Told(
        "client",
        "authorize with the app's client id",
        "The app stops at an error page where the provider does not know its client id.",
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer = seen.first(Q.CLIENT)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(f"{answer.briefly}: see {blamed}")
    came = _came_back(seen)
    if came is not None and came.error == ErrorCode.UNAUTHORIZED_CLIENT:
        return told.wrong(f"{came.error}", f"Enable the link of {seen.client_id} under {_LINKS}.")
    if came is not None or _is_asked_to_sign_in(seen):
        return told.ok(f"{seen.client_id} is known")
    unknown = seen.heard(Q.UNKNOWN_APP)
    if not answer.redirects and 400 <= answer.status < 500 and unknown is not None and not unknown.redirects:
        if alike(answer, unknown):
            fix = (
                f"Copy the client id anew from {_LINKS} (or genkan mobile status): {seen.client_id} is not registered "
                "there, or its link is disabled."
            )
            return told.wrong(f"{answer.briefly}, as for a client that nobody registered", fix)
        return told.ok(f"{seen.client_id} is known: it is refused otherwise than an unknown one")
    return told.unknown(f"{answer.briefly}: somebody has to sign in first; try genkan app login")


def redirect(seen: Seen) -> Probe:
    """Whether the app's redirect is registered with the client."""
    uri = seen.target.redirect_uri
    told = Told(
        "redirect",
        f"authorize with the redirect {uri}",
        "The code goes back to the app by this address, which must be registered letter by letter.",
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer, unknown = seen.first(Q.CLIENT), seen.heard(Q.UNKNOWN_APP)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(f"{answer.briefly}: see {blamed}")
    if _came_back(seen) is not None or _is_asked_to_sign_in(seen):
        return told.ok("registered")
    refused = not answer.redirects and 400 <= answer.status < 500 and answer.status != 404
    if refused and unknown is not None and not unknown.redirects and not alike(answer, unknown):
        fix = f"Add {uri} to the redirect URLs of the link of {seen.client_id} under {_LINKS}."
        return told.wrong(f"{answer.briefly}: refused, and the client is known", fix)
    return told.unknown(f"{answer.briefly}: see client")


def permission(seen: Seen) -> Probe:
    """Whether the link may give what the app asks for."""
    scope = seen.target.scope
    told = Told(
        "permission",
        f"authorize with scope {scope}, asking nobody (prompt=none)",
        "The app asks for this permission; a link with less refuses it.",
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer = seen.first(Q.CLIENT_SILENT)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(f"{answer.briefly}: see {blamed}")
    came = refusal(seen, Q.CLIENT_SILENT) or refusal(seen, Q.CLIENT)
    if came is not None and came.error == ErrorCode.INVALID_SCOPE:
        fix = f"Set the permission of the link of {seen.client_id} to {scope} under {_LINKS}."
        return told.wrong(f"{came.error}: the link gives less than {scope}", fix)
    if came is not None and came.error in _NOBODY_HERE:
        return told.ok(f"{scope} is given ({came.error}: nobody was asked)")
    return told.unknown("it cannot be seen without signing in", f"Look under {_LINKS} whether it is {scope} or wider.")


def pkce(seen: Seen) -> Probe:
    """Whether PKCE with S256 is taken."""
    told = Told(
        "pkce",
        "authorize with a challenge by S256",
        "The app has no secret: PKCE is what ties the code to it (RFC 7636).",
    )
    found = described(seen)
    if isinstance(found, ServerMetadata) and "S256" not in found.code_challenge_methods:
        fix = "Update the provider to one that takes PKCE with S256 (see oauth-plugin)."
        return told.wrong("the metadata lists no S256", fix)
    came = refusal(seen, Q.CLIENT_SILENT) or refusal(seen, Q.CLIENT)
    if came is not None and came.error == ErrorCode.INVALID_REQUEST:
        return told.wrong(
            f"{came.error}: {came.description or 'no reason given'}", "Update the provider (see oauth-plugin)."
        )
    if refusal(seen, Q.CLIENT_WRONG) is not None:
        return told.ok("S256 is taken, and a method that does not exist is refused")
    if came is not None or _is_asked_to_sign_in(seen):
        return told.ok("S256 is taken")
    if isinstance(found, ServerMetadata):
        return told.ok("S256, says the metadata")
    return told.unknown("it cannot be seen without signing in")


def return_to_app(seen: Seen) -> Probe:
    """Whether an answer gets to the app: by a redirect that nothing eats, from a page that may send a form there."""
    uri = seen.target.redirect_uri
    scheme = uri.partition(":")[0]
    told = Told(
        "return-to-app",
        f"a refusal on its way to {uri}, and the rules of the sign-in page",
        f"The last step is a redirect to {scheme}:, which proxies may eat and a page's own rules may forbid.",
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    page, asked = seen.last(Q.CLIENT), seen.heard(Q.CLIENT)
    if asked is not None and (blamed := _explained(seen, asked)):
        return told.unknown(f"{asked.briefly}: see {blamed}")
    if isinstance(page, Heard) and (bad := _forbidden(page, uri)):
        fix = f"Add {scheme}: to form-action, or remove the policy that the proxy adds: {bad}"
        answered = f"the page's policy has a form-action without {scheme}:, so the browser stops there"
        return told.wrong(answered, fix) if is_genkan(seen) else told.warning(answered, fix)
    if _came_back(seen) is not None:
        return told.ok(f"the redirect to {scheme}: comes through, and the page's policy lets forms go there")
    spoilt = next(
        (one for one in map(seen.heard, (Q.CLIENT_SILENT, Q.CLIENT_WRONG)) if one and _is_spoilt(one, uri)), None
    )
    if spoilt is not None:
        fix = "See which rule of the proxy rewrites or removes Location (proxy_redirect, ProxyPassReverse, a firewall)."
        return told.wrong(f"{spoilt.status} with a Location that is gone or changed", fix)
    return told.unknown(
        "it cannot be seen without signing in; the sign-in page does not forbid it"
        if isinstance(page, Heard)
        else "no answer that would tell"
    )


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
