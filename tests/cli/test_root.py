"""The command as a whole: help, version, exit statuses, one line for what is wrong, and how little is imported."""

import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cyclopts import App

from genkan import __version__
from genkan.cli import root
from tests.cli.shell import Shell

A_LIST = "from genkan.cli import root; root.main(['{}', 'list'])"
HEAVY = ("uvicorn", "starlette", "uvloop", "httptools", "jinja2", "httpx2", "keyring", "prometheus_client")


def commands(app: App, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command that does something, as one types it."""
    found: list[tuple[str, ...]] = []
    for name in app.resolved_commands():
        if not name.startswith("-"):
            child = app[name]
            found += [(*path, name)] if child.default_command else commands(child, (*path, name))
    return found


OURS = [words for words in commands(root.app) if words[0] != "app"]


def test_help_names_every_group_with_a_sentence(bare: Shell) -> None:
    """``genkan --help`` and ``genkan`` alone list each command with what it does."""
    told = bare.good("--help").out
    assert bare.good().out == told
    for name in (*root.GROUPS, *root.SINGLE):
        line = next(line for line in told.splitlines() if f" {name} " in line)
        assert len(line.split()) > 4, line


def test_version(bare: Shell) -> None:
    """``genkan --version`` prints what a report of a fault has to name: this version, Python's and SQLite's."""
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    assert bare.good("--version").out == f"genkan {__version__} (Python {python}, SQLite {sqlite})\n"


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_every_command_helps_with_an_example(bare: Shell, words: tuple[str, ...]) -> None:
    """--help of each command shows how it is typed and an example."""
    told = " ".join(bare.good(*words, "--help").out.split())
    assert f"genkan {' '.join(words)}" in told
    assert "Example: " in told


@pytest.mark.parametrize(
    "words",
    [
        ("lnk",),
        ("link", "lst"),
        ("link", "list", "--jsn"),
        ("link", "list", "extra"),
        ("link", "create", "--name", "x"),
        ("user", "show"),
        ("serve", "--port", "abc"),
        ("link", "rotate-secret", "x", "--overlap", "soon"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_status_2(bare: Shell, words: tuple[str, ...]) -> None:
    """What cannot be understood is said in one line on standard error, without a frame."""
    assert bare.refused(*words, status=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "show"), "genkan user show needs NAME; type it as in: genkan user show alice"),
        (("serve", "--port"), "genkan serve needs a value after --port; type it as in: genkan serve --port 8080"),
        (("serve", "--port", "abc"), "--port: 'abc' will not do; write a whole number from 1 to 65535"),
        (("serve", "--port", "99999"), "--port: 99999 will not do; write a whole number from 1 to 65535"),
        (("migrate", "--to", "x"), "--to: 'x' will not do; write a whole number"),
        (("link", "list", "--json=x"), "--json: 'x' will not do; write true or false"),
        (("user", "show", "a", "b"), "genkan user show takes no 'b' there; type it as in: genkan user show alice"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_to_type(bare: Shell, words: tuple[str, ...], said: str) -> None:
    """What is missing is named, with the example of the command's help; what will not do, with what would."""
    assert bare.refused(*words, status=2) == said


def test_where_says_what_the_settings_give(bare: Shell) -> None:
    """The address and the whole path of the data folder, out of genkan.toml too, for whoever starts the site."""
    bare.patch.delenv("GENKAN_DATA_DIR")
    (bare.folder / "genkan.toml").write_text('port = 9001\ndata_dir = "mine"\n')
    assert bare.good("where").out == f"http://localhost:9001\n{bare.folder}/mine\n"
    # As the name of a command; a sentence may have the word.
    assert "│ where " not in bare.good("--help").out
    assert "│ serve " in bare.good("--help").out


WITHOUT_A_SITE = [
    ("user", "list"),
    ("user", "add", "alice", "--password-stdin"),
    ("link", "list"),
    ("mobile", "on"),
    ("phones", "list"),
    ("keys", "add"),
    ("api-key", "list"),
    ("audit", "list"),
    ("export",),
    ("status",),
    ("migrate",),
]


@pytest.mark.parametrize("words", WITHOUT_A_SITE, ids=" ".join)
def test_without_a_site_nothing_is_made(bare: Shell, words: tuple[str, ...]) -> None:
    """A command that finds no site says where it looked, exits with 2, and leaves the disk as it was."""
    said = bare.refused(*words, given="some good password", status=2)
    assert str(bare.database) in said
    assert list(bare.folder.iterdir()) == []


def test_the_data_folder_can_be_named(shell: Shell, tmp_path: Path) -> None:
    """--data-dir wins over GENKAN_DATA_DIR."""
    shell.patch.setenv("GENKAN_DATA_DIR", str(tmp_path / "elsewhere"))
    assert shell.refused("user", "list", status=2)
    assert shell.good("user", "list", "--json", "--data-dir", str(shell.data)).json == []


def test_a_bad_setting_stops_every_command(shell: Shell) -> None:
    """A setting that is wrong or unknown is named in one line."""
    shell.patch.setenv("GENKAN_COLOUR", "blue")
    assert "GENKAN_COLOUR" in shell.refused("user", "list", status=2)


def test_settings_come_from_the_file_too(bare: Shell) -> None:
    """genkan.toml in the present folder counts for commands as it does for the server."""
    bare.found_site()
    bare.patch.delenv("GENKAN_DATA_DIR")
    (bare.folder / "genkan.toml").write_text(f'data_dir = "{bare.data}"\n')
    assert bare.good("link", "list", "--json").json == []


def test_a_database_of_another_program_is_left_alone(bare: Shell) -> None:
    """A file that is no store is refused in one line and not touched."""
    bare.data.mkdir()
    bare.database.write_bytes(b"not a database at all, but long enough to be read as one")
    before = bare.database.read_bytes()
    assert "cannot be opened" in bare.refused("user", "list", status=2)
    assert bare.database.read_bytes() == before


def test_what_a_person_typed_cannot_break_the_line(shell: Shell) -> None:
    """Control characters in an argument are shown in the message, not obeyed."""
    assert "\x1b" not in shell.refused("link", "show", "a\n\x1b[2Jb", status=1)


def test_wrong_usage_cannot_break_the_line_either(shell: Shell) -> None:
    """What the parser repeats of the arguments is shown in one line."""
    said = shell.refused("link\x1b[2J\n", status=2)
    assert "\x1b" not in said
    assert "Unknown command" in said


def test_an_output_without_unicode_is_no_fault(shell: Shell) -> None:
    """Names that the output's encoding cannot carry are written escaped; JSON stays JSON."""
    shell.add_user("玄関", "--name", "é 😀")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for words, told in (("'--json'", '"\\u7384\\u95a2"'), ("", "\\u7384\\u95a2")):
        code = f"from genkan.cli import root; root.main(['user', 'list', {words}])"
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=shell.folder, env=environment, capture_output=True, text=True, check=True
        )
        assert told in ended.stdout
        assert ended.stdout.isascii()


def test_a_reader_that_goes_away_is_no_fault(shell: Shell) -> None:
    """A closed pipe ends the command without a traceback."""
    shell.add_user("alice")
    process = subprocess.Popen(
        [sys.executable, "-c", A_LIST.format("user")], cwd=shell.folder, env=dict(os.environ), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), said) == (1, b"")


def test_a_command_imports_only_what_it_needs(shell: Shell) -> None:
    """Listing links loads no web server, no templates and no HTTP client."""
    code = f"import sys\ntry:\n    {A_LIST.format('link')}\nexcept SystemExit:\n    print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=shell.folder, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ended.stdout.splitlines()[-1].split()}
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)
    assert "genkan" in loaded


def test_a_bare_root_imports_no_group() -> None:
    """Importing the command imports none of its groups."""
    code = "import sys; import genkan.cli.root; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert not {f"genkan.cli.{name}" for name in ("user", "link", "serve", "app")} & loaded
    assert "genkan.store.sqlite" not in loaded


@pytest.mark.parametrize(
    ("line", "err"),
    [
        (">/dev/full", "genkan: Input or output failed: No space left on device.\n"),
        (">/dev/full 2>&1", ""),
        ("1</dev/null", "genkan: Input or output failed: Bad file descriptor.\n"),
        ("1</dev/null 2>&1", ""),
    ],
)
def test_output_that_goes_nowhere(line: str, err: str) -> None:
    """Status 2, and one line where one can be told; never a traceback, and never the status for no."""
    program = "import sys; from genkan.cli.root import main; main()"
    shell = ["sh", "-c", f'exec "$0" -c "$1" --version {line}', sys.executable, program]
    ended = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", err)
