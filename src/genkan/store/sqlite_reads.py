"""Reads on the hot paths, inline on the event loop: one statement each, on a connection that waits for no writer."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from genkan.protocol.facts import CodeFacts, GrantFacts, SessionFacts
from genkan.protocol.records import Consent, Link, Site
from genkan.store import rows
from genkan.store.api import StoreUnavailable
from genkan.store.sqlite_cache import FactsCache, SiteCache
from genkan.store.sqlite_open import unavailable
from genkan.store.sqlite_texts import TextsById

Parameters = tuple[Any, ...] | Mapping[str, Any]

_VERSION = "SELECT version FROM site"
# Every write to a grant's row, its account, its link or the site moves one of these counters.
_MARK_COLUMNS = """
    g.generation, g.retries, g.state, g.seen_generation, g.last_seen, a.version, a.stop, (SELECT version FROM site)
"""
_MARK = f"""
    SELECT {_MARK_COLUMNS} FROM grants g CROSS JOIN accounts a ON a.number = g.account WHERE g.id = ?
"""  # noqa: S608 made of constants
_GRANT_FACTS = f"""
    SELECT {_MARK_COLUMNS}, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM grants g CROSS JOIN accounts a ON a.number = g.account
    WHERE g.id = ?
"""  # noqa: S608 made of constants
_CODE_FACTS = f"""
    SELECT (SELECT version FROM site), c.mark, e.id, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM (SELECT 1)
    LEFT JOIN accounts a ON a.id = ?
    LEFT JOIN links l ON l.id = ?
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
    LEFT JOIN grants g ON g.id = ?
    LEFT JOIN accounts e ON e.number = g.account
"""  # noqa: S608 made of constants
_SESSION_FACTS = f"""
    SELECT {rows.ACCOUNT_COLUMNS}, {rows.SESSION_COLUMNS}
    FROM sessions s CROSS JOIN accounts a ON a.number = s.account
    WHERE s.id = ?
"""  # noqa: S608 made of constants
_CONSENT = """
    SELECT c.mark, c.scope, c.given_at
    FROM accounts a CROSS JOIN links l ON l.id = ? CROSS JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE a.id = ?
"""


class SqliteReads:
    """The hot half of the Store protocol's reads. ``async`` without awaiting: another engine's reads travel."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._cache = SiteCache(db)
        self._facts = FactsCache()
        self._texts = TextsById(db)

    async def site(self) -> Site:
        self._refresh()
        return self._cache.site

    async def link_by_client_id(self, client_id: str) -> Link | None:
        self._refresh()
        return self._cache.by_client_id.get(client_id)

    async def link(self, link_id: int) -> Link | None:
        self._refresh()
        return self._cache.by_id.get(link_id)

    async def links(self) -> list[Link]:
        self._refresh()
        return list(self._cache.by_id.values())

    async def grant_facts(self, grant_id: bytes) -> GrantFacts:
        """The grant with its account, the link and the site, as of the moment of one statement."""
        known = self._facts.get(grant_id)
        if known is not None and self._one(_MARK, (grant_id,)) == known[0]:
            return known[1]
        row = self._one(_GRANT_FACTS, (grant_id,))
        while row is not None and row[7] != self._cache.version:
            self._reload()
            row = self._one(_GRANT_FACTS, (grant_id,))
        if row is None:
            self._refresh()
            return GrantFacts(self._cache.site, None, None, None)
        link, account = self._cache.by_number[row[8]], rows.account(row[9:22])
        grant = rows.grant(row[22:], account.id, link.id, self._texts)
        facts = GrantFacts(self._cache.site, grant, link, account)
        self._facts.put(grant_id, row[:8], facts)
        return facts

    async def code_facts(self, grant_id: bytes, account_id: int, link_id: int) -> CodeFacts:
        """The person, the link, the mark of the consent and what a first redemption made, at one moment."""
        cache, asked = self._cache, (account_id, link_id, grant_id)
        row = self._row(_CODE_FACTS, asked)
        while row[0] != cache.version:
            self._reload()
            row = self._row(_CODE_FACTS, asked)
        account = None if row[4] is None else rows.account(row[4:17])
        existing = None
        if row[17] is not None:
            existing = rows.grant(row[17:], row[2], cache.by_number[row[3]].id, self._texts)
        return CodeFacts(cache.site, account, cache.by_id.get(link_id), row[1] or 0, existing)

    async def session_facts(self, session_id: bytes) -> SessionFacts | None:
        row = self._one(_SESSION_FACTS, (session_id,))
        if row is None:
            return None
        account = rows.account(row[:13])
        return SessionFacts(rows.session(row[13:], account.id, self._texts), account)

    async def consent(self, account_id: int, link_id: int) -> Consent | None:
        row = self._one(_CONSENT, (link_id, account_id))
        return None if row is None else rows.consent(row, account_id, link_id)

    def _refresh(self) -> None:
        if self._row(_VERSION)[0] != self._cache.version:
            self._reload()

    def _reload(self) -> None:
        try:
            self._cache.reload()
        except sqlite3.Error as e:
            raise unavailable(e) from e

    def _one(self, sql: str, parameters: Parameters = ()) -> rows.Row | None:
        """The only row or none; the statement ends here, so that no read keeps an old snapshot open."""
        try:
            found = self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as e:
            raise unavailable(e) from e
        return found[0] if found else None

    def _row(self, sql: str, parameters: Parameters = ()) -> rows.Row:
        """The row that is always there."""
        row = self._one(sql, parameters)
        if row is None:
            raise StoreUnavailable("the store has lost its own facts")
        return row

    def _all(self, sql: str, parameters: Parameters = ()) -> list[rows.Row]:
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as e:
            raise unavailable(e) from e
