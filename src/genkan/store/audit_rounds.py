"""The steps that seal the audit and let retention drop what is old: the same for the site and the commands."""

from genkan.protocol import audit
from genkan.protocol.audit import MOST_LINES, AuditKeys, Segment
from genkan.store.api import Store

# One chain, whoever appends to it: sealing is conditional on what is last, and one process at a time does it. It is the
# name of the one process that serves a file, too.
NODE = "site"
# No chain comes so far; a record that says so was written by somebody else.
MOST_SEGMENTS = 1 << 62


async def seal_step(store: Store, keys: AuditKeys, node: str, now: int) -> Segment | None:
    """Seal what follows the last segment, so much of it as one may hold. None where nothing waits, or where another
    process has just sealed it.
    """
    last = await store.last_segment(node)
    if last is not None and not 0 < last.sequence < MOST_SEGMENTS:
        return None
    # Number by number: what is sealed shall have no line before it that comes later.
    lines = await store.audit_lines(last.last if last else None, MOST_LINES, await store.last_settled())
    if not lines:
        return None
    segment = audit.seal(keys, node, last, lines, now)
    return segment if await store.seal(segment) else None


async def seal_all(store: Store, keys: AuditKeys, node: str, now: int) -> list[Segment]:
    """Seal all that waits, in steps that let other writers in between."""
    sealed = []
    while (segment := await seal_step(store, keys, node, now)) is not None:
        sealed.append(segment)
    return sealed


async def drop_step(store: Store, keys: AuditKeys, node: str, until: int, now: int) -> Segment | None:
    """Let go of the oldest segment's lines where it was sealed before ``until``. None where nothing is to go.

    A segment whose record somebody has changed stays with its lines, as evidence.
    """
    oldest = await store.oldest_kept_segment(node)
    if oldest is None or oldest.sealed_at >= until or not audit.fits(keys, oldest):
        return None
    dropped = audit.drop(keys, oldest, now)
    return dropped if await store.drop(dropped) else None
