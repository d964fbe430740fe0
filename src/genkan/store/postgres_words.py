"""The few words in which PostgreSQL's SQL differs from SQLite's, and values that its types want otherwise."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from genkan.store import rows

# Both engines share their statements; whatever is not in this table must be spelled so that both understand it.
_WORDS = (
    # These indexes have a condition that every row fulfils and that the planner cannot know: only a statement that says
    # it may use the index. A look-up of a grant by its id, to which all three fit, thus finds that of ids alone (0221).
    (
        re.compile(r"FROM grants (\w) INDEXED BY grants_by_account"),
        r"FROM (SELECT * FROM grants WHERE account_stop >= 0) \1",
    ),
    (re.compile(r"FROM grants (\w) INDEXED BY grants_by_link"), r"FROM (SELECT * FROM grants WHERE link_stop >= 0) \1"),
    (
        re.compile(r"UPDATE grants INDEXED BY grants_by_account SET (.*?) WHERE", re.DOTALL),
        r"UPDATE grants SET \1 WHERE account_stop >= 0 AND",
    ),
    (
        re.compile(r"UPDATE grants INDEXED BY grants_by_link SET (.*?) WHERE", re.DOTALL),
        r"UPDATE grants SET \1 WHERE link_stop >= 0 AND",
    ),
    (re.compile(r" INDEXED BY \w+"), ""),
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
# What a join names is looked up row by row: behind OFFSET 0, which costs nothing, the planner has no other way (0221).
_NAMED = r" JOIN (\w+) (\w+) ON (?>(\w+\.\w+ = [\w.?:$]+(?:\s+AND \w+\.\w+ = [\w.?:$]+)*))(?!\(|\s+(?:AND|OR)\b)"
_CROSS_JOIN, _LEFT_JOIN = re.compile(rf"\bCROSS{_NAMED}"), re.compile(rf"\bLEFT{_NAMED}")
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
    sql = one_by_one(sql)
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
    sql = _CROSS_JOIN.sub(r"CROSS JOIN LATERAL (SELECT * FROM \1 \2 WHERE \3 OFFSET 0) \2", sql)
    return _LEFT_JOIN.sub(r"LEFT JOIN LATERAL (SELECT * FROM \1 \2 WHERE \3 OFFSET 0) \2 ON TRUE", sql)


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
