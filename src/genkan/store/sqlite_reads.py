"""Reads on the hot paths, inline on the event loop: one statement each, on a connection that waits for no writer."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from genkan.protocol.facts import CodeFacts, GrantFacts, SessionFacts, VisitFacts
from genkan.protocol.records import Consent, Link, Site
from genkan.store import rows
from genkan.store.database import Database
from genkan.store.sqlite_cache import SiteCache
from genkan.store.sqlite_known import Known
from genkan.store.sqlite_open import unavailable
from genkan.store.sqlite_texts import TextsById
from genkan.store.sqlite_turn import Turn

Parameters = tuple[Any, ...] | Mapping[str, Any]

_COUNTERS = "SELECT version, claim FROM site"
# Every write to a grant's row or its account moves one of these counters; one to its link moves the site's version.
_MARK_COLUMNS = "g.generation, g.retries, g.state, g.seen_generation, g.last_seen, a.version, a.stop"
_MARK = f"""
    SELECT {_MARK_COLUMNS} FROM grants g CROSS JOIN accounts a ON a.number = g.account WHERE g.id = ?
"""  # noqa: S608 made of constants
_GRANT_FACTS = f"""
    SELECT {_MARK_COLUMNS}, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM grants g CROSS JOIN accounts a ON a.number = g.account
    WHERE g.id = ?
"""  # noqa: S608 made of constants
_CODE_FACTS = f"""
    SELECT c.mark, e.id, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM site
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
_VISIT_FACTS = f"""
    SELECT {rows.ACCOUNT_COLUMNS}, {rows.SESSION_COLUMNS}, c.mark, c.scope, c.given_at
    FROM sessions s CROSS JOIN accounts a ON a.number = s.account
    LEFT JOIN links l ON l.id = ?
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE s.id = ?
"""  # noqa: S608 made of constants
_CONSENT = """
    SELECT c.mark, c.scope, c.given_at
    FROM accounts a CROSS JOIN links l ON l.id = ? CROSS JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE a.id = ?
"""


class SqliteReads:
    """The hot half of the Store protocol's reads. ``async`` without awaiting: another engine's reads travel."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cache = SiteCache(db, _COUNTERS)
        # All reads of a turn are of one moment, and find the site's facts as that moment shows them.
        self._turn = Turn(db, self._cache.renew)
        self._enter = self._turn.enter
        self._known = Known(self._cache)
        self._texts = TextsById(db)

    async def site(self) -> Site:
        self._enter()
        return self._cache.site

    async def link_by_client_id(self, client_id: str) -> Link | None:
        self._enter()
        return self._cache.by_client_id.get(client_id)

    async def link(self, link_id: int) -> Link | None:
        self._enter()
        return self._cache.by_id.get(link_id)

    async def links(self) -> list[Link]:
        self._enter()
        return list(self._cache.by_id.values())

    async def grant_facts(self, grant_id: bytes) -> GrantFacts:
        """The grant with its account, the link and the site, as of one moment."""
        self._enter()
        sure = self._known.sure_grant(grant_id)
        if sure is not None:
            return sure
        known = self._known.grant(grant_id)
        if known is not None and self._one(_MARK, (rows.Blob(grant_id),)) == known.mark:
            self._known.read_grant(grant_id, known.mark, known.facts)
            return known.facts
        row = self._one(_GRANT_FACTS, (rows.Blob(grant_id),))
        site = self._cache.site
        if row is None:
            return GrantFacts(site, None, None, None)
        link, account = self._cache.by_number[row[7]], rows.account(row[8:21])
        grant = rows.grant(row[21:], account.id, link.id, self._texts)
        facts = GrantFacts(site, grant, link, account)
        self._known.read_grant(grant_id, row[:7], facts)
        return facts

    async def code_facts(self, grant_id: bytes, account_id: int, link_id: int) -> CodeFacts:
        """The person, the link, the mark of the consent and what a first redemption made, at one moment."""
        row, cache = self._all(_CODE_FACTS, (account_id, link_id, rows.Blob(grant_id)))[0], self._cache
        account = None if row[3] is None else rows.account(row[3:16])
        existing = None
        if row[16] is not None:
            existing = rows.grant(row[16:], row[1], cache.by_number[row[2]].id, self._texts)
        return CodeFacts(cache.site, account, cache.by_id.get(link_id), row[0] or 0, existing)

    async def session_facts(self, session_id: bytes) -> SessionFacts | None:
        row = self._one(_SESSION_FACTS, (rows.Blob(session_id),))
        return None if row is None else rows.session_facts(row, self._texts)

    async def visit_facts(self, session_id: bytes | None, link_id: int) -> VisitFacts:
        """All at one moment."""
        self._enter()
        sure = self._known.sure_visit(session_id, link_id) if session_id else None
        if sure is not None:
            return sure
        row = self._one(_VISIT_FACTS, (link_id, rows.Blob(session_id))) if session_id else None
        site, link = self._cache.site, self._cache.by_id.get(link_id)
        if row is None or session_id is None:
            return VisitFacts(site, link, None, None)
        session = rows.session_facts(row[:-3], self._texts)
        consent = None if row[-3] is None else rows.consent(row[-3:], session.account.id, link_id)
        facts = VisitFacts(site, link, session, consent)
        self._known.read_visit(session_id, link_id, facts)
        return facts

    async def consent(self, account_id: int, link_id: int) -> Consent | None:
        row = self._one(_CONSENT, (link_id, account_id))
        return None if row is None else rows.consent(row, account_id, link_id)

    def _one(self, sql: str, parameters: Parameters = ()) -> rows.Row | None:
        """The only row or none."""
        found = self._all(sql, parameters)
        return found[0] if found else None

    def _all(self, sql: str, parameters: Parameters = ()) -> list[rows.Row]:
        self._enter()
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as e:
            raise unavailable(e) from e
