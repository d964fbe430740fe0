"""Who has a way in at all, as a connection sees it: the writer's in its transaction, and the reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from genkan.protocol.certificate_records import Pin, PinKind
from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.records import Account, Way
from genkan.store import rows
from genkan.wire.scopes import Permission

Ask = Callable[[str, tuple[Any, ...] | Mapping[str, Any]], list[rows.Row]]

MOST_FOUND = 2  # accounts with one address: two are enough to know that it names nobody
MOST_JUDGED = 1_000  # certificates of those who administer, the last used first

# Whether the account ``a`` has one of the ways of :ways (bits of Way), for what the other lists name (between commas).
# A passkey of which a copy was found lets nobody in, nor one of a host that the site asks for none of. A pin is as good
# as the certificate that was tied by it; of pins that were made before schema 11 nobody knows which it was.
# Certificates that were shown here are looked at apart, tied or not (``Ways``).
_HAS_A_WAY = """(
    ((:ways & 1) <> 0 AND (
        EXISTS (SELECT 1 FROM passwords p WHERE p.account = a.number LIMIT 1 OFFSET 0)
        OR EXISTS (
            SELECT 1 FROM identities i WHERE i.account = a.number AND instr(:judges, ',' || i.source || ',') > 0
            LIMIT 1 OFFSET 0)))
    OR ((:ways & 2) <> 0 AND EXISTS (
        SELECT 1 FROM passkeys k WHERE k.account = a.number AND k.cloned_at = 0
        AND instr(:hosts, ',' || k.rp_id || ',') > 0 AND instr(:lost_passkeys, ',' || hex(k.id) || ',') = 0
        LIMIT 1 OFFSET 0))
    OR ((:ways & 4) <> 0 AND EXISTS (
        SELECT 1 FROM certificate_pins n LEFT JOIN certificates r ON r.fingerprint = n.fingerprint
        WHERE n.account = a.number AND COALESCE(n.not_after, :at) >= :at AND r.fingerprint IS NULL
        AND instr(:lost_pins, ',' || n.id || ',') = 0 LIMIT 1 OFFSET 0))
    OR ((:ways & 8) <> 0 AND EXISTS (
        SELECT 1 FROM identities i WHERE i.account = a.number AND instr(:providers, ',' || i.source || ',') > 0
        LIMIT 1 OFFSET 0))
)"""
_ADMINISTERS = "a.standing = 0 AND a.permission >= 3 AND a.permission >= :permission AND a.id <> :but"
_PERSON = f"SELECT EXISTS (SELECT 1 FROM accounts a WHERE a.id = :id AND {_HAS_A_WAY})"  # noqa: S608
_ADMINISTRATOR = f"SELECT EXISTS (SELECT 1 FROM accounts a WHERE {_ADMINISTERS} AND {_HAS_A_WAY})"  # noqa: S608
_KNOWN = """
    {whose} AND c.revoked_at IS NULL AND c.not_after >= :at AND instr(:lost_certificates, ',' || c.number || ',') = 0
"""
_SHOWN = f"""
    SELECT shown.id, shown.leaf FROM (
        SELECT a.id, c.leaf, c.last_at FROM accounts a CROSS JOIN certificates c ON c.account = a.number WHERE {_KNOWN}
        UNION ALL
        SELECT a.id, c.leaf, c.last_at FROM accounts a CROSS JOIN certificate_pins n ON n.account = a.number
        CROSS JOIN certificates c ON c.fingerprint = n.fingerprint WHERE {_KNOWN}
    ) shown ORDER BY shown.last_at DESC LIMIT :most
"""  # noqa: S608 made of constants
_SHOWN_BY_PERSON = _SHOWN.format(whose="a.id = :id")
_SHOWN_BY_ADMINISTRATOR = _SHOWN.format(whose=_ADMINISTERS)

PIN_COLUMNS = "p.id, p.kind, p.value, p.name, p.made_at, p.fingerprint, p.not_after"
_PIN_WIDTH = 7
_PINNED = f"""
    SELECT {PIN_COLUMNS}, {rows.ACCOUNT_COLUMNS}
    FROM certificate_pins p CROSS JOIN accounts a ON a.number = p.account WHERE p.kind = ? AND p.value = ?
"""  # noqa: S608 made of constants
_BY_EMAIL = f"""
    SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a
    WHERE a.email = ? COLLATE NOCASE AND a.email <> '' AND a.standing <> 2 LIMIT ?
"""  # noqa: S608 made of constants
_BY_NAME = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts a WHERE a.folded = ?"  # noqa: S608 made of constants


def a_pin(row: rows.Row, account_id: int) -> Pin:
    """A pin of this account from PIN_COLUMNS."""
    pin_id, kind, *rest = row
    return Pin(pin_id, account_id, PinKind(kind), *rest)


class Owners:
    """The people whom certificates name, as this connection sees them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def pinned(self, values: Sequence[tuple[PinKind, bytes]]) -> list[tuple[Pin, Account]]:
        """The pins of these values with their accounts: at most one each."""
        found = [row for kind, value in values for row in self._ask(_PINNED, (int(kind), value))]
        accounts = [rows.account(row[_PIN_WIDTH:]) for row in found]
        return [(a_pin(row[:_PIN_WIDTH], account.id), account) for row, account in zip(found, accounts, strict=True)]

    def by_email(self, address: str) -> list[Account]:
        """Two at most, of any case of ASCII letters; tombstones have no address."""
        return [rows.account(row) for row in self._ask(_BY_EMAIL, (address, MOST_FOUND))]

    def by_name(self, folded: str) -> Account | None:
        """The account of this folded name."""
        found = self._ask(_BY_NAME, (folded,))
        return rows.account(found[0]) if found else None


class Ways:
    """Whether somebody could come in. A certificate that somebody signed in with counts where it has not ended and
    signs in to the very account today: what a rule would accept tomorrow is not known, and what one accepted yesterday
    may name nobody any more.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def of_person(self, account_id: int, here: Entrances, at: int, lost: Lost = NOTHING_LOST) -> bool:
        """Whether the account has one of these entrances, without what is lost."""
        return self._any(_PERSON, _SHOWN_BY_PERSON, {"id": account_id, **_values(here, at, lost)}, here)

    def of_administrator(
        self, permission: Permission, but: int, here: Entrances, at: int, lost: Lost = NOTHING_LOST
    ) -> bool:
        """Whether somebody active with at least this permission has, who administers and is not ``but``."""
        asked = {"permission": int(permission), "but": but, **_values(here, at, lost)}
        return self._any(_ADMINISTRATOR, _SHOWN_BY_ADMINISTRATOR, asked, here)

    def _any(self, sql: str, shown: str, asked: Mapping[str, object], here: Entrances) -> bool:
        if self._ask(sql, asked)[0][0]:
            return True
        if here.owners is None or Way.CERTIFICATE not in here.ways:
            return False
        people = Owners(self._ask)
        return any(here.owners.owner(leaf, people) == account_id for account_id, leaf in self._ask(shown, asked))


def _values(here: Entrances, at: int, lost: Lost) -> dict[str, object]:
    """No host, name or number has a comma."""
    return {
        "ways": int(here.ways),
        "at": at,
        "hosts": _listed(here.hosts),
        "providers": _listed(here.providers),
        "judges": _listed(here.judges),
        "lost_pins": _listed(lost.pins),
        "lost_certificates": _listed(lost.certificates),
        "lost_passkeys": _listed(one.hex().upper() for one in lost.passkeys),
        "most": MOST_JUDGED,
    }


def _listed(names: Iterable[object]) -> str:
    return "".join((",", *(f"{name}," for name in names)))
