"""What a reader may count on in every file: sizes, sentences, and nothing of one machine."""

import ast
import statistics

import pytest

from tests.workshop.tree import Function, functions, project_files, python_files, shown

CODE = ("src", "tests", "bench", "tools")
FILE_STOP = 400
FUNCTION_STOP = 50

# The few functions that are longer, each with its reason: "path:function" -> why it is one piece.
LONG_FUNCTIONS: dict[str, str] = {}

# Written in halves, so that this file does not hold what it looks for.
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "C:" + "\\Users"]
REGISTRY_HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "deb." + "debian.org",
    "npm" + "js.org",
]


def test_no_file_names_a_machine_or_a_registry() -> None:
    """No file holds the path of somebody's machine or the host of a package registry."""
    guilty = [
        f"{shown(path)}: {word}"
        for path in project_files()
        for word in (*MACHINE_PATHS, *REGISTRY_HOSTS)
        if word.encode() in path.read_bytes()
    ]
    assert guilty == []


def test_no_file_is_longer_than_the_stop() -> None:
    """A Python file has one subject and at most 400 lines."""
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*CODE)}
    assert {name: length for name, length in lengths.items() if length > FILE_STOP} == {}


def test_every_rule_of_the_stylesheet_is_closed() -> None:
    """Where a section begins, no brace of the one before it is open: what follows would count nowhere else."""
    [path] = [path for path in project_files() if path.name == "site.css"]
    depth, open_at = 0, []
    for line in path.read_text(encoding="utf-8").splitlines():
        open_at += [line] if line.startswith("/*") and depth else []
        depth += line.count("{") - line.count("}")
    assert (open_at, depth) == ([], 0)


def test_no_function_is_longer_than_the_stop() -> None:
    """A function has at most 50 lines unless it is listed here with its reason, and the list holds no stale entry."""
    long = {f"{f.where.rpartition(':')[0]}:{f.name}" for f in every_function() if f.lines > FUNCTION_STOP}
    assert long == LONG_FUNCTIONS.keys()


def test_functions_are_short_as_a_rule() -> None:
    """Half of our functions have at most 10 lines and nine in ten at most 25."""
    sizes = [function.lines for path in python_files("src") for function in functions(path)]
    assert statistics.median(sizes) <= 10
    assert statistics.quantiles(sizes, n=10)[-1] <= 25


def test_every_module_claims_its_subject() -> None:
    """Every module of the product opens with a docstring of one to five lines."""
    without = []
    for path in python_files("src"):
        claimed = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not 1 <= len(claimed.splitlines()) <= 5:
            without.append(shown(path))
    assert without == []


def test_every_test_says_what_must_hold() -> None:
    """Every test function opens with one sentence, ended by a full stop."""
    assert [f.where for f in every_function("tests") if f.name.startswith("test_") and not one_sentence(f)] == []


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "X" * 3])
def test_nothing_is_put_off_in_a_comment(word: str) -> None:
    """No source file carries a mark for work left to somebody."""
    assert [shown(path) for path in python_files(*CODE) if word in path.read_text(encoding="utf-8").split()] == []


def every_function(*folders: str) -> list[Function]:
    return [function for path in python_files(*(folders or CODE)) for function in functions(path)]


def one_sentence(function: Function) -> bool:
    said = (ast.get_docstring(function.node) or "").strip()
    return said.endswith(".") and "\n\n" not in said
