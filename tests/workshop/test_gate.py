"""Rows 7 and 37: no path to a session, a code or a grant goes around the gate and the hub."""

import ast
from collections.abc import Iterator

from tests.workshop.tree import python_files, shown

GATE = "src/genkan/protocol/signin/gate.py"
HOME = "src/genkan/protocol/signin/session.py"
# What opens the door, and the only files that may use it.
MAKERS = {
    "open_session": {GATE, HOME},
    "OpenSession": {HOME},
    "Code": {"src/genkan/protocol/interaction.py", "src/genkan/protocol/sealing.py"},
    "Issue": {"src/genkan/protocol/interaction.py"},
    "Redeemed": {"src/genkan/protocol/redeem.py"},
}


def calls(tree: ast.AST) -> Iterator[str]:
    """The last name of everything that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def imported(tree: ast.AST) -> Iterator[str]:
    """Every name that is imported from a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_only_the_gate_opens_sessions_and_only_the_hub_issues_codes() -> None:
    """Whoever adds a way to sign in has to go through the gate: nothing else makes a session, a code or a grant."""
    used: dict[str, set[str]] = {name: set() for name in MAKERS}
    for path in python_files("src"):
        for name in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name in used:
                used[name].add(shown(path))
    assert used["open_session"] == {GATE}
    assert {name: files - MAKERS[name] for name, files in used.items()} == {name: set() for name in MAKERS}
    assert all(used.values())


def test_nobody_else_has_the_key_of_the_gate() -> None:
    """The function that opens sessions is not passed on under another name either: only the gate imports it."""
    holders = {
        shown(path)
        for path in python_files("src")
        if "open_session" in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert holders == {GATE}
