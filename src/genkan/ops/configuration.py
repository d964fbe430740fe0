"""The configuration file: its tables and keys, read strictly, each fault with its place. What it means is planned
elsewhere.

What a table does not say stays as it is; for something new it is the default.
"""

import tomllib
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Struct, UnsetType

from genkan.protocol.records import ConsentMode, LinkKind, Standing
from genkan.site.documents import PermissionWord

WHOLE = "top level"


class UserEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[user]]``: an account, found by its name. The password is read from where one of the two names says."""

    name: str
    display_name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    permission: PermissionWord | UnsetType = UNSET
    groups: tuple[str, ...] | UnsetType = UNSET
    state: Standing | UnsetType = UNSET
    password_file: str | UnsetType = UNSET
    password_env: str | UnsetType = UNSET


class LinkEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[link]]``: an application link, found by its client id, or by its name where none is given."""

    name: str
    client_id: str | UnsetType = UNSET
    kind: LinkKind | UnsetType = UNSET
    redirects: tuple[str, ...] | UnsetType = UNSET
    permission: PermissionWord | UnsetType = UNSET
    consent: ConsentMode | UnsetType = UNSET
    introspect: bool | UnsetType = UNSET
    pkce_required: bool | UnsetType = UNSET
    plain_pkce: bool | UnsetType = UNSET
    absolute_lifetime_seconds: int | UnsetType = UNSET
    state: Standing | UnsetType = UNSET
    secret_file: str | UnsetType = UNSET
    secret_env: str | UnsetType = UNSET


class MobileEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[mobile]``: the switch. ``client_id`` says which link is the app's; where there is none it is made."""

    enabled: bool
    client_id: str | UnsetType = UNSET


class Configuration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole file."""

    mobile: MobileEntry | UnsetType = UNSET
    link: tuple[LinkEntry, ...] = ()
    user: tuple[UserEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """What is wrong with a file, as one sentence that begins with the place."""

    sentence: str


def parse(text: bytes) -> Configuration | ConfigurationProblem:
    """Read a file; anything that it does not mean to say is a problem."""
    try:
        document = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        return ConfigurationProblem(f"not TOML: {fault}")
    try:
        return msgspec.convert(document, Configuration)
    except msgspec.ValidationError as fault:
        return ConfigurationProblem(_placed(str(fault), document))


def place(table: str, number: int, name: object) -> str:
    """How an entry is pointed at: its table, its number from 1, and its name where it has one."""
    return f"{table} {number + 1} ({name})" if isinstance(name, str) and name else f"{table} {number + 1}"


def _placed(fault: str, document: dict[str, object]) -> str:
    """msgspec says ``what - at `$.link[0].redirects[1]` ``; people look for the table and its name."""
    what, _, pointer = fault.replace("Object contains unknown field", "there is no key").partition(" - at `$")
    path = pointer.rstrip("`").lstrip(".")
    head, _, rest = path.partition(".")
    table, _, index = head.partition("[")
    number = index.rstrip("]")
    where = place(table, int(number), _name(document, table, int(number))) if number.isdecimal() else head or WHOLE
    return f"{where}: {f'{rest}: ' if rest else ''}{what.replace('`', chr(39))}"


def _name(document: dict[str, object], table: str, number: int) -> object:
    entries = document.get(table)
    entry = entries[number] if isinstance(entries, list) and number < len(entries) else None
    return entry.get("name") if isinstance(entry, dict) else None
