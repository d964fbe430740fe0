"""Reads for sign-in and administration: accounts, phones, consents, keys, audit. Bounded, by keyset, inline."""

from collections.abc import Sequence

from genkan.protocol.outcomes import Event
from genkan.protocol.phones import PhoneRow
from genkan.protocol.records import Account, ApiKey, Consent, Guesses
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
_API_KEY = f"SELECT {rows.API_KEY_COLUMNS} FROM api_keys WHERE digest = ?"  # noqa: S608 made of constants
_API_KEYS = f"SELECT {rows.API_KEY_COLUMNS} FROM api_keys ORDER BY created_at, id"  # noqa: S608 made of constants
_EVENTS = f"""
    SELECT id, {rows.EVENT_COLUMNS} FROM audit WHERE id > ? ORDER BY id LIMIT ?
"""  # noqa: S608 made of constants
_LAST_EVENT = "SELECT COALESCE(MAX(id), 0) FROM audit"
_TALLIES = "SELECT minute, reason, network, count FROM tallies ORDER BY minute DESC, reason, network LIMIT ?"
_ASKERS = """
    SELECT user_agent, network, first_at, last_at, count FROM askers WHERE last_at >= ? ORDER BY last_at DESC LIMIT ?
"""
_KEYS_IN_USE = "SELECT key_id FROM grants WHERE state = 0 UNION SELECT previous_key_id FROM grants WHERE state = 0"
_NODES = "SELECT node, ring_version, seen_at FROM nodes WHERE seen_at > 0 ORDER BY node"

# A phone, and the first stop that reached it where its row does not say so yet.
_PHONE_COLUMNS = f"""
    g.link, CASE WHEN g.state = 0 THEN (
        SELECT reason FROM stops s
        WHERE (s.subject = 0 AND s.number = g.account AND s.counter = g.account_stop + 1)
           OR (s.subject = 1 AND s.number = g.link AND s.counter = g.link_stop + 1)
           OR (s.subject = 2 AND s.number = g.key_id)
        ORDER BY s.id LIMIT 1
    ) END, {rows.ACCOUNT_COLUMNS}, {rows.GRANT_COLUMNS}
"""  # noqa: S608 made of constants
_PHONE_JOINS = "CROSS JOIN accounts a ON a.number = g.account CROSS JOIN links l ON l.number = g.link"
_LIVE_ONLY = """
    AND (NOT :live_only OR (
        g.state = 0 AND a.stop = g.account_stop AND l.stop = g.link_stop AND a.standing = 0 AND l.standing <> 2
    ))
"""
_PHONE_ORDER = f"AND g.id < :before {_LIVE_ONLY} ORDER BY g.id DESC LIMIT :limit"
_PHONE_ORDER_UP = f"AND g.id > :before {_LIVE_ONLY} ORDER BY g.id LIMIT :limit"
_PHONE = f"SELECT {_PHONE_COLUMNS} FROM grants g {_PHONE_JOINS} WHERE g.id = ?"  # noqa: S608 made of constants
_ALL = f"{_PHONE_COLUMNS} FROM grants g {_PHONE_JOINS} WHERE TRUE"
_OF_ACCOUNT = f"""
    {_PHONE_COLUMNS} FROM grants g INDEXED BY grants_by_account {_PHONE_JOINS}
    WHERE g.account = (SELECT number FROM accounts WHERE id = :account_id)
    AND (l.id = :link_id OR :link_id IS NULL)
"""  # noqa: S608 made of constants
_OF_LINK = f"""
    {_PHONE_COLUMNS} FROM grants g INDEXED BY grants_by_link {_PHONE_JOINS}
    WHERE g.link = (SELECT number FROM links WHERE id = :link_id)
"""  # noqa: S608 made of constants
_PHONES = f"SELECT {_ALL} {_PHONE_ORDER}"
_PHONES_UP = f"SELECT {_ALL} {_PHONE_ORDER_UP}"
_PHONES_OF_ACCOUNT = f"SELECT {_OF_ACCOUNT} {_PHONE_ORDER}"
_PHONES_OF_ACCOUNT_UP = f"SELECT {_OF_ACCOUNT} {_PHONE_ORDER_UP}"
_PHONES_OF_LINK = f"SELECT {_OF_LINK} {_PHONE_ORDER}"
_PHONES_OF_LINK_UP = f"SELECT {_OF_LINK} {_PHONE_ORDER_UP}"
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

    async def api_key(self, digest: bytes) -> ApiKey | None:
        row = self._one(_API_KEY, (digest,))
        return None if row is None else rows.api_key(row)

    async def api_keys(self) -> list[ApiKey]:
        return [rows.api_key(row) for row in self._all(_API_KEYS)]

    async def events(self, after: int = 0, limit: int = 100) -> list[tuple[int, Event]]:
        return [(row[0], rows.event(row[1:], self._texts)) for row in self._all(_EVENTS, (after, limit))]

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
