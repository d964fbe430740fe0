"""Places whose name cannot be given to another file: what is mounted or open, closed folders, the longest names."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from genkan.app import ApiRefused, TryLater
from genkan.app.drive import Driver
from genkan.app.files import WholeFile
from genkan.clock import ticks
from tests.app.files.filing import Filing, Reply
from tests.app.files.talks import BINARY, FILE, MIB, Talk, is_untouched, offers

HALVES = """
import os, sys
from pathlib import Path
from genkan.app.drive import Driver
from genkan.app.files import WholeFile
file = WholeFile(Path(sys.argv[1]), os.urandom)
Driver(float).run(file.proved(None))
file.write(b"ans")
file.write(b"wer\\n")
file.finish()
file.discard()
os.write(1, b"more\\n")
"""


def proved(place: Path) -> WholeFile:
    file = WholeFile(place, os.urandom)
    try:
        Driver(ticks).run(file.proved(None))
    except BaseException:
        file.discard()
        raise
    return file


def name_of(bytes_long: int) -> str:
    return "議" * ((bytes_long - 4) // 3) + "x" * ((bytes_long - 4) % 3) + ".txt"


@pytest.mark.parametrize("length", [60, 100, 101, 255])
def test_a_name_as_long_as_can_be(talk: Talk, filing: Filing, got: Path, length: int) -> None:
    """Jira lets an attachment have it; a killed program's part goes as for any other name."""
    filing.answers[FILE] = lambda _: Reply(200, b"new", BINARY)
    place = got.with_name(name_of(length))
    assert len(os.fsencode(place.name)) == length
    dead = proved(place)
    part = next(path for path in got.parent.iterdir() if path.name.endswith(".new"))
    pid, thread = part.name.split(".")[-3:-1]
    part.rename(part.with_name(part.name.replace(f".{pid}.{thread}.", f".{2**22 + 1}.1.")))
    talk("download", FILE, place)
    assert place.read_bytes() == b"new"
    assert sorted(got.parent.iterdir()) == sorted([got, place])
    dead.discard()


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single file that is mounted, as containers get theirs: it is written like any, and its name is fixed."""

    def busy(_path: Path, _target: Path) -> Path:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)


def test_a_file_that_is_mounted(talk: Talk, filing: Filing, got: Path, mounted: None) -> None:
    """It gets the whole as its content, and else stays: it is the same file before and after."""
    before = got.stat()
    offers(filing, lambda: repeat(b"x" * MIB, 2), 3 * MIB)
    with pytest.raises(TryLater, match="broke"):
        talk("download", FILE, got)
    is_untouched(got)
    filing.answers[FILE] = lambda _: Reply(200, b"new", BINARY)
    talk("download", FILE, got, method="POST")
    assert got.read_bytes() == b"new"
    assert (got.stat().st_ino, got.stat().st_mode) == (before.st_ino, before.st_mode)
    assert list(got.parent.iterdir()) == [got]


def test_a_mounted_file_that_takes_no_more(got: Path, mounted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it answers is told, with its name, and nothing is left beside it."""
    file = proved(got)
    file.write(b"new")
    monkeypatch.setattr("genkan.app.files.copyfileobj", lambda *_: Path("/dev/full").write_bytes(b"x"))
    with pytest.raises(OSError, match="No space left") as told:
        file.finish()
    assert told.value.filename == str(got)
    file.discard()
    assert list(got.parent.iterdir()) == [got]


@pytest.fixture(params=[errno.EACCES, errno.EROFS])
def closed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder that takes no new file, whoever asks."""
    real = os.open

    def opened(path: os.PathLike[str] | str, flags: int, *more: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(request.param, os.strerror(request.param))
        return real(path, flags, *more)

    with monkeypatch.context() as patched:
        patched.setattr("genkan.app.files.os.open", opened)
        yield


def test_a_file_in_a_closed_folder(talk: Talk, filing: Filing, got: Path, closed: None) -> None:
    """Whoever may write the file alone gets it written; a refusal leaves it, and one that is new is refused first."""
    filing.answers[FILE] = lambda _: Reply(404)
    with pytest.raises(ApiRefused):
        talk("download", FILE, got)
    is_untouched(got)
    filing.answers[FILE] = lambda _: Reply(200, b"new", BINARY)
    talk("download", FILE, got)
    assert got.read_bytes() == b"new"
    filing.answers[FILE] = lambda _: Reply(204, b"", {})
    talk("download", FILE, got)
    assert got.read_bytes() == b""
    asked = len(filing.asked)
    with pytest.raises(OSError, match=str(got.with_name("new"))):
        talk("download", FILE, got.with_name("new"))
    assert len(filing.asked) == asked


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_what_is_open_is_written_where_it_stands(tmp_path: Path, name: str) -> None:
    """A shell that goes on writing to its log finds the answer in it, between what it wrote itself."""
    place = Path(name)
    if name == "link":
        place = tmp_path / "link"
        place.symlink_to("/dev/stdout")
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with log.open("r+b") as out:
        out.seek(0, os.SEEK_END)
        inode = os.fstat(out.fileno()).st_ino
        subprocess.run([sys.executable, "-c", HALVES, place], stdout=out, check=True)
    assert log.read_bytes() == b"before\nanswer\nmore\n"
    assert log.stat().st_ino == inode
    log.unlink()
    assert not [path for path in tmp_path.iterdir() if path != place]


def test_what_is_open_for_reading_alone(tmp_path: Path) -> None:
    """It is refused when the place is proved, and not when an answer is lost by it."""
    (tmp_path / "read").write_bytes(b"earlier")
    with (tmp_path / "read").open("rb") as reading:
        place = Path(f"/dev/fd/{reading.fileno()}")
        before = set(Path("/dev/fd").iterdir())
        with pytest.raises(OSError, match="Bad file descriptor") as told:
            proved(place)
        assert set(Path("/dev/fd").iterdir()) == before
    assert told.value.filename == str(place)
