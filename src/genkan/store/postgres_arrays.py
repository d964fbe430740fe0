"""Many values in one statement: columns as arrays, and the names under which PostgreSQL reads them again."""

from collections.abc import Iterable, Sequence
from typing import Any


class Columns:
    """The columns of a list of rows that a statement is given: ``id bytea, generation bigint``."""

    def __init__(self, declared: str) -> None:
        pairs = [one.split() for one in declared.split(",")]
        self.names = [name for name, _ in pairs]
        self._types = [kind for _, kind in pairs]

    @property
    def source(self) -> str:
        """What stands behind FROM, named ``u``."""
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(self._types, start=1))
        return f"unnest({arrays}) AS u({', '.join(self.names)})"

    def arrays(self, values: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """Rows turned into columns."""
        return list(zip(*values, strict=True)) or [() for _ in self.names]
