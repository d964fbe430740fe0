"""Access tokens at the door, for every route that takes one: open, load, judge, note the sight. Answers nothing."""

from genkan.protocol.access import access
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Live, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.sealing import Handle, Unsealable
from genkan.site import read
from genkan.site.door import Door
from genkan.site.received import Received

REALM = "Genkan"


async def shown(received: Received, door: Door) -> Live | Refused:
    """The live token of a request, or why there is none."""
    token = read.bearer(received)
    return Refused(Reason.BEARER_MISSING) if token is None else await judged(token, door)


async def judged(token: str, door: Door) -> Live | Refused:
    """Whether a token opens anything now. One read, no cache: a sign-out counts from the next request on."""
    if not door.settings.enable_access_tokens:
        return Refused(Reason.TOKENS_SWITCHED_OFF)
    env = door.env()
    handle = door.sealer.open_token(token)
    if isinstance(handle, Unsealable):
        refreshed = await _opened_anew(token, handle, door, env)
        if isinstance(refreshed, Refused):
            return refreshed
        handle = refreshed
    facts = await door.store.grant_facts(handle.grant_id)
    if door.ring.is_behind(facts.site, env.now):
        return Refused(Reason.RING_BEHIND, retry_after=1)
    outcome = access(handle, facts, env)
    if isinstance(outcome, Live) and outcome.sighting is not None:
        door.store.note_sighting(outcome.sighting)
    return outcome


async def _opened_anew(token: str, failed: Unsealable, door: Door, env: Env) -> Handle | Refused:
    """tokens.md 7: a key that this ring lacks may be in its newer file; while the store names a newer ring than can
    be had here, nobody is told that the token is bad. Everything else dies without a read.
    """
    if not failed.unknown_key:
        return Refused(Reason.TOKEN_BROKEN)
    door.ring.renew(env.now)
    opened = door.sealer.open_token(token)
    if isinstance(opened, Handle):
        return opened
    if door.ring.is_behind(await door.store.site(), env.now):
        return Refused(Reason.RING_BEHIND, retry_after=1)
    return Refused(Reason.TOKEN_BROKEN)
