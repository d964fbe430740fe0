"""The steps about how people sign in, inside the writer's transaction, and who has a way in at all."""

import sqlite3
from collections.abc import Iterable

from genkan.protocol import signin_steps as s
from genkan.protocol.entrances import Entrances, Lost
from genkan.protocol.outcomes import NeedAdministrator
from genkan.protocol.records import Way

# Whether the account ``a`` has one of the ways of :ways (bits of Way), for what the other lists name (between commas).
# A passkey of which a copy was found lets nobody in, nor one of a host that the site asks for none of. A certificate
# counts that has not expired at :at and that is tied to the account or signed in with: what a mapping rule would accept
# tomorrow is not known today. A pin is as good as the certificate that was tied by it; of pins that were made before
# schema 11 nobody knows which it was.
HAS_A_WAY = """(
    (:ways & 1 AND (
        EXISTS (SELECT 1 FROM passwords p WHERE p.account = a.number)
        OR EXISTS (SELECT 1 FROM identities i WHERE i.account = a.number AND instr(:judges, ',' || i.source || ','))))
    OR (:ways & 2 AND EXISTS (
        SELECT 1 FROM passkeys k WHERE k.account = a.number AND k.cloned_at = 0
        AND instr(:hosts, ',' || k.rp_id || ',') AND NOT instr(:lost_passkeys, ',' || hex(k.id) || ',')))
    OR (:ways & 4 AND (
        EXISTS (
            SELECT 1 FROM certificate_pins n LEFT JOIN certificates r ON r.fingerprint = n.fingerprint
            WHERE n.account = a.number AND COALESCE(n.not_after, :at) >= :at AND r.revoked_at IS NULL
            AND NOT instr(:lost_pins, ',' || n.id || ','))
        OR EXISTS (
            SELECT 1 FROM certificates c WHERE c.account = a.number AND c.revoked_at IS NULL AND c.not_after >= :at
            AND NOT instr(:lost_certificates, ',' || c.number || ','))))
    OR (:ways & 8 AND EXISTS (
        SELECT 1 FROM identities i WHERE i.account = a.number AND instr(:providers, ',' || i.source || ',')))
)"""
PERSON_WITH_A_WAY = f"SELECT EXISTS (SELECT 1 FROM accounts a WHERE a.id = :id AND {HAS_A_WAY})"  # noqa: S608
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
    ON CONFLICT DO UPDATE SET count = count + 1, last_at = excluded.last_at, network = excluded.network,
        first_at = CASE count WHEN 0 THEN excluded.first_at ELSE first_at END
"""
NOTE_CODE = """
    INSERT INTO failed_tries (account, count, first_at, last_at, network, code_used_at)
    SELECT number, 0, ?1, ?1, '', ?1 FROM accounts WHERE id = ?2
    ON CONFLICT DO UPDATE SET last_at = excluded.last_at, code_used_at = excluded.code_used_at
"""
SIGNED_IN = "SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?)"
FORGET_TRIES = """
    DELETE FROM failed_tries WHERE account = (SELECT number FROM accounts WHERE id = ?) AND last_at = ?
"""


def way_values(here: Entrances, at: int, lost: Lost) -> dict[str, object]:
    """What HAS_A_WAY asks for. No host, name or number has a comma."""
    return {
        "ways": int(here.ways),
        "at": at,
        "hosts": _listed(here.hosts),
        "providers": _listed(here.providers),
        "judges": _listed(here.judges),
        "lost_pins": _listed(lost.pins),
        "lost_certificates": _listed(lost.certificates),
        "lost_passkeys": _listed(one.hex().upper() for one in lost.passkeys),
    }


def _listed(names: Iterable[object]) -> str:
    return "".join((",", *(f"{name}," for name in names)))


class SignInWrites:
    """Each says whether it was done."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put_policy(self, step: s.PutSignInPolicy) -> bool:
        return self._db.execute(PUT_POLICY, (int(step.ways), step.max_age, step.site_version)).rowcount == 1

    def administrator_left(self, step: NeedAdministrator) -> bool:
        """Whether somebody who administers can still come in, as the transaction stands."""
        [ways] = self._db.execute(WAYS).fetchone()
        values = way_values(step.here.by(Way(ways)), step.at, step.lost)
        asked = {"permission": int(step.permission), "but": 0, **values}
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

    def while_signed_in(self, step: s.WhileSignedIn) -> bool:
        return bool(self._db.execute(SIGNED_IN, (step.session_id,)).fetchone()[0])
