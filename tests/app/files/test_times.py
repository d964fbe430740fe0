"""How long a request may take, for threads and for tasks: by our own measure, and by a time that is named."""

import asyncio
import threading
from pathlib import Path

import pytest

from genkan import clock as real
from genkan.app import TryLater, clients, exchange
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
