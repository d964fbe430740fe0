"""A person's own links to the organisation's directories: shown, and unlinked where another way in is left."""

from genkan.protocol.directory import unlink
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Identity
from genkan.site import console
from genkan.site.account.passkey_rows import SIGN_IN
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES


async def unlink_one(received: Received, door: Door) -> Answer:
    """POST /account/identities/{source}/unlink: never the last way in."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SIGN_IN)
    for _ in range(TRIES):
        linked = await door.store.identities_of(inside.account.id)
        identity = next((one for one in linked if one.source == received.parameters["source"]), None)
        if identity is None:
            return console.done(door, SIGN_IN, Flash.GONE)
        here, others = entrances_here(door), await has_other_way(inside.account, identity, door)
        change = unlink(identity, others, here, inside.actor, door.env())
        if isinstance(change, Refused):
            return door.pages.refusal(change, received.request_id, inside.reader)
        if await door.store.apply(change):
            return console.done(door, SIGN_IN, Flash.IDENTITY_UNLINKED)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, inside.reader)


async def has_other_way(account: Account, identity: Identity, door: Door) -> bool:
    """Whether the person can sign in without this link, by what the site takes."""
    here = entrances_here(door).without_directory(identity.source)
    return await door.store.has_way_in(account.id, here, door.env().now)


RULES = (
    Rule(
        "/account/identities/{source}/unlink", ("POST",), unlink_one, Who.PERSON, Guard.FORM,
        "Unlinks oneself from a directory.", recent=True,
    ),
)  # fmt: skip
