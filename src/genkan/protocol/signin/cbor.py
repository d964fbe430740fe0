"""CBOR as authenticators write it (CTAP 2.1, 8: definite lengths, no tags, at most four levels), read within the bounds
of its bytes. Anything else is Unreadable.
"""

from collections.abc import Mapping

from genkan.wire.budget import ATTESTATION, Purse, TooMuch

Value = int | bool | None | bytes | str | list["Value"] | Mapping[int | str, "Value"]
_SIMPLE: Mapping[int, bool | None] = {20: False, 21: True, 22: None}


class Unreadable(ValueError):
    """These bytes are not what they should be."""


def read(data: bytes) -> Value:
    """The one value that these bytes are, to the last of them."""
    value, end = read_at(data, 0)
    if end != len(data):
        raise Unreadable("more bytes than the value has")
    return value


def read_at(data: bytes, start: int) -> tuple[Value, int]:
    """The value that begins there, and where it ends."""
    try:
        return _value(data, start, ATTESTATION.depth, ATTESTATION.purse())
    except TooMuch:
        raise Unreadable("more values than authenticators write") from None


def _value(data: bytes, start: int, levels: int, purse: Purse) -> tuple[Value, int]:
    purse.spend()
    kind, argument, at = _head(data, start)
    match kind:
        case 0:
            return argument, at
        case 1:
            return -1 - argument, at
        case 2 | 3:
            return _string(data, at, argument, text=kind == 3)
        case 4 | 5 if levels:
            return (_array if kind == 4 else _map)(data, at, argument, levels - 1, purse)
        case 7 if argument in _SIMPLE and at == start + 1:
            return _SIMPLE[argument], at
        case _:
            raise Unreadable(f"major type {kind}, which authenticators do not write here")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise Unreadable("it ends too early")
    kind, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return kind, short, at + 1
    # 28 to 30 are reserved, 31 is an indefinite length.
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short, 0)
    if not size or at + 1 + size > len(data):
        raise Unreadable("no definite length")
    return kind, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _string(data: bytes, at: int, size: int, *, text: bool) -> tuple[Value, int]:
    if size > len(data) - at:
        raise Unreadable("a string longer than the bytes")
    raw = data[at : at + size]
    try:
        return raw.decode("utf-8") if text else raw, at + size
    except UnicodeDecodeError:
        raise Unreadable("text that is not UTF-8") from None


def _array(data: bytes, at: int, count: int, levels: int, purse: Purse) -> tuple[Value, int]:
    if count > len(data) - at:
        raise Unreadable("more items than bytes")
    items = []
    for _ in range(count):
        item, at = _value(data, at, levels, purse)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, levels: int, purse: Purse) -> tuple[Value, int]:
    if count > len(data) - at:
        raise Unreadable("more pairs than bytes")
    pairs: dict[int | str, Value] = {}
    for _ in range(count):
        key, at = _value(data, at, 0, purse)
        if isinstance(key, bool) or not isinstance(key, int | str) or key in pairs:
            raise Unreadable("a key that is none, or there twice")
        pairs[key], at = _value(data, at, levels, purse)
    return pairs, at
