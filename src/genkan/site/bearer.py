"""Access tokens at the door, for every route that takes one: open, load, judge, note the sight. Answers nothing."""

from genkan.protocol.access import access
from genkan.protocol.outcomes import Live, Refused
from genkan.protocol.reasons import Reason
from genkan.site import read
from genkan.site.door import Door
from genkan.site.opening import open_token, ring_fault
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
    env, sealer = door.env(), door.sealer
    handle = await open_token(token, door, env)
    if isinstance(handle, Refused):
        return handle
    facts = await door.store.grant_facts(handle.grant_id)
    fault = ring_fault(sealer, facts.site, door, env)
    if fault is not None:
        # A newer ring came in between: the next try is judged by it.
        return await judged(token, door) if fault.reason is Reason.BUSY else fault
    outcome = access(handle, facts, env)
    if isinstance(outcome, Live):
        door.note_sighting(outcome.sighting)
    return outcome
