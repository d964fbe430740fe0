"""Passkeys in SQLite: the steps inside the writer's transaction, and what the reads ask."""

from genkan.protocol import passkey_steps as p
from genkan.store import rows
from genkan.store.database import Database

ONE = f"""
    SELECT {rows.PASSKEY_COLUMNS}, {rows.ACCOUNT_COLUMNS}
    FROM passkeys p CROSS JOIN accounts a ON a.number = p.account WHERE p.id = ?
"""  # noqa: S608 made of constants
OF_ACCOUNT = f"""
    SELECT {rows.PASSKEY_COLUMNS} FROM accounts a CROSS JOIN passkeys p ON p.account = a.number WHERE a.id = ?
    ORDER BY p.created_at, p.id
"""  # noqa: S608 made of constants
_OWNER = "account = (SELECT number FROM accounts WHERE id = ?)"
# Where its id finds it: the sign keeps the account's index out (0221).
_OWNED = f"+{_OWNER}"
_ADD = """
    INSERT INTO passkeys (id, public_key, counter, name, aaguid, transports, rp_id, backup_eligible, backed_up,
        attested, created_at, last_used_at, cloned_at, account)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, a.number FROM accounts a WHERE a.id = ?
    AND (SELECT COUNT(*) FROM passkeys WHERE account = a.number) < ?
    ON CONFLICT DO NOTHING
"""
_USE = f"""
    UPDATE passkeys SET counter = ?, backed_up = ?, last_used_at = ?
    WHERE id = ? AND {_OWNED} AND counter = ? AND cloned_at = 0
"""  # noqa: S608 made of constants
_MARK = f"UPDATE passkeys SET cloned_at = ? WHERE id = ? AND {_OWNED} AND counter = ? AND cloned_at = 0"  # noqa: S608
_RENAME = f"UPDATE passkeys SET name = ? WHERE id = ? AND {_OWNED}"  # noqa: S608 made of constants
_REMOVE = f"DELETE FROM passkeys WHERE id = ? AND {_OWNED}"  # noqa: S608 made of constants
_DROP = f"DELETE FROM passkeys WHERE {_OWNER}"  # noqa: S608 made of constants


class PasskeyWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, step: p.AddPasskey) -> bool:
        return self._did(_ADD, *rows.passkey_values(step.passkey), step.passkey.account_id, step.most)

    def use(self, step: p.UsePasskey) -> bool:
        return self._did(_USE, step.counter, step.backed_up, step.at, step.id, step.account_id, step.seen)

    def mark(self, step: p.MarkCloned) -> bool:
        return self._did(_MARK, step.at, step.id, step.account_id, step.seen)

    def rename(self, step: p.RenamePasskey) -> bool:
        return self._did(_RENAME, step.name, step.id, step.account_id)

    def remove(self, step: p.RemovePasskey) -> bool:
        return self._did(_REMOVE, step.id, step.account_id)

    def drop(self, step: p.DropPasskeys) -> bool:
        self._db.execute(_DROP, (step.account_id,))
        return True

    def _did(self, sql: str, *values: object) -> bool:
        return self._db.execute(sql, values).rowcount == 1
