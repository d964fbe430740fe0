"""Who accounts are in directories: the steps inside the writer's transaction, and the reads. None walks far at once."""

from genkan.protocol import identity_steps as i
from genkan.protocol.facts import IdentityFacts, SessionFacts
from genkan.protocol.records import Identity, SourceState
from genkan.store import rows
from genkan.store.database import Database
from genkan.store.sqlite_certificates import SqliteCertificates

MOST_SESSIONS = 1_000

_COLUMNS = "i.source, i.subject, a.id, i.label, i.linked_at, i.seen_at, i.checked_at, i.missed_since, i.held, i.sealed"
_WIDTH = 10
_ADD = """
    INSERT INTO identities (source, subject, account, label, linked_at, seen_at, checked_at, missed_since, held, sealed)
    SELECT ?, ?, number, ?, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ? ON CONFLICT DO NOTHING
"""
# Its key alone finds an identity; the other two indexes are for those who do not know it (0221).
_PUT = """
    UPDATE identities SET label = ?, seen_at = ?, checked_at = ?, missed_since = ?, held = ?, sealed = ?
    WHERE source = ? AND subject = ? AND seen_at = ? AND +checked_at = ? AND sealed = ?
    AND ? = (SELECT id FROM accounts WHERE number = account)
"""
_REMOVE = """
    DELETE FROM identities WHERE source = ? AND subject = ? AND ? = (SELECT id FROM accounts WHERE number = account)
"""
_REACHED = """
    INSERT INTO sources (source, reached_at, missed_since) VALUES (?, ?, NULL)
    ON CONFLICT (source) DO UPDATE SET reached_at = excluded.reached_at, missed_since = NULL
"""
_MISSED = """
    INSERT INTO sources (source, reached_at, missed_since) VALUES (?, NULL, ?)
    ON CONFLICT (source) DO UPDATE SET missed_since = COALESCE(sources.missed_since, excluded.missed_since)
"""
_IDENTITY = f"""
    SELECT {_COLUMNS}, {rows.ACCOUNT_COLUMNS} FROM identities i CROSS JOIN accounts a ON a.number = i.account
    WHERE i.source = ? AND i.subject = ?
"""  # noqa: S608 made of constants
_IDENTITIES_OF = f"""
    SELECT {_COLUMNS} FROM accounts a CROSS JOIN identities i ON i.account = a.number WHERE a.id = ?
    ORDER BY i.source
"""  # noqa: S608 made of constants
_DUE = f"""
    SELECT {_COLUMNS}, {rows.ACCOUNT_COLUMNS} FROM identities i CROSS JOIN accounts a ON a.number = i.account
    WHERE i.source || '' = ? AND i.checked_at <= ? AND (a.standing = 0 OR (a.standing = 1 AND i.held = a.version))
    ORDER BY i.checked_at LIMIT ?
"""  # noqa: S608 made of constants
_STATES = "SELECT source, reached_at, missed_since FROM sources ORDER BY source"
_UPSTREAM_SESSIONS = f"""
    SELECT {rows.ACCOUNT_COLUMNS}, {rows.SESSION_COLUMNS}
    FROM sessions s CROSS JOIN accounts a ON a.number = s.account
    WHERE s.source = ? AND s.upstream_sid = ? AND s.upstream_sid <> '' LIMIT ?
"""  # noqa: S608 made of constants


class IdentityWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, step: i.AddIdentity) -> bool:
        who = step.identity
        values = (who.source, who.subject, who.label, who.linked_at, who.seen_at, who.checked_at, who.missed_since,
                  who.held, who.sealed, who.account_id)  # fmt: skip
        return self._db.execute(_ADD, values).rowcount == 1

    def put(self, step: i.PutIdentity) -> bool:
        who, seen = step.identity, step.seen
        values = (who.label, who.seen_at, who.checked_at, who.missed_since, who.held, who.sealed, who.source,
                  who.subject, seen.seen_at, seen.checked_at, seen.sealed, who.account_id)  # fmt: skip
        return self._db.execute(_PUT, values).rowcount == 1

    def remove(self, step: i.RemoveIdentity) -> bool:
        return self._db.execute(_REMOVE, (step.source, step.subject, step.account_id)).rowcount == 1

    def note(self, step: i.NoteSource) -> bool:
        self._db.execute(_REACHED if step.reached else _MISSED, (step.source, step.at))
        return True


class SqliteIdentities(SqliteCertificates):
    """The Store protocol's reads about directories, beside those about certificates."""

    async def identity(self, source: str, subject: str) -> IdentityFacts | None:
        row = self._one(_IDENTITY, (source, subject))
        return None if row is None else _facts(row)

    async def identities_of(self, account_id: int) -> list[Identity]:
        return [Identity(*row) for row in self._all(_IDENTITIES_OF, (account_id,))]

    async def identities_due(self, source: str, before: int, limit: int) -> list[IdentityFacts]:
        """Longest unasked first."""
        return [_facts(row) for row in self._all(_DUE, (source, before, limit))]

    async def source_states(self) -> list[SourceState]:
        return [SourceState(*row) for row in self._all(_STATES)]

    async def upstream_sessions(self, source: str, upstream_sid: str) -> list[SessionFacts]:
        found = self._all(_UPSTREAM_SESSIONS, (source, upstream_sid, MOST_SESSIONS))
        return [rows.session_facts(row, self._texts) for row in found]


def _facts(row: rows.Row) -> IdentityFacts:
    return IdentityFacts(Identity(*row[:_WIDTH]), rows.account(row[_WIDTH:]))
