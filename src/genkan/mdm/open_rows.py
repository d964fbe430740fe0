"""Owns the rows that consoles have people type: key, type and value, as lines, labelled lines, or cells of a table."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from genkan.mdm.opened import TOP, Kind, Opened, misspelt_sites, printable, with_sites
from genkan.mdm.plist_form import check_names
from genkan.wire.managed_entry import fold
from genkan.wire.managed_records import Findings

_ROW = re.compile(
    r"[ \t]*\"?(?P<key>[A-Za-z][\w. ]{0,79}?)\"?[ \t]{0,40}(?P<mark>[\t,;=:])[ \t]{0,40}(?P<rest>.*)", re.DOTALL
)
_TYPED = re.compile(r"(?P<type>[A-Za-z]{3,20})[ \t]{0,40}[\t,;][ \t]{0,40}(?P<value>[^ \t].*)", re.DOTALL)
_LABELS = {"key": "key", "configurationkey": "key", "type": "type", "valuetype": "type", "value": "value",
           "configurationvalue": "value"}  # fmt: skip
_TEXT = frozenset({"", "string", "text"})


@dataclass(frozen=True, slots=True)
class _Row:
    """One setting; the places are characters of the text."""

    key: str
    type: str
    value: str
    cell: bool
    key_at: tuple[int, int]
    type_at: tuple[int, int] | None
    value_at: tuple[int, int]


def open_rows(text: str, findings: Findings) -> Opened | None:
    """The settings in lines of text; None where no line names `sites`."""
    listed = [*_labelled([*_rows(text)])]
    rows = {row.key: row for row in listed}
    named = misspelt_sites(dict.fromkeys(rows)) or "sites"
    if named not in rows:
        return None
    check_names((row.key for row in listed), findings)
    settings = with_sites({key: _value(row) for key, row in rows.items()}, Kind.ROWS, findings)
    if fold(rows[named].type) not in _TEXT:
        findings.add(TOP.at("sites"), "row-type", type=printable(rows[named].type))
    return Opened(Kind.ROWS, settings, put=lambda changed: _put(changed, rows, named, text))


def _rows(text: str) -> Iterator[_Row]:
    """A row goes on over lines that begin as JSON goes on."""
    at, begun = 0, -1
    for line in text.split("\n"):
        if _ROW.match(line) is not None and line.lstrip()[0].isalpha():
            if begun >= 0:
                yield from _row(text, begun, at)
            begun = at
        at += len(line) + 1
    if begun >= 0:
        yield from _row(text, begun, len(text))


def _row(text: str, start: int, end: int) -> Iterator[_Row]:
    found = _ROW.match(text, start, end)
    if found is None:
        return
    first, last = found.span("rest")
    typed = _TYPED.match(text, first, last) if found["mark"] in "\t,;" else None
    if typed is not None:
        first, last = typed.span("value")
    while last > first and text[last - 1].isspace():
        last -= 1
    cell, value = _uncelled(text[first:last])
    type_at = typed.span("type") if typed is not None else None
    yield _Row(found["key"], typed["type"] if typed else "", value, cell, found.span("key"), type_at, (first, last))


def _uncelled(value: str) -> tuple[bool, str]:
    """A cell as a spreadsheet writes it: in quotes, each quote inside twice."""
    if len(value) > 1 and value[0] == value[-1] == '"' and '"' not in value[1:-1].replace('""', ""):
        return True, value[1:-1].replace('""', '"')
    return False, value


def _labelled(rows: list[_Row]) -> Iterator[_Row]:
    """Rows that are labels of one setting, put together; others as they are."""
    current: _Row | None = None
    for row in rows:
        label = _LABELS.get(fold(row.key))
        if label == "key":
            if current is not None:
                yield current
            current = replace(row, key=row.value, key_at=row.value_at, value="", value_at=(0, 0))
        elif current is not None and label == "type":
            current = replace(current, type=row.value, type_at=row.value_at)
        elif current is not None and label == "value":
            current = replace(current, value=row.value, cell=row.cell, value_at=row.value_at)
        else:
            yield row
    if current is not None:
        yield current


def _value(row: _Row) -> object:
    folded = row.value.strip().lower()
    if fold(row.type) in {"", "boolean", "bool"} and folded in {"true", "false"}:
        return folded == "true"
    return row.value


def _put(changed: Mapping[str, object], rows: Mapping[str, _Row], named: str, text: str) -> bytes:
    edits: list[tuple[int, int, str]] = []
    for key, row in rows.items():
        name = "sites" if key == named else key
        if name not in changed:
            edits.append((row.key_at[0], row.value_at[1], ""))
        elif changed[name] != _value(row) or name != key or (name == "sites" and fold(row.type) not in _TEXT):
            edits.append((*row.value_at, _written(changed[name], cell=row.cell)))
            edits.append((*row.key_at, name))
            if row.type_at is not None:
                edits.append((*row.type_at, "Boolean" if isinstance(changed[name], bool) else "String"))
    pieces, at = list[str](), 0
    for start, end, written in sorted(edits):
        pieces += [text[at:start], written]
        at = end
    return "".join([*pieces, text[at:]]).encode("utf-8", "replace")


def _written(value: object, *, cell: bool) -> str:
    shown = json.dumps(value) if isinstance(value, bool) else str(value)
    return f'"{shown.replace(chr(34), chr(34) * 2)}"' if cell else shown
