"""Finding an application link by what an address names, and changing it: shared by the REST API and the console."""

from collections.abc import Callable

from genkan.protocol.administration import Administrator
from genkan.protocol.env import Env
from genkan.protocol.links import NewLink, rotate_secret
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, Standing
from genkan.site.api.documents import read_public_id
from genkan.site.door import Door
from genkan.store.rounds import TRIES

Decide = Callable[[Link, str, Env], Change | Refused]


async def find_link(text: str, door: Door) -> Link | None:
    """The link with this id or client id, unless it is deleted."""
    number = read_public_id(text)
    link = await door.store.link(number) if number is not None else None
    if link is None:
        link = await door.store.link_by_client_id(text)
    return None if link is None or link.standing is Standing.DELETED else link


async def act_on_link(text: str, caller: Administrator, door: Door, decide: Decide) -> Link | Refused:
    """Load, decide, apply: the link as it stands then, or why not. A deleted one is told as it was."""
    for _ in range(TRIES):
        link = await find_link(text, door)
        if link is None:
            return Refused(Reason.NOT_FOUND)
        change = decide(link, caller.actor, door.env())
        if isinstance(change, Change):
            change = caller.on_link(change, await door.store.site(), link)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return await door.store.link(link.id) or link
    return Refused(Reason.BUSY, retry_after=1)


async def rotate_link(
    text: str, overlap: int, caller: Administrator, door: Door, version: int | None = None
) -> NewLink | Refused:
    """A new secret for a link. ``version``: only if nobody changed the link since it stood at that."""
    for _ in range(TRIES):
        link = await find_link(text, door)
        if link is None:
            return Refused(Reason.NOT_FOUND)
        if version is not None and link.version != version:
            return Refused(Reason.CONFLICT)
        made = rotate_secret(link, overlap, caller.actor, door.env())
        if isinstance(made, Refused):
            return made
        change = caller.on_link(made.change, await door.store.site(), link)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return made
    return Refused(Reason.BUSY, retry_after=1)
