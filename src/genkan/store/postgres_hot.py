"""Reads on the hot paths of PostgreSQL: one statement each, which also tells whether what is cached still holds."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from genkan.protocol.facts import CodeFacts, GrantFacts, KeyFacts, SessionFacts, VisitFacts
from genkan.protocol.records import Account, Consent, Guesses, Link, Site
from genkan.store import rows
from genkan.store.api import PasswordRow, StoreUnavailable
from genkan.store.postgres_pool import MOST_CONNECTIONS, Pool
from genkan.store.postgres_texts import KnownTexts
from genkan.store.postgres_words import escaped, one_by_one, plain, spelled
from genkan.store.sqlite_cache import FactsCache
from genkan.store.sqlite_lists import API_KEY

_ACCOUNT_WIDTH = rows.ACCOUNT_WIDTH
_SITE = f"SELECT {rows.SITE_COLUMNS} FROM site"  # noqa: S608 made of constants
_LINKS = f"SELECT number, {rows.LINK_COLUMNS} FROM links ORDER BY created_at, number"  # noqa: S608 made of constants
_VERSION = "SELECT version FROM site"
# Every write to a grant's row or its account moves one of these counters; one to its link moves the site's version.
_MARK = "g.generation, g.retries, g.state, g.seen_generation, g.last_seen, a.version, a.stop"
_MARK_WIDTH = 7
# No account is ever deleted, so that a grant has one.
_GRANT_FACTS = one_by_one(f"""
    SELECT site.version, {_MARK}, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM site LEFT JOIN grants g ON g.id = $1 LEFT JOIN accounts a ON a.number = g.account
""")  # noqa: S608 made of constants
_CODE_FACTS = one_by_one(f"""
    SELECT site.version, c.mark, e.id, g.link, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
    FROM site
    LEFT JOIN accounts a ON a.id = $1
    LEFT JOIN links l ON l.id = $2
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
    LEFT JOIN grants g ON g.id = $3
    LEFT JOIN accounts e ON e.number = g.account
""")  # noqa: S608 made of constants
_SESSION_FACTS = one_by_one(f"""
    SELECT {rows.ACCOUNT_COLUMNS}, {rows.SESSION_COLUMNS}
    FROM sessions s CROSS JOIN accounts a ON a.number = s.account WHERE s.id = $1
""")  # noqa: S608 made of constants
_VISIT_FACTS = one_by_one(f"""
    SELECT site.version, {rows.ACCOUNT_COLUMNS}, {rows.SESSION_COLUMNS}, c.mark, c.scope, c.given_at
    FROM site
    LEFT JOIN sessions s ON s.id = $1
    LEFT JOIN accounts a ON a.number = s.account
    LEFT JOIN links l ON l.id = $2
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
""")  # noqa: S608 made of constants
_CONSENT = one_by_one("""
    SELECT c.mark, c.scope, c.given_at
    FROM accounts a CROSS JOIN links l ON l.id = $2 CROSS JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE a.id = $1
""")
_ACCOUNT = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = $1"  # noqa: S608 made of constants
_ACCOUNT_BY_NAME = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.folded = $1"  # noqa: S608 made of constants
_PASSWORD = one_by_one(f"""
    SELECT b.key, b.due, b.failures, p.hash, {rows.ACCOUNT_COLUMNS}
    FROM site
    LEFT JOIN accounts a ON a.folded = $1
    LEFT JOIN passwords p ON p.account = a.number
    LEFT JOIN guesses b ON b.key = ANY($2::bytea[])
""")  # noqa: S608 made of constants
_API_KEY = spelled(API_KEY).text

# How often a read begins anew because the site's facts moved between it and theirs, or a connection was made.
_TRIES = 5 + MOST_CONNECTIONS
_SESSION_AGENT = _ACCOUNT_WIDTH + 7


class HotReads:
    """Half of the Store protocol's reads. Links and the site's facts are kept under the site's version."""

    def __init__(self, url: str) -> None:
        self._pool = Pool(url)
        self._texts = KnownTexts()
        self._facts = FactsCache()
        self._version = -1
        self._sessions = 0
        self._site: Site
        self._by_id: Mapping[int, Link] = {}
        self._by_client_id: Mapping[str, Link] = {}
        self._by_number: Mapping[int, Link] = {}
        self._asking: asyncio.Task[int] | None = None

    async def site(self) -> Site:
        await self._fresh()
        return self._site

    async def link_by_client_id(self, client_id: str) -> Link | None:
        await self._fresh()
        return self._by_client_id.get(client_id)

    async def link(self, link_id: int) -> Link | None:
        await self._fresh()
        return self._by_id.get(link_id)

    async def links(self) -> list[Link]:
        await self._fresh()
        return list(self._by_id.values())

    async def grant_facts(self, grant_id: bytes) -> GrantFacts:
        """The grant with its account, the link and the site, as of one moment."""
        row = await self._with_version(_GRANT_FACTS, grant_id)
        if row[1] is None:
            return GrantFacts(self._site, None, None, None)
        mark, site = row[1 : 1 + _MARK_WIDTH], self._site
        known = self._facts.get(grant_id)
        if known is not None and known[0] == mark and known[1].site is site:
            return known[1]
        link, by = self._by_number[row[8]], 9 + _ACCOUNT_WIDTH
        account = rows.account(row[9:by])
        grant_row = row[by:]
        await self._learn(grant_row)
        facts = GrantFacts(site, rows.grant(grant_row, account.id, link.id, self._texts), link, account)
        self._facts.put(grant_id, mark, facts)
        return facts

    async def code_facts(self, grant_id: bytes, account_id: int, link_id: int) -> CodeFacts:
        """The person, the link, the mark of the consent and what a first redemption made, at one moment."""
        row = await self._with_version(_CODE_FACTS, account_id, link_id, grant_id)
        site, link, by_number, by = self._site, self._by_id.get(link_id), self._by_number, 4 + _ACCOUNT_WIDTH
        account = None if row[4] is None else rows.account(row[4:by])
        existing = None
        if row[by] is not None:
            await self._learn(row[by:])
            existing = rows.grant(row[by:], row[2], by_number[row[3]].id, self._texts)
        return CodeFacts(site, account, link, row[1] or 0, existing)

    async def session_facts(self, session_id: bytes) -> SessionFacts | None:
        row = await self._one(_SESSION_FACTS, session_id)
        if row is None:
            return None
        await self._texts.learn(self._pool, [row[_SESSION_AGENT]])
        return rows.session_facts(row, self._texts)

    async def visit_facts(self, session_id: bytes | None, link_id: int) -> VisitFacts:
        """All at one moment."""
        row = await self._with_version(_VISIT_FACTS, session_id, link_id)
        site, link = self._site, self._by_id.get(link_id)
        if row[1] is None:
            return VisitFacts(site, link, None, None)
        await self._texts.learn(self._pool, [row[1 + _SESSION_AGENT]])
        session = rows.session_facts(row[1:-3], self._texts)
        consent = None if row[-3] is None else rows.consent(row[-3:], session.account.id, link_id)
        return VisitFacts(site, link, session, consent)

    async def consent(self, account_id: int, link_id: int) -> Consent | None:
        row = await self._one(_CONSENT, account_id, link_id)
        return None if row is None else rows.consent(row, account_id, link_id)

    async def password_row(self, folded: str, buckets: Sequence[bytes]) -> PasswordRow:
        found = [plain(row) for row in await self._fetch(_PASSWORD, escaped(folded), list(buckets))]
        guesses = {row[0]: Guesses(*row[1:3]) for row in found if row[0] is not None}
        if not found or found[0][4] is None:
            return PasswordRow(None, None, guesses)
        return PasswordRow(rows.account(found[0][4:]), found[0][3], guesses)

    async def account(self, account_id: int) -> Account | None:
        row = await self._one(_ACCOUNT, account_id)
        return None if row is None else rows.account(row)

    async def account_by_name(self, folded: str) -> Account | None:
        row = await self._one(_ACCOUNT_BY_NAME, escaped(folded))
        return None if row is None else rows.account(row)

    async def api_key(self, digest: bytes) -> KeyFacts | None:
        row = await self._one(_API_KEY, digest)
        return None if row is None else rows.key_facts(row)

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        """Rows. What is kept here was told by sessions of before: a server that took over may have lost some of it and
        given the same versions to something else.
        """
        found = await self._pool.fetch(sql, *values)
        if self._sessions != self._pool.sessions:
            self._sessions, self._version = self._pool.sessions, -1
            self._texts.forget()
            self._facts = FactsCache()
        return found

    async def _one(self, sql: str, *values: Any) -> rows.Row | None:
        found = await self._fetch(sql, *values)
        return plain(found[0]) if found else None

    async def _with_version(self, sql: str, *values: Any) -> rows.Row:
        """A row that begins with the site's version, where that is the one under which links are kept here."""
        for _ in range(_TRIES):
            row = await self._one(sql, *values)
            if row is None:
                raise StoreUnavailable("the store has lost its own facts")
            if row[0] == self._version:
                return row
            await self._renew()
        raise StoreUnavailable("the site's facts do not stand still")

    async def _learn(self, grant_row: rows.Row) -> None:
        """The texts that a row of GRANT_COLUMNS names."""
        if not (grant_row[15] in self._texts and grant_row[17] in self._texts and grant_row[25] in self._texts):
            await self._texts.learn(self._pool, (grant_row[15], grant_row[17], grant_row[25]))

    async def _fresh(self) -> None:
        """Site and links as they are now. Whoever asks in the same turn shares one look at the version."""
        if self._asking is None or self._asking.get_loop() is not asyncio.get_running_loop():
            self._asking = asyncio.create_task(self._ask_version())
        version = await asyncio.shield(self._asking)
        if version != self._version:
            await self._renew()

    async def _ask_version(self) -> int:
        # From here on a request would be told what was asked before it came.
        self._asking = None
        found = await self._fetch(_VERSION)
        if not found:
            raise StoreUnavailable("the store has lost its own facts")
        return int(found[0][0])

    async def _renew(self) -> None:
        """The site first: links that are newer than its version are read once more when that is seen to have moved."""
        row = await self._one(_SITE)
        if row is None:
            raise StoreUnavailable("the store has lost its own facts")
        sessions = self._sessions
        found = [plain(one) for one in await self._fetch(_LINKS)]
        site = rows.site(row)
        by_number = {one[0]: rows.link(one[1:]) for one in found}
        self._by_number = by_number
        self._by_id = {link.id: link for link in by_number.values()}
        self._by_client_id = {link.client_id: link for link in by_number.values()}
        self._site, self._version = site, site.version if sessions == self._sessions else -1
