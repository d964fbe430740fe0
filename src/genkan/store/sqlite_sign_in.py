"""The steps about how people sign in, inside the writer's transaction."""

from collections.abc import Mapping
from typing import Any

from genkan.protocol import signin_steps as s
from genkan.protocol.outcomes import NeedAdministrator, NeedOwnAddress
from genkan.protocol.passkey_steps import NeedWayIn
from genkan.protocol.records import Way
from genkan.store import rows
from genkan.store.database import Database
from genkan.store.sqlite_ways import Owners, Ways

# The site's version moves at the end of a Change; within it, it is what the Change was decided on.
PUT_POLICY = "UPDATE site SET ways = ?, max_age = ? WHERE version = ?"
WAYS = "SELECT ways FROM site"
NUMBER = "SELECT number FROM accounts WHERE id = ?"
FORGET_CODES = "DELETE FROM recovery_codes WHERE account = ?"
ADD_CODE = "INSERT INTO recovery_codes (account, digest, made_at) VALUES (?, ?, ?)"
USE_CODE = """
    UPDATE recovery_codes SET used_at = ? WHERE digest = ? AND used_at IS NULL
    AND account = (SELECT number FROM accounts WHERE id = ? AND standing = 0)
"""
NOTE_TRY = """
    INSERT INTO failed_tries (account, count, first_at, last_at, network)
    SELECT number, 1, ?1, ?1, ?2 FROM accounts WHERE id = ?3
    ON CONFLICT (account) DO UPDATE SET count = failed_tries.count + 1, last_at = excluded.last_at,
        network = excluded.network,
        first_at = CASE failed_tries.count WHEN 0 THEN excluded.first_at ELSE failed_tries.first_at END
"""
NOTE_CODE = """
    INSERT INTO failed_tries (account, count, first_at, last_at, network, code_used_at)
    SELECT number, 0, ?1, ?1, '', ?1 FROM accounts WHERE id = ?2
    ON CONFLICT (account) DO UPDATE SET last_at = excluded.last_at, code_used_at = excluded.code_used_at
"""
SIGNED_IN = "SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?)"
FORGET_TRIES = """
    DELETE FROM failed_tries WHERE account = (SELECT number FROM accounts WHERE id = ?) AND last_at = ?
"""


class SignInWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put_policy(self, step: s.PutSignInPolicy) -> bool:
        return self._db.execute(PUT_POLICY, (int(step.ways), step.max_age, step.site_version)).rowcount == 1

    def administrator_left(self, step: NeedAdministrator) -> bool:
        """Whether somebody who administers can still come in, as the transaction stands."""
        [ways] = self._db.execute(WAYS).fetchone()
        here = step.here.by(Way(ways))
        return Ways(self._ask).of_administrator(step.permission, 0, here, step.at, step.lost)

    def needed_way(self, step: NeedWayIn) -> bool:
        """Whether the account can still come in, as the transaction stands."""
        [ways] = self._db.execute(WAYS).fetchone()
        return Ways(self._ask).of_person(step.account_id, step.here.by(Way(ways)), step.at)

    def is_own_address(self, step: NeedOwnAddress) -> bool:
        """Whether nobody else has it. Of two accounts, one is another one's."""
        return all(account.id == step.account_id for account in Owners(self._ask).by_email(step.email))

    def _ask(self, sql: str, values: tuple[Any, ...] | Mapping[str, Any]) -> list[rows.Row]:
        return self._db.execute(sql, values).fetchall()

    def put_codes(self, step: s.PutRecoveryCodes) -> bool:
        row = self._db.execute(NUMBER, (step.account_id,)).fetchone()
        if row is None:
            return False
        self._db.execute(FORGET_CODES, row)
        self._db.executemany(ADD_CODE, [(*row, digest, step.at) for digest in step.digests])
        return True

    def use_code(self, step: s.UseRecoveryCode) -> bool:
        if self._db.execute(USE_CODE, (step.at, step.digest, step.account_id)).rowcount != 1:
            return False
        self._db.execute(NOTE_CODE, (step.at, step.account_id))
        return True

    def note_try(self, step: s.NoteFailedTry) -> bool:
        self._db.execute(NOTE_TRY, (step.at, step.network, step.account_id))
        return True

    def forget_tries(self, step: s.ForgetFailedTries) -> bool:
        return self._db.execute(FORGET_TRIES, (step.account_id, step.last_at)).rowcount == 1

    def while_signed_in(self, step: s.WhileSignedIn) -> bool:
        return bool(self._db.execute(SIGNED_IN, (step.session_id,)).fetchone()[0])
