"""What an entry of a directory says of a person, read from bytes that anybody may have written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genkan.protocol.accounts import NAME_CHARACTERS, TEXT_CHARACTERS
from genkan.protocol.env import DAY
from genkan.sources import ldap_names
from genkan.sources.ldap_names import Level
from genkan.wire.scopes import Permission

Values = Mapping[str, Sequence[bytes]]
LONGEST_ID = 128
MOST_GROUPS = 1000
# MS-ADTS 2.2.16: ADS_UF_ACCOUNTDISABLE
_DISABLED_BIT = 0x0002
# MS-ADA1 2.1: 100 nanoseconds since 1601; these two mean never.
_NEVER = (0, 0x7FFFFFFFFFFFFFFF)
_FILETIME_TO_UNIX = 11_644_473_600_000
# draft-behera-ldap-password-policy 5.3.3: locked until an administrator unlocks it. Any other time is a lock by wrong
# passwords, which anybody can cause and which must not end a person's sign-ins.
_LOCKED_FOR_GOOD = b"000001010000"
STATE_ATTRIBUTES = (
    "userAccountControl", "accountExpires", "shadowExpire", "pwdAccountLockedTime", "nsAccountLock", "loginDisabled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Described:
    """A person as an entry describes them. ``subject`` is the id that stays; ``out`` why they do not belong here."""

    dn: str
    subject: str
    login: str
    display_name: str
    email: str
    groups: tuple[str, ...]
    permission: Permission | None = None
    out: str = ""


def subject_of(value: bytes, *, binary: bool) -> str:
    """The id as we keep it; empty for one that cannot be kept."""
    if binary:
        return value.hex() if len(value) == 16 else ""
    text = _text(value, LONGEST_ID)
    # RFC 4530 2.4: two spellings of one UUID are equal.
    return text.lower()


def raw_id(subject: str, *, binary: bool) -> bytes:
    """The id as the directory wants to be asked for it; empty for what cannot be one."""
    try:
        return bytes.fromhex(subject) if binary else subject.encode("utf-8")
    except (ValueError, UnicodeEncodeError):
        return b""


def text_of(values: Values, attribute: str) -> str:
    """The first value that can be read, in the order of their bytes: a set has no order of its own."""
    texts = (_text(value, TEXT_CHARACTERS) for value in sorted(values.get(attribute.lower(), ())))
    return next(filter(None, texts), "")


def _text(value: bytes, most: int) -> str:
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    return text if len(text) <= most and text.isprintable() else ""


def why_out(values: Values, now: int) -> str:
    """Why the entry itself says that the person does not belong here any more; empty where it does not."""
    if _number(values, "useraccountcontrol", 0) & _DISABLED_BIT:
        return "disabled (userAccountControl)"
    expires = _number(values, "accountexpires", 0)
    if expires not in _NEVER and expires // 10_000 - _FILETIME_TO_UNIX <= now:
        return "expired (accountExpires)"
    # shadow(5): days since 1970; a negative one is never.
    day = _number(values, "shadowexpire", -1)
    if 0 <= day <= now // DAY:
        return "expired (shadowExpire)"
    if any(value.startswith(_LOCKED_FOR_GOOD) for value in values.get("pwdaccountlockedtime", ())):
        return "locked by an administrator (pwdAccountLockedTime)"
    for attribute in ("nsaccountlock", "logindisabled"):
        if any(value.strip().lower() == b"true" for value in values.get(attribute, ())):
            return f"disabled ({'nsAccountLock' if attribute == 'nsaccountlock' else 'loginDisabled'})"
    return ""


def _number(values: Values, attribute: str, otherwise: int) -> int:
    """A number that is written as one; whatever else stands there says nothing."""
    for value in values.get(attribute, ()):
        text = value.decode("ascii", "replace").strip()
        if 0 < len(text) <= 20 and text.removeprefix("-").isdecimal() and text.isascii():
            return int(text)
    return otherwise


def group_names(dns: Sequence[bytes]) -> tuple[str, ...]:
    """What groups are called: the value of the first part of their names, as cn=staff,ou=groups is called staff."""
    found = {name for dn in dns[:MOST_GROUPS] if (name := _group_name(dn))}
    return tuple(sorted(found))


def _group_name(dn: bytes) -> str:
    text = _text(dn, ldap_names.MOST_CHARACTERS)
    if "=" not in text:
        return text if len(text) <= NAME_CHARACTERS else ""
    try:
        return ldap_names.first_value(text)
    except ldap_names.BadName:
        return ""


def permission_of(
    dns: Sequence[bytes], by_group: Mapping[tuple[Level, ...], Permission], otherwise: Permission, most: Permission
) -> Permission | None:
    """What the groups let a person do; None where groups have no say."""
    if not by_group:
        return None
    given = [by_group[name] for dn in dns[:MOST_GROUPS] if (name := _meaning(dn)) in by_group]
    return min(max(given, default=otherwise), most)


def _meaning(dn: bytes) -> tuple[Level, ...]:
    try:
        return ldap_names.parse(_text(dn, ldap_names.MOST_CHARACTERS))
    except ldap_names.BadName:
        return ()
