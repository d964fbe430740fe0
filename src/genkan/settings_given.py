"""Where each setting was written, and what is wrong with it in words: the file, the variables and the flags become
values that know their place. Which settings there are is ``settings``'.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from msgspec import inspect

Kinds: TypeAlias = Mapping[str, inspect.Type]
PREFIX = "GENKAN_"
FILE_NAME = "genkan.toml"
FILE_VARIABLE = "GENKAN_SETTINGS_FILE"
# Read by the app's side (genkan app), not by the site.
APP_NAMES = frozenset(
    {
        "GENKAN_APP_DIR",
        "GENKAN_APP_KEY_FILE",
        "GENKAN_APP_MANAGED",
        "GENKAN_APP_SITES",
        "GENKAN_APP_VAULT",
        "GENKAN_BROWSER",
        FILE_VARIABLE,
    }
)
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and the name under which somebody wrote it: a variable, a key of the file, a flag."""

    place: str
    value: object


class BadSetting(Exception):
    """One sentence that begins with the place to mend."""


def variable_of(name: str) -> str:
    """The variable of a setting."""
    return PREFIX + name.upper()


def flag_of(name: str) -> str:
    """The flag of a setting."""
    return "--" + name.replace("_", "-")


def read_file(environment: Mapping[str, str], known: Kinds) -> dict[str, Given]:
    """What genkan.toml, or the file that GENKAN_SETTINGS_FILE names, says. Raises BadSetting."""
    named = environment.get(FILE_VARIABLE)
    path = Path(named or FILE_NAME)
    text = _text_of(path, f"{FILE_VARIABLE}: " if named else "")
    given = {}
    for key, value in _document(path, text).items():
        if key not in known:
            raise BadSetting(_unknown_key(path, key, value, known))
        given[key] = Given(f"{path}: {key}", value)
    return given


def _text_of(path: Path, place: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not place:
            return b""
        raise BadSetting(f"{place}there is no file {path}") from None
    except OSError as problem:
        raise BadSetting(f"{place}{path} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise BadSetting(f"{place}{str(path)!r} cannot be the name of a file") from None


def _document(path: Path, text: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(text.decode())
    except UnicodeDecodeError as problem:
        raise BadSetting(f"{path}: {not_utf8(text, problem)}") from None
    except tomllib.TOMLDecodeError as problem:
        raise BadSetting(f'{path}: {not_toml(problem)}; write lines as in port = 8080 or host = "127.0.0.1"') from None


def not_utf8(text: bytes, problem: UnicodeDecodeError) -> str:
    """Where a file stops to be text."""
    line = text.count(b"\n", 0, problem.start) + 1
    return f"line {line} is not UTF-8; save the file as UTF-8"


def not_toml(problem: tomllib.TOMLDecodeError) -> str:
    """Where a file stops to be TOML."""
    where = str(problem).rpartition("(at ")[2].rstrip(")").replace("end of document", "its end")
    return f"it is not TOML at {where}" if "(at " in str(problem) else "it is not TOML"


def _unknown_key(path: Path, key: str, value: object, known: Iterable[str]) -> str:
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
        return f"{path}: [{key}]: settings stand in no table; write them at the top, as in port = 8080"
    near = _near(key.removeprefix(PREFIX).lower(), known)
    return f"{path}: {key}: there is no such setting{near}"


def read_variables(environment: Mapping[str, str], known: Kinds) -> dict[str, Given]:
    """What the GENKAN_* variables say. Raises BadSetting."""
    given = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in APP_NAMES:
            continue
        field = name.removeprefix(PREFIX).lower()
        if text.startswith("tcp://") or (field not in known and _is_service_link(field)):
            raise BadSetting(
                f"{name}: Kubernetes service links injected it; set enableServiceLinks: false in the pod, "
                "or give the service another name than genkan"
            )
        if field not in known:
            near = _near(name.upper(), [*map(variable_of, known), *sorted(APP_NAMES)])
            raise BadSetting(f"{name}: there is no such setting{near}")
        given[field] = Given(name, text)
    return given


def _is_service_link(field: str) -> bool:
    return field.startswith(("port_", "service_")) or field.endswith(("_service_host", "_service_port"))


def _near(name: str, candidates: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def read_flags(flags: Mapping[str, object], known: Kinds) -> dict[str, Given]:
    """What the flags of the command say; a flag that was not given is None. Raises BadSetting."""
    for name in flags:
        # The command has no others; a program that names settings may.
        if name not in known:
            raise BadSetting(f"{flag_of(name)}: there is no such setting{_near(name, known)}")
    return {name: Given(flag_of(name), value) for name, value in flags.items() if value is not None}


def spelled(value: object, kind: inspect.Type) -> object:
    """The value in the one spelling that is converted: words for yes and no, and lists separated by commas."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if isinstance(kind, inspect.BoolType) and word in YES | NO:
        return word in YES
    if isinstance(kind, inspect.VarTupleType):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def fault(given: Given, kind: inspect.Type) -> str:
    """What a value that does not fit its setting is answered with."""
    shown = "it is empty" if given.value == "" else f"{_short(given.value)} will not do"
    return f"{given.place}: {shown}; write {wanted(kind)}"


def _short(value: object) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else repr(value)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "\N{HORIZONTAL ELLIPSIS}"


def wanted(kind: inspect.Type) -> str:
    """What can be written for a setting of this kind."""
    match kind:
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            *others, last = map(str, values)
            return f"{', '.join(others)} or {last}"
        case inspect.VarTupleType():
            return 'a list, as in 127.0.0.1, 10.0.0.0/8 for a variable or ["127.0.0.1", "10.0.0.0/8"] in the file'
        case inspect.StrType(min_length=least, max_length=most) if most:
            return f"text of {least or 0} to {most} characters"
        case _:
            return "text"
