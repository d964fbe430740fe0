"""The few words in which PostgreSQL's SQL differs from SQLite's, and values that its types want otherwise."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from genkan.store import rows

# These indexes have a condition that every row fulfils and that the planner cannot know: only a statement that says it
# may use the index. A look-up of a grant by its id, to which all three fit, thus finds the one of ids alone (0221).
_OPENED = {"grants_by_account": "account_stop >= 0", "grants_by_link": "link_stop >= 0"}
# What a join names is looked up row by row: behind OFFSET 0, which costs nothing, the planner has no other way (0221).
_JOINED = re.compile(
    r"\b(CROSS|LEFT) JOIN (\w+) (\w+) ON "
    r"(?>(\w+\.\w+ = [\w.?:$]+(?:\s+AND \w+\.\w+ = [\w.?:$]+)*))(?!\(|\s+(?:AND|OR)\b)"
)

# Both engines share their statements; whatever is not in this table must be spelled so that both understand it.
_WORDS = (
    # Keys are found first and looked up then, never the other way round.
    (re.compile(r"(\w+) IN \((SELECT [^()]+)\)"), r"\1 = ANY (ARRAY(\2))"),
    (re.compile(r"\binstr\("), "strpos("),
    (re.compile(r"\bhex\((\w+\.\w+)\)"), r"upper(encode(\1, 'hex'))"),
    (re.compile(r"\bMAX\(([^(),]+,[^()]+)\)"), r"GREATEST(\1)"),
    (re.compile(r"\bMIN\(([^(),]+,[^()]+)\)"), r"LEAST(\1)"),
    # Letters beyond ASCII keep their case, as in SQLite.
    (re.compile(r"\blower\((:\w+)\)"), r'lower(\1 COLLATE "C")'),
    # Of the audit: its text is text whoever has tampered with it, and an address is bytes whatever it is.
    (re.compile(r"typeof\((\w+\.address)\)"), r"CASE WHEN length(\1) IN (4, 16) THEN 'blob' ELSE 'text' END"),
    (
        re.compile(r"CAST\((\w+\.address) AS BLOB\)"),
        r"CASE WHEN length(\1) IN (4, 16) THEN \1 ELSE substr(\1, 18) END",
    ),
    (re.compile(r"CAST\((\w+\.\w+) AS BLOB\)"), r"\1"),
    (re.compile(r"(\w+\.\w+) = \? COLLATE NOCASE"), r'lower(\1) = lower(? COLLATE "C")'),
)
_INDEXED_UPDATE = re.compile(r"UPDATE (\w+) INDEXED BY (\w+) SET (.*?) WHERE", re.DOTALL)
_INDEXED_SELECT = re.compile(r"FROM (\w+)(?: (\w))? INDEXED BY (\w+)")
_PLACE = re.compile(r"'[^']*'|\?(\d*)|(?<!:):([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A statement for PostgreSQL. ``names`` are its parameters in order where they had names."""

    text: str
    names: tuple[str, ...]

    def values(self, parameters: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any]:
        if isinstance(parameters, Mapping):
            return [parameters[name] for name in self.names]
        return parameters


@lru_cache(maxsize=1024)
def spelled(sql: str) -> Spelled:
    """The same statement in PostgreSQL's words."""
    sql = one_by_one(_opened(sql))
    for pattern, instead in _WORDS:
        sql = pattern.sub(instead, sql)
    names: list[str] = []
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        number, name = found.groups()
        if found[0].startswith("'"):
            return found[0]
        if name:
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"
        count += 1
        return f"${number or count}"

    return Spelled(_PLACE.sub(place, sql), tuple(names))


def one_by_one(sql: str) -> str:
    """The same statement, each of whose joins is a look-up of its own."""
    return _JOINED.sub(_look_up, sql)


def _look_up(found: re.Match[str]) -> str:
    kind, table, name, condition = found.groups()
    always = " ON TRUE" if kind == "LEFT" else ""
    return f"{kind} JOIN LATERAL (SELECT * FROM {table} {name} WHERE {condition} OFFSET 0) {name}{always}"  # noqa: S608 made of constants


def _opened(sql: str) -> str:
    """Behind INDEXED BY an index is named, which PostgreSQL has no word for: its condition is said instead."""
    return _INDEXED_SELECT.sub(_opened_select, _INDEXED_UPDATE.sub(_opened_update, sql))


def _opened_update(found: re.Match[str]) -> str:
    table, index, values = found.groups()
    opened = f" {_OPENED[index]} AND" if index in _OPENED else ""
    return f"UPDATE {table} SET {values} WHERE{opened}"  # noqa: S608 made of constants


def _opened_select(found: re.Match[str]) -> str:
    table, name, index = found.groups()
    if index in _OPENED:
        return f"FROM (SELECT * FROM {table} WHERE {_OPENED[index]}) {name or table}"  # noqa: S608 made of constants
    return f"FROM {table} {name}" if name else f"FROM {table}"


# PostgreSQL's text knows no NUL, with which tombstones' names begin. These pairs keep the order and can be told apart.
def escaped(text: str) -> str:
    """A text as it is stored."""
    if "\x00" in text or "\x01" in text:
        return text.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
    # A member of a StrEnum is bound as the plain text it is.
    return str.__str__(text)


def unescaped(text: str) -> str:
    """The text that escaped() was given."""
    return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def plain(record: Sequence[Any]) -> tuple[Any, ...]:
    """A row as the other engine would give it."""
    return tuple([unescaped(v) if type(v) is str and "\x01" in v else v for v in record])


def _bytes(value: Any) -> bytes:
    return rows.address_bytes(value) if isinstance(value, str) else value


_WANTED: Mapping[str, Callable[[Any], Any]] = {
    "text": escaped, "bool": bool, "int2": int, "int4": int, "int8": int, "bytea": _bytes,
}  # fmt: skip


def converters(types: Sequence[str]) -> list[Callable[[Any], Any]]:
    """One a parameter, by the names of their types."""
    return [_WANTED[name] for name in types]


def converted(values: Sequence[Any], by: Sequence[Callable[[Any], Any]]) -> list[Any]:
    return [None if value is None else convert(value) for value, convert in zip(values, by, strict=True)]
