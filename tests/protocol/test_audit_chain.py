"""The audit's chain: whatever is changed, removed, added or moved is found, and said of the right line."""

import struct
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from genkan.protocol.audit import AuditKeys, Line, Segment, canonical, drop, seal
from genkan.protocol.ring import RingProblem, activate, parse, render, revoke
from genkan.protocol.ring import drop as drop_key
from tests.protocol.builders import an_env
from tests.protocol.chains import KEYS, NODE, RING, SEALED_AT, SITE, a_line, lines, sealed, walk

SIZES = (3, 1, 4)
SEGMENTS, LINES = sealed(*SIZES)
MEMBERS = [field.name for field in fields(Line)]
RECORD = [field.name for field in fields(Segment)]
places = st.integers(0, len(LINES) - 1)


def read_back(data: bytes) -> Line:
    """A line from its bytes, by the written description alone."""
    number, at = struct.unpack_from(">qq", data)
    rest = data[16:]

    def taken(size: int) -> bytes:
        nonlocal rest
        part, rest = rest[:size], rest[size:]
        assert len(part) == size
        return part

    def blob() -> bytes:
        return taken(struct.unpack(">I", taken(4))[0])

    def text() -> str:
        return blob().decode("utf-8", "surrogateescape")

    def number_or_none() -> int | None:
        return None if taken(1) == b"\0" else int(struct.unpack(">q", taken(8))[0])

    kind, actor, account, link = text(), text(), number_or_none(), number_or_none()
    grant = None if taken(1) == b"\0" else blob()
    line = Line(number, kind, at, actor, account, link, grant, text(), text(), text())
    assert rest == b""
    return line


@given(lines(number=5))
def test_a_lines_bytes_are_read_back_as_the_line(line: Line) -> None:
    """So no two lines have the same bytes."""
    assert read_back(canonical(line)) == line


@given(st.data(), places)
@settings(max_examples=300)
def test_every_change_of_a_line_is_found(data: st.DataObject, place: int) -> None:
    """Any member of any line, whatever it is changed to, and the sentence names the line."""
    line = LINES[place]
    name = data.draw(st.sampled_from([member for member in MEMBERS if member != "number"]))
    changed = replace(line, **{name: getattr(data.draw(lines(number=line.number)), name)})
    assume(changed != line)
    found = walk(SEGMENTS, [*LINES[:place], changed, *LINES[place + 1 :]])
    assert [fault.split(" (")[0] for fault in found] == [f"line {line.number}: changed"]


@given(places, st.integers(0, 200), st.integers(1, 255))
def test_every_single_byte_of_a_text_counts(place: int, at: int, flip: int) -> None:
    """One byte of the detail, changed in place."""
    raw = bytearray(LINES[place].detail.encode())
    raw[at % len(raw)] ^= flip
    changed = replace(LINES[place], detail=bytes(raw).decode("utf-8", "surrogateescape"))
    assert walk(SEGMENTS, [*LINES[:place], changed, *LINES[place + 1 :]])


@given(places, st.integers(1, len(LINES)))
def test_every_removal_is_found(place: int, count: int) -> None:
    """Any run of lines, at the beginning, in the middle, at the end."""
    gone = LINES[place : place + count]
    found = walk(SEGMENTS, [line for line in LINES if line not in gone])
    assert found
    assert all(": removed (segment" in fault for fault in found)
    said = f"lines {gone[0].number} to " if found[0].startswith("lines") else f"line {gone[0].number}:"
    assert found[0].startswith(said)


@given(st.data(), st.integers(1, 9))
def test_every_insertion_is_found(data: st.DataObject, before: int) -> None:
    """A line between two segments, or in a segment that had room for its number."""
    segments, every = sealed(2, 2, 2)
    spread = [replace(line, number=line.number * 10) for line in every]
    segments = []
    for start in (0, 2, 4):
        segments.append(seal(KEYS, NODE, segments[-1] if segments else None, spread[start : start + 2], SEALED_AT))
    new = data.draw(lines(number=before * 6 - 1))
    assume(new.number <= spread[-1].number)
    found = walk(segments, sorted([*spread, new], key=lambda line: line.number))
    assert len(found) == 1
    assert f"line {new.number}: inserted" in found[0]


@given(places, places)
def test_every_swap_of_lines_is_found(one: int, other: int) -> None:
    """What two lines say changes places; within a segment it is called by its name."""
    assume(one != other)
    swapped = list(LINES)
    swapped[one] = replace(LINES[other], number=LINES[one].number)
    swapped[other] = replace(LINES[one], number=LINES[other].number)
    found = walk(SEGMENTS, swapped)
    same = {segment.sequence for segment in SEGMENTS for i in (one, other) if segment.first <= i + 1 <= segment.last}
    assert found
    if len(same) == 1:
        first, last = sorted((one + 1, other + 1))
        assert found == [f"lines {first} to {last}: reordered (segment {same.pop()})"]


def test_other_numbers_are_found() -> None:
    """The same lines under other numbers."""
    segments, every = sealed(2)
    segments = [replace(segments[0], last=9)]
    segments = [seal(KEYS, NODE, None, [every[0], replace(every[1], number=9)], SEALED_AT)]
    assert walk(segments, every) == ["segment 1: its lines have other numbers than they had"]


@given(st.data(), st.integers(0, len(SEGMENTS) - 1))
@settings(max_examples=200)
def test_every_change_of_a_segment_is_found(data: st.DataObject, place: int) -> None:
    """Any member of its record: one byte flipped, another number, another node."""
    segment = SEGMENTS[place]
    name = data.draw(st.sampled_from(RECORD))
    value: Any = getattr(segment, name)
    if isinstance(value, bytes) and value:
        at = data.draw(st.integers(0, len(value) - 1))
        value = value[:at] + bytes([value[at] ^ data.draw(st.integers(1, 255))]) + value[at + 1 :]
    elif isinstance(value, int):
        value = data.draw(st.integers(-(1 << 63), (1 << 63) - 1).filter(lambda number: number != value))
    elif name == "node":
        value += data.draw(st.sampled_from(["x", "\udc80"]))
    else:
        assume(name == "dropped_at")
        value = data.draw(st.integers(0, 1 << 62))
    changed = [*SEGMENTS[:place], replace(segment, **{name: value}), *SEGMENTS[place + 1 :]]
    assert walk(changed, LINES)


@given(st.integers(0, len(SEGMENTS) - 2), st.booleans())
def test_every_removed_segment_is_found(place: int, with_its_lines: bool) -> None:
    """With its lines or without them; the newest is found by its printed head alone."""
    gone = SEGMENTS[place]
    left = [line for line in LINES if not (with_its_lines and gone.first <= line.number <= gone.last)]
    found = walk([segment for segment in SEGMENTS if segment is not gone], left)
    assert f"segment {gone.sequence}: removed" in found
    assert any("inserted, or the segment that sealed it was removed" in fault for fault in found) != with_its_lines


@given(st.permutations(range(len(SEGMENTS))))
def test_every_swap_of_segments_is_found(order: list[int]) -> None:
    """In whatever order they are, only the right one holds."""
    found = walk([SEGMENTS[place] for place in order], LINES)
    assert bool(found) == (order != sorted(order))


def test_a_forked_chain_does_not_follow() -> None:
    """A segment of the same site, sealed with the same key on another history, is no part of this one."""
    others, _ = sealed(2, 2, 4)
    other = replace(others[0], sequence=1)
    assert any("does not follow from segment 1" in fault for fault in walk([other, *SEGMENTS[1:]], LINES))


# --- Retention --------------------------------------------------------------------------------------------------------


def test_dropped_segments_keep_the_chain_whole() -> None:
    """Whatever number of the oldest ones; the rest holds, back to the beginning."""
    for count in range(len(SEGMENTS)):
        kept = SEGMENTS[count:]
        left = [line for line in LINES if line.number >= kept[0].first]
        assert walk([*(drop(KEYS, segment, SEALED_AT) for segment in SEGMENTS[:count]), *kept], left) == []


def test_lines_that_were_not_dropped_by_retention_are_missed() -> None:
    """Who holds no key can neither make the proof nor take another segment's, nor another time."""
    dropped = [drop(KEYS, segment, SEALED_AT) for segment in SEGMENTS]
    left = [line for line in LINES if line.number > SEGMENTS[0].last]
    for changes in ({"dropped": b""}, {"dropped": dropped[1].dropped}, {"dropped_at": 1}):
        found = walk([replace(dropped[0], **changes), *SEGMENTS[1:]], left)
        assert found == ["segment 1: its lines were removed, and not by retention"]


def test_retention_goes_from_the_oldest_on() -> None:
    """A genuine proof for a later segment does not hide that an older one is still there; nor do lines come back."""
    later = [SEGMENTS[0], drop(KEYS, SEGMENTS[1], SEALED_AT), SEGMENTS[2]]
    left = [line for line in LINES if line.number != SEGMENTS[1].first]
    assert walk(later, left) == ["segment 2: dropped before older ones, which retention never does"]
    first = drop(KEYS, SEGMENTS[0], SEALED_AT)
    found = walk([first, *SEGMENTS[1:]], [a_line(2, "forged"), *LINES[3:]])
    assert found == ["line 2: inserted where retention had dropped segment 1"]


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_a_retired_key_goes_on_checking() -> None:
    """Dropped and revoked keys keep the child that checks the audit, through the ring's file and back."""
    old = AuditKeys(activate_7(), SITE)
    segments, every = sealed(2, 2, keys=old)
    ring = drop_key(RING, 7)
    assert not isinstance(ring, RingProblem)
    read = parse(render(ring))
    assert read == ring
    keys = AuditKeys(ring, SITE)
    assert walk(segments, every, keys) == []
    assert walk(segments, [replace(every[0], at=0), *every[1:]], keys) == ["line 1: changed (segment 1)"]


def activate_7() -> Any:
    return activate(RING, 7)


def test_what_a_revoked_key_sealed_last_needs_a_voucher() -> None:
    """Whoever stole it could have sealed it; a later segment under another key settles that."""
    segments, every = sealed(2, keys=AuditKeys(activate_7(), SITE))
    ring = revoke(RING, 7, an_env())
    assert not isinstance(ring, RingProblem)
    keys = AuditKeys(ring, SITE)
    (fault,) = walk(segments, every, keys)
    assert fault.startswith("segment 1: the newest, and sealed under key 0007, which was revoked")
    more = [a_line(3)]
    assert walk([*segments, seal(keys, NODE, segments[-1], more, SEALED_AT)], [*every, *more], keys) == []


def test_a_foreign_key_and_a_foreign_site_are_told() -> None:
    """A ring that never held the key says so; under the right key another site's segment does not fit."""
    foreign = AuditKeys(replace_ring(), SITE)
    assert walk(SEGMENTS, LINES, foreign)[0] == "segment 1: sealed under key 0008, which this ring has never held"
    other = AuditKeys(RING, bytes(16))
    assert walk(SEGMENTS, LINES, other)[0].startswith("segment 1: its record was changed, or it was sealed by somebody")


def replace_ring() -> Any:
    from dataclasses import replace as changed

    return changed(RING, keys=(changed(RING.keys[1], id=9),))


@pytest.mark.parametrize("sizes", [(1,), (2, 3), SIZES])
def test_an_honest_chain_has_no_fault(sizes: tuple[int, ...]) -> None:
    """Whatever the sizes, wherever the numbers begin."""
    for first in (1, 1000):
        assert walk(*sealed(*sizes, first=first)) == []
