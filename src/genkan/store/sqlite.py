"""The Store on SQLite: reads inline on the event loop, group commit made durable by a thread, one serving process.

Commands in other processes may read and write beside it; each sees the other's commits at its next read.
"""

import asyncio
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from genkan.protocol.audit import Segment
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Event, Sighting, Writable
from genkan.protocol.records import Site
from genkan.store.api import CannotOpen, NodeReport, Reported, Storage, StoreUnavailable, Tally
from genkan.store.deadlines import WRITE_SECONDS
from genkan.store.figures import StoreFigures, Written
from genkan.store.sqlite_commands import Claim, Drop, Flush, Prove, Prune, Seal, Settle
from genkan.store.sqlite_files import sizes
from genkan.store.sqlite_moving import MOVING
from genkan.store.sqlite_open import connect, prepare, reopen_where_the_mover_died
from genkan.store.sqlite_phone_checks import SqlitePhoneChecks
from genkan.store.sqlite_place import OpenFiles
from genkan.store.sqlite_stops import NEXT_STOP
from genkan.store.sqlite_turn import Turn
from genkan.store.sqlite_writer import Writer


def open_store(path: Path, *, create: bool, env: Env, seconds: float = WRITE_SECONDS) -> "SqliteStore":
    """The store in this file, migrated where it is older. ``create`` False raises NoSite where there is none.

    Raises CannotOpen with one sentence for the operator.
    """
    prepare(path, create=create, env=env)
    try:
        return SqliteStore(path, seconds)
    except sqlite3.Error as e:
        raise CannotOpen(f"{path} cannot be opened as a site: {e}") from e


class SqliteStore(SqlitePhoneChecks):
    """What the Store protocol promises. Use it from one event loop; each instance has its own connections."""

    def __init__(self, path: Path, seconds: float = WRITE_SECONDS) -> None:
        files = OpenFiles(path)
        super().__init__(connect(path, readonly=True))
        self.path = path
        self._files = files
        self._turn = Turn(self._db, self._begun)
        self._enter = self._turn.enter
        self._writer = Writer(path, self._known, files, seconds)
        self._written = Written()

    def _begun(self) -> None:
        self._files.check()
        self._cache.renew()

    async def site(self) -> Site:
        """Whoever asks how the site is, as upkeep does each second, has the files looked at."""
        if not self._files.look():
            raise self._files.gone()
        return await super().site()

    async def apply(self, outcome: Writable) -> bool:
        """True once it is durable, False when the facts moved on and nothing was written."""
        done = bool(await self._writer.submit(outcome))
        if done:
            self._written.note(outcome)
        return done

    def figures(self) -> StoreFigures:
        return StoreFigures((self._writer.figures,), self._written, len(self._writer.lazy))

    def note_sighting(self, sighting: Sighting) -> None:
        self._writer.noted(self._writer.lazy.sighting(sighting))

    def note_session(self, session_id: bytes, at: int) -> None:
        self._writer.noted(self._writer.lazy.session(session_id, at))

    def note_refusal(self, tally: Tally) -> None:
        self._writer.noted(self._writer.lazy.refusal(tally))

    def note_event(self, event: Event) -> None:
        self._writer.noted(self._writer.lazy.event(event))

    def note_asker(self, user_agent: str, network: str, at: int) -> None:
        self._writer.noted(self._writer.lazy.asker(user_agent, network, at))

    async def storage(self) -> Storage:
        size, log_size, free = sizes(self.path)
        return replace(await super().storage(), size=size, log_size=log_size, free=free)

    async def settle(self, limit: int) -> int:
        # Asked every second, and hardly ever with something to do: no lock is taken to find that out.
        if self._one(NEXT_STOP) is None:
            return 0
        return int(await self._writer.submit(Settle(limit)))

    async def prune(self, now: int, limit: int) -> int:
        return int(await self._writer.submit(Prune(now, limit)))

    async def seal(self, segment: Segment) -> bool:
        return bool(await self._writer.submit(Seal(segment)))

    async def drop(self, segment: Segment) -> bool:
        return bool(await self._writer.submit(Drop(segment)))

    async def report(self, node: NodeReport) -> Reported:
        reported: Reported = await self._writer.submit(node)
        if self._one(MOVING) is not None:
            await asyncio.to_thread(reopen_where_the_mover_died, self.path)
        return reported

    async def clock(self) -> int | None:
        """A file has none; what nodes reported before is what there is to compare with."""
        return None

    async def on_duty(self) -> bool:
        """One process serves a file. It takes the claim, so that it need not look at each row for each request; and
        where somebody wrote past us, by hand, gives it up within a second.
        """
        # Where nothing can be read or written, rows are looked at, and others tell.
        with suppress(StoreUnavailable):
            self._enter()
            if not self._cache.claim % 2:
                await self._writer.submit(Claim())
            elif self._known.is_claimed and self._writer.somebody_wrote():
                await self._writer.submit(Flush())
        return True

    async def leave_duty(self) -> None:
        """There is nobody else."""

    async def prove(self) -> None:
        await self._writer.submit(Prove())

    async def flush(self) -> None:
        await self._writer.submit(Flush())

    async def close(self) -> None:
        """Write what waits and let go of the file. What was acknowledged is durable whether or not this succeeds."""
        self._turn.leave()
        self._db.close()
        with suppress(StoreUnavailable):
            await self._writer.close()
