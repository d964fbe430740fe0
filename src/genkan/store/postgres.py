"""The Store on PostgreSQL: hot reads and token writes on the event loop, everything else in threads, on any number of
nodes with nothing shared but the database.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from genkan.protocol.audit import Segment
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, Rotated, Sighting, Writable
from genkan.store.api import NodeReport, Reported, StoreUnavailable, Tally
from genkan.store.deadlines import WRITE_SECONDS
from genkan.store.figures import StoreFigures, Written
from genkan.store.lane import Lane
from genkan.store.postgres_duty import Duty
from genkan.store.postgres_lane import Batch, TokenWriter
from genkan.store.postgres_open import migrate, prepare
from genkan.store.postgres_steps import StepsWriter
from genkan.store.postgres_verbs import ColdVerbs
from genkan.store.sqlite_commands import Drop, Flush, Prune, Seal, Settle
from genkan.store.sqlite_lazy import LazyWrites, Notes
from genkan.store.sqlite_stops import NEXT_STOP

MOST_IN_BATCH = 128
MOST_NOTES_IN_BATCH = 64
# What one statement writes of each kind while nobody waits.
MOST_NOTES_ALONE = 1_000
# How long what was noted may wait when no other write takes it along.
LAZY_SECONDS = 1.0

_PROVE = "UPDATE upkeep SET prune_began = prune_began"
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


def open_store(url: str, *, create: bool, env: Env, seconds: float = WRITE_SECONDS) -> "PostgresStore":
    """The store in this database, whose schema must be this version's; ``create`` brings it there first.

    Raises CannotOpen with one sentence for the operator.
    """
    if create:
        migrate(url, env)
    return PostgresStore(url, prepare(url), seconds)


class PostgresStore(ColdVerbs):
    """What the Store protocol promises. Use it from one event loop at a time."""

    def __init__(self, url: str, server: str, seconds: float = WRITE_SECONDS) -> None:
        super().__init__(url, server)
        self._lazy = LazyWrites()
        self._tokens = TokenWriter(url)
        self._token_lane = Lane(self._write_tokens, MOST_IN_BATCH, "tokens", seconds)
        self._steps = StepsWriter(url)
        self._steps_thread = ThreadPoolExecutor(1, thread_name_prefix="genkan-steps")
        self._step_lane = Lane(self._write_steps, MOST_IN_BATCH, "changes", seconds)
        self._duty = Duty(url, self._pool)
        self._written = Written()
        self._closing = False
        # The loop on which a timer runs that will write what was noted.
        self._timer: asyncio.AbstractEventLoop | None = None

    async def apply(self, outcome: Writable) -> bool:
        """True once it is durable, False when the facts moved on and nothing was written."""
        lane = self._step_lane if isinstance(outcome, Change) else self._token_lane
        done = bool(await self._submit(lane, outcome))
        if done:
            self._written.note(outcome)
            if type(outcome) is Rotated:
                self._facts.rotated(outcome)
        return done

    def figures(self) -> StoreFigures:
        lanes = (self._token_lane.figures, self._step_lane.figures, self._cold.figures)
        statements = {"reads": self._pool.statements, "tokens": self._tokens.statements,
                      "changes": self._steps.statements, "console": self._cold.statements}  # fmt: skip
        return StoreFigures(lanes, self._written, len(self._lazy), statements, self._pool.figures)

    def note_sighting(self, sighting: Sighting) -> None:
        self._noted(self._lazy.sighting(sighting))

    def note_session(self, session_id: bytes, at: int) -> None:
        self._noted(self._lazy.session(session_id, at))

    def note_refusal(self, tally: Tally) -> None:
        self._noted(self._lazy.refusal(tally))

    def note_event(self, event: Event) -> None:
        self._noted(self._lazy.event(event))

    def note_asker(self, user_agent: str, network: str, at: int) -> None:
        self._noted(self._lazy.asker(user_agent, network, at))

    async def settle(self, limit: int) -> int:
        # Asked every second, and hardly ever with something to do: no lock is taken to find that out.
        if not await self._pool.fetch(NEXT_STOP):
            return 0
        return int(await self._submit(self._step_lane, Settle(limit)))

    async def prune(self, now: int, limit: int) -> int:
        return int(await self._submit(self._step_lane, Prune(now, limit)))

    async def seal(self, segment: Segment) -> bool:
        return bool(await self._submit(self._step_lane, Seal(segment)))

    async def drop(self, segment: Segment) -> bool:
        return bool(await self._submit(self._step_lane, Drop(segment)))

    async def report(self, node: NodeReport) -> Reported:
        reported: Reported = await self._submit(self._step_lane, node)
        if self._tokens.is_of_another(self._steps.newest):
            # Its session must not stay of an older epoch because nobody writes.
            await self._submit(self._token_lane, Flush())
        return reported

    async def clock(self) -> int | None:
        return int((await self._pool.fetch(_CLOCK))[0][0])

    async def on_duty(self) -> bool:
        return await self._duty.held()

    async def leave_duty(self) -> None:
        await self._duty.leave()

    async def prove(self) -> None:
        # A row that is written as it was is a new one there, and waits for the standby as any other.
        await self._pool.fetch(_PROVE)

    async def flush(self) -> None:
        while self._lazy:
            await self._submit(self._token_lane, Flush())

    async def close(self) -> None:
        """Write what waits and let go of the connections. What was acknowledged is durable whether or not it can."""
        if self._closing:
            return
        with suppress(StoreUnavailable):
            await self.flush()
        self._closing = True
        await self._token_lane.rest()
        await self._step_lane.rest()
        await self._duty.leave()
        await self._tokens.close()
        await self._pool.close()
        await asyncio.to_thread(self._end_threads)

    def _end_threads(self) -> None:
        self._steps_thread.shutdown(wait=True)
        self._steps.close()
        self._cold.close()

    def _submit(self, lane: Lane, command: Any) -> asyncio.Future[Any]:
        if self._closing:
            raise StoreUnavailable("the store is closing")
        return lane.submit(command)

    def _noted(self, first: bool) -> None:
        """Something was noted; the first that waits sees to it that it is written within about a second."""
        if first and not self._closing:
            with suppress(RuntimeError):
                # Without a running loop it waits for the next write, a flush or the close.
                loop = asyncio.get_running_loop()
                if self._timer is not loop:
                    self._timer = loop
                    loop.call_later(LAZY_SECONDS, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._lazy and not self._closing:
            with suppress(StoreUnavailable):
                # Nobody waits for it: what could not be written is noted once more.
                self._token_lane.submit(Flush()).add_done_callback(_looked_at)

    async def _write_tokens(self, commands: list[Any]) -> Sequence[Any]:
        """A batch, with what was noted. Rotations, the most frequent of all, leave that to others or to its timer."""
        flushed = any(isinstance(command, Flush) for command in commands)
        outcomes = [command for command in commands if not isinstance(command, Flush)]
        takes = flushed or any(not isinstance(outcome, Rotated) for outcome in outcomes)
        most = MOST_NOTES_ALONE if flushed else MOST_NOTES_IN_BATCH
        notes = self._lazy.take(most) if self._lazy and takes else None
        results: list[Any]
        try:
            results = await self._tokens.run(Batch(notes, outcomes))
        except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
            self._put_back(notes, e)
            return [e] * len(commands)
        if self._lazy and flushed:
            self._wake()
        elif self._lazy:
            self._noted(True)
        told = iter(results)
        return [True if isinstance(command, Flush) else next(told) for command in commands]

    def _put_back(self, notes: Notes | None, fault: Exception) -> None:
        """Notes that the machine could not take wait once more."""
        if notes and isinstance(fault, StoreUnavailable) and not self._closing:
            self._lazy.put_back(notes)
            self._noted(True)

    async def _write_steps(self, commands: list[Any]) -> Sequence[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._steps_thread, self._steps.run, commands)


def _looked_at(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
