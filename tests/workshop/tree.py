"""The files of the project as the workshop's tests read them: text and syntax trees, no imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("src", "tests", "bench", "tools", "docs", ".ci")
# In a work tree beside the first one .git is a file that says where that is.
NOT_OURS = {"__pycache__", "genkan.egg-info", ".git"}

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
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix not in {".db", ".log"} and path.name not in NOT_OURS:
            yield path
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
