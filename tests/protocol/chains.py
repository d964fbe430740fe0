"""Chains of the audit as values: lines, what seals them, and a walk through them as the store's walk does it."""

from collections.abc import Sequence

from hypothesis import strategies as st

from genkan.protocol.audit import AuditKeys, Line, Segment, seal
from genkan.protocol.audit_check import Place, end_faults, faults
from genkan.protocol.ring import KeyState, Ring, RingKey

SITE = bytes(range(16))
NODE = "site"
RING = Ring(
    2,
    b"f" * 16,
    (RingKey(7, KeyState.VERIFY, 0, True, b"\1" * 32), RingKey(8, KeyState.ACTIVE, 0, True, b"\2" * 32)),
)
KEYS = AuditKeys(RING, SITE)
SEALED_AT = 1_790_000_000_000

ids = st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1))
# What may come out of a database: also bytes that are no UTF-8, as lone surrogates.
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.binary(max_size=4).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)


def a_line(number: int, detail: str = "") -> Line:
    """A line as any other."""
    return Line(number, "account.added", SEALED_AT - 5, "command:root", 42, None, None, "192.0.2.1", "", detail)


@st.composite
def lines(draw: st.DrawFn, number: int = 1) -> Line:
    """Any line of this number."""
    at = draw(st.integers(-(1 << 63), (1 << 63) - 1))
    return Line(
        number, draw(texts), at, draw(texts), draw(ids), draw(ids), draw(st.one_of(st.none(), st.binary(max_size=16))),
        draw(texts), draw(texts), draw(texts),
    )  # fmt: skip


def sealed(*sizes: int, keys: AuditKeys = KEYS, first: int = 1) -> tuple[list[Segment], list[Line]]:
    """A chain of segments with so many lines each, all lines different."""
    segments: list[Segment] = []
    every: list[Line] = []
    for size in sizes:
        some = [a_line(first + len(every) + place, f"line {len(every) + place}") for place in range(size)]
        last = segments[-1] if segments else None
        segments.append(seal(keys, NODE, last, some, SEALED_AT + len(segments)))
        every += some
    return segments, every


def walk(segments: Sequence[Segment], every: Sequence[Line], keys: AuditKeys = KEYS) -> list[str]:
    """All faults of a chain."""
    place, found = Place(), []
    for segment in segments:
        between = [
            line for line in every if (place.line is None or line.number > place.line) and line.number <= segment.last
        ]
        found += faults(keys, place, segment, between)
        place = place.after(segment)
    return found + end_faults(keys, place.segment)
