"""The steps about how people sign in, inside the writer's transaction, and who has a way in at all."""

from collections.abc import Sequence

from genkan.protocol import signin_steps as s
from genkan.protocol.outcomes import NeedAdministrator
from genkan.store.database import Database

# Whether the account ``a`` has one of the ways of :ways (bits of Way). A passkey of which a copy was found lets nobody
# in. A certificate counts that is tied to the account, or that it signed in with and that has not expired at :at, an
# organisation's identity that was linked: what a mapping rule would accept tomorrow is not known today. What :pins and
# :certificates name (numbers between commas) counts no more.
HAS_A_WAY = """(
    ((:ways & 1) <> 0 AND EXISTS (SELECT 1 FROM passwords p WHERE p.account = a.number))
    OR ((:ways & 2) <> 0 AND EXISTS (SELECT 1 FROM passkeys k WHERE k.account = a.number AND k.cloned_at = 0))
    OR ((:ways & 4) <> 0 AND (
        EXISTS (SELECT 1 FROM certificate_pins n WHERE n.account = a.number
            AND instr(:pins, ',' || n.id || ',') = 0)
        OR EXISTS (SELECT 1 FROM certificates c WHERE c.account = a.number AND c.revoked_at IS NULL
            AND c.not_after >= :at AND instr(:certificates, ',' || c.number || ',') = 0)))
    OR ((:ways & 8) <> 0 AND EXISTS (SELECT 1 FROM identities i WHERE i.account = a.number))
)"""
NOTHING_LOST = {"pins": ",", "certificates": ","}
ADMINISTRATOR_WITH_A_WAY = f"""
    SELECT EXISTS (
        SELECT 1 FROM accounts a
        WHERE a.standing = 0 AND a.permission >= 3 AND a.permission >= :permission AND a.id <> :but AND {HAS_A_WAY}
    )
"""  # noqa: S608 made of constants
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
FORGET_TRIES = """
    DELETE FROM failed_tries WHERE account = (SELECT number FROM accounts WHERE id = ?) AND last_at = ?
"""


def _listed(numbers: Sequence[int]) -> str:
    return "".join((",", *(f"{number}," for number in numbers)))


class SignInWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put_policy(self, step: s.PutSignInPolicy) -> bool:
        return self._db.execute(PUT_POLICY, (int(step.ways), step.max_age, step.site_version)).rowcount == 1

    def administrator_left(self, step: NeedAdministrator) -> bool:
        """Whether somebody who administers can still come in, as the transaction stands."""
        [ways] = self._db.execute(WAYS).fetchone()
        asked = {
            "ways": ways & int(step.possible), "permission": int(step.permission), "but": 0, "at": step.at,
            "pins": _listed(step.lost_pins), "certificates": _listed(step.lost_certificates),
        }  # fmt: skip
        return bool(self._db.execute(ADMINISTRATOR_WITH_A_WAY, asked).fetchone()[0])

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
