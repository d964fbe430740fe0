"""Files of any length through the library, for threads and for tasks: whole or not at all, and never in memory."""

import asyncio
import hashlib
import os
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import pytest

from genkan.app import ApiRefused, AsyncApp, MemoryVault, SignInNeeded, TryLater
from genkan.app.steps import API_LIMIT
from tests.app.desk import ECHO
from tests.app.files.filing import Filing, Reply
from tests.app.files.talks import BINARY, FILE, HTML, INVALID, MIB, Talk, grown, is_untouched, offers


def test_a_long_download_is_never_held(talk: Talk, filing: Filing) -> None:
    """208 MiB come through in a few pieces of memory."""
    piece = b"x" * MIB
    offers(filing, lambda: repeat(piece, 208), 208 * MIB)
    came: list[int] = []
    assert grown(lambda: talk("download", FILE, talk.taker(lambda piece: came.append(len(piece))))) < 4 * MIB
    assert sum(came) == 208 * MIB
    assert len(came) > 208


def test_a_long_upload_is_never_held(talk: Talk, filing: Filing, tmp_path: Path) -> None:
    """A file of 208 MiB goes out while it is read, with its length told before."""
    with (tmp_path / "long").open("wb") as file:
        file.truncate(208 * MIB)
        file.write(b"begins")
    assert grown(lambda: talk("request", "PUT", ECHO, body=tmp_path / "long", headers=BINARY)) < 4 * MIB
    sent = filing.asked[-1]
    assert (sent.size, sent.headers["content-length"]) == (208 * MIB, str(208 * MIB))
    assert "transfer-encoding" not in sent.headers


def test_a_download_is_the_file(talk: Talk, filing: Filing, got: Path) -> None:
    """Longer than what is held of an answer otherwise; for its owner alone, and the reply says what it was."""
    pieces = [bytes([number]) * MIB for number in range(20)]
    assert len(b"".join(pieces)) > API_LIMIT
    offers(filing, lambda: iter(pieces), 20 * MIB)
    new = got.with_name("new")
    reply = talk("download", FILE, new)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"", "application/octet-stream")
    assert hashlib.sha256(new.read_bytes()).digest() == hashlib.sha256(b"".join(pieces)).digest()
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert sorted(got.parent.iterdir()) == [got, new]
    new.unlink()


def test_an_empty_answer_is_an_empty_file(talk: Talk, filing: Filing, got: Path) -> None:
    """Nothing is something: the earlier file is replaced by what the site has."""
    filing.answers[FILE] = lambda _: Reply(204, b"", {})
    talk("download", FILE, got)
    assert got.read_bytes() == b""


def test_what_was_there_gives_its_rights_and_its_place(talk: Talk, filing: Filing, got: Path) -> None:
    """A file keeps who may read it, and a link still leads to where it led."""
    filing.answers[FILE] = lambda _: Reply(200, b"new", BINARY)
    got.chmod(0o640)
    link = got.with_name("link")
    link.symlink_to(got)
    talk("download", FILE, link)
    assert link.is_symlink()
    assert (got.read_bytes(), stat.S_IMODE(got.stat().st_mode)) == (b"new", 0o640)


def test_what_is_no_file_is_written_to(talk: Talk, filing: Filing, tmp_path: Path) -> None:
    """A pipe gets the pieces as they come, and stays one."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    talk("download", FILE, pipe)
    reader.join(10)
    assert len(read[0]) == 2 * MIB
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_cut_in_the_middle(talk: Talk, filing: Filing, got: Path) -> None:
    """A part is no file: what was there stays, and nothing of the part."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 3 * MIB)
    with pytest.raises(TryLater, match="broke") as told:
        talk("download", FILE, got)
    assert not told.value.may_have_acted
    is_untouched(got)


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file may be longer than a mebibyte, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk(talk: Talk, filing: Filing, got: Path, little_room: None) -> None:
    """It is told as that, with the path, and not as a fault of the network."""
    offers(filing, lambda: repeat(b"x" * MIB, 3), 3 * MIB)
    with pytest.raises(OSError, match="too large") as told:
        talk("download", FILE, got)
    assert told.value.filename == str(got)
    is_untouched(got)


@pytest.mark.parametrize("broken", ["folder", "read-only", "none"])
def test_a_place_where_nothing_can_be_written(talk: Talk, filing: Filing, tmp_path: Path, broken: str) -> None:
    """It is proved before anything is asked: what a request does cannot be had again."""
    place = {"folder": tmp_path, "read-only": tmp_path / "kept", "none": tmp_path / "no" / "got"}[broken]
    (tmp_path / "kept").write_bytes(b"earlier")
    (tmp_path / "kept").chmod(0o400)
    if broken == "read-only" and os.access(place, os.W_OK):
        place = Path("/proc/version")
    asked = len(filing.asked)
    with pytest.raises(OSError, match=str(place)):
        talk("download", FILE, place)
    assert len(filing.asked) == asked


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(404, b'{"errorMessages": ["No such attachment"]}'), "answered 404: No such attachment"),
        (Reply(302, b"", {"Location": "/login.jsp"}), "answered 302"),
        (Reply(304, b"", {}), "answered 304"),
        (Reply(200, b"<h1>Sign in</h1>", HTML), "a web page where a file belongs"),
        (Reply(503, b"<h1>Busy</h1>", {**HTML, "Retry-After": "7"}), "answered 503"),
    ],
)
def test_what_is_no_file_is_refused(talk: Talk, filing: Filing, got: Path, reply: Reply, told: str) -> None:
    """The site's own words, as for any other call; neither the file nor a taker gets any of it."""
    filing.answers[FILE] = lambda _: reply
    took: list[bytes] = []
    for to in (got, talk.taker(took.append)):
        with pytest.raises(ApiRefused, match=told) as refused:
            talk("download", FILE, to)
        assert refused.value.status == reply.status
    assert took == []
    is_untouched(got)


def test_a_page_that_somebody_attached_is_a_file(talk: Talk, filing: Filing, got: Path) -> None:
    """The site says so in a header."""
    filing.answers[FILE] = lambda _: Reply(200, b"<h1>", {**HTML, "Content-Disposition": "attachment; filename=a"})
    talk("download", FILE, got)
    assert got.read_bytes() == b"<h1>"


def test_a_refused_token_is_renewed_before_anything_is_taken(
    talk: Talk, filing: Filing, got: Path, tmp_path: Path
) -> None:
    """The refusal's body goes nowhere, and a body that is read while it is sent goes out whole again."""
    refusals = iter([Reply(401, b"refused", INVALID), Reply(200, b"yes", BINARY)] * 2)
    filing.answers[FILE] = lambda _: next(refusals)
    talk("download", FILE, got)
    assert got.read_bytes() == b"yes"
    assert filing.refreshed == 1
    (tmp_path / "body").write_bytes(b"z" * MIB)
    talk("request", "PUT", FILE, body=tmp_path / "body", headers=BINARY)
    first, again = (asked for asked in filing.requests() if asked.method == "PUT")
    assert (first.size, first.digest) == (again.size, again.digest) == (MIB, hashlib.sha256(b"z" * MIB).hexdigest())
    assert first.headers["authorization"] != again.headers["authorization"]


def test_a_session_that_is_over_takes_nothing(talk: Talk, filing: Filing, got: Path) -> None:
    """The exception is that of every call, and the earlier file stays."""
    filing.ended = True
    filing.answers[FILE] = lambda _: Reply(401, b"", INVALID)
    with pytest.raises(SignInNeeded):
        talk("download", FILE, got)
    is_untouched(got)


def test_what_a_taker_raises_is_its_own(talk: Talk, filing: Filing) -> None:
    """An error of the program's is no fault of the network, whatever its kind; the rest is not taken."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    took: list[bytes] = []

    def take(piece: bytes) -> None:
        took.append(piece)
        raise ConnectionError("the program's own")

    with pytest.raises(ConnectionError, match="the program's own"):
        talk("download", FILE, talk.taker(take))
    assert len(took) == 1


def test_a_file_that_cannot_be_read(
    talk: Talk, filing: Filing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is missing is told before anything is sent, one that becomes shorter when it ends too early."""
    asked = len(filing.asked)
    with pytest.raises(FileNotFoundError):
        talk("request", "PUT", ECHO, body=tmp_path / "none")
    assert len(filing.asked) == asked
    (tmp_path / "long").write_bytes(b"x" * 100)
    shorter = os.stat_result((0o100600, *[0] * 5, 200, 0, 0, 0))
    monkeypatch.setattr("genkan.app.files.os.fstat", lambda _handle: shorter)
    with pytest.raises(OSError, match="became shorter") as told:
        talk("request", "PUT", ECHO, body=tmp_path / "long")
    assert told.value.filename == str(tmp_path / "long")


def test_what_a_killed_program_left_is_removed(talk: Talk, filing: Filing, got: Path) -> None:
    """Its part lies beside the file until the next download to there; others' files are left alone."""
    filing.answers[FILE] = lambda _: Reply(200, b"new", BINARY)
    part, other = (got.with_name(f".{name}.0a1b2c3d.{2**22 + 1}.1.new") for name in ("got", "gotten"))
    nobodys = got.with_name(f".got.0a1b2c3d.{10**30}.1.new")
    for left in (part, other, nobodys):
        left.write_bytes(b"half")
    talk("download", FILE, got)
    assert sorted(got.parent.iterdir()) == sorted([got, other])


async def test_two_downloads_to_one_place(kept: MemoryVault, filing: Filing, got: Path) -> None:
    """One of them is there, whole."""
    offers(filing, lambda: repeat(b"x" * MIB, 4), 4 * MIB)
    async with await AsyncApp(vault=kept).connect(filing.base_url) as connection:
        await asyncio.gather(*(connection.download(FILE, got) for _ in range(4)))
    assert got.stat().st_size == 4 * MIB
    assert list(got.parent.iterdir()) == [got]


async def test_a_task_that_is_cancelled_leaves_nothing(kept: MemoryVault, filing: Filing, got: Path) -> None:
    """In the middle of the body, as a program that is closed does it."""
    half, go_on = threading.Event(), threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"x" * MIB
        half.set()
        go_on.wait(10)

    offers(filing, pieces, 2 * MIB)
    async with await AsyncApp(vault=kept).connect(filing.base_url) as connection:
        task = asyncio.create_task(connection.download(FILE, got))
        await asyncio.to_thread(half.wait, 10)
        while sum(part.stat().st_size for part in got.parent.iterdir()) < MIB // 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    is_untouched(got)


def test_two_bodies_are_one_too_many(talk: Talk, tmp_path: Path) -> None:
    """A file counts as one."""
    with pytest.raises(ValueError, match="not both"):
        talk("request", "POST", ECHO, json={}, body=tmp_path)


def test_a_file_that_does_not_say_how_long_it_is(talk: Talk, filing: Filing) -> None:
    """The system's own files say 0 and have something all the same: it is sent."""
    assert Path("/proc/version").stat().st_size == 0
    talk("request", "PUT", ECHO, body=Path("/proc/version"), headers=BINARY)
    content = Path("/proc/version").read_bytes()
    assert filing.asked[-1].size == len(content) > 0
    assert filing.asked[-1].digest == hashlib.sha256(content).hexdigest()


def test_a_token_that_is_refused_before_the_body_is_read(talk: Talk, filing: Filing, tmp_path: Path) -> None:
    """The connection ends with the refusal: if it is lost with that, the next try has another token all the same."""
    filing.refused_early = {"at-0"}
    (tmp_path / "long").write_bytes(os.urandom(8 * MIB))
    with suppress(TryLater):
        talk("request", "PUT", ECHO, body=tmp_path / "long")
    assert filing.refreshed == 1
    assert talk("request", "PUT", ECHO, body=tmp_path / "long").status == 200
    assert filing.asked[-1].size == 8 * MIB


def test_a_long_body_that_is_cut_renews_nothing(talk: Talk, filing: Filing, tmp_path: Path) -> None:
    """A token that the site takes stays, whatever broke the connection."""
    (tmp_path / "long").write_bytes(os.urandom(8 * MIB))
    filing.answers[ECHO] = lambda _: Reply(pieces=[b"x"], length=10, headers=BINARY)
    with pytest.raises(TryLater, match="broke") as told:
        talk("request", "PUT", ECHO, body=tmp_path / "long")
    assert told.value.may_have_acted
    assert filing.refreshed == 0


def test_what_is_no_place(talk: Talk, filing: Filing, got: Path) -> None:
    """A name that is no path, and a function of the other face's kind: told before anything is sent."""

    async def later(piece: bytes) -> None:
        raise AssertionError(piece)

    asked = len(filing.asked)
    for to in (str(got), None, *(() if talk.is_async else (later,))):
        with pytest.raises(TypeError, match=r"pathlib\.Path"):
            talk("download", FILE, to, method="POST")
    assert len(filing.asked) == asked
    is_untouched(got)


@pytest.mark.parametrize("method", ["HEAD", "head"])
def test_headers_alone_are_no_file(talk: Talk, filing: Filing, got: Path, method: str) -> None:
    """What would be an empty file is not asked for."""
    asked = len(filing.asked)
    for to in (got, talk.taker(list)):
        with pytest.raises(ValueError, match="HEAD"):
            talk("download", FILE, to, method=method)
    assert len(filing.asked) == asked
    is_untouched(got)


def test_any_kind_of_file_is_asked_for(talk: Talk, filing: Filing, got: Path) -> None:
    """A site that negotiates has no JSON of an attachment; what the caller names is asked as it is."""
    filing.answers[FILE] = lambda asked: (
        Reply(200, b"new", BINARY) if asked.headers["accept"] == "*/*" else Reply(406, asked.headers["accept"].encode())
    )
    talk("download", FILE, got)
    assert got.read_bytes() == b"new"
    with pytest.raises(ApiRefused, match="406"):
        talk("download", FILE, got, headers={"accept": "text/csv"})
    assert filing.asked[-1].headers["accept"] == "text/csv"
    talk("get", ECHO)
    assert filing.asked[-1].headers["accept"] == "application/json"
