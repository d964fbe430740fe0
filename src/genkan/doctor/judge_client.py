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
from genkan.doctor.saying import plain, say
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
from genkan.wire import callback
from genkan.wire.callback import CallbackRefused
from genkan.wire.metadata import ServerMetadata
from genkan.wire.oauth import ErrorCode

# Chosen by us and sent with every request: what comes back must bring it.
STATE = "genkan-check"
_NOBODY_HERE = frozenset({ErrorCode.LOGIN_REQUIRED, ErrorCode.INTERACTION_REQUIRED, ErrorCode.CONSENT_REQUIRED})
_NO_CLIENT_ID = say("no client id is known: see mobile-switch, or give it with --client-id")
_LINKS = say("Settings → Applications → Application links")


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
        say("authorize with the app's client id"),
        say("The app stops at an error page where the provider does not know its client id."),
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer = seen.first(Q.CLIENT)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(say("%(briefly)s: see %(blamed)s", briefly=answer.briefly, blamed=blamed))
    came = _came_back(seen)
    if came is not None and came.error == ErrorCode.UNAUTHORIZED_CLIENT:
        return told.wrong(
            plain(came.error),
            say("Enable the link of %(client_id)s under %(links)s.", client_id=seen.client_id, links=_LINKS),
        )
    if came is not None or _is_asked_to_sign_in(seen):
        return told.ok(say("%(client_id)s is known", client_id=seen.client_id))
    unknown = seen.heard(Q.UNKNOWN_APP)
    if not answer.redirects and 400 <= answer.status < 500 and unknown is not None and not unknown.redirects:
        if alike(answer, unknown):
            fix = say(
                "Copy the client id anew from %(links)s (or genkan mobile status): %(client_id)s is not "
                "registered there, or its link is disabled.",
                links=_LINKS,
                client_id=seen.client_id,
            )
            return told.wrong(say("%(briefly)s, as for a client that nobody registered", briefly=answer.briefly), fix)
        return told.ok(
            say("%(client_id)s is known: it is refused otherwise than an unknown one", client_id=seen.client_id)
        )
    return told.unknown(say("%(briefly)s: somebody has to sign in first; try genkan app login", briefly=answer.briefly))


def redirect(seen: Seen) -> Probe:
    """Whether the app's redirect is registered with the client."""
    uri = seen.target.redirect_uri
    told = Told(
        "redirect",
        say("authorize with the redirect %(uri)s", uri=uri),
        say("The code goes back to the app by this address, which must be registered letter by letter."),
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer, unknown = seen.first(Q.CLIENT), seen.heard(Q.UNKNOWN_APP)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(say("%(briefly)s: see %(blamed)s", briefly=answer.briefly, blamed=blamed))
    if _came_back(seen) is not None or _is_asked_to_sign_in(seen):
        return told.ok(say("registered"))
    refused = not answer.redirects and 400 <= answer.status < 500 and answer.status != 404
    if refused and unknown is not None and not unknown.redirects and not alike(answer, unknown):
        fix = say(
            "Add %(uri)s to the redirect URLs of the link of %(client_id)s under %(links)s, and see that it is "
            "enabled.",
            uri=uri,
            client_id=seen.client_id,
            links=_LINKS,
        )
        return told.wrong(say("%(briefly)s: refused, and the client is known", briefly=answer.briefly), fix)
    return told.unknown(say("%(briefly)s: see client", briefly=answer.briefly))


def permission(seen: Seen) -> Probe:
    """Whether the link may give what the app asks for."""
    scope = seen.target.scope
    told = Told(
        "permission",
        say("authorize with scope %(scope)s, asking nobody (prompt=none)", scope=scope),
        say("The app asks for this permission; a link with less refuses it."),
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    answer = seen.first(Q.CLIENT_SILENT)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    if blamed := _explained(seen, answer):
        return told.unknown(say("%(briefly)s: see %(blamed)s", briefly=answer.briefly, blamed=blamed))
    came = refusal(seen, Q.CLIENT_SILENT) or refusal(seen, Q.CLIENT)
    if came is not None and came.error == ErrorCode.INVALID_SCOPE:
        fix = say(
            "Set the permission of the link of %(client_id)s to %(scope)s under %(links)s.",
            client_id=seen.client_id,
            scope=scope,
            links=_LINKS,
        )
        return told.wrong(say("%(error)s: the link gives less than %(scope)s", error=came.error, scope=scope), fix)
    if came is not None and came.error in _NOBODY_HERE:
        return told.ok(say("%(scope)s is given (%(error)s: nobody was asked)", scope=scope, error=came.error))
    return told.unknown(
        say("it cannot be seen without signing in"),
        say("Look under %(links)s whether it is %(scope)s or wider.", links=_LINKS, scope=scope),
    )


def pkce(seen: Seen) -> Probe:
    """Whether PKCE with S256 is taken."""
    told = Told(
        "pkce",
        say("authorize with a challenge by S256"),
        say("The app has no secret: PKCE is what ties the code to it (RFC 7636)."),
    )
    found = described(seen)
    if isinstance(found, ServerMetadata) and "S256" not in found.code_challenge_methods:
        fix = say("Update the provider to one that takes PKCE with S256 (see oauth-plugin).")
        return told.wrong(say("the metadata lists no S256"), fix)
    came = refusal(seen, Q.CLIENT_SILENT) or refusal(seen, Q.CLIENT)
    if came is not None and came.error == ErrorCode.INVALID_REQUEST:
        return told.wrong(
            say("%(error)s: %(description)s", error=came.error, description=came.description)
            if came.description
            else say("%(error)s: no reason given", error=came.error),
            say("Update the provider (see oauth-plugin)."),
        )
    if refusal(seen, Q.CLIENT_WRONG) is not None:
        return told.ok(say("S256 is taken, and a method that does not exist is refused"))
    if came is not None or _is_asked_to_sign_in(seen):
        return told.ok(say("S256 is taken"))
    if isinstance(found, ServerMetadata):
        return told.ok(say("S256, says the metadata"))
    return told.unknown(say("it cannot be seen without signing in"))


def return_to_app(seen: Seen) -> Probe:
    """Whether an answer gets to the app: by a redirect that nothing eats, from a page that may send a form there."""
    uri = seen.target.redirect_uri
    scheme = uri.partition(":")[0]
    told = Told(
        "return-to-app",
        say("a refusal on its way to %(uri)s, and the rules of the sign-in page", uri=uri),
        say(
            "The last step is a redirect to %(scheme)s:, which proxies may eat and a page's own rules may forbid.",
            scheme=scheme,
        ),
    )
    if seen.client_id is None:
        return told.unknown(_NO_CLIENT_ID)
    page, asked = seen.last(Q.CLIENT), seen.heard(Q.CLIENT)
    if asked is not None and (blamed := _explained(seen, asked)):
        return told.unknown(say("%(briefly)s: see %(blamed)s", briefly=asked.briefly, blamed=blamed))
    if isinstance(page, Heard) and (bad := _forbidden(page, uri)):
        fix = say(
            "Add %(scheme)s: to form-action, or remove the policy that the proxy adds: %(bad)s", scheme=scheme, bad=bad
        )
        answered = say(
            "the page's policy has a form-action without %(scheme)s:, so the browser stops there", scheme=scheme
        )
        return told.wrong(answered, fix) if is_genkan(seen) else told.warning(answered, fix)
    if _came_back(seen) is not None:
        return told.ok(
            say("the redirect to %(scheme)s: comes through, and the page's policy lets forms go there", scheme=scheme)
        )
    spoilt = next(
        (one for one in map(seen.heard, (Q.CLIENT_SILENT, Q.CLIENT_WRONG)) if one and _is_spoilt(one, uri)), None
    )
    if spoilt is not None:
        fix = say(
            "See which rule of the proxy rewrites or removes Location (proxy_redirect, ProxyPassReverse, a firewall)."
        )
        return told.wrong(say("%(status)s with a Location that is gone or changed", status=spoilt.status), fix)
    return told.unknown(
        say("it cannot be seen without signing in; the sign-in page does not forbid it")
        if isinstance(page, Heard)
        else say("no answer that would tell")
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
