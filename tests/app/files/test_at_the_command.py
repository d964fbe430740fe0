"""`genkan app request` with files: an answer that is whole or not there, uploads of any length, and `--timeout`."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from genkan.app import FileVault, clients
from genkan.cli.app import app
from tests.app.desk import ECHO
from tests.app.files.filing import JSON, Asked, Filing, Reply
from tests.app.files.talks import BINARY, FILE, HTML, MIB, grown, is_untouched, offers, slowly


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: object
    out: str
    err: str


Genkan = Callable[..., Ran]
PROGRAM = "import sys; from genkan.cli.root import main; main()"


@pytest.fixture
def signed_in(
    tmp_path: Path, filing: Filing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Genkan:
    """Runs `genkan app WORDS…` in this process, for alice."""
    monkeypatch.setenv("GENKAN_APP_DIR", str(tmp_path / "app"))
    monkeypatch.setenv("GENKAN_APP_VAULT", "file")
    filing.keep_session(FileVault(tmp_path / "app" / "sessions"))

    def run(*words: str) -> Ran:
        status = app(words, result_action="return_value", exit_on_error=False)
        return Ran(status, *capsys.readouterr())

    return run


def start(*words: str, before: str = "") -> subprocess.Popen[bytes]:
    """The command as a program, in a shell that may set limits first."""
    line = f'{before}exec "$0" -c "{PROGRAM}" app "$@"'
    return subprocess.Popen(
        ["sh", "-c", line, sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_long_download_is_never_held(signed_in: Genkan, filing: Filing, got: Path) -> None:
    """208 MiB lie in the file, and never in memory."""
    piece = b"x" * MIB
    offers(filing, lambda: repeat(piece, 208), 208 * MIB)
    assert grown(lambda: is_done(signed_in, "GET", FILE, "-o", str(got))) < 8 * MIB
    assert got.stat().st_size == 208 * MIB
    assert list(got.parent.iterdir()) == [got]
    got.unlink()


def is_done(genkan: Genkan, *words: str) -> None:
    ran = genkan("request", *words)
    assert (ran.status, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize("how", ["upload", "data", "form"])
def test_a_long_upload_is_never_held(signed_in: Genkan, filing: Filing, tmp_path: Path, how: str) -> None:
    """A file goes out while it is read, alone or as a part of a form, and as it is."""
    file = tmp_path / "long"
    with file.open("wb") as long:
        long.truncate(208 * MIB)
    words = {"upload": ("-T", str(file)), "data": ("-d", f"@{file}"), "form": ("-F", f"file=@{file}", "-F", "b=c")}[how]
    taken: list[int] = []

    def take(asked: Asked) -> Reply:
        taken.append(asked.size)
        return Reply(204, b"", {})

    filing.answers["/take"] = take
    assert grown(lambda: is_done(signed_in, "POST", "/take", *words)) < 8 * MIB
    if how == "form":
        assert 208 * MIB + 200 < taken[0] < 208 * MIB + 600
    else:
        assert taken == [208 * MIB]


def test_parts_are_joined_as_they_are(signed_in: Genkan, filing: Filing, tmp_path: Path) -> None:
    """What a file holds stands where it was named, between what was typed."""
    (tmp_path / "b").write_bytes(b"b=2")
    is_done_with(signed_in, filing, b"a=1&b=2&c=3", "-d", "a=1", "-d", f"@{tmp_path / 'b'}", "-d", "c=3")
    is_done_with(signed_in, filing, b"b=2", "-T", str(tmp_path / "b"))
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"piped"), daemon=True)
    writer.start()
    is_done_with(signed_in, filing, b"piped", "-T", str(tmp_path / "pipe"))
    writer.join(10)


def is_done_with(genkan: Genkan, filing: Filing, body: bytes, *words: str) -> None:
    assert genkan("request", "POST", ECHO, *words).status == 0
    assert filing.asked[-1].digest == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("reply", "status", "told"),
    [
        (Reply(404, b'{"errorMessages": ["No such attachment"]}'), 1, "answered 404: No such attachment"),
        (Reply(500, b"<h1>Oops</h1>", HTML), 1, "answered 500 with a web page"),
        (Reply(500, b"oops", {}), 1, "answered 500."),
        (Reply(200, b"<h1>Sign in</h1>", HTML), 1, "answered 200 with a web page"),
        (Reply(302, b"", {"Location": "/login.jsp"}), 1, "answered 302 and leads to"),
        (Reply(304, b"", {}), 0, ""),
        (Reply(200, headers=BINARY, pieces=[b"x" * MIB], length=2 * MIB), 1, "broke before the answer came"),
    ],
)
def test_what_is_no_file_leaves_the_earlier_one(
    signed_in: Genkan, filing: Filing, got: Path, reply: Reply, status: int, told: str
) -> None:
    """A refusal, a page, a redirect, a part: one line, and what was there is there. Nothing new is no error."""
    filing.answers[FILE] = lambda _: reply
    ran = signed_in("request", "GET", FILE, "-o", str(got))
    assert (ran.status, ran.out, ran.err.count("\n")) == (status, "", 1 if told else 0)
    assert told in ran.err
    is_untouched(got)


def test_a_list_that_breaks_off_leaves_the_earlier_one(signed_in: Genkan, filing: Filing, got: Path) -> None:
    """Page after page goes into the file, which is there with the last one."""
    first = json.dumps({"startAt": 0, "total": 2, "values": [1]}).encode()
    pages = iter([Reply(200, first), Reply(503), Reply(200, first), Reply(200, b'{"values": [2], "isLast": true}')])
    filing.answers["/list"] = lambda _: next(pages)
    assert signed_in("request", "GET", "/list", "--paginate", "-o", str(got)).status == 1
    is_untouched(got)
    assert signed_in("request", "GET", "/list", "--paginate", "-o", str(got)).status == 0
    assert json.loads(got.read_bytes()) == [1, 2]


def test_a_full_disk(signed_in: Genkan, filing: Filing, got: Path) -> None:
    """One line that names the file, status 2, and what was there is there."""
    offers(filing, lambda: repeat(b"x" * MIB, 3), 3 * MIB)
    with start("request", "GET", FILE, "-o", str(got), before="ulimit -f 2048; ") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.decode() == f"genkan app: {got} cannot be written: File too large.\n"
    is_untouched(got)
    full = signed_in("request", "GET", FILE, "-o", "/dev/full")
    assert (full.status, full.err) == (2, "genkan app: /dev/full cannot be written: No space left on device.\n")
    missing = signed_in("request", "GET", FILE, "-o", str(got.parent / "no" / "got"))
    assert (missing.status, missing.err.count("\n")) == (2, 1)
    assert "cannot be written: No such file" in missing.err


def test_devices_and_pipes_are_written_to(signed_in: Genkan, filing: Filing) -> None:
    """What a shell names as a file need not be one."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    is_done(signed_in, "GET", FILE, "-o", "/dev/null")
    assert not Path("/dev/null").is_file()
    with start("request", "GET", FILE, "-o", "/dev/stdout") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, len(out), err) == (0, 2 * MIB, b"")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell lets its background jobs ignore Ctrl-C, and what they start does as they do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_broken_off(signed_in: Genkan, filing: Filing, got: Path, interruptible: None) -> None:
    """Ctrl-C in the middle of a download: one line, status 130, and nothing of the part stays."""
    over = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"x" * MIB
        over.wait(60)

    offers(filing, pieces, 2 * MIB)
    with start("request", "GET", FILE, "-o", str(got)) as process:
        pause = threading.Event()
        for _ in range(600):
            if sum(part.stat().st_size for part in got.parent.iterdir()) > MIB // 2:
                break
            pause.wait(0.05)
        assert len(list(got.parent.iterdir())) == 2
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    over.set()
    assert (process.returncode, out, err) == (130, b"", b"genkan app: Broken off.\n")
    is_untouched(got)


def test_times(signed_in: Genkan, filing: Filing, got: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that takes its time gets it where it is asked for; one that takes more is given up; nonsense is told."""
    monkeypatch.setattr(clients, "READ_SECONDS", 0.1)
    slowly(filing, 0.3)
    late = signed_in("request", "GET", FILE)
    assert (late.status, late.out) == (1, "")
    assert "did not end in time" in late.err
    assert signed_in("request", "GET", FILE, "--timeout", "20").out == "xxx\n"
    is_done(signed_in, "GET", FILE, "-m", "20", "-o", str(got))
    assert got.read_bytes() == b"xxx"
    assert signed_in("request", "GET", FILE, "-m", "0.5").status == 1
    for none in ("0", "-3", "nan", "inf", "1e9"):
        wrong = signed_in("request", "GET", FILE, f"--timeout={none}")
        assert (wrong.status, wrong.err.count("\n")) == (2, 1)
        assert "--timeout" in wrong.err


def test_a_refusal_on_the_output_is_as_it_came(signed_in: Genkan, filing: Filing) -> None:
    """Without a file the body of a refusal is what a program reads."""
    filing.answers[FILE] = lambda _: Reply(404, b'{"x": 1}', JSON)
    ran = signed_in("request", "GET", FILE, "--output=-")
    assert (ran.status, ran.out, ran.err) == (1, '{"x": 1}\n', "genkan app: The site answered 404.\n")


def test_headers_alone_go_to_no_file(signed_in: Genkan, filing: Filing, got: Path) -> None:
    """They would make an empty file of it; nothing is asked, and the line says what to type."""
    asked = len(filing.asked)
    ran = signed_in("request", "HEAD", FILE, "-o", str(got))
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "--include" in ran.err
    assert len(filing.asked) == asked
    is_untouched(got)
