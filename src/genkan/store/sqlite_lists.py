"""Reads for sign-in and administration: accounts, phones, consents, keys, audit. Bounded, by keyset, inline."""

from collections.abc import Sequence

from genkan.protocol.facts import KeyFacts
from genkan.protocol.outcomes import Event
from genkan.protocol.phones import PhoneRow
from genkan.protocol.records import Account, Consent, Guesses, Moments, Served
from genkan.store import rows
from genkan.store.api import Asker, NodeReport, PasswordRow, PhoneQuery, Tally
from genkan.store.sqlite_reads import SqliteReads

_ACCOUNT = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = ?"  # noqa: S608 made of constants
_ACCOUNT_BY_NAME = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.folded = ?"  # noqa: S608 made of constants
_ACCOUNTS = f"""
    SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.folded > ? ORDER BY a.folded LIMIT ?
"""  # noqa: S608 made of constants
_PASSWORD = f"""
    SELECT p.hash, {rows.ACCOUNT_COLUMNS} FROM accounts a LEFT JOIN passwords p ON p.account = a.number
    WHERE a.folded = ?
"""  # noqa: S608 made of constants
_GUESSES = "SELECT due, failures FROM guesses WHERE key = ?"
_CONSENTS = """
    SELECT l.id, c.mark, c.scope, c.given_at
    FROM accounts a CROSS JOIN consents c ON c.account = a.number CROSS JOIN links l ON l.number = c.link
    WHERE a.id = ? ORDER BY c.given_at, l.id
"""
_KEYS_OWNED = f"""
    {rows.API_KEY_COLUMNS}, {rows.ACCOUNT_COLUMNS}
    FROM (SELECT *, COALESCE(adopted_by, maker) AS owner FROM api_keys) k LEFT JOIN accounts a ON a.id = k.owner
"""  # noqa: S608 made of constants
API_KEY = f"SELECT {_KEYS_OWNED} WHERE k.digest = ?"
_API_KEYS = f"SELECT {_KEYS_OWNED} ORDER BY k.created_at, k.id"
_EVENTS = f"""
    SELECT id, {rows.EVENT_COLUMNS} FROM audit WHERE id > ? ORDER BY id LIMIT ?
"""  # noqa: S608 made of constants
_LAST_EVENT = "SELECT COALESCE((SELECT id FROM audit WHERE id > 0 ORDER BY id DESC LIMIT 1), 0)"
# Only what may be on the page is sorted: minutes from the one on in which it ends.
_TALLIES = """
    SELECT minute, reason, network, count FROM tallies
    WHERE minute >= COALESCE((SELECT minute FROM tallies ORDER BY minute DESC LIMIT 1 OFFSET ?1 - 1), 0)
    ORDER BY minute DESC, reason, network LIMIT ?1
"""
_ASKERS = """
    SELECT user_agent, network, first_at, last_at, count FROM askers WHERE last_at >= ? ORDER BY last_at DESC LIMIT ?
"""
_KEYS_IN_USE = "SELECT key_id FROM grants WHERE state = 0 UNION SELECT previous_key_id FROM grants WHERE state = 0"
_MOMENTS = "SELECT founded_at, backed_up_at, clock_accepted_at FROM site"
_SERVED = "SELECT served_url, served_version, served_at FROM site WHERE served_at > 0"
_NODES = "SELECT node, ring_version, seen_at FROM nodes WHERE seen_at > 0 ORDER BY node"

# A phone, and the first stop that reached it where its row does not say so yet. Each of three kinds is looked up: of an
# OR of them PostgreSQL makes a walk through all stops.
_STOP_OF = "SELECT * FROM (SELECT id, reason FROM stops WHERE subject = "
_STOPS = (
    f"({_STOP_OF}0 AND number = g.account AND counter = g.account_stop + 1 LIMIT 1) of_person UNION ALL "
    f"{_STOP_OF}1 AND number = g.link AND counter = g.link_stop + 1 LIMIT 1) of_link UNION ALL "
    f"{_STOP_OF}2 AND number = g.key_id AND counter = 1 LIMIT 1) of_key)"
)
_PHONE_COLUMNS = f"""
    g.link, CASE WHEN g.state = 0 THEN (
        SELECT told.reason FROM {_STOPS} told ORDER BY told.id LIMIT 1
    ) END, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
"""  # noqa: S608 made of constants
_PHONE_JOINS = "CROSS JOIN accounts a ON a.number = g.account CROSS JOIN links l ON l.number = g.link"
_LIVE_ONLY = """
    AND (NOT :live_only OR (
        g.state = 0 AND a.stop = g.account_stop AND l.stop = g.link_stop AND a.standing = 0 AND l.standing <> 2
    ))
"""
# A list of one person or link is a range of pairs: an equality beside an order by ids alone would fit the primary key
# as well, which PostgreSQL takes where one link has most of the phones (0221).
_PERSON = "(SELECT number FROM accounts WHERE id = :account_id)"
_LINK = "(SELECT number FROM links WHERE id = :link_id)"
_PHONE = f"SELECT {_PHONE_COLUMNS} FROM grants g {_PHONE_JOINS} WHERE g.id = ?"  # noqa: S608 made of constants
_ALL = f"{_PHONE_COLUMNS} FROM grants g {_PHONE_JOINS} WHERE"
_OF_ACCOUNT = f"""
    {_PHONE_COLUMNS} FROM grants g INDEXED BY grants_by_account {_PHONE_JOINS}
    WHERE (l.id = :link_id OR :link_id IS NULL) AND
"""
_OF_LINK = f"{_PHONE_COLUMNS} FROM grants g INDEXED BY grants_by_link {_PHONE_JOINS} WHERE"
_PHONES = f"SELECT {_ALL} g.id < :before {_LIVE_ONLY} ORDER BY g.id DESC LIMIT :limit"
_PHONES_UP = f"SELECT {_ALL} g.id > :before {_LIVE_ONLY} ORDER BY g.id LIMIT :limit"
_PHONES_OF_ACCOUNT = f"""
    SELECT {_OF_ACCOUNT} (g.account, g.id) < ({_PERSON}, :before) AND g.account >= {_PERSON} {_LIVE_ONLY}
    ORDER BY g.account DESC, g.id DESC LIMIT :limit
"""
_PHONES_OF_ACCOUNT_UP = f"""
    SELECT {_OF_ACCOUNT} (g.account, g.id) > ({_PERSON}, :before) AND g.account <= {_PERSON} {_LIVE_ONLY}
    ORDER BY g.account, g.id LIMIT :limit
"""
_PHONES_OF_LINK = f"""
    SELECT {_OF_LINK} (g.link, g.id) < ({_LINK}, :before) AND g.link >= {_LINK} {_LIVE_ONLY}
    ORDER BY g.link DESC, g.id DESC LIMIT :limit
"""
_PHONES_OF_LINK_UP = f"""
    SELECT {_OF_LINK} (g.link, g.id) > ({_LINK}, :before) AND g.link <= {_LINK} {_LIVE_ONLY}
    ORDER BY g.link, g.id LIMIT :limit
"""
_AFTER_ALL = b"\xff" * 17


class SqliteLists(SqliteReads):
    """The other half of the Store protocol's reads."""

    async def password_row(self, folded: str, buckets: Sequence[bytes]) -> PasswordRow:
        found = self._one(_PASSWORD, (folded,))
        asked = {key: self._one(_GUESSES, (key,)) for key in buckets}
        guesses = {key: Guesses(*row) for key, row in asked.items() if row is not None}
        if found is None:
            return PasswordRow(None, None, guesses)
        return PasswordRow(rows.account(found[1:]), found[0], guesses)

    async def account(self, account_id: int) -> Account | None:
        row = self._one(_ACCOUNT, (account_id,))
        return None if row is None else rows.account(row)

    async def account_by_name(self, folded: str) -> Account | None:
        row = self._one(_ACCOUNT_BY_NAME, (folded,))
        return None if row is None else rows.account(row)

    async def accounts(self, after: str = "", limit: int = 100) -> list[Account]:
        """By folded name; tombstones of deleted accounts come too, their folded names begin with a NUL."""
        return [rows.account(row) for row in self._all(_ACCOUNTS, (after, limit))]

    async def phones(self, query: PhoneQuery) -> list[PhoneRow]:
        """``live_only`` leaves out what ended or was stopped; expiry the caller's clock must judge."""
        newest, oldest = (_PHONES, _PHONES_UP) if query.link_id is None else (_PHONES_OF_LINK, _PHONES_OF_LINK_UP)
        if query.account_id is not None:
            newest, oldest = _PHONES_OF_ACCOUNT, _PHONES_OF_ACCOUNT_UP
        sql, start = (oldest, b"") if query.oldest_first else (newest, _AFTER_ALL)
        asked = {
            "account_id": query.account_id,
            "link_id": query.link_id,
            "live_only": query.live_only,
            "before": start if query.before is None else query.before,
            "limit": query.limit,
        }
        found = self._all(sql, asked)
        return [self._phone(row) for row in found]

    async def phone(self, grant_id: bytes) -> PhoneRow | None:
        return self._phone_of(grant_id)

    def _phone_of(self, grant_id: bytes) -> PhoneRow | None:
        row = self._one(_PHONE, (grant_id,))
        return None if row is None else self._phone(row)

    def _phone(self, row: rows.Row) -> PhoneRow:
        link, account = self._cache.by_number[row[0]], rows.account(row[2:15])
        grant = rows.grant(row[15:], account.id, link.id, self._texts)
        return PhoneRow(grant, link, account, self._texts[row[1] or 0])

    async def consents(self, account_id: int) -> list[Consent]:
        """Oldest first; one that was withdrawn is there with its new mark and no scope."""
        return [rows.consent(row[1:], account_id, row[0]) for row in self._all(_CONSENTS, (account_id,))]

    async def api_key(self, digest: bytes) -> KeyFacts | None:
        row = self._one(API_KEY, (digest,))
        return None if row is None else rows.key_facts(row)

    async def api_keys(self) -> list[KeyFacts]:
        return [rows.key_facts(row) for row in self._all(_API_KEYS)]

    async def events(self, after: int = 0, limit: int = 100) -> list[tuple[int, Event]]:
        return [(row[0], rows.event(row[1:], self._texts)) for row in self._all(_EVENTS, (after, limit))]

    async def last_settled(self) -> int:
        """There is one writer: what is numbered is there."""
        return await self.last_event()

    async def last_event(self) -> int:
        """The number of the newest event, 0 where there is none."""
        row = self._one(_LAST_EVENT)
        return int(row[0]) if row else 0

    async def tallies(self, limit: int = 100) -> list[Tally]:
        """Newest minute first."""
        return [Tally(*row) for row in self._all(_TALLIES, (limit,))]

    async def askers(self, since: int, limit: int = 100) -> list[Asker]:
        """Those who asked since then, the latest first."""
        return [Asker(*row) for row in self._all(_ASKERS, (since, limit))]

    async def keys_in_use(self) -> set[int]:
        """The keys that some row which has not ended names, as its present or its previous one. Walks all rows."""
        return {row[0] for row in self._all(_KEYS_IN_USE)}

    async def nodes(self) -> list[NodeReport]:
        return [NodeReport(*row) for row in self._all(_NODES)]

    async def moments(self) -> Moments:
        return Moments(*self._all(_MOMENTS)[0])

    async def served(self) -> Served | None:
        row = self._one(_SERVED)
        return None if row is None else Served(*row)
