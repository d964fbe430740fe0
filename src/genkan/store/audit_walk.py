"""Walking a site's whole audit in small steps: is its chain as it was sealed? What a fault is, the rules say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from genkan.protocol.audit import MOST_LINES, AuditKeys, Line, Segment
from genkan.protocol.audit_check import Place, end_faults, faults
from genkan.store.api import AuditPage, AuditQuery, Store

STEP_LINES = 1_000
STEP_SEGMENTS = 50
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk has found. ``through`` is the last segment before any fault; ``newest`` the last there is.

    ``unsealed`` lines wait for their seal, the oldest since ``unsealed_since``; ``more`` faults are not listed.
    """

    segments: int = 0
    dropped: int = 0
    lines: int = 0
    through: Segment | None = None
    newest: Segment | None = None
    unsealed: int = 0
    unsealed_since: int | None = None
    faults: tuple[str, ...] = field(default=())
    more: int = 0

    @property
    def good(self) -> bool:
        """Whether all that was sealed is as it was."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk that may go on later: what it has found, where it stands, and whether it has come to the end.

    ``head_seen``: the head that was asked for is in the chain.
    """

    verdict: Verdict = field(default_factory=Verdict)
    place: Place = field(default_factory=Place)
    head_seen: bool = False
    over: bool = False


async def verify(store: Store, keys: AuditKeys, node: str, head: bytes | None = None) -> Verdict:
    """Walk a node's chain from its beginning. ``head`` was printed once and must be in it."""
    walk = Walk()
    while not walk.over:
        walk = await walk_on(store, keys, node, walk, STEP_SEGMENTS, head)
    return walk.verdict


async def resumed(store: Store, node: str, sequence: int) -> Walk:
    """A walk that begins behind this segment, whose record it takes on trust; at the beginning where there is none."""
    found = await store.segments(node, sequence - 1, 1) if sequence > 0 else []
    return Walk(place=Place().after(found[0])) if found and found[0].sequence == sequence else Walk()


async def walk_on(store: Store, keys: AuditKeys, node: str, walk: Walk, most: int, head: bytes | None = None) -> Walk:
    """One step of at most so many segments; at the end of the chain what belongs there, too."""
    verdict, place, seen = walk.verdict, walk.place, walk.head_seen
    page = await store.segments(node, place.segment.sequence if place.segment else 0, most)
    for segment in page:
        found, checked = await _check(store, keys, place, segment)
        verdict = _with(_counted(verdict, checked), found)
        place, seen = place.after(checked), seen or checked.head == head
        if verdict.good:
            verdict = replace(verdict, through=checked)
        # Others may write between two steps, and this walk holds no snapshot for long.
        await asyncio.sleep(0)
    verdict = replace(verdict, newest=place.segment)
    if len(page) == most:
        return Walk(verdict, place, seen)
    verdict = _with(verdict, end_faults(keys, place.segment))
    if head is not None and not seen:
        verdict = _with(verdict, [_without(head)])
    return Walk(await _waiting(store, place, verdict), place, seen, over=True)


async def pages(store: Store, query: AuditQuery) -> AsyncIterator[AuditPage]:
    """Every page that a query asks for, the empty ones too; between two of them others have their turn."""
    while True:
        page = await store.audit_page(query)
        yield page
        if page.next is None:
            return
        query = replace(query, start=page.next)
        await asyncio.sleep(0)


async def lines(store: Store, query: AuditQuery) -> AsyncIterator[Line]:
    """Every line that a query asks for, page after page; its ``limit`` is that of one page."""
    async for page in pages(store, query):
        for line in page.lines:
            yield line


def _without(head: bytes) -> str:
    return (
        f"the head {head.hex()} is not in the chain: its newest segments were cut off, or a backup from before it was"
        " restored, or it is another site's"
    )


async def _check(store: Store, keys: AuditKeys, place: Place, segment: Segment) -> tuple[list[str], Segment]:
    """The faults of a segment; once more where retention has come between reading it and its lines."""
    found = faults(keys, place, segment, await _lines_of(store, place, segment))
    again = await store.segments(segment.node, segment.sequence - 1, 1) if found else []
    if not again or again[0] == segment:
        return found, segment
    return faults(keys, place, again[0], await _lines_of(store, place, again[0])), again[0]


async def _lines_of(store: Store, place: Place, segment: Segment) -> list[Line]:
    """A segment's lines, and of those that lie before it and belong to none the first and the last."""
    strangers: list[Line] = []
    after = place.line
    while found := await store.audit_lines(after, STEP_LINES, segment.first - 1):
        strangers, after = [*strangers[:1], *found][:1] + found[-1:], found[-1].number
        await asyncio.sleep(0)
    return strangers + await store.audit_lines(segment.first - 1, 4 * MOST_LINES, segment.last)


async def _waiting(store: Store, place: Place, verdict: Verdict) -> Verdict:
    after, waiting, since = place.line, 0, None
    while found := await store.audit_lines(after, STEP_LINES):
        oldest = min(line.at for line in found)
        waiting, since = waiting + len(found), oldest if since is None else min(since, oldest)
        after = found[-1].number
        await asyncio.sleep(0)
    return replace(verdict, unsealed=waiting, unsealed_since=since)


def _counted(verdict: Verdict, segment: Segment) -> Verdict:
    kept = segment.dropped_at is None
    return replace(
        verdict,
        segments=verdict.segments + 1,
        dropped=verdict.dropped + (not kept),
        lines=verdict.lines + (segment.count if kept else 0),
    )


def _with(verdict: Verdict, found: list[str]) -> Verdict:
    room = MOST_FAULTS - len(verdict.faults)
    return replace(
        verdict, faults=(*verdict.faults, *found[:room]), more=verdict.more + max(0, len(found) - max(0, room))
    )
