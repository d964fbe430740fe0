"""A SQLite store as the source of a move: read in snapshots, followed by the logs of what changed."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from genkan.store.api import CannotOpen
from genkan.store.moving import Row
from genkan.store.names import named
from genkan.store.sqlite_moving import LOG, Table, mover_alone, state, tables
from genkan.store.sqlite_open import connect

_SITE_ID = "SELECT site_id FROM site"
_ROWS = "SELECT {columns} FROM {table}"
_ROW = "SELECT {columns} FROM {table} WHERE ({key}) = (KEY)"
_COUNT = "SELECT COUNT(*) FROM {table}"
_LAST = "SELECT COALESCE(MAX(n), 0) FROM {log}"
_CHANGED = "SELECT DISTINCT {key} FROM {log} WHERE n > ?"


class Source:
    """A store that is being moved: written to by whoever serves it, read here in snapshots."""

    def __init__(self, writing: sqlite3.Connection, reading: sqlite3.Connection) -> None:
        self.db = writing
        self._reads = reading
        self.tables = tables(writing)
        # How far each log was followed.
        self._followed = {table.name: 0 for table in self.tables}

    @property
    def site_id(self) -> bytes:
        return bytes(self.db.execute(_SITE_ID).fetchone()[0])

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within are of one moment."""
        self._reads.execute("BEGIN")
        try:
            # The snapshot is taken by the first look, not by BEGIN.
            state(self._reads)
            yield
        finally:
            self._reads.execute("COMMIT")

    def rows(self, table: Table, columns: Sequence[str]) -> Iterator[Row]:
        """Every row of a table, within a snapshot."""
        return _asked(self._reads, named(_ROWS, columns=columns, table=table.name))

    def count(self, table: Table) -> int:
        return int(next(_asked(self._reads, named(_COUNT, table=table.name)))[0])

    def changed(self, table: Table) -> list[Row]:
        """The keys of rows that were written since this was asked last, within a snapshot."""
        log, after = f"{LOG}{table.name}", self._followed[table.name]
        (last,) = next(_asked(self._reads, named(_LAST, log=log)))
        if last == after:
            return []
        self._followed[table.name] = last
        return list(_asked(self._reads, named(_CHANGED, log=log, key=table.key), (after,)))

    def rows_of(self, table: Table, columns: Sequence[str], keys: Sequence[Row]) -> Iterator[Row]:
        """The rows that these keys have now, within a snapshot."""
        places = ", ".join("?" for _ in table.key)
        statement = named(_ROW, columns=columns, table=table.name, key=table.key).replace("KEY", places)
        for one in keys:
            yield from _asked(self._reads, statement, one)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The store as a source; alone with it. Raises CannotOpen."""
    try:
        with mover_alone(path), closing(connect(path)) as writing, closing(connect(path, readonly=True)) as reading:
            yield Source(writing, reading)
    except sqlite3.Error as problem:
        raise CannotOpen(f"{path} cannot be moved: {problem}") from problem


def _asked(db: sqlite3.Connection, statement: str, values: Row = ()) -> Iterator[Row]:
    return iter(db.execute(statement, tuple(values)))
