"""The steps about one-time links and the password they are for, inside the writer's transaction."""

from genkan.protocol import recovery_steps as r
from genkan.store.database import Database
from genkan.wire.scopes import Permission

PUT = """
    INSERT INTO recovery_links (account, digest, account_stop, made_at, expires_at)
    SELECT number, ?, ?, ?, ? FROM accounts WHERE id = ? AND permission <= ?
    ON CONFLICT (account) DO UPDATE SET digest = excluded.digest, account_stop = excluded.account_stop,
        made_at = excluded.made_at, expires_at = excluded.expires_at
"""
USE = """
    DELETE FROM recovery_links WHERE digest = ?
    AND account = (SELECT number FROM accounts WHERE id = ? AND standing = 0 AND stop = account_stop)
"""
RAISED = """
    DELETE FROM recovery_links WHERE account = (SELECT number FROM accounts WHERE id = ? AND permission < ?)
"""
DROP = "DELETE FROM recovery_links WHERE account = (SELECT number FROM accounts WHERE id = ?)"
NEED_PASSWORD = """
    SELECT EXISTS (SELECT 1 FROM passwords WHERE account = (SELECT number FROM accounts WHERE id = ?) AND hash = ?)
"""


class RecoveryWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, step: r.PutRecovery) -> bool:
        link = step.link
        values = (link.digest, link.account_stop, link.made_at, link.expires_at, link.account_id, int(step.permission))
        return self._db.execute(PUT, values).rowcount == 1

    def use(self, step: r.UseRecovery) -> bool:
        return self._db.execute(USE, (step.digest, step.account_id)).rowcount == 1

    def drop(self, step: r.DropRecovery) -> bool:
        return self.forget(step.account_id)

    def forget(self, account_id: int) -> bool:
        """No link of this account is good any more; whether there was one."""
        return self._db.execute(DROP, (account_id,)).rowcount == 1

    def raised(self, account_id: int, permission: Permission) -> None:
        """Before an account's row is written: a link of somebody who may less than this goes."""
        self._db.execute(RAISED, (account_id, int(permission)))

    def need_password(self, step: r.NeedPassword) -> bool:
        return bool(self._db.execute(NEED_PASSWORD, (step.account_id, step.hash)).fetchone()[0])
