"""Interned texts in both directions, for the event loop: asked for many at once, and only where they are not known."""

from collections.abc import Iterable

import asyncpg

from genkan.store.postgres_connection import UNLIMITED, hanging_up
from genkan.store.postgres_pool import Pool
from genkan.store.postgres_words import escaped, unescaped
from genkan.store.sqlite_texts import FIND, MOST_CACHED, TextIds

# No id ever stands for another text, unless a server that took over has lost some: so under one connection what is
# read is never wrong. What a writer knows is held by its session's epoch (postgres_epoch), and a text that a sweep has
# doubted is not doubted any more once somebody wants it.
_READ = "SELECT id, text FROM texts WHERE id = ANY($1::int[])"
_FIND = "SELECT id, text FROM texts WHERE text = ANY($1::text[]) AND NOT doubted"
# As a number, since the index of doubted texts would do otherwise, and in a sweep all of them are.
_WANT = """
    UPDATE texts SET doubted = FALSE WHERE text = ANY($1::text[]) AND CAST(doubted AS int) = 1 RETURNING id, text
"""
_WANT_ONE = "UPDATE texts SET doubted = FALSE WHERE text = ? AND CAST(doubted AS int) = 1 RETURNING id"
_ADD = """
    INSERT INTO texts (text) SELECT * FROM unnest($1::text[]) ORDER BY 1 ON CONFLICT DO NOTHING RETURNING id, text
"""


class KnownIds(dict[str, int]):
    """text -> id for the token lane."""

    def __init__(self) -> None:
        super().__init__({"": 0})

    def forget(self) -> None:
        """Nothing that was learnt holds any more."""
        self.clear()
        self[""] = 0

    async def learn(self, connection: asyncpg.Connection, texts: Iterable[str]) -> None:
        """Know these, adding what is new; outside of a transaction, so that what is known is there."""
        wanted = {str.__str__(text) for text in texts}
        if wanted <= self.keys():
            return
        if len(self) + len(wanted) > MOST_CACHED:
            self.forget()
        with hanging_up(connection):
            for sql in (_FIND, _WANT, _ADD, _FIND, _WANT):
                asked = [escaped(text) for text in wanted - self.keys()]
                for text_id, text in await connection.fetch(sql, asked, timeout=UNLIMITED) if asked else ():
                    self[unescaped(text)] = text_id


class WantedIds(TextIds):
    """text -> id for the thread of Changes."""

    def _found(self, sql: str, text: str) -> int:
        row = self._db.execute(_WANT_ONE, (text,)).fetchone() if sql == FIND else None
        return int(row[0]) if row else super()._found(sql, text)


class KnownTexts(dict[int, str]):
    """id -> text for readers."""

    def __init__(self) -> None:
        super().__init__({0: ""})

    def forget(self) -> None:
        """Nothing that was learnt holds any more."""
        self.clear()
        self[0] = ""

    async def learn(self, pool: Pool, ids: Iterable[int]) -> None:
        """Know all of these when it returns, whatever is forgotten meanwhile."""
        wanted = set(ids)
        while missing := wanted - self.keys():
            if len(self) + len(missing) > MOST_CACHED:
                self.forget()
                missing = wanted
            found = await pool.fetch(_READ, list(missing))
            self.update(dict.fromkeys(missing, ""))
            self.update({text_id: unescaped(text) for text_id, text in found if text_id in missing})
