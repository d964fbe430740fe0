"""Work aside: it comes back, and is ended where it takes too long, takes too much, or nobody waits for it."""

import asyncio
import os
import pickle
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from genkan.mdm.check import Mended, Report
from genkan.mdm.targets import Target
from genkan.outside.aside import AT_ONCE, MOST_MEMORY, TooLong, aside
from genkan.protocol.reasons import Reason
from genkan.protocol.signin.password import LaneFull
from genkan.site.api import managed_checked
from genkan.site.received import Malformed, Received

VALUE = b'[{"baseURL": "https://jira.example.com"}]'
ANY, CHECK = "pickle:loads", "genkan.site.api.managed_checked:encoded"


class Call:
    """Bytes that make ``pickle`` call something on the other side."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self._called = function, arguments

    def __reduce__(self) -> Any:
        return self._called


def calling(function: Any, *arguments: object) -> bytes:
    """For ``pickle:loads`` there."""
    return pickle.dumps(Call(function, *arguments))


def there() -> bool:
    """Whoever asked still waits."""
    return False


def children() -> set[str]:
    """The processes that this one has started and that still run."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.add(path.parent.name)
    return found


async def test_what_is_made_of_the_bytes_comes_back() -> None:
    """From a function of the product, as bytes."""
    found, _ = msgspec.json.decode(await aside(CHECK, b"intune\n" + VALUE, there), type=tuple[Report, Mended])
    assert [site.base_url for site in found.sites] == ["https://jira.example.com"]


async def test_it_sees_none_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where the key ring is."""
    monkeypatch.setenv("GENKAN_SECRET_FILE", "/somewhere")
    assert await aside(ANY, calling(os.getenvb, b"GENKAN_SECRET_FILE", b"none"), there) == b"none"


async def test_what_takes_too_long_is_ended() -> None:
    """By its deadline, and nothing of it is left."""
    before = children()
    with pytest.raises(TooLong):
        await aside(ANY, calling(time.sleep, 60), there, 0.3)
    assert children() <= before


async def test_what_nobody_waits_for_is_ended() -> None:
    """The browser has gone."""
    before = children()
    with pytest.raises(TooLong):
        await aside(ANY, calling(time.sleep, 60), lambda: True)
    assert children() <= before


async def test_what_takes_too_much_memory_is_ended() -> None:
    """More than it may have is no more than an error there."""
    with pytest.raises(TooLong):
        await aside(ANY, calling(bytearray, MOST_MEMORY), there)


async def test_only_so_much_is_done_aside_at_once() -> None:
    """One more is told to come back; when it is over, there is room."""
    running = [asyncio.create_task(aside(ANY, calling(time.sleep, 60), there, 0.5)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.2)
    with pytest.raises(LaneFull):
        await aside(ANY, b"", there)
    assert {type(one) for one in await asyncio.gather(*running, return_exceptions=True)} == {TooLong}
    assert await aside(CHECK, b"\n" + VALUE, there)


async def test_a_large_value_is_checked_aside_and_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop has its turns all the while; what takes too long is a refusal that names itself."""
    received = cast("Received", SimpleNamespace(gone=there))
    large = b"[" + b"{}," * 8_000 + VALUE[1:]
    turns, asked = 0, asyncio.create_task(managed_checked.checked(large, Target.INTUNE, received))
    while not asked.done():
        await asyncio.sleep(0.002)
        turns += 1
    assert turns > 10
    assert asked.result() == managed_checked.check_and_fix(large, Target.INTUNE)
    monkeypatch.setattr("genkan.outside.aside.sys.executable", "/bin/false")
    with pytest.raises(Malformed) as refused:
        await managed_checked.checked(large, None, received)
    assert refused.value.refused.reason is Reason.INVALID_VALUE
