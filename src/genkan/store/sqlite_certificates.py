"""Client certificates in SQLite: pins of accounts and certificates that somebody signed in with, written and read."""

from collections.abc import Sequence

from genkan.protocol import certificate_records as c
from genkan.protocol.records import Account
from genkan.store.database import Database
from genkan.store.sqlite_people import SqlitePeople
from genkan.store.sqlite_texts import TextIds
from genkan.store.sqlite_ways import MOST_JUDGED, PIN_COLUMNS, Owners, a_pin

MOST_CERTIFICATES = 100

ADD_PIN = """
    INSERT INTO certificate_pins (account, id, kind, value, name, made_at, fingerprint, not_after)
    SELECT a.number, ?, ?, ?, ?, ?, ?, ? FROM accounts a WHERE a.id = ? AND a.standing <> 2
    AND (SELECT COUNT(*) FROM certificate_pins p WHERE p.account = a.number) < ?
    ON CONFLICT DO NOTHING
"""
DROP_PIN = "DELETE FROM certificate_pins WHERE id = ? AND +account = (SELECT number FROM accounts WHERE id = ?)"
KEEP = """
    INSERT INTO certificates (account, number, fingerprint, subject, leaf, issuer, not_after, first_at, last_at,
        checked_at)
    SELECT a.number, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM accounts a WHERE a.id = ?
    ON CONFLICT DO NOTHING
"""
# One of two keys finds it, which the sign before the other says; and not the index of what is not revoked, which is of
# nearly all (0221).
KEEP_KNOWN = """
    UPDATE certificates SET account = (SELECT number FROM accounts WHERE id = ?), last_at = ?, checked_at = ?
    WHERE fingerprint = ? AND +number = ? AND COALESCE(revoked_at, 0) = 0
    AND EXISTS (SELECT 1 FROM accounts WHERE id = ?)
"""
REVOKE = "UPDATE certificates SET revoked_at = ? WHERE number = ? AND COALESCE(revoked_at, 0) = 0"
END_SESSIONS = "DELETE FROM sessions WHERE certificate = ?"
END_GRANTS = "UPDATE grants SET state = 1, reason = ?, ended_at = ? WHERE certificate = ? AND state = 0"
MARK_CHECKED = "UPDATE certificates SET checked_at = ? WHERE number = ?"
FORGET_PINS = "DELETE FROM certificate_pins WHERE account = (SELECT number FROM accounts WHERE id = ?)"
FORGET = "DELETE FROM certificates WHERE account = (SELECT number FROM accounts WHERE id = ?)"

_PINS = f"""
    SELECT {PIN_COLUMNS} FROM accounts a CROSS JOIN certificate_pins p ON p.account = a.number WHERE a.id = ?
    ORDER BY p.made_at, p.id
"""  # noqa: S608 made of constants
_KNOWN_COLUMNS = (
    "c.number, c.fingerprint, a.id, c.subject, c.leaf, c.issuer, c.not_after, c.first_at, c.last_at, c.checked_at, "
    "c.revoked_at"
)
_KNOWN = f"""
    SELECT {_KNOWN_COLUMNS} FROM certificates c CROSS JOIN accounts a ON a.number = c.account WHERE c.fingerprint = ?
"""  # noqa: S608 made of constants
_KNOWN_OF = f"""
    SELECT {_KNOWN_COLUMNS} FROM accounts a CROSS JOIN certificates c ON c.account = a.number WHERE a.id = ?
    ORDER BY c.last_at DESC, c.number LIMIT ?
"""  # noqa: S608 made of constants
_OF_ADMINISTRATORS = f"""
    SELECT {_KNOWN_COLUMNS} FROM accounts a CROSS JOIN certificates c ON c.account = a.number
    WHERE a.permission >= 3 AND a.standing <> 2 AND c.revoked_at IS NULL ORDER BY c.last_at DESC LIMIT ?
"""  # noqa: S608 made of constants
_NUMBERED = f"""
    SELECT {_KNOWN_COLUMNS} FROM certificates c CROSS JOIN accounts a ON a.number = c.account WHERE c.number = ?
"""  # noqa: S608 made of constants
# The oldest look-up first, by its index; whether anything hangs on it is found by one more index each.
_DUE = f"""
    SELECT {_KNOWN_COLUMNS},
        EXISTS (SELECT 1 FROM sessions s WHERE s.certificate = c.number LIMIT 1 OFFSET 0)
        OR EXISTS (SELECT 1 FROM grants g WHERE g.certificate = c.number AND g.state = 0 LIMIT 1 OFFSET 0)
    FROM certificates c CROSS JOIN accounts a ON a.number = c.account
    WHERE c.revoked_at IS NULL AND c.checked_at <= ? ORDER BY c.checked_at LIMIT ?
"""  # noqa: S608 made of constants


class CertificateWrites:
    """Each says whether it was done."""

    def __init__(self, db: Database, ids: TextIds) -> None:
        self._db = db
        self._ids = ids

    def add_pin(self, step: c.AddPin) -> bool:
        p = step.pin
        values = (p.id, int(p.kind), p.value, p.name, p.made_at, p.fingerprint, p.not_after, p.account_id, c.MOST_PINS)
        return self._db.execute(ADD_PIN, values).rowcount == 1

    def drop_pin(self, step: c.DropPin) -> bool:
        return self._db.execute(DROP_PIN, (step.pin_id, step.account_id)).rowcount == 1

    def keep(self, step: c.KeepCertificate) -> bool:
        k = step.certificate
        known = (k.account_id, k.last_at, k.checked_at, k.fingerprint, k.number, k.account_id)
        if self._db.execute(KEEP_KNOWN, known).rowcount == 1:
            return True
        values = (
            k.number, k.fingerprint, k.subject, k.leaf, k.issuer, k.not_after, k.first_at, k.last_at, k.checked_at,
            k.account_id,
        )  # fmt: skip
        return self._db.execute(KEEP, values).rowcount == 1

    def revoke(self, step: c.RevokeCertificate) -> bool:
        if self._db.execute(REVOKE, (step.at, step.number)).rowcount != 1:
            return False
        self._db.execute(END_SESSIONS, (step.number,))
        self._db.execute(END_GRANTS, (self._ids[step.reason], step.at, step.number))
        return True

    def mark_checked(self, step: c.MarkChecked) -> bool:
        self._db.executemany(MARK_CHECKED, [(step.at, number) for number in step.numbers])
        return True

    def forget(self, account_id: int) -> None:
        """Whoever is deleted leaves no certificate behind: it may be somebody else's from now on."""
        self._db.execute(FORGET_PINS, (account_id,))
        self._db.execute(FORGET, (account_id,))


class SqliteCertificates(SqlitePeople):
    """The Store protocol's reads about client certificates, beside those of people."""

    async def pins(self, account_id: int) -> list[c.Pin]:
        """Oldest first; an account has few."""
        return [a_pin(row, account_id) for row in self._all(_PINS, (account_id,))]

    async def pinned(self, values: Sequence[tuple[c.PinKind, bytes]]) -> list[tuple[c.Pin, Account]]:
        """The pins of these values with their accounts: at most one each."""
        return Owners(self._all).pinned(values)

    async def accounts_by_email(self, address: str) -> list[Account]:
        """Two at most, of any case of ASCII letters; tombstones have no address."""
        return Owners(self._all).by_email(address)

    async def certificates(self, account_id: int) -> list[c.KnownCertificate]:
        """What a person signed in with, the last used first."""
        return [c.KnownCertificate(*row) for row in self._all(_KNOWN_OF, (account_id, MOST_CERTIFICATES))]

    async def administrators_certificates(self) -> list[c.KnownCertificate]:
        """What those who administer signed in with and was not ended, the last used first."""
        return [c.KnownCertificate(*row) for row in self._all(_OF_ADMINISTRATORS, (MOST_JUDGED,))]

    async def certificate(self, fingerprint: bytes) -> c.KnownCertificate | None:
        """The certificate that somebody signed in with, by the SHA-256 of its DER."""
        row = self._one(_KNOWN, (fingerprint,))
        return None if row is None else c.KnownCertificate(*row)

    async def certificate_numbered(self, number: int) -> c.KnownCertificate | None:
        """The same by the number that sessions and grants name."""
        row = self._one(_NUMBERED, (number,))
        return None if row is None else c.KnownCertificate(*row)

    async def certificates_to_check(self, before: int, limit: int) -> list[tuple[c.KnownCertificate, bool]]:
        """Those not looked up since then, the longest first, and whether anybody is signed in with each."""
        return [(c.KnownCertificate(*row[:-1]), bool(row[-1])) for row in self._all(_DUE, (before, limit))]
