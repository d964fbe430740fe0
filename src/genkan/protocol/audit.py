"""The audit's keyed chain: the bytes of a line, segments of lines sealed one upon the other, and the mark of retention.

What a chain says when somebody has changed it is for audit_check.py.
"""

import hmac
import struct
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from genkan.protocol.ring import KeyState, Ring, audit_key
from genkan.protocol.sealing import labelled_mac

# One seal covers no more: what is sealed, checked and dropped in one step stays small.
MOST_LINES = 128
GENESIS = bytes(32)
TAG_BYTES = 4
_LINE, _ROWS, _TAGS, _SEGMENT, _DROPPED = (
    b"genkan audit v1 " + name + b"\0" for name in (b"line", b"rows", b"tags", b"segment", b"dropped")
)
_HEAD = struct.Struct(">QqqIHq")


class Line(msgspec.Struct, frozen=True):
    """A line of the audit as it reads: texts and public ids, whatever a store spells them as. ``number`` is what people
    and ``--after`` name it by.

    ``kind`` is plain text: a line that somebody has changed, or that a newer version wrote, must be readable too.
    """

    number: int
    kind: str
    at: int
    actor: str
    account_id: int | None = None
    link_id: int | None = None
    grant_id: bytes | None = None
    address: str = ""
    reason: str = ""
    detail: str = ""


class Segment(msgspec.Struct, frozen=True):
    """Lines ``first`` to ``last`` of one node's chain, sealed. ``head`` covers everything before it but ``dropped``.

    ``tags`` has four bytes for each line, which tell what was changed where the seal says only that something was.
    Retention drops the lines and their tags and keeps the rest; ``dropped`` is the proof that it was retention.
    """

    node: str
    sequence: int
    first: int
    last: int
    count: int
    key_id: int
    sealed_at: int
    previous: bytes
    rows: bytes
    tags: bytes
    head: bytes
    dropped_at: int | None = None
    dropped: bytes = b""


class AuditKeys:
    """The keys of the ring for this purpose, for one site. A key that was revoked or dropped still checks here."""

    def __init__(self, ring: Ring, site_id: bytes) -> None:
        self.active_id = ring.active.id
        self.revoked = frozenset(key.id for key in ring.keys if key.state is KeyState.REVOKED)
        self._keys = {key.id: found for key in ring.keys if (found := audit_key(key))}
        self._site = _text(site_id)
        self._macs: dict[tuple[int, bytes], Callable[[bytes], bytes]] = {}

    def __repr__(self) -> str:
        return f"<AuditKeys active {self.active_id:04x}>"

    def knows(self, key_id: int) -> bool:
        """Whether what was sealed under this key can be checked."""
        return key_id in self._keys

    def mac(self, key_id: int, label: bytes, message: bytes) -> bytes:
        """HMAC-SHA-256 (RFC 2104) over the label, the site and the message. KeyError for a key that is not known."""
        made = self._macs.get((key_id, label))
        if made is None:
            made = self._macs[key_id, label] = labelled_mac(self._keys[key_id], label + self._site)
        return made(message)


def canonical(line: Line) -> bytes:
    """The bytes that stand for a line. Two lines with the same bytes are the same line: whatever has no fixed length
    comes after its length, whatever may be absent after a byte that says so.

    Numbers are big-endian: line number and time 8 bytes signed, then kind, actor, account, link, sign-in, address,
    reason, detail.
    """
    return struct.pack(">q", line.number) + _content(line)


def _content(line: Line) -> bytes:
    """All of a line but its number."""
    return b"".join((
        struct.pack(">q", line.at), _text(_bytes(line.kind)), _text(_bytes(line.actor)), _id(line.account_id),
        _id(line.link_id), b"\0" if line.grant_id is None else b"\1" + _text(line.grant_id),
        _text(_bytes(line.address)), _text(_bytes(line.reason)), _text(_bytes(line.detail)),
    ))  # fmt: skip


def _bytes(text: str) -> bytes:
    # A changed row may hold bytes that are no UTF-8; the store hands them on as lone surrogates.
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _id(number: int | None) -> bytes:
    return b"\0" if number is None else struct.pack(">Bq", 1, number)


def summary(keys: AuditKeys, key_id: int, lines: Sequence[Line]) -> tuple[bytes, bytes]:
    """One MAC over all lines in their order, and four bytes for each, whatever its number."""
    contents = [_content(line) for line in lines]
    numbered = [struct.pack(">q", line.number) + content for line, content in zip(lines, contents, strict=True)]
    rows = keys.mac(key_id, _ROWS, struct.pack(">I", len(lines)) + b"".join(numbered))
    return rows, b"".join([keys.mac(key_id, _LINE, content)[:TAG_BYTES] for content in contents])


def head_of(keys: AuditKeys, segment: Segment) -> bytes:
    """What the head must be: a MAC over every other member, the head before it among them."""
    s = segment
    fixed = _HEAD.pack(s.sequence, s.first, s.last, s.count, s.key_id, s.sealed_at)
    tags = keys.mac(s.key_id, _TAGS, s.tags) if s.dropped_at is None else s.tags
    members = _text(_bytes(s.node)) + fixed + _text(s.previous) + _text(s.rows) + _text(tags)
    return keys.mac(s.key_id, _SEGMENT, members)


def fits(keys: AuditKeys, segment: Segment) -> bool:
    """Whether the record is one that was sealed here, whatever has become of its lines."""
    try:
        return hmac.compare_digest(segment.head, head_of(keys, segment))
    except (KeyError, struct.error):
        # Under a key that was never here, or with numbers that no segment has.
        return False


def dropped_mac(keys: AuditKeys, segment: Segment, at: int) -> bytes:
    """The proof that whoever holds the ring let go of this segment's lines, and when."""
    message = _text(_bytes(segment.node)) + struct.pack(">Qq", segment.sequence, at) + segment.head
    return keys.mac(segment.key_id, _DROPPED, message)


def seal(keys: AuditKeys, node: str, previous: Segment | None, lines: Sequence[Line], now: int) -> Segment:
    """The next segment of a node's chain, under the active key. ``lines`` are what follows the last sealed line."""
    key_id = keys.active_id
    rows, tags = summary(keys, key_id, lines)
    segment = Segment(
        node=node,
        sequence=previous.sequence + 1 if previous else 1,
        first=lines[0].number,
        last=lines[-1].number,
        count=len(lines),
        key_id=key_id,
        sealed_at=now,
        previous=previous.head if previous else GENESIS,
        rows=rows,
        tags=tags,
        head=b"",
    )
    return replace(segment, head=head_of(keys, segment))


def drop(keys: AuditKeys, segment: Segment, now: int) -> Segment:
    """The segment as it stays when retention lets go of its lines: its head, and the proof."""
    tags = keys.mac(segment.key_id, _TAGS, segment.tags)
    return replace(segment, tags=tags, dropped_at=now, dropped=dropped_mac(keys, segment, now))
