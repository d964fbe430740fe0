"""The steps about one-time links and the password they are for, inside the writer's transaction."""

from genkan.protocol import recovery_steps as r
from genkan.protocol.records import Account, Standing
from genkan.store.database import Database
from genkan.wire.scopes import Permission

PUT = """
    INSERT INTO recovery_links (account, digest, account_stop, made_at, expires_at, maker)
    SELECT number, ?, ?, ?, ?, ? FROM accounts WHERE id = ? AND permission <= ?
    ON CONFLICT (account) DO UPDATE SET digest = excluded.digest, account_stop = excluded.account_stop,
        made_at = excluded.made_at, expires_at = excluded.expires_at, maker = excluded.maker
"""
MAY = "SELECT standing, permission FROM accounts WHERE id = ?"
USE = """
    DELETE FROM recovery_links WHERE digest = ?
    AND account = (SELECT number FROM accounts WHERE id = ? AND standing = 0 AND stop = account_stop)
"""
RAISED = """
    DELETE FROM recovery_links WHERE account = (SELECT number FROM accounts WHERE id = ? AND permission < ?)
"""
# Of those that somebody handed out: for whoever may more than this.
FELL = """
    DELETE FROM recovery_links
    WHERE maker = ? AND (SELECT a.permission FROM accounts a WHERE a.number = recovery_links.account) > ?
"""
NOTHING = -1
DROP = "DELETE FROM recovery_links WHERE account = (SELECT number FROM accounts WHERE id = ?)"
NEED_PASSWORD = """
    SELECT EXISTS (SELECT 1 FROM passwords WHERE account = (SELECT number FROM accounts WHERE id = ?) AND hash = ?)
"""


class RecoveryWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, step: r.PutRecovery) -> bool:
        link, maker, right = step.link, step.maker, int(step.permission)
        if maker is not None and not self._may(maker, right):
            return False
        values = (link.digest, link.account_stop, link.made_at, link.expires_at, maker, link.account_id, right)
        return self._db.execute(PUT, values).rowcount == 1

    def _may(self, maker: int, right: int) -> bool:
        found = self._db.execute(MAY, (maker,)).fetchone()
        return found is not None and found[0] == 0 and found[1] >= right

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

    def fell(self, maker: Account) -> None:
        """What somebody handed out goes as far as their right no longer reaches."""
        right = int(maker.permission) if maker.standing is Standing.ACTIVE else NOTHING
        self._db.execute(FELL, (maker.id, right))

    def need_password(self, step: r.NeedPassword) -> bool:
        return bool(self._db.execute(NEED_PASSWORD, (step.account_id, step.hash)).fetchone()[0])
