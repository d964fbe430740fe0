"""The authorization request: consider() says whether it may go on, before anyone is asked to sign in (RFC 6749
4.1.1).
"""

import msgspec

from genkan.protocol.env import DAY, SECOND, Env
from genkan.protocol.link_wishes import redirect_kind
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link, LinkKind, Standing
from genkan.protocol.signin.demand import known_acrs
from genkan.wire import pkce, redirects, uri
from genkan.wire.scopes import Permission, parse_scope

PROMPTS = frozenset({"none", "login", "consent"})
# Sealed into our own addresses it grows by a half, and servers on the way cut addresses off.
LONGEST_STATE = 8000
LONGEST_ACR_VALUES = 1000
# Longer than this is as good as for ever; what is longer still counts as this.
MOST_MAX_AGE = 10 * 365 * DAY


class AuthorizeAsked(msgspec.Struct, frozen=True):
    """The parameters as sent; None where absent. Unknown ones were ignored, repeated ones refused (RFC 6749 3.1)."""

    client_id: str | None
    redirect_uri: str | None
    response_type: str | None
    scope: str | None
    state: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    prompt: str | None
    ephemeral: bool
    max_age: str | None = None
    acr_values: str | None = None
    response_mode: str | None = None
    request: str | None = None
    request_uri: str | None = None
    resource: str | None = None


class Interaction(msgspec.Struct, frozen=True, array_like=True):
    """A good authorization request on its way through sign-in and consent: sealed into the URL, stored nowhere.
    ``trial``: the id of the administrator who tries the link out; the answer then goes to the console's own page
    instead of the redirect URI. No request can ask for it, since only the console seals one (docs/decisions/0053).
    ``max_age`` in milliseconds and ``acrs`` are how recent and how strong the sign-in must be (RFC 9470 4).
    """

    link_id: int
    redirect_uri: str
    redirect_given: bool
    scope: Permission
    state: str | None
    challenge: bytes | None
    prompts: tuple[str, ...]
    ephemeral: bool
    started_at: int
    trial: int = 0
    max_age: int | None = None
    acrs: tuple[str, ...] = ()


class ErrorPage(msgspec.Struct, frozen=True):
    """The answer that must not travel: client or redirect URI are not to be trusted (RFC 6749 4.1.2.1)."""

    refused: Refused


class ErrorRedirect(msgspec.Struct, frozen=True):
    """The answer that goes to the application, with ``state`` as it was sent."""

    refused: Refused
    redirect_uri: str
    state: str | None


class GoOn(msgspec.Struct, frozen=True):
    """The request is good: on to the hub."""

    interaction: Interaction


def consider(asked: AuthorizeAsked, link: Link | None, env: Env) -> ErrorPage | ErrorRedirect | GoOn:
    """Check everything that does not depend on the person. Client and redirect come first: no error travels before."""
    target = _target(asked, link)
    if isinstance(target, Refused) or link is None:
        return ErrorPage(target if isinstance(target, Refused) else Refused(Reason.UNKNOWN_CLIENT))
    checked = _parameters(asked, link)
    if isinstance(checked, Refused):
        return ErrorRedirect(checked, target, asked.state) if entry(checked.reason).redirectable else ErrorPage(checked)
    strength = _strength(asked)
    if isinstance(strength, Refused):
        return ErrorRedirect(strength, target, asked.state)
    scope, challenge, prompts = checked
    # RFC 6749 3.1: sent without a value means left out, so the code exchange need not repeat it.
    given = bool(asked.redirect_uri)
    return GoOn(Interaction(link.id, target, given, scope, asked.state, challenge, prompts, asked.ephemeral, env.now,
                            max_age=strength[0], acrs=strength[1]))  # fmt: skip


def _target(asked: AuthorizeAsked, link: Link | None) -> str | Refused:
    """Where the answer goes. RFC 6749 3.1.2.4: an unknown client or redirect URI must not be redirected to."""
    if not asked.client_id:
        return Refused(Reason.MISSING_PARAMETER, "client_id")
    if link is None or link.standing is Standing.DELETED:
        return Refused(Reason.UNKNOWN_CLIENT)
    if not link.usable:
        return Refused(Reason.LINK_DISABLED)
    if not asked.redirect_uri:
        # RFC 6749 3.1.2.3: it may be left out only where one full address is registered; a loopback one has no port.
        single = len(link.redirects) == 1 and redirect_kind(link.redirects[0]) is not redirects.Kind.LOOPBACK
        return link.redirects[0] if single else Refused(Reason.REDIRECT_MISSING)
    if redirects.find(link.redirects, asked.redirect_uri) is None:
        # RFC 9700 2.1: exact string matching.
        return Refused(Reason.REDIRECT_NOT_REGISTERED)
    return asked.redirect_uri


def _parameters(asked: AuthorizeAsked, link: Link) -> tuple[Permission, bytes | None, tuple[str, ...]] | Refused:
    if len(asked.state or "") > LONGEST_STATE:
        return Refused(Reason.STATE_TOO_LONG, "state")
    if not asked.response_type:
        # RFC 6749 3.1.1, 4.1.2.1: a required parameter is missing.
        return Refused(Reason.RESPONSE_TYPE_MISSING, "response_type")
    if asked.response_type != "code":
        # RFC 9700 2.1.2: no implicit grant.
        return Refused(Reason.UNSUPPORTED_RESPONSE_TYPE, "response_type")
    unserved = _unserved(asked)
    if unserved is not None:
        return unserved
    scope = _scope(asked.scope, link)
    if isinstance(scope, Refused):
        return scope
    challenge = _challenge(asked, link)
    if isinstance(challenge, Refused):
        return challenge
    prompts = set(asked.prompt.split()) if asked.prompt else set()
    if "none" in prompts and len(prompts) > 1:
        return Refused(Reason.PROMPT_CONTRADICTS, "prompt")
    # RFC 6749 3.1: what is not known is ignored, so also a prompt of other providers.
    return scope, challenge, tuple(sorted(prompts & PROMPTS))


def _unserved(asked: AuthorizeAsked) -> Refused | None:
    """What changes the meaning of the request, so that ignoring it would answer another one than was asked."""
    if asked.request:
        return Refused(Reason.REQUEST_OBJECT, "request")
    if asked.request_uri:
        return Refused(Reason.REQUEST_BY_ADDRESS, "request_uri")
    if asked.response_mode not in (None, "query"):
        # OAuth 2.0 Multiple Response Type Encoding Practices 2.1: the client reads the answer where it asked for it.
        return Refused(Reason.RESPONSE_MODE, "response_mode")
    return resource_fault(asked.resource)


def resource_fault(resource: str | None) -> Refused | None:
    """RFC 8707 2: an absolute URI without a fragment. Which one it is makes no difference yet."""
    if not resource:
        return None
    parts = uri.split(resource)
    good = parts is not None and parts.fragment is None and bool(parts.authority or parts.path)
    return None if good and uri.odd_character(resource) is None else Refused(Reason.RESOURCE_MALFORMED, "resource")


def _strength(asked: AuthorizeAsked) -> tuple[int | None, tuple[str, ...]] | Refused:
    """OpenID Connect Core 3.1.2.1, RFC 9470 4: max_age in seconds, and the classes that we know of acr_values."""
    if len(asked.acr_values or "") > LONGEST_ACR_VALUES:
        return Refused(Reason.ACR_VALUES_TOO_LONG, "acr_values")
    max_age = parse_max_age(asked.max_age) if asked.max_age else None
    if asked.max_age and max_age is None:
        return Refused(Reason.MAX_AGE_MALFORMED, "max_age")
    return max_age, known_acrs(asked.acr_values.split(" ")) if asked.acr_values else ()


def parse_max_age(text: str) -> int | None:
    """Seconds in digits as milliseconds; None for anything else. However many digits there are, little is read."""
    if not (text.isascii() and text.isdigit()):
        return None
    seconds = text.lstrip("0")
    return MOST_MAX_AGE if len(seconds) > 10 else min(int(seconds or "0") * SECOND, MOST_MAX_AGE)


def _scope(text: str | None, link: Link) -> Permission | Refused:
    if not text:
        # RFC 6749 3.3: a missing scope means the pre-defined default, here the link's permission.
        return link.permission
    scope = parse_scope(text)
    if scope is None:
        return Refused(Reason.SCOPE_UNKNOWN, "scope")
    return scope if scope <= link.permission else Refused(Reason.SCOPE_TOO_WIDE, "scope")


def _challenge(asked: AuthorizeAsked, link: Link) -> bytes | Refused | None:
    if not asked.code_challenge:
        if asked.code_challenge_method or asked.code_challenge is not None:
            # RFC 9700 4.8.2: a stripped challenge is not the same as none.
            return Refused(Reason.PKCE_MALFORMED, "code_challenge")
        # RFC 9700 2.1.1, RFC 8252 6: public clients must use PKCE.
        needed = link.kind is LinkKind.NATIVE or link.pkce_required
        return Refused(Reason.PKCE_REQUIRED, "code_challenge") if needed else None
    method = pkce.parse_method(asked.code_challenge_method)
    if method is None:
        # RFC 7636 4.4.1: a transformation that is not supported is refused by redirect.
        return Refused(Reason.PKCE_METHOD_UNKNOWN, "code_challenge_method")
    if method is pkce.Method.PLAIN and not link.plain_pkce:
        return Refused(Reason.PKCE_PLAIN_REFUSED, "code_challenge_method")
    return pkce.digest(asked.code_challenge, method) or Refused(Reason.PKCE_MALFORMED, "code_challenge")
