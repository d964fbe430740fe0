"""How long a request may take, for threads and for tasks: by our own measure, and by a time that is named."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from genkan import clock as real
from genkan.app import App, AsyncApp, MemoryVault, TryLater, clients, exchange
from tests.app.desk import ECHO
from tests.app.files.filing import Filing
from tests.app.files.talks import FILE, Talk, is_untouched, offers, slowly


def test_a_slow_site_has_the_time_that_is_named(talk: Talk, filing: Filing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word a site that is silent for too long is given up; with one it may take as long as was said."""
    monkeypatch.setattr(clients, "READ_SECONDS", 0.1)
    slowly(filing, 0.3)
    with pytest.raises(TryLater, match="did not end in time"):
        talk("get", FILE)
    assert talk("get", FILE, timeout=20).body == b"xxx"
    took: list[bytes] = []
    talk("download", FILE, talk.taker(took.append), timeout=20)
    assert b"".join(took) == b"xxx"


def test_a_time_that_is_named_is_for_the_whole(talk: Talk, filing: Filing, got: Path) -> None:
    """A site that never lets a read wait for long ends all the same, and a silent one does; a change may have acted."""
    for pause in (0.05, 30):
        over = slowly(filing, pause, whole=600)
        began = real.ticks()
        with pytest.raises(TryLater, match="did not end in time") as told:
            talk("download", FILE, got, method="POST", timeout=1)
        assert told.value.may_have_acted
        assert real.ticks() - began < 10
        over.set()
    is_untouched(got)


def test_the_takers_time_is_not_the_networks(talk: Talk, filing: Filing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who thinks about each piece for longer than an answer may take still gets the whole; a named time counts it."""
    monkeypatch.setattr(exchange, "WHOLE_ANSWER_SECONDS", 1.5)
    monkeypatch.setattr(exchange, "SLOWEST_BYTES", 1 << 40)
    offers(filing, lambda: iter([b"x" * (256 << 10)]), 256 << 10)
    pause = threading.Event()
    came: list[bytes] = []

    def think(piece: bytes) -> None:
        pause.wait(0.5)
        came.append(piece)

    async def think_later(piece: bytes) -> None:
        await asyncio.sleep(0.5)
        came.append(piece)

    talk("download", FILE, think_later if talk.is_async else think)
    assert len(b"".join(came)) == 256 << 10
    assert len(came) >= 4
    with pytest.raises(TryLater, match="in time"):
        talk("download", FILE, think_later if talk.is_async else think, timeout=1.5)


CALLS: dict[str, tuple[object, ...]] = {
    "get": (ECHO,),
    "post": (ECHO, {}),
    "put": (ECHO, {}),
    "delete": (ECHO,),
    "request": ("GET", ECHO),
    "download": (ECHO, Path("none")),
}


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 8 * 24 * 3600])
def test_times_that_are_none(talk: Talk, filing: Filing, timeout: float) -> None:
    """Refused before anything is sent."""
    asked = len(filing.asked)
    for name, words in CALLS.items():
        with pytest.raises(ValueError, match="timeout"):
            talk(name, *words, timeout=timeout)
    assert len(filing.asked) == asked


@pytest.fixture
def full(filing: Filing) -> Iterator[str]:
    """An address whose queue of connections is full, so that none is made."""
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_site_that_is_never_reached(filing: Filing, kept: MemoryVault, full: str, kind: str) -> None:
    """A short time that ends before there is a connection: nothing was sent, and both faces say so."""
    filing.base_url = full
    filing.keep_session(kept)
    with App(vault=kept, examine=False).connect(sign_in=False) as connection:
        talk = Talk(kind, connection._talk, real.ticks)
        with pytest.raises(TryLater, match="cannot be reached") as told:
            talk("post", ECHO, {}, timeout=1)
    assert not told.value.may_have_acted


async def test_what_goes_out_on_a_kept_connection_may_have_acted(kept: MemoryVault, filing: Filing) -> None:
    """No connection is made for it, and that says nothing of what was sent."""
    over = slowly(filing, 30)
    async with await AsyncApp(vault=kept).connect(filing.base_url) as connection:
        await connection.whoami()
        with pytest.raises(TryLater, match="did not end in time") as told:
            await connection.post(FILE, {}, timeout=0.5)
    assert told.value.may_have_acted
    over.set()
