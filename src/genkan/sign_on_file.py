"""The sign-on file (GENKAN_SIGN_ON_FILE): TOML, one table a directory. Whatever is wrong with it is one sentence."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from genkan.settings_given import BadSetting, not_toml, not_utf8, wanted
from genkan.sources.base import Source
from genkan.sources.ldap import LdapSource
from genkan.sources.openid import OpenIDSource

MOST_BYTES = 1024 * 1024
MOST_SOURCES = 50
MOST_SHOWN = 80
_LIST = 'a list of texts, as in ["openid", "email"]'
TABLES: Mapping[str, type[Source]] = {"openid": OpenIDSource, "ldap": LdapSource}


@dataclass(frozen=True, slots=True)
class SignOn:
    """The directories of the file, in its order."""

    sources: tuple[Source, ...] = ()

    def named(self, name: str) -> Source | None:
        """The source of this name."""
        return next((source for source in self.sources if source.name == name), None)

    @property
    def openid(self) -> tuple[OpenIDSource, ...]:
        """The OpenID providers alone."""
        return tuple(source for source in self.sources if isinstance(source, OpenIDSource))

    @property
    def ldap(self) -> tuple[LdapSource, ...]:
        """The LDAP directories alone."""
        return tuple(source for source in self.sources if isinstance(source, LdapSource))


def read_sign_on(path: str) -> SignOn:
    """The directories; none where no file is named. Raises BadSetting with one sentence that begins with the file."""
    if not path:
        return SignOn()
    document = _document(path)
    for key in document:
        if key not in TABLES:
            names = " or ".join(f"[[{name}]]" for name in TABLES)
            raise BadSetting(f"{path}: {key}: there is no such table; write {names}")
    sources = tuple(
        _source(path, f"[[{name}]] {number}", values, kind)
        for name, kind in TABLES.items()
        for number, values in enumerate(_tables(path, name, document), 1)
    )
    called = [source.name for source in sources]
    twice = next((one for one in called if called.count(one) > 1), None)
    if twice is not None:
        raise BadSetting(f"{path}: name: two tables are called {twice}; people are linked under the name")
    if len(sources) > MOST_SOURCES:
        raise BadSetting(f"{path}: write at most {MOST_SOURCES} tables")
    return SignOn(sources)


def _document(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise BadSetting(f"there is no file {path}") from None
    except OSError as problem:
        raise BadSetting(f"{path} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise BadSetting(f"{path[:MOST_SHOWN]!r} cannot be the name of a file") from None
    if len(content) > MOST_BYTES:
        raise BadSetting(f"{path}: it is longer than {MOST_BYTES} bytes")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as problem:
        raise BadSetting(f"{path}: {not_utf8(content, problem)}") from None
    except tomllib.TOMLDecodeError as problem:
        raise BadSetting(f"{path}: {not_toml(problem)}") from None


def _tables(path: str, name: str, document: dict[str, Any]) -> Sequence[dict[str, Any]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise BadSetting(f"{path}: {name}: write [[{name}]] with two brackets, once for each")
    return found


def _source(path: str, place: str, values: dict[str, Any], kind: type[Source]) -> Source:
    fields = {info.name: info for info in msgspec.inspect.type_info(kind).fields}  # type: ignore[attr-defined]
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(key, list(fields), n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise BadSetting(f"{path}: {place}: {key}: there is no such key{hint}")
    missing = next((name for name, info in fields.items() if info.required and name not in values), None)
    if missing is not None:
        raise BadSetting(f"{path}: {place}: {missing} is missing")
    try:
        source = msgspec.convert(values, kind)
    except msgspec.ValidationError as problem:
        raise BadSetting(f"{path}: {place}: {_fault(str(problem), values, fields)}") from None
    _check_files(f"{path}: {place}", source)
    return source


def _fault(said: str, values: dict[str, Any], fields: Mapping[str, Any]) -> str:
    """The decoder names the place of a wrong type; what a table's own rules say begins with the key by itself."""
    said, _, where = said.partition(" - at `$.")
    if not where:
        return said
    key = where.rstrip("`").partition("[")[0]
    kind = fields[key].type
    plain = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
    shown = "it is empty" if values[key] == "" else f"{str(values[key])[:MOST_SHOWN]!r} will not do"
    is_list = isinstance(plain, msgspec.inspect.VarTupleType)
    return f"{key}: {shown}; write {_LIST if is_list else wanted(plain)}"


def _check_files(place: str, source: Source) -> None:
    """Secrets stand in files of their own; one that cannot be read is told of at the start, not at a sign-in."""
    for name in source.__struct_fields__:
        text = getattr(source, name)
        if name.endswith("_file") and text:
            try:
                Path(text).read_bytes()
            except OSError as problem:
                raise BadSetting(f"{place}: {name}: {text} cannot be read: {problem.strerror}") from None
