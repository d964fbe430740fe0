"""Accounts: one spelling per person, what may be changed, and the stops that follow."""

import unicodedata
from dataclasses import dataclass, field, replace

from genkan.protocol.actors import address_of
from genkan.protocol.env import Env
from genkan.protocol.outcomes import (
    AddAccount,
    Change,
    EraseTraces,
    Event,
    EventKind,
    PutAccount,
    RaiseStop,
    Refused,
    SetPassword,
    Step,
    Subject,
)
from genkan.protocol.passkey_steps import DropPasskeys
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Standing
from genkan.protocol.signin_steps import PutRecoveryCodes
from genkan.wire.scopes import Permission

NAME_CHARACTERS = 100
TEXT_CHARACTERS = 200
MOST_GROUPS = 100
TAG_CHARACTERS = 64
_IN_TAGS = "+-/_"
PASSWORD_CHARACTERS = (10, 1024)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols by their category, and yet nothing to see: Unicode's Default_Ignorable_Code_Point outside
# the categories above, and the empty Braille cell.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def fold(name: str) -> str | None:
    """The one spelling that stands for all spellings of a name: case, Unicode form and spaces folded (RFC 8265 3.3).

    None when the name cannot be one: empty, too long, or with characters that nobody sees.
    """
    if len(name) > 4 * NAME_CHARACTERS or not _is_visible(name):
        return None
    folded = _fold_once(name)
    while folded != (again := _fold_once(folded)):
        folded = again
    return folded if 1 <= len(folded) <= NAME_CHARACTERS and _is_visible(folded) else None


def _is_visible(text: str) -> bool:
    return all(c not in _INVISIBLE and unicodedata.category(c) not in _HIDDEN for c in text)


def _fold_once(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


@dataclass(frozen=True, slots=True)
class AccountWish:
    """What an account shall be. ``name`` as shown; what it folds to must be free. A locale or time zone that is None
    stays as it is.
    """

    name: str
    display_name: str = ""
    email: str = ""
    permission: Permission = Permission.WRITE
    groups: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)
    locale: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account and the change that adds it."""

    account: Account
    change: Change


def password_fault(password: str) -> Refused | None:
    """Length is what counts (NIST SP 800-63B 3.1.1); the upper bound keeps hashing bounded."""
    least, most = PASSWORD_CHARACTERS
    if not least <= len(password) <= most:
        return Refused(Reason.INVALID_VALUE, f"password: {least} to {most} characters")
    return None


def create(wish: AccountWish, actor: str, env: Env, account_id: int | None = None) -> NewAccount | Refused:
    """A new active account. ``account_id`` was drawn before where something has been tied to it already."""
    folded = fold(wish.name)
    fault = _wish_fault(wish)
    if folded is None or fault is not None:
        return fault or Refused(Reason.INVALID_VALUE, f"name: 1 to {NAME_CHARACTERS} visible characters")
    account = Account(
        id=env.draw_id() if account_id is None else account_id,
        name=" ".join(wish.name.split()),
        folded=folded,
        display_name=wish.display_name.strip() or " ".join(wish.name.split()),
        email=wish.email.strip(),
        permission=wish.permission,
        groups=_groups(wish.groups),
        standing=Standing.ACTIVE,
        stop=0,
        created_at=env.now,
        version=1,
        locale=wish.locale or "",
        time_zone=wish.time_zone or "UTC",
    )
    steps: tuple[Step, ...] = (AddAccount(account),)
    if wish.password_hash is not None:
        steps += (SetPassword(account.id, wish.password_hash, env.now),)
    return NewAccount(account, Change(steps, (_event(EventKind.ACCOUNT_ADDED, account, actor, env),)))


def change(account: Account, wish: AccountWish, actor: str, env: Env) -> Change | Refused:
    """Change what is known of a person and what they may. A lowered right counts from the next request (tokens.md
    4).
    """
    fault = _tombstone_fault(account) or _wish_fault(wish)
    if fault is not None:
        return fault
    if fold(wish.name) != account.folded:
        return Refused(Reason.INVALID_VALUE, "name: an account keeps its name; make another account instead")
    changed = replace(
        account,
        name=" ".join(wish.name.split()),
        display_name=wish.display_name.strip() or account.name,
        email=wish.email.strip(),
        permission=wish.permission,
        groups=_groups(wish.groups),
        version=account.version + 1,
        locale=account.locale if wish.locale is None else wish.locale,
        time_zone=wish.time_zone or account.time_zone,
    )
    steps: tuple[Step, ...] = (PutAccount(changed),)
    if wish.password_hash is not None:
        steps += (SetPassword(account.id, wish.password_hash, env.now),)
    return Change(steps, (_event(EventKind.ACCOUNT_CHANGED, changed, actor, env),))


def set_standing(account: Account, standing: Standing, actor: str, env: Env) -> Change | Refused:
    """Enable, disable or delete. Disabling and deleting end every session and sign-in, for ever."""
    gone = _tombstone_fault(account)
    if gone is not None:
        return gone
    changed = replace(account, standing=standing, version=account.version + 1)
    if standing is Standing.ACTIVE:
        return Change((PutAccount(changed),), (_event(EventKind.ACCOUNT_ENABLED, changed, actor, env),))
    deleted = standing is Standing.DELETED
    kind = EventKind.ACCOUNT_DELETED if deleted else EventKind.ACCOUNT_DISABLED
    reason = EndReason.ACCOUNT_DELETED if deleted else EndReason.ACCOUNT_DISABLED
    if deleted:
        # The tombstone frees the name and forgets the person; its id is never reused (tokens.md 1).
        changed = replace(changed, folded=f"\0{account.id}", display_name="", email="", groups=())
    steps: tuple[Step, ...] = (PutAccount(changed), RaiseStop(Subject.ACCOUNT, account.id, reason, env.now))
    if deleted:
        codes = PutRecoveryCodes(account.id, (), env.now)
        steps += (SetPassword(account.id, None, env.now), DropPasskeys(account.id), codes)
    return Change(steps, (_event(kind, changed, actor, env),))


def set_password(
    account: Account, password_hash: str, sign_out: bool, actor: str, env: Env, detail: str = ""
) -> Change:
    """A new password; with ``sign_out`` everything that is signed in ends."""
    steps: tuple[Step, ...] = (SetPassword(account.id, password_hash, env.now),)
    if sign_out:
        steps += (RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, env.now),)
    return Change(steps, (_event(EventKind.PASSWORD_CHANGED, account, actor, env, detail),))


def sign_out_everywhere(account: Account, reason: EndReason, actor: str, env: Env) -> Change:
    """End every session and sign-in of a person."""
    stop = RaiseStop(Subject.ACCOUNT, account.id, reason, env.now)
    return Change((stop,), (_event(EventKind.ACCOUNT_SIGNED_OUT, account, actor, env, reason),))


def recover(account: Account, password_hash: str | None, actor: str, env: Env) -> Change | Refused:
    """Break-glass on the box: enable, make administrator, set a password if one is given, sign everything else out."""
    gone = _tombstone_fault(account)
    if gone is not None:
        return gone
    changed = replace(
        account, standing=Standing.ACTIVE, permission=Permission.SYSTEM_ADMIN, version=account.version + 1
    )
    password = () if password_hash is None else (SetPassword(account.id, password_hash, env.now),)
    stop = RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, env.now)
    steps: tuple[Step, ...] = (PutAccount(changed), *password, stop)
    return Change(steps, (_event(EventKind.ACCOUNT_RECOVERED, changed, actor, env),))


def erase(account: Account, actor: str, env: Env) -> Change:
    """Forget a person for good, deleted before or not: their account's tombstone and the audit keep an opaque id."""
    erased = replace(
        account,
        name=f"erased-{account.id:016x}",
        folded=f"\0{account.id}",
        display_name="",
        email="",
        groups=(),
        standing=Standing.DELETED,
        version=account.version + 1,
        locale="",
        time_zone="UTC",
    )
    steps = (
        PutAccount(erased),
        RaiseStop(Subject.ACCOUNT, account.id, EndReason.ACCOUNT_DELETED, env.now),
        SetPassword(account.id, None, env.now),
        DropPasskeys(account.id),
        EraseTraces(account.id),
    )
    return Change(steps, (_event(EventKind.ACCOUNT_ERASED, erased, actor, env),))


def _tombstone_fault(account: Account) -> Refused | None:
    """A deleted account stays deleted: its id must never mean a person again."""
    return Refused(Reason.NOT_FOUND) if account.standing is Standing.DELETED else None


def _wish_fault(wish: AccountWish) -> Refused | None:
    for field_name, text in (("display name", wish.display_name), ("e-mail", wish.email)):
        if len(text) > TEXT_CHARACTERS or not all(c.isprintable() for c in text):
            return Refused(Reason.INVALID_VALUE, f"{field_name}: at most {TEXT_CHARACTERS} printable characters")
    for field_name, tag in (("locale", wish.locale), ("time zone", wish.time_zone)):
        if tag and not _is_tag(tag):
            rule = f"at most {TAG_CHARACTERS} letters, digits and {_IN_TAGS}"
            return Refused(Reason.INVALID_VALUE, f"{field_name}: {rule}")
    if wish.email.strip() and "@" not in wish.email.strip()[1:-1]:
        return Refused(Reason.INVALID_VALUE, "e-mail: it has no @ between a name and a host")
    # Groups travel in one header, separated by commas (Remote-Groups).
    good = all(g.strip() and g.isprintable() and "," not in g and len(g) <= NAME_CHARACTERS for g in wish.groups)
    if not good or len(wish.groups) > MOST_GROUPS:
        return Refused(Reason.INVALID_VALUE, f"group: at most {MOST_GROUPS}, each printable and without a comma")
    return None


def _is_tag(text: str) -> bool:
    return len(text) <= TAG_CHARACTERS and text.isascii() and all(c.isalnum() or c in _IN_TAGS for c in text)


def _groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({g.strip() for g in groups}))


def _event(kind: EventKind, account: Account, actor: str, env: Env, detail: str = "") -> Event:
    # Never the name: the audit keeps its lines when a person is erased.
    return Event(kind, env.now, actor, account_id=account.id, address=address_of(actor), detail=detail)
