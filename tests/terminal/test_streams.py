"""Standard streams as services, scripts and full disks leave them: an answer or one line, never a traceback."""

import json
from pathlib import Path

import pytest

from tests.terminal.conftest import Ran, Terminal

GENKAN = ("-m", "genkan", "app")
STRICT = "utf-8:strict"
"""As in ja_JP.UTF-8 and en_US.UTF-8; Python's C.UTF-8 takes any byte."""
CONNECT = """
import sys
from genkan.app import connect
with connect(sys.argv[1]) as site:
    print(site.whoami().name)
"""


def in_one_line(ran: Ran, status: int) -> str:
    """What a command says of what it cannot do."""
    assert (ran.status, ran.out) == (status, ""), ran
    last = ran.err.splitlines()[-1]
    assert last.startswith("genkan"), ran.err
    assert "Traceback" not in ran.err
    return last


def test_a_program_without_standard_input_signs_in(genkan: Terminal) -> None:
    """A service, or a program with a window: the library and the command need the browser alone."""
    program = genkan.redirected("<&-", "-c", CONNECT, genkan.site.base_url)
    assert (program.status, program.out) == (0, "alice\n"), program.err
    command = genkan.redirected("<&-", *GENKAN, "login", genkan.site.base_url)
    assert command.out.startswith("Signed in as alice at "), command.err


def test_what_wants_to_read_finds_nothing(signed_in: Terminal) -> None:
    """A closed standard input is an empty one."""
    base = signed_in.site.base_url
    pasted = signed_in.redirected("<&-", *GENKAN, "login", base, "--no-browser")
    assert pasted.status == 1
    assert pasted.err.splitlines()[-1] == "genkan app: The sign-in was broken off: start it again."
    assert signed_in.redirected("<&-", *GENKAN, "git-credential", "get") == Ran(0, "", "")
    signed_in.site.faults.answer("/echo", 200, b"{}")
    assert signed_in.redirected("<&-", *GENKAN, "request", "POST", "/echo", "-d", "@-") == Ran(0, "{}\n", "")


def test_a_closed_output_is_nobodys(signed_in: Terminal) -> None:
    """What would be printed is lost, as its caller wants it, and the command is done."""
    for words in (("token",), ("status",), ("request", "GET", "/rest/api/2/myself")):
        assert signed_in.redirected(">&-", *GENKAN, *words) == Ran(0, "", "")


def test_an_errors_sentence_never_becomes_the_answer(genkan: Terminal) -> None:
    """`TOKEN=$(genkan app token 2>&-)` holds nothing where nobody is signed in."""
    assert genkan.redirected("2>&-", *GENKAN, "token") == Ran(1, "", "")
    library = "from genkan.app.machine import to_standard_error; to_standard_error('words')"
    assert genkan.redirected("2>&-", "-c", library) == Ran(0, "", "")


@pytest.mark.parametrize("words", [("status",), ("token",), ("request", "GET", "/rest/api/2/myself")])
def test_a_full_disk_is_one_line(signed_in: Terminal, words: tuple[str, ...]) -> None:
    """What cannot be written is told with status 2, so that no script takes the beginning for the whole."""
    said = in_one_line(signed_in.redirected("> /dev/full", *GENKAN, *words), 2)
    assert said == "genkan: Input or output failed: No space left on device."


def test_bytes_that_are_no_text_are_no_answer(signed_in: Terminal) -> None:
    """Input in another encoding matches nothing and is told as that; the library's own reading takes it as well."""
    base, noise = signed_in.site.base_url, b"\xff\xfe\n"
    asked = signed_in.program(
        "app", "git-credential", "get", given=b"protocol=http\nhost=" + noise, PYTHONIOENCODING=STRICT
    )
    assert asked == Ran(0, "", "")
    pasted = signed_in.program("app", "login", base, "--no-browser", given=noise, PYTHONIOENCODING=STRICT)
    assert pasted.status == 1
    assert pasted.err.splitlines()[-1].startswith("genkan app: What the browser brought back is not the answer")
    library = "from genkan.app.machine import from_standard_input; print(ascii(from_standard_input()))"
    read = signed_in.redirected("", "-c", library, given=noise, PYTHONIOENCODING=STRICT)
    assert read == Ran(0, "'\\ufffd'\n", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "shift_jis", "utf-8"])
def test_json_is_json_in_every_encoding(genkan: Terminal, tmp_path: Path, encoding: str) -> None:
    """What the output cannot carry is escaped as JSON does it, in the data of a command and in what `inspect` shows."""
    title = "Réné 玄関 😀"
    file = tmp_path / "sites.json"
    file.write_text(json.dumps([{"title": title, "baseURL": genkan.site.base_url}]))
    told = genkan.program("app", "sites", "--sites", str(file), "--json", PYTHONIOENCODING=encoding)
    assert json.loads(told.out)["sites"][0]["title"] == title
    body = {"clientID": title, "x": "x" * 200}
    genkan.site.faults.answer("info/login", 200, json.dumps(body).encode(), "application/json", times=4)
    shown = genkan.program("app", "inspect", genkan.site.base_url, PYTHONIOENCODING=encoding)
    lines = [line.removeprefix("       | ") for line in shown.out.splitlines() if line.startswith("       | ")]
    assert json.loads("".join(lines)) == body


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"GENKAN_APP_DIR": "~nobody-of-this-name/x"}, "GENKAN_APP_DIR is “~nobody-of-this-name/x”"),
        ({"GENKAN_APP_DIR": "/x", "GENKAN_APP_KEY_FILE": "~nobody-of-this-name/k"}, "GENKAN_APP_KEY_FILE is “~nobody"),
        ({"GENKAN_APP_DIR": ""}, "This account has no home folder: set GENKAN_APP_DIR to a folder"),
    ],
)
def test_no_home_is_a_set_up_to_mend(genkan: Terminal, settings: dict[str, str], told: str) -> None:
    """A container whose user has a number and no home, or a home that nobody has: the variable to set is named."""
    homeless = (
        "import os, pwd\n"
        "def unknown(number): raise KeyError(number)\n"
        "pwd.getpwuid = unknown\n"
        "os.environ.pop('HOME', None)\n"
    )
    command = f"{homeless}from genkan.cli.root import main; main(['app', 'status'])"
    assert told in in_one_line(genkan.redirected("", "-c", command, **settings), 2)
    library = (
        f"{homeless}from genkan.app import AppTrouble, connect\n"
        "try: connect('http://127.0.0.1:9')\n"
        "except AppTrouble as trouble: print(trouble)"
    )
    ran = genkan.redirected("", "-c", library, **settings)
    assert told in ran.out, ran.err
