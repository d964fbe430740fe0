"""The format of the audit's chain, nailed down: whoever changes it makes every audit look forged, and sees it here."""

import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol.audit import GENESIS, AuditKeys, Line, Segment, canonical, drop, seal
from genkan.protocol.ring import KeyState, Ring, RingKey

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "audit.json").read_text(encoding="utf-8"))
SITE_ID, SECRET = bytes.fromhex(VECTOR["site_id"]), bytes.fromhex(VECTOR["ring_secret"])


def the_keys() -> AuditKeys:
    return AuditKeys(Ring(1, bytes(16), (RingKey(VECTOR["key_id"], KeyState.ACTIVE, 0, True, SECRET),)), SITE_ID)


def the_line(row: dict[str, Any]) -> Line:
    said = {name: value for name, value in row.items() if name != "canonical"}
    return Line(**said | {"grant_id": bytes.fromhex(row["grant_id"]) if row["grant_id"] else None})


LINES = [the_line(row) for row in VECTOR["lines"]]


def the_segments() -> list[Segment]:
    """The chain of the vector, sealed anew."""
    segments: list[Segment] = []
    for row in VECTOR["segments"]:
        lines = [line for line in LINES if row["first"] <= line.number <= row["last"]]
        segments.append(seal(the_keys(), VECTOR["node"], segments[-1] if segments else None, lines, row["sealed_at"]))
    return segments


@pytest.mark.parametrize("row", VECTOR["lines"], ids=lambda row: row["number"])
def test_lines_are_the_same_bytes_for_ever(row: dict[str, Any]) -> None:
    """Number and time, then each member after its length or after a byte that says whether it is there."""
    line = the_line(row)
    assert canonical(line).hex() == row["canonical"]
    written = struct.pack(">qq", line.number, line.at)
    written += counted(line.kind.encode()) + counted(line.actor.encode()) + maybe(line.account_id) + maybe(line.link_id)
    written += b"\1" + counted(line.grant_id) if line.grant_id else b"\0"
    written += b"".join(counted(text.encode()) for text in (line.address, line.reason, line.detail))
    assert written.hex() == row["canonical"]


def counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def maybe(number: int | None) -> bytes:
    return b"\0" if number is None else b"\1" + number.to_bytes(8, "big", signed=True)


def mac(name: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 under the HKDF child (RFC 5869) for the audit, over label, site and message."""
    child = hmac.digest(hmac.digest(bytes(32), SECRET, "sha256"), b"genkan v1 audit\x01", hashlib.sha256)
    label = b"genkan audit v1 " + name + b"\0"
    return hmac.digest(child, label + counted(SITE_ID) + message, "sha256")


def test_segments_are_the_same_for_ever() -> None:
    """Lines, keys and times of the vector give exactly these heads."""
    for segment, row in zip(the_segments(), VECTOR["segments"], strict=True):
        found = {name: getattr(segment, name) for name in row}
        assert {n: v.hex() if isinstance(v, bytes) else v for n, v in found.items()} == row


def test_segments_are_built_as_written_down() -> None:
    """A MAC over the lines, four bytes for each, and the head over both, the record and the head before it."""
    head = GENESIS.hex()
    for row in VECTOR["segments"]:
        lines = [bytes.fromhex(VECTOR["lines"][n - 1]["canonical"]) for n in range(row["first"], row["last"] + 1)]
        rows = mac(b"rows", struct.pack(">I", len(lines)) + b"".join(lines))
        tags = b"".join(mac(b"line", line[8:])[:4] for line in lines)
        record = struct.pack(
            ">QqqIHq", row["sequence"], row["first"], row["last"], row["count"], VECTOR["key_id"], row["sealed_at"]
        )
        message = (
            counted(VECTOR["node"].encode())
            + record
            + b"".join(counted(part) for part in (bytes.fromhex(head), rows, mac(b"tags", tags)))
        )
        assert (row["previous"], row["rows"], row["tags"]) == (head, rows.hex(), tags.hex())
        head = mac(b"segment", message).hex()
        assert row["head"] == head


def test_the_proof_of_retention_is_built_as_written_down() -> None:
    """Node, sequence, time and head, under a label of its own; of the tags a MAC stays."""
    row, first = VECTOR["dropped"], the_segments()[0]
    dropped = drop(the_keys(), first, row["dropped_at"])
    message = counted(b"site") + struct.pack(">Qq", row["sequence"], row["dropped_at"]) + first.head
    assert (dropped.tags.hex(), dropped.dropped.hex()) == (row["tags"], row["dropped"])
    assert dropped.dropped == mac(b"dropped", message)
    assert dropped.tags == mac(b"tags", first.tags)
