"""The real site over loopback, in an event loop of a thread of its own: started, asked to do things, ended whole.

Owns the thread, the sockets and the composition; what is done at the open site is ``acts``'.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from genkan import clock, settings
from genkan.httpd.connection import Connection
from genkan.httpd.shared import Shared
from genkan.main import load_ring, open_door
from genkan.outside.passwords import PasswordLane
from genkan.outside.ring_file import read_ring
from genkan.protocol.env import SECOND
from genkan.protocol.ring import Ring
from genkan.settings import Settings
from genkan.settings_given import FILE_VARIABLE, flag_of
from genkan.site.answer import Answer
from genkan.site.app import build
from genkan.site.arrival import Arrival
from genkan.site.door import Door, RingHolder
from genkan.site.peer import Peers
from genkan.store.sqlite import open_store
from genkan.testing.asked import Deciders
from genkan.testing.behind import Applications
from genkan.testing.clock import SiteClock
from genkan.testing.faults import Faults
from genkan.testing.setup import PROFILES, Setup, SetupRefused

T = TypeVar("T")
HOST = "127.0.0.1"
CALL_SECONDS = 60


class Hosted:
    """One site that answers until it is closed. Raises SetupRefused where the settings will not do."""

    def __init__(self, folder: Path, setup: Setup, site_clock: SiteClock) -> None:
        listener = socket.create_server((HOST, 0))
        self.origin = f"http://{HOST}:{listener.getsockname()[1]}"
        self._deciders = Deciders()
        self.faults = Faults(setup.path, self._deciders)
        self.applications = Applications(setup.path, self._deciders)
        self._clock = site_clock
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="genkan site", daemon=True)
        self._stack = AsyncExitStack()
        self._thread.start()
        try:
            chosen = _settings(folder, self.origin + setup.path, listener.getsockname()[1], _chosen(setup))
            self.door = self.call(lambda: self._open(chosen, listener))
        except BaseException:
            listener.close()
            self.close()
            raise

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something in the site's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(CALL_SECONDS)

    def close(self) -> None:
        """End every connection, then the store, then the thread."""
        self.call(self._stack.aclose)
        self.call(self._loop.shutdown_default_executor)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def tell(self) -> None:
        """Raise what a function of the test's own raised."""
        self._deciders.tell()

    async def _open(self, chosen: Settings, listener: socket.socket) -> Door:
        store = open_store(chosen.database_path, create=True, env=self._clock())
        self._stack.push_async_callback(store.close)
        lane = PasswordLane(1)
        self._stack.callback(lane.close)
        ring = await load_ring(store, chosen.ring_path)
        holder = PromptRing(ring, (await store.site()).site_id, lambda: _reread(chosen.ring_path))
        door = replace(await open_door(chosen, store, ring, lane), env=self._clock, log=_quiet, ring=holder)
        app = build(door, Peers(chosen.trusted_proxies, ""), clock.ticks)
        shared = Shared(self._dated(app.respond), _quiet)
        server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), sock=listener)
        self._stack.push_async_callback(_end, server, shared)
        return door

    def _dated(self, respond: Callable[[Arrival], Coroutine[Any, Any, Answer]]) -> Callable[..., Any]:
        faulty = self.faults.around(self.applications.around(respond))

        async def answer(arrival: Arrival) -> Answer:
            # RFC 9110 6.6.1: an app that looks at the site's clock must see the one that the site goes by.
            now = formatdate(self._clock().now / 1000, usegmt=True)
            return (await faulty(arrival)).plus((b"date", now.encode()))

        return answer


class PromptRing(RingHolder):
    """Reads the file whenever it is asked to: a test that rotates keys need not wait a second for the next time."""

    def renew(self, now: int) -> None:
        self._read_at = now - SECOND
        super().renew(now)


def _reread(path: Path) -> Ring | None:
    ring = read_ring(path)
    return ring if isinstance(ring, Ring) else None


async def _end(server: asyncio.Server, shared: Shared) -> None:
    server.close()
    open_now = [one for one in shared.state.connections if isinstance(one, Connection)]
    tasks = {task for task in map(Connection.break_off, open_now) if task is not None} | shared.state.tasks
    if tasks:
        await asyncio.wait(tasks)
    await server.wait_closed()


def _chosen(setup: Setup) -> Mapping[str, object]:
    """What the profile wants, and over it what the test itself set."""
    return {**PROFILES[setup.profile], **setup.settings}


def _settings(folder: Path, base_url: str, port: int, chosen: Mapping[str, object]) -> Settings:
    given = {
        "data_dir": str(folder),
        "base_url": base_url,
        "port": port,
        # A test refreshes and signs in as often as it likes; where the limit is what it tests, it sets one.
        "rotations_per_second": 0,
        "sign_ins_per_account": 0,
        **chosen,
    }
    # Neither a genkan.toml in the folder that tests run in nor the variables of their machine are the test's.
    loaded = settings.load({FILE_VARIABLE: os.devnull}, given)
    if isinstance(loaded, settings.SettingsProblem):
        raise SetupRefused(_by_names(loaded.sentence, chosen))
    return loaded


def _by_names(sentence: str, chosen: Mapping[str, object]) -> str:
    """The sentence with the names that the test wrote, which were handed on as flags."""
    for name in chosen:
        sentence = sentence.replace(flag_of(name), f"settings[{name!r}]")
    return sentence


def _quiet(*_: object, **__: object) -> None:
    """A test reads what the site answers, not its log."""
