"""Rows on their way from SQLite to PostgreSQL: how a value changes, and what tells that two heaps of rows are equal."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from genkan.store import rows
from genkan.store.postgres_words import escaped

_WIDTH = 32
_MODULUS = 1 << 8 * _WIDTH
_encode = msgspec.msgpack.Encoder().encode

Row = Sequence[Any]


@dataclass(slots=True)
class Sum:
    """Rows counted, and their digests added up: the same rows give the same sum in whatever order."""

    count: int = 0
    total: int = 0

    def add(self, row: Row) -> None:
        self.count += 1
        self.total = (self.total + _digest(row)) % _MODULUS

    def put_on(self, other: "Sum") -> None:
        self.count += other.count
        self.total = (self.total + other.total) % _MODULUS

    def take_off(self, other: "Sum") -> None:
        self.count -= other.count
        self.total = (self.total - other.total) % _MODULUS

    def counting(self, found: Iterable[Row]) -> Iterator[Row]:
        """The rows themselves, each added as it is taken."""
        for row in found:
            self.add(row)
            yield row

    @property
    def hex(self) -> str:
        return self.total.to_bytes(_WIDTH, "big").hex()


def _digest(row: Row) -> int:
    return int.from_bytes(hashlib.blake2b(_encode(row), digest_size=_WIDTH).digest(), "big")


def _flag(value: Any) -> Any:
    return None if value is None else bool(value)


def _text(value: Any) -> Any:
    return None if value is None else escaped(value)


def _address(value: Any) -> Any:
    return rows.address_bytes(value) if isinstance(value, str) else value


class Wanted:
    """Turns rows of a SQLite table into what PostgreSQL's columns take: ``declared`` and ``wanted`` are their types."""

    def __init__(self, declared: Sequence[str], wanted: Sequence[str]) -> None:
        self._changes: list[tuple[int, Callable[[Any], Any]]] = []
        for place, (here, there) in enumerate(zip(declared, wanted, strict=True)):
            if there == "bool":
                self._changes.append((place, _flag))
            elif there == "text":
                self._changes.append((place, _text))
            elif here == "ANY":
                self._changes.append((place, _address))

    def __call__(self, found: Iterable[Row]) -> Iterator[Row]:
        changes = self._changes
        for row in found:
            changed = list(row)
            for place, change in changes:
                changed[place] = change(changed[place])
            yield changed
