"""Two forms of code that have let attackers in elsewhere, kept out by reading the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workshop.tree import parsed, python_files, shown

SQL_WORDS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "PRAGMA ", " WHERE ", " FROM ")
EXECUTES = {"execute", "executemany", "executescript"}


def test_no_regular_expression_reads_an_address() -> None:
    """Redirects are compared byte by byte: no regular expression is imported where addresses and requests are read."""
    readers = python_files("src/genkan/wire", "src/genkan/protocol", "src/genkan/site")
    assert [shown(path) for path in readers if {"re", "regex"} & set(imported(parsed(path)))] == []


def test_sql_is_never_built_from_values() -> None:
    """No statement of the store is put together by f-string, format, % or + from anything but constants."""
    assert [found for path in python_files("src/genkan/store") for found in built_statements(path)] == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(db, name): db.execute(f\"SELECT * FROM person WHERE name = '{name}'\")",
        'def f(db, name): db.execute("SELECT * FROM " + name)',
        'def f(db, name): db.execute("DELETE FROM {}".format(name))',
        'def f(db, name): db.execute("DELETE FROM %s" % name)',
        'def f(db, name): sql = f"UPDATE person SET name = {name}"; db.execute(sql)',
        'def f(db, make): db.execute(make("x"))',
        'def f(db, asked): db.execute(f"SELECT * FROM person ORDER BY {asked.column}")',
        'def f(db): db.execute(f"SELECT * FROM {TABLES.get(1)}")',
    ],
)
def test_the_search_finds_built_sql(source: str, tmp_path: Path) -> None:
    """Each way to build a statement from a value is found by the search above."""
    file = tmp_path / "sample.py"
    file.write_text(source)
    assert list(built_statements(file, name="sample.py"))


@pytest.mark.parametrize(
    "source",
    [
        'def f(db, name): db.execute("SELECT * FROM person WHERE name = ?", (name,))',
        'READ = f"SELECT {rows.COLUMNS} FROM person"\ndef f(db): db.execute(READ)',
        'COLUMNS = "id, name"\nREAD = f"SELECT {COLUMNS} FROM person"\ndef f(db): db.execute(READ)',
    ],
)
def test_the_search_lets_constants_pass(source: str, tmp_path: Path) -> None:
    """A literal with bound parameters passes, and so does a constant made of constants."""
    file = tmp_path / "sample.py"
    file.write_text(source)
    assert not list(built_statements(file, name="sample.py"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def built_statements(path: Path, name: str = "") -> Iterator[str]:
    """Where a file builds SQL from something that is no constant, or executes the result of a call."""
    for node in ast.walk(parsed(path)):
        if (is_sql(node) and not made_of_constants(node)) or executes_a_call(node):
            yield f"{name or shown(path)}:{getattr(node, 'lineno', 0)}"


def is_sql(node: ast.AST) -> bool:
    """A composed string with a word of SQL in one of its literal parts."""
    match node:
        case ast.JoinedStr() | ast.BinOp(op=ast.Add() | ast.Mod()):
            literals = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=literal))):
            literals = [literal]
        case _:
            return False
    return any(word in text for text in literals if isinstance(text, str) for word in SQL_WORDS)


def made_of_constants(node: ast.AST) -> bool:
    """Every name that goes in is written as a constant is, in capitals: `COLUMNS` or `rows.COLUMNS`."""
    owners = {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute) and part.attr.isupper()}
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in owners]
    return all(name.id.isupper() for name in names) and not any(isinstance(part, ast.Call) for part in ast.walk(node))


def executes_a_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Call(), *_]) if attr in EXECUTES:
            return True
    return False
