"""The configuration file: its tables and keys, read strictly, each fault with its place. What it means is planned
elsewhere.

What a table does not say stays as it is; for something new it is the default.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Struct, UnsetType

from genkan.protocol.records import ConsentMode, LinkKind, Standing
from genkan.protocol.signin.ways import WORDS
from genkan.settings_given import not_toml, not_utf8
from genkan.site.api.documents import PermissionWord, WayWord
from genkan.wire.scopes import Permission

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
    ways: tuple[WayWord, ...] | UnsetType = UNSET
    max_age_seconds: int | UnsetType = UNSET
    state: Standing | UnsetType = UNSET
    secret_file: str | UnsetType = UNSET
    secret_env: str | UnsetType = UNSET


class MobileEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[mobile]``: the switch. ``client_id`` says which link is the app's; where there is none it is made."""

    enabled: bool
    client_id: str | UnsetType = UNSET


class SignInEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[sign_in]``: the ways to sign in that the site takes, and how old a sign-in may be for an application (0: any
    age).
    """

    ways: tuple[WayWord, ...] | UnsetType = UNSET
    max_age_seconds: int | UnsetType = UNSET


class Configuration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole file."""

    mobile: MobileEntry | UnsetType = UNSET
    sign_in: SignInEntry | UnsetType = UNSET
    link: tuple[LinkEntry, ...] = ()
    user: tuple[UserEntry, ...] = ()


ENTRIES: Mapping[str, type[Struct]] = {"link": LinkEntry, "user": UserEntry}


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """What is wrong with a file, as one sentence that begins with the place."""

    sentence: str


def parse(text: bytes) -> Configuration | ConfigurationProblem:
    """Read a file; anything that it does not mean to say is a problem."""
    try:
        document = tomllib.loads(text.decode())
    except UnicodeDecodeError as fault:
        return ConfigurationProblem(not_utf8(text, fault))
    except tomllib.TOMLDecodeError as fault:
        return ConfigurationProblem(f"{not_toml(fault)}; genkan export prints a file to compare it with")
    try:
        return msgspec.convert(document, Configuration)
    except msgspec.ValidationError as fault:
        return ConfigurationProblem(_placed(str(fault), document))


def place(table: str, number: int, name: object) -> str:
    """How an entry is pointed at: its table, its number from 1, and its name where it has one."""
    return f"{table} {number + 1} ({name})" if isinstance(name, str) and name else f"{table} {number + 1}"


def _placed(fault: str, document: dict[str, object]) -> str:
    """msgspec says ``what - at `$.link[0].redirects[1]` ``; people look for the table and its name."""
    what, _, pointer = fault.partition(" - at `$")
    path = pointer.rstrip("`").lstrip(".")
    head, _, rest = path.partition(".")
    table, _, index = head.partition("[")
    number = index.rstrip("]")
    where = place(table, int(number), _name(document, table, int(number))) if number.isdecimal() else head or WHOLE
    return f"{where}: {f'{rest}: ' if rest else ''}{_to_write(what, table, rest or head)}"


def _to_write(what: str, table: str, key: str) -> str:
    """What to write in place of what msgspec cannot read."""
    named = what.partition("field `")[2].rstrip("`")
    if what.startswith("Object missing"):
        return f"the key {named!r} is missing"
    if what.startswith("Object contains"):
        near = difflib.get_close_matches(named, _KEYS.get(table, _KEYS[""]), n=1)
        return f"there is no key {named!r}{f'; did you mean {near[0]}?' if near else ''}"
    if what.startswith("Expected `array`"):
        return f"write each {key} under a line [[{key}]]" if key in ENTRIES else f'write a list, as in {key} = ["…"]'
    if what.startswith("Invalid enum value"):
        return f"write {' or '.join(_CHOICES[key.partition('[')[0]])}"
    return next((words for start, words in _KINDS.items() if what.startswith(start)), what.replace("`", "'"))


_KINDS = {
    "Expected `bool`": "write true or false",
    "Expected `int`": "write a whole number",
    "Expected `str`": "write text in quotes",
    "Expected `object`": "write it as a table, its keys below it",
}
_STRUCTS: Mapping[str, type[Struct]] = {"": Configuration, "mobile": MobileEntry, "sign_in": SignInEntry, **ENTRIES}
_KEYS = {table: list(struct.__struct_fields__) for table, struct in _STRUCTS.items()}
_CHOICES: Mapping[str, list[str]] = {
    "permission": list(Permission.__members__),
    "state": [*Standing],
    "kind": [*LinkKind],
    "consent": [*ConsentMode],
    "ways": [*WORDS.values()],
}


def _name(document: dict[str, object], table: str, number: int) -> object:
    entries = document.get(table)
    entry = entries[number] if isinstance(entries, list) and number < len(entries) else None
    return entry.get("name") if isinstance(entry, dict) else None
