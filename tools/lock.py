"""Writes the lock files from pyproject.toml: exact versions with their hashes, and no registry's address."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    *(sys.executable, "-m", "piptools", "compile", "--quiet"),
    *("--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
]


def development_group() -> str:
    """The requirements of the `dev` group, one a line."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return "\n".join(metadata["dependency-groups"]["dev"]) + "\n"


def compile_lock(sources: list[str], output: str, given: str = "") -> None:
    """Resolve `sources` (and `given`, as `-`) into `output`; pins already there stay unless --upgrade was asked for."""
    asked = [*COMPILE, *sys.argv[1:], "--output-file", output, *sources]
    subprocess.run(asked, cwd=ROOT, input=given, text=True, check=True)


def main() -> None:
    """The runtime first; what is extra and the development lock are held to its versions."""
    runtime, traces, development = "requirements.lock", "requirements-otel.lock", "requirements-dev.lock"
    compile_lock(["--build-deps-for", "editable", "pyproject.toml"], runtime)
    compile_lock(["--constraint", runtime, runtime, "--extra", "otel", "pyproject.toml"], traces)
    compile_lock(["--constraint", runtime, traces, "-"], development, development_group())


if __name__ == "__main__":
    main()
