"""Checking the audit's chain, one segment after the other: what somebody has changed, as one sentence each."""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from genkan.protocol.audit import (
    GENESIS,
    TAG_BYTES,
    AuditKeys,
    Line,
    Segment,
    dropped_mac,
    fits,
    summary,
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a chain has been walked: the segment before, if any, and whether all so far were dropped ones."""

    segment: Segment | None = None
    only_dropped: bool = True

    @property
    def line(self) -> int | None:
        """The last line that a segment so far has covered."""
        return self.segment.last if self.segment else None

    def after(self, segment: Segment) -> "Place":
        """The place behind this segment."""
        return Place(segment, self.only_dropped and segment.dropped_at is not None)


def faults(keys: AuditKeys, place: Place, segment: Segment, lines: Sequence[Line]) -> list[str]:
    """What is wrong with the next segment; nothing where it is as it was sealed.

    ``lines`` are all that lie between the last line of ``place`` and the last of the segment, in their order.
    """
    own = [line for line in lines if line.number >= segment.first]
    return [
        *_strangers(segment, [line for line in lines if line.number < segment.first]),
        *_order(place, segment),
        *_seal(keys, segment, own),
    ]


def end_faults(keys: AuditKeys, last: Segment | None) -> list[str]:
    """What is wrong with a chain that ends in this segment."""
    if last is None or last.key_id not in keys.revoked:
        return []
    sentence = (
        f"segment {last.sequence}: the newest, and sealed under key {last.key_id:04x}, which was revoked: whoever has"
        " that key could have sealed it, and no later segment vouches for it"
    )
    return [sentence]


def _strangers(segment: Segment, lines: Sequence[Line]) -> Iterator[str]:
    """Lines that belong to no segment though later ones are sealed."""
    if lines:
        named = _span(lines[0].number, lines[-1].number)
        yield f"{named}: inserted, or the segment that sealed it was removed, before segment {segment.sequence}"


def _order(place: Place, segment: Segment) -> Iterator[str]:
    before = place.segment
    expected, head = (before.sequence + 1, before.head) if before else (1, GENESIS)
    if segment.sequence != expected:
        yield f"{_span(expected, segment.sequence - 1, 'segment')}: removed"
    elif segment.previous != head:
        yield f"segment {segment.sequence}: its seal does not follow from {_named(before)}, which was replaced"
    if segment.first > segment.last or (before is not None and segment.first <= before.last):
        yield f"segment {segment.sequence}: its lines are not those after {_named(before)}"
    if segment.dropped_at is not None and not place.only_dropped:
        yield f"segment {segment.sequence}: dropped before older ones, which retention never does"


def _named(before: Segment | None) -> str:
    return f"segment {before.sequence}" if before else "the beginning"


def _seal(keys: AuditKeys, segment: Segment, lines: Sequence[Line]) -> Iterator[str]:
    name = f"segment {segment.sequence}"
    if not keys.knows(segment.key_id):
        yield f"{name}: sealed under key {segment.key_id:04x}, which this ring has never held"
        return
    if not fits(keys, segment):
        # Nothing that the record says of its lines can be believed then.
        yield f"{name}: its record was changed, or it was sealed by somebody without the key"
        return
    if segment.dropped_at is None:
        yield from _rows(keys, segment, lines)
        return
    if not hmac.compare_digest(segment.dropped, dropped_mac(keys, segment, segment.dropped_at)):
        yield f"{name}: its lines were removed, and not by retention"
    if lines:
        yield f"{_span(lines[0].number, lines[-1].number)}: inserted where retention had dropped {name}"


def _rows(keys: AuditKeys, segment: Segment, lines: Sequence[Line]) -> Iterator[str]:
    rows, tags = summary(keys, segment.key_id, lines)
    if hmac.compare_digest(segment.rows, rows) and segment.count == len(lines):
        return
    sealed, found = _split(segment.tags), _split(tags)
    if sealed == found:
        yield f"segment {segment.sequence}: its lines have other numbers than they had"
    elif sorted(sealed) == sorted(found):
        moved = [line.number for line, was, now in zip(lines, sealed, found, strict=True) if was != now]
        yield f"{_span(moved[0], moved[-1])}: reordered (segment {segment.sequence})"
    else:
        for change in _differences(segment, sealed, found, lines):
            yield f"{change} (segment {segment.sequence})"


def _split(tags: bytes) -> list[bytes]:
    return [tags[at : at + TAG_BYTES] for at in range(0, len(tags), TAG_BYTES)]


def _differences(segment: Segment, sealed: list[bytes], found: list[bytes], lines: Sequence[Line]) -> Iterator[str]:
    """Which lines were changed, removed or inserted, by what the tags say of them."""
    # Where the store numbers without a gap, a place in the segment is a number.
    dense = segment.last - segment.first + 1 == segment.count
    for what, start, stop, begin, end in SequenceMatcher(None, sealed, found, autojunk=False).get_opcodes():
        both = min(stop - start, end - begin) if what == "replace" else 0
        if both:
            yield f"{_span(lines[begin].number, lines[begin + both - 1].number)}: changed"
        if what != "equal" and begin + both < end:
            yield f"{_span(lines[begin + both].number, lines[end - 1].number)}: inserted"
        if what != "equal" and start + both < stop:
            after = lines[begin + both - 1].number if begin + both else None
            yield f"{_missing(segment, start + both, stop, after, dense=dense)}: removed"


def _missing(segment: Segment, start: int, stop: int, after: int | None, *, dense: bool) -> str:
    if dense:
        return _span(segment.first + start, segment.first + stop - 1)
    where = f"after line {after}" if after is not None else "at the beginning"
    return f"{stop - start} line{'s' if stop - start > 1 else ''} {where}"


def _span(first: int, last: int, what: str = "line") -> str:
    return f"{what} {first}" if first >= last else f"{what}s {first} to {last}"
