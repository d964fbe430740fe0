"""The audit's chain as the API, the pages and the commands show it: its newest seal, what waits for one, and what a
walk has found.
"""

from msgspec import UNSET, Struct, UnsetType

from genkan.protocol.audit import AuditKeys, Segment
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site.api.audit_documents import when
from genkan.site.door import Door
from genkan.store.audit_rounds import NODE
from genkan.store.audit_walk import Verdict, Walk, resumed, walk_on

# How many segments one request looks at: some 50 000 lines.
MOST_WALKED = 400


class SegmentDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A sealed segment: the last line in it, and the head that vouches for everything up to there."""

    segment: int
    line: int
    sealed_at: str
    head: str


class ChainDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """The chain as it stands. ``unsealedSince`` is when the oldest line was written that waits for its seal; lines are
    kept for ``keptDays``, for ever where that is null.
    """

    newest: SegmentDocument | None
    unsealed_since: str | None
    kept_days: int | None


class VerdictDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What a walk has found. ``through`` is the last segment before any fault, ``newest`` the last that was looked at.
    ``moreFaults`` are not listed. ``next``, of a walk in parts, is the ``after`` to go on from, null at the end.
    """

    verified: bool
    segments: int
    dropped: int
    lines: int
    through: SegmentDocument | None
    newest: SegmentDocument | None
    unsealed: int
    unsealed_since: str | None
    faults: tuple[str, ...]
    more_faults: int
    next: int | UnsetType | None = UNSET


async def load_chain(door: Door) -> ChainDocument:
    """The chain as it stands: two reads."""
    newest = await door.store.last_segment(NODE)
    since = await unsealed_since(door, newest)
    return ChainDocument(
        newest=segment_document(newest),
        unsealed_since=None if since is None else when(since),
        kept_days=door.settings.audit_days or None,
    )


async def unsealed_since(door: Door, newest: Segment | None) -> int | None:
    """When the oldest line was written that waits for its seal; None where none waits."""
    waiting = await door.store.audit_lines(newest.last if newest else None, 1)
    return waiting[0].at if waiting else None


async def walked(door: Door, after: int) -> Walk | Refused:
    """Walk on behind this segment (0: from the beginning), so far as one request may."""
    site = await door.store.site()
    if door.ring.is_behind(site, door.env().now):
        return Refused(Reason.RING_BEHIND, retry_after=1)
    keys = AuditKeys(door.sealer.ring, site.site_id)
    return await walk_on(door.store, keys, NODE, await resumed(door.store, NODE, after), MOST_WALKED)


def part_document(walk: Walk) -> VerdictDocument:
    """A part of a walk."""
    last = walk.place.segment
    return verdict_document(walk.verdict, None if walk.over or last is None else last.sequence)


def verdict_document(verdict: Verdict, following: int | UnsetType | None = UNSET) -> VerdictDocument:
    """What a walk has found, and from where to go on with one in parts."""
    since = verdict.unsealed_since
    return VerdictDocument(
        verified=verdict.good,
        segments=verdict.segments,
        dropped=verdict.dropped,
        lines=verdict.lines,
        through=segment_document(verdict.through),
        newest=segment_document(verdict.newest),
        unsealed=verdict.unsealed,
        unsealed_since=None if since is None else when(since),
        faults=verdict.faults,
        more_faults=verdict.more,
        next=following,
    )


def segment_document(segment: Segment | None) -> SegmentDocument | None:
    """None for none."""
    if segment is None:
        return None
    return SegmentDocument(
        segment=segment.sequence, line=segment.last, sealed_at=when(segment.sealed_at), head=segment.head.hex()
    )
