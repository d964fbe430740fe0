"""How commands print: JSON for programs, aligned text for people, one line for what goes wrong. Decides nothing."""

import sys
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from genkan.cli.streams import json_text
from genkan.site.api.documents import plain
from genkan.wire.sentences import visible

Rows = Sequence[Sequence[str]]


def print_json(value: Struct | list[dict[str, object]] | dict[str, object]) -> None:
    """Data for programs."""
    print(json_text(plain(value) if isinstance(value, Struct) else value))


def print_table(headings: Sequence[str], rows: Rows) -> None:
    """Columns below their headings."""
    _print_columns([headings, *rows])


def print_fields(fields: Rows) -> None:
    """One line for each field: its name, then what it holds."""
    _print_columns(fields)


def say(sentence: str) -> None:
    """A sentence for people, as the result of what they asked for."""
    print(visible(sentence))


def print_warning(sentence: str) -> None:
    """A line for the person beside the output."""
    print(f"genkan: {visible(sentence)}", file=sys.stderr)


def fail(sentence: str, status: int) -> int:
    """One line that says what stops and what to do; the exit status is handed on."""
    print_warning(sentence)
    return status


def _print_columns(rows: Rows) -> None:
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        print("  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)).rstrip())


def _width(text: str) -> int:
    """Terminal cells: marks take none, East Asian wide characters two."""
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
