"""Owns the reading of JSON that others wrote: any bytes in, a value or the reason why not out; knows no shapes."""

from dataclasses import dataclass
from typing import Any

import msgspec

from genkan.wire.budget import SITES_ANSWER, Budget

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # RFC 8259 8.1: a reader may pass over it


@dataclass(frozen=True, slots=True)
class NotJSON:
    """Why a body is no JSON."""

    why: str


def decode(body: bytes, budget: Budget = SITES_ANSWER) -> object:
    """The decoded value, or NotJSON; never raises, whatever the bytes. What is decoded takes some thirty times the
    memory of the bytes at most: JSON cannot refer to itself.
    """
    try:
        value: object = msgspec.json.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, ValueError) as fault:
        return NotJSON(str(fault))
    except RecursionError:
        return NotJSON("nested too deeply")
    return value if budget.fits(value) else NotJSON("nested too deeply, or too many values")


def decode_object(body: bytes, budget: Budget = SITES_ANSWER) -> dict[str, Any] | None:
    """The decoded object, None for every body that is not one."""
    value = decode(body, budget)
    return value if isinstance(value, dict) else None


def text(value: object) -> str | None:
    """A string that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list, () for everything else."""
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def integer(value: object) -> int | None:
    """A whole number written as a number or as a string of digits, 18 digits at most."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and abs(value) < 10**18 else None


def shown(value: object, longest: int = 300) -> str | None:
    """A string from outside made fit to be shown: printable characters only, cut to `longest`."""
    if not isinstance(value, str):
        return None
    kept = "".join(character if character.isprintable() else " " for character in value[:longest])
    return kept.strip() or None
