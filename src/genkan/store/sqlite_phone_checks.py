"""Visits of phones that check the site, in SQLite: the step inside the writer's transaction, and the reads."""

from genkan.protocol import phone_check_steps as v
from genkan.protocol.phone_check_steps import PhoneVisit
from genkan.store.database import Database
from genkan.store.sqlite_phones import SqlitePhones

_COLUMNS = "check_id, id, made_at, changed_at, expires_at, version, user_agent, told"
_ADD = f"""
    INSERT INTO phone_visits ({_COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
    WHERE (SELECT COUNT(*) FROM phone_visits WHERE check_id = ?1) < ?9 ON CONFLICT DO NOTHING
"""  # noqa: S608 made of constants
_PUT = "UPDATE phone_visits SET changed_at = ?, version = ?, told = ? WHERE id = ? AND version = ?"
_ONE = f"SELECT {_COLUMNS} FROM phone_visits WHERE id = ?"  # noqa: S608 made of constants
_OF_CHECK = f"SELECT {_COLUMNS} FROM phone_visits WHERE check_id = ? ORDER BY made_at DESC LIMIT ?"  # noqa: S608


class PhoneCheckWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, step: v.PutPhoneVisit) -> bool:
        one = step.visit
        if one.version > 1:
            values = (one.changed_at, one.version, one.told, one.id, one.version - 1)
            return self._db.execute(_PUT, values).rowcount == 1
        new = (one.check, one.id, one.made_at, one.changed_at, one.expires_at, one.version, one.user_agent, one.told)
        return self._db.execute(_ADD, (*new, step.most)).rowcount == 1


class SqlitePhoneChecks(SqlitePhones):
    """The Store protocol's reads about phones that check the site, beside those about phones that are signed in."""

    async def phone_visit(self, visit_id: bytes) -> PhoneVisit | None:
        row = self._one(_ONE, (visit_id,))
        return None if row is None else PhoneVisit(*row)

    async def phone_visits(self, check_id: bytes) -> list[PhoneVisit]:
        """Newest first."""
        return [PhoneVisit(*row) for row in self._all(_OF_CHECK, (check_id, v.MOST_VISITS))]
