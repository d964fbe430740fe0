"""Reads of people for administrators: pages by name, what a person has, how much is used. None walks far at once."""

import sqlite3

from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.facts import PasskeyFacts, RecoveryFacts
from genkan.protocol.records import Account, FailedTries, Passkey, RecoveryLink, Session, Standing
from genkan.store import rows, sqlite_passkeys
from genkan.store.api import PeoplePage, PeopleQuery, PhoneQuery, Storage, Usage
from genkan.store.sqlite_audit import SqliteAudit
from genkan.store.sqlite_open import schema_version, unavailable
from genkan.store.sqlite_ways import Ways
from genkan.wire.scopes import Permission

# How many names a page looks at, and how many sign-ins are counted, before the answer is "and perhaps more".
MOST_NAMES = 10_000
MOST_SIGN_INS = 10_000
MOST_SESSIONS = 1_000
MOST_STOPS = 10_000
# Behind every tombstone and before every name; behind every name that begins with what stands before it.
_NAMES_BEGIN = "\x01"
_NAMES_END = "\U0010ffff"

_HORIZON = """
    SELECT a.folded FROM accounts a WHERE a.folded >= :first AND a.folded > :after AND a.folded < :past
    ORDER BY a.folded LIMIT 1 OFFSET :walk
"""
_PEOPLE = f"""
    SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a
    WHERE a.folded >= :first AND a.folded > :after AND a.folded < :past AND a.folded <= :horizon
    AND (a.standing = :standing OR :standing IS NULL) AND (+a.permission = :permission OR :permission IS NULL)
    ORDER BY a.folded LIMIT :limit
"""  # noqa: S608 made of constants
_PASSWORD_SET_AT = """
    SELECT p.changed_at FROM accounts a CROSS JOIN passwords p ON p.account = a.number WHERE a.id = ?
"""
_SESSIONS = f"""
    SELECT {rows.SESSION_COLUMNS} FROM accounts a CROSS JOIN sessions s ON s.account = a.number
    WHERE a.id = ? LIMIT ?
"""  # noqa: S608 made of constants
_RECOVERY_COLUMNS = "r.digest, r.account_stop, r.made_at, r.expires_at"
_RECOVERY = f"""
    SELECT {_RECOVERY_COLUMNS}, {rows.ACCOUNT_COLUMNS}
    FROM recovery_links r CROSS JOIN accounts a ON a.number = r.account WHERE r.digest = ?
"""  # noqa: S608 made of constants
_RECOVERY_OF = f"""
    SELECT {_RECOVERY_COLUMNS} FROM accounts a CROSS JOIN recovery_links r ON r.account = a.number WHERE a.id = ?
"""  # noqa: S608 made of constants
_CODES = """
    SELECT COUNT(*), COUNT(*) - COUNT(c.used_at)
    FROM accounts a CROSS JOIN recovery_codes c ON c.account = a.number WHERE a.id = ?
"""
_HAS_CODE = """
    SELECT 1 FROM accounts a CROSS JOIN recovery_codes c ON c.account = a.number
    WHERE a.id = ? AND c.digest = ? AND c.used_at IS NULL
"""
_IS_SPENT = "SELECT 1 FROM spent WHERE digest = ?"
_FAILED_TRIES = """
    SELECT f.count, f.first_at, f.last_at, f.network, f.code_used_at
    FROM accounts a CROSS JOIN failed_tries f ON f.account = a.number WHERE a.id = ?
"""
_USED = "g.id, g.rotated_at, g.refresh_expires_at, g.last_seen, g.seen_generation, g.generation, g.state"
_STANDS = "a.stop = g.account_stop AND l.stop = g.link_stop AND a.standing = 0 AND l.standing <> 2"
_JOINS = "CROSS JOIN accounts a ON a.number = g.account CROSS JOIN links l ON l.number = g.link"
# Ranges of one, since an equality beside an order by ids alone would fit the primary key as well (0221).
_PERSON = "(SELECT number FROM accounts WHERE id = ?1)"
_LINK = "(SELECT number FROM links WHERE id = ?1)"
_USED_BY_ACCOUNT = f"""
    SELECT {_USED}, {_STANDS} FROM grants g INDEXED BY grants_by_account {_JOINS}
    WHERE g.account >= {_PERSON} AND g.account <= {_PERSON} ORDER BY g.account DESC, g.id DESC LIMIT ?2
"""  # noqa: S608 made of constants
_USED_BY_LINK = f"""
    SELECT {_USED}, {_STANDS} FROM grants g INDEXED BY grants_by_link {_JOINS}
    WHERE g.link >= {_LINK} AND g.link <= {_LINK} ORDER BY g.link DESC, g.id DESC LIMIT ?2
"""  # noqa: S608 made of constants
_UNSETTLED = f"""
    SELECT COUNT(*), COALESCE(MIN(waiting.at), 0)
    FROM (SELECT at FROM stops WHERE settled = 0 ORDER BY id LIMIT {MOST_STOPS}) waiting
"""  # noqa: S608 made of constants


class SqlitePeople(SqliteAudit):
    """The Store protocol's reads about people, beside those of the lists."""

    async def people(self, query: PeopleQuery) -> PeoplePage:
        """By folded name, filtered among the next ten thousand names at most."""
        first, past = query.prefix or _NAMES_BEGIN, query.prefix + _NAMES_END
        if query.standing is Standing.DELETED:
            first, past = "", _NAMES_BEGIN
        asked = {"first": first, "past": past, "after": query.after, "walk": MOST_NAMES}
        horizon = self._one(_HORIZON, asked)
        asked |= {
            "horizon": horizon[0] if horizon else past,
            "standing": None if query.standing is None else rows.STANDING_CODES[query.standing],
            "permission": None if query.permission is None else int(query.permission),
            "limit": query.limit,
        }
        found = tuple(rows.account(row) for row in self._all(_PEOPLE, asked))
        if len(found) == query.limit:
            return PeoplePage(found, found[-1].folded)
        return PeoplePage(found, horizon[0] if horizon else None)

    async def password_set_at(self, account_id: int) -> int | None:
        row = self._one(_PASSWORD_SET_AT, (account_id,))
        return None if row is None else int(row[0])

    async def recovery(self, digest: bytes) -> RecoveryFacts | None:
        row = self._one(_RECOVERY, (digest,))
        if row is None:
            return None
        account = rows.account(row[4:])
        return RecoveryFacts(RecoveryLink(account.id, *row[:4]), account)

    async def recovery_of(self, account_id: int) -> RecoveryLink | None:
        """The account's one-time link, good or not."""
        row = self._one(_RECOVERY_OF, (account_id,))
        return None if row is None else RecoveryLink(account_id, *row)

    async def passkey(self, credential_id: bytes) -> PasskeyFacts | None:
        row = self._one(sqlite_passkeys.ONE, (credential_id,))
        if row is None:
            return None
        account = rows.account(row[rows.PASSKEY_WIDTH :])
        return PasskeyFacts(rows.passkey(row[: rows.PASSKEY_WIDTH], account.id), account)

    async def passkeys(self, account_id: int) -> list[Passkey]:
        """Oldest first."""
        return [rows.passkey(row, account_id) for row in self._all(sqlite_passkeys.OF_ACCOUNT, (account_id,))]

    async def has_way_in(self, account_id: int, here: Entrances, at: int, lost: Lost = NOTHING_LOST) -> bool:
        """Whether the account has one of these entrances that the site takes, without what is lost."""
        here = here.by((await self.site()).ways)
        return Ways(self._all).of_person(account_id, here, at, lost)

    async def has_other_administrator(self, account: Account, here: Entrances, at: int) -> bool:
        """Whether somebody else who is active, has a way in that the site takes and at least the same permission
        administers too at this moment.
        """
        here = here.by((await self.site()).ways)
        return Ways(self._all).of_administrator(account.permission, account.id, here, at)

    async def has_administrator_by(self, here: Entrances, permission: Permission, at: int) -> bool:
        """Whether somebody active with at least this permission could come in by one of these entrances."""
        return Ways(self._all).of_administrator(permission, 0, here, at)

    async def recovery_codes_left(self, account_id: int) -> int | None:
        """How many were not used; None where none were made."""
        made, left = self._one(_CODES, (account_id,)) or (0, 0)
        return left if made else None

    async def has_recovery_code(self, account_id: int, digest: bytes) -> bool:
        """Whether it is one of the account's own that was not used."""
        return self._one(_HAS_CODE, (account_id, digest)) is not None

    async def is_spent(self, digest: bytes) -> bool:
        """Whether what may be used once was used, as far as it is still kept."""
        return self._one(_IS_SPENT, (digest,)) is not None

    async def failed_tries(self, account_id: int) -> FailedTries | None:
        row = self._one(_FAILED_TRIES, (account_id,))
        return None if row is None else FailedTries(*row)

    async def sessions(self, account_id: int) -> list[Session]:
        """Newest first; those that are over but not yet swept away are among them."""
        found = self._all(_SESSIONS, (account_id, MOST_SESSIONS))
        sessions = [rows.session(row, account_id, self._texts) for row in found]
        return sorted(sessions, key=lambda session: (-session.created_at, session.id))

    async def usage(self, query: PhoneQuery, now: int, most: int | None = None) -> Usage:
        """Of one person, else of one link; the other words of the query do not count."""
        most = MOST_SIGN_INS if most is None else most
        by_account = query.account_id is not None
        sql, subject = (_USED_BY_ACCOUNT, query.account_id) if by_account else (_USED_BY_LINK, query.link_id)
        live, last_used = 0, 0
        found = self._all(sql, (subject, most))
        for grant_id, rotated, refresh_left, last_seen, seen_generation, generation, state, stands in found:
            born = rows.id_time(grant_id)
            live += bool(state == 0 and stands and now < born + rotated + refresh_left)
            if generation or seen_generation >= 0:
                last_used = max(last_used, born + rotated, rows.until(born, last_seen))
        return Usage(live, last_used, len(found) < most)

    async def storage(self) -> Storage:
        found = self._one(_UNSETTLED)
        unsettled, since = found or (0, 0)
        return Storage("sqlite", sqlite3.sqlite_version, self._schema(), unsettled, since)

    def _schema(self) -> int:
        try:
            return schema_version(self._db)
        except Exception as e:
            raise unavailable(e) from e
