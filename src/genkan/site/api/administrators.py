"""Who may call the administration API: an administrator's session, an API key or an access token with ADMIN."""

from dataclasses import replace

from genkan.protocol.actors import Actor
from genkan.protocol.administration import Administrator
from genkan.protocol.api_keys import right
from genkan.protocol.clients import secret_digest
from genkan.protocol.outcomes import Live, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import MACHINE, Account, ApiKey
from genkan.protocol.signin.demand import may_come_in
from genkan.site import answer, bearer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.presence import has_more, is_recent
from genkan.site.presented_person import alone_fault, certificate_caller
from genkan.site.received import Received
from genkan.wire.oauth import ACCESS_PREFIX
from genkan.wire.scopes import Permission

__all__ = ["Administrator", "administrator", "person_at_hand", "turn_away"]

LEAST = Permission.ADMIN
# No wider token would help: these are told without a challenge.
_OF_NO_SCOPE = (Reason.CROSS_ORIGIN, Reason.SIGN_IN_NOT_RECENT, Reason.CERTIFICATE_ALONE, Reason.PERSON_NEEDED)
_SAFE = frozenset({"GET", "HEAD"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_BROWSERS = frozenset({b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"sec-fetch-user"})


async def administrator(received: Received, door: Door) -> Administrator | Refused:
    """The caller, or why not. A credential that is shown decides: a bad key is not made up for by a cookie."""
    shown = read.bearer(received)
    if shown is None:
        return await _by_certificate(received, door) or await _by_session(received, door)
    if shown.startswith(ACCESS_PREFIX):
        return await _by_token(shown, received, door)
    return await _by_key(shown, received, door)


async def person_at_hand(received: Received, door: Door) -> Administrator | Refused:
    """An administrator who showed a moment ago that they are at the browser. What goes on opening doors without them is
    made by nobody else: not by a program's own credential, which would make itself a successor, nor by one that a
    certificate alone tells of.
    """
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return caller
    if read.bearer(received) is not None:
        return Refused(Reason.PERSON_NEEDED)
    return await _by_session_beside(received, door)


async def _by_token(shown: str, received: Received, door: Door) -> Administrator | Refused:
    outcome = await bearer.judged(shown, door)
    if isinstance(outcome, Refused):
        return outcome
    caller = _allowed(outcome.permission, _token_actor(outcome), received, outcome.account.id)
    if isinstance(caller, Administrator) and not may_come_in(await door.store.site(), outcome.grant.method):
        # A link may take ways that the site does not, for its own application: they administer nothing.
        return Refused(Reason.AUTHENTICATION_TOO_WEAK)
    return caller


def _token_actor(live: Live) -> str:
    return f"{live.account.actor} link:{live.link.client_id}"


async def _by_key(shown: str, received: Received, door: Door) -> Administrator | Refused:
    facts, now = await door.store.api_key(secret_digest(shown)), door.env().now
    permission = None if facts is None else right(facts, now)
    if facts is None or permission is None:
        return Refused(Reason.NOT_AUTHENTICATED)
    door.measures.key_used(facts.key.id, now)
    owner = None if facts.owner is None else facts.owner.id
    caller = _allowed(permission, f"api-key:{facts.key.name}", received, owner)
    return caller if isinstance(caller, Refused) else replace(caller, bound_to=_makers(facts.key))


def _makers(key: ApiKey) -> frozenset[int]:
    return frozenset(one for one in (key.maker, key.adopted_by) if one is not None and one != MACHINE)


async def _by_certificate(received: Received, door: Door) -> Administrator | Refused | None:
    """Its key is proved with every connection, so that there is no sign-in of long ago; but a browser proves it for
    whoever sits there, so that a person behind one is asked for as much as by pages.
    """
    found = await certificate_caller(received, door)
    if not isinstance(found, Account):
        return found
    if _is_dangerous(received) and _is_browsers(received, door) and await has_more(found, door, door.env()):
        return await _by_session_beside(received, door)
    fault = alone_fault(received, door, changes=received.method not in _SAFE)
    return fault or _allowed(found.permission, found.actor, received, found.id)


def _is_browsers(received: Received, door: Door) -> bool:
    """Whether a browser sent this. Fetch Metadata 2, Fetch 3.1: no script in a page can leave these headers out."""
    return received.headers.has_any(_BROWSERS) or bool(received.cookie(browser.cookie_name(door, browser.SESSION)))


def _is_dangerous(received: Received) -> bool:
    return received.recent or received.method not in _SAFE


async def _by_session_beside(received: Received, door: Door) -> Administrator | Refused:
    """The session of a browser that shows a certificate as well: without one, a sign-in is what is wanted."""
    caller = await _by_session(received, door)
    missing = isinstance(caller, Refused) and caller.reason is Reason.BEARER_MISSING
    return Refused(Reason.SIGN_IN_NOT_RECENT) if missing else caller


async def _by_session(received: Received, door: Door) -> Administrator | Refused:
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is None or not may_come_in(await door.store.site(), who.person.session.method):
        # As in the console: a session that came in a way which the site does not take opens nothing here.
        return Refused(Reason.BEARER_MISSING)
    fault = _forgery(received, door)
    account = who.person.account
    caller = fault or _allowed(account.permission, account.actor, received, account.id)
    # Pages ask again before what is dangerous; a browser that was left alone must find no way around the question.
    old = not await is_recent(who.person, door, env)
    if isinstance(caller, Administrator) and old and _is_dangerous(received):
        return Refused(Reason.SIGN_IN_NOT_RECENT)
    return caller


def _forgery(received: Received, door: Door) -> Refused | None:
    """Whether another site's page may have made the browser send this. No form can send JSON, and without CORS no
    script of another origin can either.
    """
    if received.method in _SAFE:
        return None
    if browser.is_cross_origin(received, door):
        return Refused(Reason.CROSS_ORIGIN)
    if received.method in _WITH_BODY:
        read.require_type(received, read.JSON_TYPE)
    return None


def _allowed(permission: Permission, actor: str, received: Received, account_id: int | None) -> Administrator | Refused:
    if permission < LEAST:
        return Refused(Reason.NOT_ALLOWED)
    return Administrator(Actor(actor, received.peer.address), permission, account_id)


def turn_away(refused: Refused, received: Received, door: Door) -> Answer:
    """Tell a caller who may not administer: a challenge with 401, and with 403 for want of a right (RFC 6750 3.1)."""
    door.note(refused, received, door.env().now)
    if refused.reason in _OF_NO_SCOPE:
        return answer.error(refused)
    return answer.bearer_error(refused, bearer.REALM, LEAST.name)
