"""Rows 7 and 37: no path to a session, a code or a grant goes around the gate and the hub."""

import ast
from collections.abc import Iterator

from tests.workshop.tree import python_files, shown

GATE = "src/genkan/protocol/signin/gate.py"
HOME = "src/genkan/protocol/signin/session.py"
PROTOCOL = "src/genkan/protocol/"
# What opens the door: the module that it is of, and the only files that may make it.
MAKERS = {
    "open_session": ("genkan.protocol.signin.session", {GATE, HOME}),
    "OpenSession": ("genkan.protocol.outcomes", {HOME}),
    "Code": ("genkan.protocol.sealing", {PROTOCOL + "interaction.py", PROTOCOL + "sealing.py"}),
    "Issue": ("genkan.protocol.interaction", {PROTOCOL + "interaction.py"}),
    # The canary's is of a copy that is thrown away.
    "Redeemed": ("genkan.protocol.outcomes", {PROTOCOL + "redeem.py", PROTOCOL + "canary.py"}),
}
CANARY = "genkan.protocol.canary"


def module_of(file: str) -> str:
    return file.removeprefix("src/").removesuffix(".py").replace("/", ".")


def makers(file: str, tree: ast.AST) -> Iterator[str]:
    """What of the table this file makes: by a name that it imports or defines, or by an attribute of a module."""
    known = set(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in MAKERS:
                yield node.func.attr
            elif isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                home, _ = MAKERS[node.func.id]
                if (home, node.func.id) in known or module_of(file) == home:
                    yield node.func.id


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every name that is imported, with its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_only_the_gate_opens_sessions_and_only_the_hub_issues_codes() -> None:
    """Whoever adds a way to sign in has to go through the gate: nothing else makes a session, a code or a grant."""
    used: dict[str, set[str]] = {name: set() for name in MAKERS}
    for path in python_files("src"):
        for name in makers(shown(path), ast.parse(path.read_text(encoding="utf-8"))):
            used[name].add(shown(path))
    assert used["open_session"] == {GATE}
    assert {name: files - MAKERS[name][1] for name, files in used.items()} == {name: set() for name in MAKERS}
    assert all(used.values())


def test_a_canary_is_made_where_backups_are_tried_alone() -> None:
    """A sign-in that nobody did is no part of a site: what serves, and every other command, does not know of it."""
    holders = {
        shown(path)
        for path in python_files("src")
        for module, name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if CANARY in (module, f"{module}.{name}")
    }
    assert holders == {"src/genkan/ops/verify.py", "src/genkan/ops/booting.py"}


def test_nobody_else_has_the_key_of_the_gate() -> None:
    """The function that opens sessions is not passed on under another name either: only the gate imports it."""
    holders = {
        shown(path)
        for path in python_files("src")
        if "open_session" in {name for _, name in imported(ast.parse(path.read_text(encoding="utf-8")))}
    }
    assert holders == {GATE}
