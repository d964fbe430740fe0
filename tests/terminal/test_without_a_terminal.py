"""What scripts and CI meet: statuses, no question, no colour, a pipe that closes; and what a shell completes."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal.conftest import Terminal

ESCAPE = "\x1b"


def test_the_browser_signs_in_without_a_terminal(genkan: Terminal) -> None:
    """`login` needs no terminal where a browser can be opened, and all it prints is text."""
    ran = genkan.program("app", "login", genkan.site.base_url)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("Signed in as alice at ")
    assert ESCAPE not in ran.out + ran.err


def test_nobody_to_paste_an_address_is_a_no(genkan: Terminal) -> None:
    """With standard input at its end --no-browser does not wait: status 1 and one line after the instructions."""
    ran = genkan.program("app", "login", "--no-browser", genkan.site.base_url)
    assert ran.status == 1
    assert ran.err.splitlines()[-1].startswith("genkan app: ")
    assert [line for line in ran.out.splitlines() if not line.startswith("http")] == []


def test_a_hand_over_to_a_browser_elsewhere(genkan: Terminal) -> None:
    """--no-browser: the address goes out on a line of its own, the one that came back goes in, and no code is said."""
    with genkan.start("app", "login", "--no-browser", genkan.site.base_url) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        back = genkan.site.person("alice")(url)
        assert back is not None
        out, err = process.communicate(f"{back}\n".encode(), timeout=60)
    assert process.returncode == 0, err
    code = re.search(r"code=([^&]+)", back)
    assert code is not None
    assert code[1].encode() not in out + err


@pytest.mark.parametrize(
    "words", [("sites",), ("token",), ("whoami",), ("status",), ("request", "GET", "/rest/api/2/myself")]
)
def test_no_colour_however_a_program_is_told_to(signed_in: Terminal, words: tuple[str, ...]) -> None:
    """Output for programs has no escape in it, even where the environment claims a colourful terminal."""
    ran = signed_in.program("app", *words, FORCE_COLOR="1", CLICOLOR_FORCE="1", TERM="xterm-256color")
    assert ran.status == 0, ran.err
    assert ESCAPE not in ran.out + ran.err


def test_a_reader_that_has_seen_enough(signed_in: Terminal) -> None:
    """A pipe that closes early ends the command quietly: no traceback, and not the status of success."""
    many = json.dumps({"values": ["x" * 4000] * 500, "isLast": True}).encode()
    for words in (("request", "GET", "/many"), ("request", "GET", "/many", "--paginate")):
        signed_in.site.faults.answer("/many", 200, many)
        with signed_in.start("app", *words) as process:
            assert process.stdout is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
            assert process.wait(60) == 1


def test_wrong_usage_is_status_2_and_one_line(genkan: Terminal) -> None:
    """What cannot be meant is told before anything is opened."""
    for words in (("nonsense",), ("request", "GET"), ("token", "--nonsense"), ("git-credential",), ("keyring", "get")):
        ran = genkan.program("app", *words)
        assert (ran.status, ran.out) == (2, ""), (words, ran)
        assert len(ran.err.strip().splitlines()) == 1, ran.err
    assert not genkan.folder.exists()


@pytest.fixture(scope="module")
def scripts() -> Callable[[str], str]:
    """The completion script of a shell."""
    import sys

    def script(shell: str) -> str:
        argv = [sys.executable, "-m", "genkan", "completion", shell]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout

    return script


ASK_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_genkan
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes(scripts: Callable[[str], str], tmp_path: Path) -> None:
    """The script is bash's, and offers the commands of a group and the options of a command."""
    file = tmp_path / "genkan.bash"
    file.write_text(scripts("bash"))

    def offered(*words: str) -> list[str]:
        argv = ["bash", "-c", ASK_BASH, "ask", str(file), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout.split()

    assert {"login", "request", "git-credential"} <= set(offered("genkan", "app", ""))
    assert offered("genkan", "app", "wh") == ["whoami"]
    assert "--paginate" in offered("genkan", "app", "request", "--p")


@pytest.mark.needs("zsh")
def test_zsh_takes_the_script(scripts: Callable[[str], str], tmp_path: Path) -> None:
    """zsh reads it without a complaint, and it names the commands."""
    file = tmp_path / "_genkan"
    file.write_text(scripts("zsh"))
    said = subprocess.run(["zsh", "-n", str(file)], capture_output=True, text=True, timeout=60, check=True)
    assert (said.stdout, said.stderr) == ("", "")
    assert "git-credential" in file.read_text()


@pytest.mark.needs("fish")
def test_fish_completes(scripts: Callable[[str], str], tmp_path: Path) -> None:
    """fish reads it and offers the commands of a group."""
    file = tmp_path / "genkan.fish"
    file.write_text(scripts("fish"))
    argv = ["fish", "--no-config", "-c", f"source {file}; complete --do-complete 'genkan app '"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    offered = {line.partition("\t")[0] for line in said.stdout.splitlines()}
    assert {"login", "request", "git-credential"} <= offered
