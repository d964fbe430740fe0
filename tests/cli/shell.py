"""The command in process, on a data folder of its own, and what tests need to see of the site beside it."""

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from genkan import clock
from genkan.cli import root
from genkan.main import load_ring
from genkan.protocol.phones import PhoneRow
from genkan.protocol.records import Account, Grant, Link
from genkan.protocol.ring import Ring
from genkan.store.api import PhoneQuery, Store
from genkan.store.sqlite import open_store
from tests.store.builders import a_grant, a_link, added, an_account, redeemed

Answer = TypeVar("Answer")
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as a program reads it."""
        return json.loads(self.out)


class Shell:
    """``shell("user", "list")`` is ``genkan user list``. Nothing of the tester's own settings gets in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.patch = monkeypatch
        for name in [name for name in os.environ if name.startswith("GENKAN_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("GENKAN_DATA_DIR", str(self.data))
        monkeypatch.chdir(folder)

    def __call__(self, *words: str, given: str | bytes = "") -> Ended:
        out, err = _Captured(), _Captured()
        typed = given if isinstance(given, bytes) else given.encode()
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = _status(words)
        return Ended(status, out.text, err.text)

    def good(self, *words: str, given: str | bytes = "") -> Ended:
        """A command that must not fail."""
        ended = self(*words, given=given)
        assert ended.status == 0, ended.err
        return ended

    def refused(self, *words: str, given: str | bytes = "", status: int) -> str:
        """A command that must fail with this status and one line, which is given without its beginning."""
        ended = self(*words, given=given)
        assert (ended.status, ended.out) == (status, ""), ended
        assert ended.err.startswith("genkan: "), ended
        assert ended.err.count("\n") == 1, ended
        return ended.err.removeprefix("genkan: ").rstrip("\n")

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.data / "genkan.sqlite3"

    @property
    def ring_path(self) -> Path:
        """The key ring's file."""
        return self.data / "secrets.json"

    def found_site(self) -> Ring:
        """Make the site that commands need: a store and its ring, as a first start does."""
        self.data.mkdir(mode=0o700)
        return self.in_store(lambda store: load_ring(store, self.ring_path), create=True)

    def in_store(self, work: Callable[[Store], Awaitable[Answer]], *, create: bool = False) -> Answer:
        """Look at the site, or change it, beside the commands."""

        async def opened() -> Answer:
            store = open_store(self.database, create=create, env=clock.system_env())
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(opened())

    def apply(self, *changes: Any) -> None:
        """Write to the store past the commands."""

        async def work(store: Store) -> None:
            for change in changes:
                assert await store.apply(change)

        self.in_store(work)

    def sign_in(self, account: Account, link: Link, **changes: Any) -> Grant:
        """A signed-in phone: its row."""
        grant = a_grant(account, link, clock.now_ms(), **changes)
        self.apply(redeemed(grant))
        return grant

    def people(self, *names: str) -> tuple[Link, list[Account]]:
        """A link and accounts, in the store."""
        link, accounts = a_link("Wiki"), [an_account(name) for name in names]
        self.apply(added(link, *accounts))
        return link, accounts

    def phone(self, grant: Grant) -> PhoneRow:
        """The row as it is now."""
        row = self.in_store(lambda store: store.phone(grant.id))
        assert row is not None
        return row

    def phones(self) -> list[PhoneRow]:
        """All rows, newest first."""
        return self.in_store(lambda store: store.phones(PhoneQuery(limit=1000)))

    def kinds(self) -> list[str]:
        """What the audit tells of, oldest first."""
        events = self.in_store(lambda store: store.events(0, 1000))
        return [event.kind.value for _, event in events]

    def add_user(self, name: str, *words: str) -> Ended:
        """An account with PASSWORD, by command."""
        return self.good("user", "add", name, "--password-stdin", *words, given=PASSWORD)


class _Captured(io.TextIOWrapper):
    """A standard stream that can be written to as text and as bytes."""

    def __init__(self) -> None:
        self._raw = io.BytesIO()
        super().__init__(self._raw, encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        """All that was written."""
        return self._raw.getvalue().decode()


def _status(words: tuple[str, ...]) -> int:
    try:
        root.main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
