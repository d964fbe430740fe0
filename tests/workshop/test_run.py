"""What `make run` says before the site starts: the words work as they stand, in whatever folder the data is."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workshop.tree import ROOT

STUB = """#!/bin/sh
[ "$1" = where ] && exec {} -m genkan where
echo "served $*"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder with a plain name."""
    return a_project(tmp_path)


def a_project(folder: Path) -> Path:
    """The script in a project folder of its own, with a command that reads settings and says that it was called."""
    tools, command = folder / "tools", folder / ".venv" / "bin" / "genkan"
    tools.mkdir()
    shutil.copy(ROOT / "tools" / "run.sh", tools)
    command.parent.mkdir(parents=True)
    command.write_text(STUB.format(shlex.quote(sys.executable)))
    command.chmod(0o700)
    return folder


def said(folder: Path, **settings: str) -> str:
    command = ["sh", str(folder / "tools" / "run.sh")]
    env = {"PATH": "/usr/bin:/bin", **settings}
    return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=True).stdout


def test_every_command_is_named_with_its_path(folder: Path) -> None:
    """genkan is on nobody's PATH after `make run`: each line that is to be typed starts with where it is."""
    told = said(folder)
    typed = [words for line in told.splitlines() if (words := line.strip().rpartition("  ")[2]).startswith("/")]
    assert [words.removeprefix(f"{folder}/.venv/bin/genkan ") for words in typed] == [
        "app login http://localhost:8080", "app whoami", f"phones list --data-dir {folder}/genkan-data",
    ]  # fmt: skip
    assert told.endswith("served serve\n")


@pytest.mark.parametrize(("chosen", "where"), [("", "{}/genkan-data"), ("mine", "{}/mine"), ("/data", "/data")])
def test_the_data_folder_that_is_used_is_named(folder: Path, chosen: str, where: str) -> None:
    """GENKAN_DATA_DIR moves it, and is read as the site reads it: from the project's folder."""
    told = said(folder, GENKAN_DATA_DIR=chosen) if chosen else said(folder)
    assert f"keeps its data in {where.format(folder)}. " in told
    assert f"--data-dir {where.format(folder)}\n" in told


@pytest.mark.parametrize("name", ["two words", "it's", "a$b", "ünï"])
def test_in_a_folder_with_a_space_the_lines_can_be_pasted(tmp_path: Path, name: str) -> None:
    """A shell reads each line back as the program and its words, whatever the folder is called."""
    odd = tmp_path / name
    odd.mkdir()
    told = said(a_project(odd))
    typed = [shlex.split(words) for line in told.splitlines() if ".venv" in (words := line.strip().rpartition("  ")[2])]
    assert typed == [
        [f"{odd}/.venv/bin/genkan", "app", "login", "http://localhost:8080"],
        [f"{odd}/.venv/bin/genkan", "app", "whoami"],
        [f"{odd}/.venv/bin/genkan", "phones", "list", "--data-dir", f"{odd}/genkan-data"],
    ]


def test_the_address_follows_the_settings(folder: Path) -> None:
    """The address of the sign-in is the one that the site will have."""
    assert "app login http://localhost:9000\n" in said(folder, GENKAN_PORT="9000")
    assert "app login https://a.example/b\n" in said(folder, GENKAN_BASE_URL="https://a.example/b")


def test_the_file_counts_as_it_does_for_the_site(folder: Path) -> None:
    """genkan.toml in the project's folder moves address and data."""
    (folder / "genkan.toml").write_text('port = 9002\ndata_dir = "mine"\n')
    told = said(folder)
    assert told.startswith(f"Genkan starts on http://localhost:9002 and keeps its data in {folder}/mine. ")


def test_a_bad_setting_stops_before_anything_is_promised(folder: Path) -> None:
    """Its sentence is all there is."""
    (folder / "genkan.toml").write_text("prot = 1\n")
    command = ["sh", str(folder / "tools" / "run.sh")]
    ended = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, cwd="/", capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "genkan: genkan.toml: prot: there is no such setting; did you mean port?\n"
