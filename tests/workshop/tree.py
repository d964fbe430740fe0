"""The files of the project as the workshop's tests read them: text and syntax trees, no imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("src", "tests", "bench", "tools", "docs", ".ci")
NOT_OURS = {"__pycache__", "genkan.egg-info"}
# A file where the tree is one of several of a repository.
GIT = ".git"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Function:
    """One function with the place to name in a complaint."""

    where: str
    name: str
    node: FunctionNode

    @property
    def lines(self) -> int:
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1


def project_files() -> Iterator[Path]:
    """Every file that a commit carries: the top level's and the folders', without what tools leave behind."""
    top = (path for path in ROOT.iterdir() if path.is_file() and path.name != GIT)
    yield from (path for path in top if path.suffix not in {".db", ".log"})
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not NOT_OURS.intersection(path.parts):
                yield path


def python_files(*folders: str) -> list[Path]:
    """The Python files below these folders of the project."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not NOT_OURS.intersection(path.parts))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, nested ones included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, FunctionNode):
            yield Function(f"{shown(path)}:{node.lineno}", node.name, node)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
