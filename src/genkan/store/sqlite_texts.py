"""Interned texts in both directions: a small number in the row, the text once in a table. Filled when first missed."""

import sqlite3
from collections.abc import Iterable

from genkan.store.database import Database
from genkan.store.sqlite_open import unavailable

# What one process keeps in memory; beyond it the cache starts anew.
MOST_CACHED = 20_000

FIND = "SELECT id FROM texts WHERE text = ?"
_ADD = "INSERT INTO texts (text) VALUES (?) ON CONFLICT DO NOTHING RETURNING id"
_READ = "SELECT text FROM texts WHERE id = ?"


class TextIds(dict[str, int]):
    """text -> id for the writer, adding what is new.

    ``doubted`` are the ids for which a sweep has found no row so far. No text that is cached is doubted: whoever wants
    a doubted one comes through here.
    """

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self.doubted: set[int] = set()

    def doubt(self, text_ids: Iterable[int]) -> None:
        """A sweep begins."""
        self.clear()
        self.doubted = set(text_ids)

    def forget(self) -> None:
        """Nothing that was learnt holds: a transaction was rolled back, or another connection has written."""
        self.clear()
        self.doubted.clear()

    def __missing__(self, text: str) -> int:
        if not text:
            return 0
        # A member of a StrEnum is bound as the plain text it is.
        plain = str.__str__(text)
        found = self._found(FIND, plain) or self._found(_ADD, plain) or self._found(FIND, plain)
        if len(self) >= MOST_CACHED:
            self.clear()
        self.doubted.discard(found)
        self[plain] = found
        return found

    def _found(self, sql: str, text: str) -> int:
        """0 where there is none; another connection may have added it between a look and an insert."""
        row = self._db.execute(sql, (text,)).fetchone()
        return int(row[0]) if row else 0


class TextsById(dict[int, str]):
    """id -> text for readers. No id ever stands for another text, so nothing here is ever stale.

    A text that is gone was swept after its row was read, and so the row is another one by now: what is decided on this
    one is refused when it is written, and a list shows nothing in its place.
    """

    def __init__(self, db: Database) -> None:
        super().__init__({0: ""})
        self._db = db

    def __missing__(self, text_id: int) -> str:
        try:
            row = self._db.execute(_READ, (text_id,)).fetchone()
        except sqlite3.Error as e:
            raise unavailable(e) from e
        if row is None:
            return ""
        if len(self) >= MOST_CACHED:
            self.clear()
            self[0] = ""
        text = str(row[0])
        self[text_id] = text
        return text
