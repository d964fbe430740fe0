"""A real ``genkan serve`` and real programs of the app beside it, each phone in a folder of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from genkan import clock
from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.flows import Wanted
from genkan.app.outcomes import Kept, Ready
from genkan.app.session import Sessions
from genkan.app.state import SessionState, decode, encode
from genkan.app.vault import FileVault
from genkan.protocol import phones
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.accounts import create as create_account
from genkan.protocol.phones import Phone as SeenPhone
from genkan.store.api import PhoneQuery, Store
from genkan.store.sqlite import open_store
from genkan.testing.person import Person, RealBrowser
from tests.security.serving import COMMAND, Serving
from tests.site.world import PASSWORD, PASSWORD_HASH

T = TypeVar("T")


class RealPhone:
    """The environment of one phone: where it keeps things, and whose browser it has."""

    def __init__(self, site: Serving, folder: Path, name: str) -> None:
        self.site = site
        self.folder = folder
        self.name = name
        self.settings = {
            "GENKAN_APP_DIR": str(folder),
            "GENKAN_APP_VAULT": "file",
            "GENKAN_BROWSER": f"{sys.executable} -m genkan.testing",
            "PERSON_NAME": name,
            "PERSON_PASSWORDS": PASSWORD,
        }
        plain = {key: value for key, value in os.environ.items() if not key.startswith("GENKAN_")}
        for display in ("DISPLAY", "WAYLAND_DISPLAY"):
            plain.pop(display, None)
        self.environment = {**plain, **self.settings}

    def app(self, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """``genkan app WORDS…`` as a process, to its end."""
        with self.start(*words, **more) as process:
            out, err = process.communicate(given, timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """``genkan app WORDS…`` as a process, while the test does something else."""
        return subprocess.Popen(
            [*COMMAND, "app", *words],
            env={**self.environment, **more},
            cwd=self.folder.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sessions(self) -> Sessions:
        """The library over the same folder, in this process."""
        return Sessions(FileVault(self.folder / "sessions"), clock.now_ms, clock.draw)

    def sign_in(self) -> str:
        """By the library, through the site's real forms; the id of the kept session."""
        browser = RealBrowser()
        with self.sessions() as sessions:
            found = sessions.discover(Wanted(self.site.base))
            assert isinstance(found, Ready), found
            door = HandedAgent(Person(browser, self.name, (PASSWORD,))).open_door(found.site.redirect_uris)
            assert not isinstance(door, NoDoor)
            kept = sessions.sign_in(found.site, door)
        browser.close()
        assert isinstance(kept, Kept), kept
        return kept.state.id

    def let_expire(self, session_id: str) -> None:
        """By what the phone keeps, its access token expired long ago."""
        vault = FileVault(self.folder / "sessions")
        kept = decode(session_id, vault.read(session_id) or "")
        assert isinstance(kept, SessionState)
        assert kept.tokens is not None
        vault.write(session_id, encode(replace(kept, tokens=replace(kept.tokens, obtained_at=0, expires_at=1))))

    def seen(self) -> list[SeenPhone]:
        """This person's phones as the server's own file has them, newest first."""

        async def look(store: Store) -> list[SeenPhone]:
            account = await store.account_by_name(self.name)
            assert account is not None
            rows = await store.phones(PhoneQuery(account_id=account.id))
            return [phones.judge(row, clock.system_env()) for row in rows]

        return at_store(self.site, look)

    def standing(self) -> list[tuple[str, str]]:
        """State and reason of each of them."""
        return [(seen.state.value, seen.reason) for seen in self.seen()]


def at_store(site: Serving, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something at the store of a server that runs, as the commands do."""

    async def run() -> T:
        path = Path(site.environment["GENKAN_DATA_DIR"]) / "genkan.sqlite3"
        store = open_store(path, create=False, env=clock.system_env())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def add_person(site: Serving, name: str) -> None:
    """An account with PASSWORD."""
    made = create_account(AccountWish(name, password_hash=PASSWORD_HASH), "test", clock.system_env())
    assert isinstance(made, NewAccount)
    assert at_store(site, lambda store: store.apply(made.change))


MakePhone = Callable[[], RealPhone]
