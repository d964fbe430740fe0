"""A confidential link's secret that an administrator brings along, so that servers which know it go on working."""

from dataclasses import replace

from genkan.protocol.clients import secret_digest
from genkan.protocol.env import Env
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import AddLink, Change, Event, EventKind, PutLink, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, LinkKind, Standing

# What is kept of a secret is a fast hash, which is enough for random ones: shorter than 128 bits in hex is refused.
SECRET_CHARACTERS = (32, 512)


def is_kept(link: Link, secret: str) -> bool:
    """Whether this is the link's present secret."""
    return link.secret == secret_digest(secret)


def born_with(made: NewLink, secret: str) -> NewLink | Refused:
    """A new link with this secret instead of a drawn one; there is nothing left to tell."""
    fault = _fault(made.link, secret)
    if fault is not None:
        return fault
    link = replace(made.link, secret=secret_digest(secret))
    return NewLink(link, None, Change((AddLink(link),), made.change.events))


def take_over(link: Link, secret: str, actor: str, env: Env) -> Change | Refused:
    """Let this be the link's secret from now on; the one before stops working at once."""
    fault = _fault(link, secret)
    if fault is not None:
        return fault
    changed = replace(
        link, secret=secret_digest(secret), previous_secret=None, previous_secret_until=0, version=link.version + 1
    )
    event = Event(EventKind.LINK_SECRET_ROTATED, env.now, actor, link_id=link.id, detail=f"{link.name}, taken over")
    return Change((PutLink(changed),), (event,))


def _fault(link: Link, secret: str) -> Refused | None:
    if link.standing is Standing.DELETED:
        # As every other change of a tombstone.
        return Refused(Reason.NOT_FOUND)
    if link.kind is LinkKind.NATIVE:
        return Refused(Reason.INVALID_VALUE, "secret: a native link has none")
    least, most = SECRET_CHARACTERS
    # RFC 6749 A.2: a client secret is made of visible ASCII.
    visible = all("\x20" < character < "\x7f" for character in secret)
    if not least <= len(secret) <= most or not visible:
        return Refused(Reason.INVALID_VALUE, f"secret: {least} to {most} visible ASCII characters without spaces")
    return None
