"""The writer behind tokens, on the event loop: a connection of its own, and of each kind many in one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from msgspec.structs import replace

from genkan.protocol.outcomes import Ended, Event, EventKind, Redeemed, Retried, Rotated
from genkan.protocol.reasons import EndReason
from genkan.store import postgres_tokens as sql
from genkan.store.postgres_connection import (
    AGAIN,
    SILENT_SECONDS,
    UNLIMITED,
    commit,
    connect,
    hanging_up,
    is_lost,
    is_machine,
    unavailable,
)
from genkan.store.postgres_epoch import joined
from genkan.store.postgres_notes import statements
from genkan.store.postgres_texts import KnownIds
from genkan.store.sqlite_lazy import Notes

TRIES = 5
# Done twice these do nothing the second time: whoever is told False decides anew, and finds what the first time did.
_TWICE_IS_ONCE = (Rotated, Ended)

# Whether a session that was hung up on waits for a standby still.
_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'"

Token = Redeemed | Rotated | Retried | Ended


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands with what was noted meanwhile."""

    notes: Notes | None
    commands: Sequence[Token]

    @property
    def is_one_statement(self) -> bool:
        """Rotations alone, or retries, without a word for the audit: the statement is its own transaction."""
        kinds = {type(command) for command in self.commands}
        one = kinds in ({Rotated}, {Retried})
        return one and not self.notes and all(getattr(command, "event", None) is None for command in self.commands)

    def texts(self) -> Iterable[str]:
        """Every text that a row of these will name."""
        for event in self.notes.events.values() if self.notes else ():
            yield from sql.texts_of_event(event)
        for command in self.commands:
            if isinstance(command, Redeemed | Rotated):
                yield from sql.texts_of_grant(command.grant)
            if isinstance(command, Ended):
                yield command.reason
            if command.event is not None:
                yield from sql.texts_of_event(command.event)
        yield from (EventKind.GRANT_ENDED, EndReason.SIGNED_IN_AGAIN)


class TokenWriter:
    """Runs batches one after the other."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ids = KnownIds()
        # Of the connection that is open. ``stale``: another one has begun.
        self._epoch: int | None = None
        self.stale = False
        # The server's process behind the connection, and the one behind the last that was hung up on.
        self._process: int | None = None
        self._left: int | None = None
        self._connection: asyncpg.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.statements = 0

    async def run(self, batch: Batch) -> list[Any]:
        """Each command's result, or the exception that belongs to its caller; what is no exception is durable.

        Raises StoreUnavailable where not even the notes could be written.
        """
        for last in (*[False] * (TRIES - 1), True):
            sent = False
            try:
                connection = await self._connected()
                await self._ids.learn(connection, batch.texts())
                sent = True
                return await self._transact(connection, batch)
            except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
                if isinstance(e, TimeoutError):
                    self._left = self._left or self._process
                await self._undo(e)
                again = isinstance(e, AGAIN) or (is_lost(e) and not isinstance(e, OSError) and _may_repeat(batch, sent))
                if again and not last:
                    continue
                return await self._failed(batch, e)
        return []

    def is_of_another(self, newest: int | None) -> bool:
        """Whether what is known here is of another epoch of texts than the newest; the next batch will be of that."""
        self.stale = self._epoch is not None and newest is not None and self._epoch != newest
        return self.stale

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None or self._loop is not asyncio.get_running_loop():
            return
        try:
            await connection.close(timeout=1.0)
        except Exception:  # noqa: BLE001 it is given up either way
            connection.terminate()
        await asyncio.sleep(0)

    async def _connected(self) -> asyncpg.Connection:
        loop = asyncio.get_running_loop()
        if self._connection is None or self._connection.is_closed() or loop is not self._loop:
            self._connection, self._loop, self._epoch = await connect(self._url), loop, None
            await self._check_left(self._connection)
        if self._epoch is None or self.stale:
            self.stale = False
            self._ids.forget()
            self._epoch = await joined(self._connection, self._epoch)
        return self._connection

    async def _check_left(self, connection: asyncpg.Connection) -> None:
        """While a write waits for its standby another would wait too, each in a session of its own, until the server
        has none left for anybody.
        """
        self._process = connection.get_server_pid()
        if self._left is not None and (await connection.fetch(_WAITS, self._left))[0][0]:
            raise TimeoutError("an earlier write waits for a standby")
        self._left = None

    async def _undo(self, fault: Exception) -> None:
        connection = self._connection
        if connection is None:
            return
        if is_lost(fault) or connection.is_closed():
            connection.terminate()
            self._connection = None
        elif connection.is_in_transaction():
            try:
                await connection.execute("ROLLBACK")
            except Exception:  # noqa: BLE001 it is given up then
                connection.terminate()
                self._connection = None

    async def _failed(self, batch: Batch, fault: Exception) -> list[Any]:
        """Where it is the fault of one of them, halves find it, so that it harms none of the others."""
        if is_machine(fault):
            raise unavailable(fault) from fault
        commands = batch.commands
        if batch.notes:
            return await self.run(Batch(None, commands)) if commands else []
        if len(commands) == 1:
            return [fault]
        middle = len(commands) // 2
        return await self.run(Batch(None, commands[:middle])) + await self.run(Batch(None, commands[middle:]))

    async def _transact(self, connection: asyncpg.Connection, batch: Batch) -> list[Any]:
        alone = batch.is_one_statement
        done = Doing(connection, self._ids, batch.commands, UNLIMITED if alone else SILENT_SECONDS)
        try:
            if alone:
                with hanging_up(connection):
                    await done.all()
            else:
                await self._together(connection, batch, done)
        finally:
            self.statements += done.statements
        return done.results

    async def _together(self, connection: asyncpg.Connection, batch: Batch, done: "Doing") -> None:
        self.statements += 2
        await connection.execute("BEGIN")
        # A stop locks what redemptions share before rows (0232), and so does this.
        await done.all()
        for text, values in statements(batch.notes, self._ids) if batch.notes else ():
            self.statements += 1
            await connection.fetch(text, *values)
        await commit(connection)


def _may_repeat(batch: Batch, sent: bool) -> bool:
    return not sent or (not batch.notes and all(isinstance(command, _TWICE_IS_ONCE) for command in batch.commands))


class Doing:
    """One batch inside its transaction: which commands were done, and what the audit is still to be told. ``limit``:
    after how many seconds the driver cancels a statement.
    """

    def __init__(self, connection: asyncpg.Connection, ids: KnownIds, commands: Sequence[Token], limit: float) -> None:
        self._connection = connection
        self._limit = limit
        self._ids = ids
        self._commands = commands
        self._events: list[Event] = []
        self.statements = 0
        self.results: list[Any] = [False] * len(commands)

    async def all(self) -> None:
        """A kind at a time. Retries come before rotations: what was read before a row moved on still counts."""
        await self._each(Redeemed, self._redeem)
        await self._each(Retried, self._retry)
        await self._each(Rotated, self._rotate)
        await self._each(Ended, self._end)
        if self._events:
            told = sql.TELL_COLUMNS.arrays(sql.event_row(event, self._ids) for event in self._events)
            await self._fetch(sql.TELL, *told)

    async def _fetch(self, text: str, *values: Any) -> list[Any]:
        self.statements += 1
        return list(await self._connection.fetch(text, *values, timeout=self._limit))

    async def _each(self, kind: type, run: Callable[[dict[int, Any]], Awaitable[None]]) -> None:
        found = {place: command for place, command in enumerate(self._commands) if type(command) is kind}
        if found:
            await run(found)

    async def _redeem(self, asked: dict[int, Redeemed]) -> None:
        """In rounds: no statement has one code twice, nor one phone, since it would not see its own rows."""
        while asked:
            seen: set[Any] = set()
            now: dict[int, Redeemed] = {}
            for place, outcome in asked.items():
                grant = outcome.grant
                keys = {grant.id, (grant.account_id, grant.link_id, grant.device) if grant.device else grant.id}
                if seen.isdisjoint(keys):
                    seen |= keys
                    now[place] = outcome
            asked = {place: outcome for place, outcome in asked.items() if place not in now}
            await self._redeem_round(now)

    async def _redeem_round(self, now: dict[int, Redeemed]) -> None:
        values = sql.REDEEM_COLUMNS.arrays(sql.redeem_row(outcome, self._ids) for outcome in now.values())
        born = {row[0] for row in await self._fetch(sql.REDEEM, *values)}
        taken = {outcome.grant.id: outcome for outcome in now.values() if outcome.grant.id in born}
        for place, outcome in now.items():
            self.results[place] = outcome.grant.id in born
        await self._replace({grant_id: one for grant_id, one in taken.items() if one.grant.device is not None})

    async def _replace(self, taken: dict[bytes, Redeemed]) -> None:
        """tokens.md 1: earlier sign-ins of the same phones end."""
        if not taken:
            return
        reason = EndReason.SIGNED_IN_AGAIN
        values = sql.REPLACE_COLUMNS.arrays(
            (g.id, g.account_id, g.link_id, g.device, self._ids[reason], g.created_at)
            for g in (one.grant for one in taken.values())
        )
        for gone, by in await self._fetch(sql.REPLACE, *values):
            event = replace(taken[by].event, kind=EventKind.GRANT_ENDED, grant_id=gone, reason=reason)
            self._events.append(event)
        self._events += [one.event for one in taken.values()]

    async def _retry(self, asked: dict[int, Retried]) -> None:
        """Those of one row are one: how many, and the latest end of all."""
        together: dict[tuple[bytes, int], tuple[int, int]] = {}
        for outcome in asked.values():
            grant = outcome.grant
            left, count = together.get((grant.id, grant.generation), (0, 0))
            together[grant.id, grant.generation] = max(left, grant.access_expires_at - grant.rotated_at), count + 1
        values = sql.RETRY_COLUMNS.arrays((*key, *both) for key, both in together.items())
        taken = {(row[0], row[1]) for row in await self._fetch(sql.RETRY, *values)}
        for place, outcome in asked.items():
            self._did(place, (outcome.grant.id, outcome.grant.generation) in taken, outcome.event)

    async def _rotate(self, asked: dict[int, Rotated]) -> None:
        values = sql.ROTATE_COLUMNS.arrays(
            sql.rotate_row(place, outcome, self._ids) for place, outcome in asked.items()
        )
        for (place,) in await self._fetch(sql.ROTATE, *values):
            self._did(place, True, asked[place].event)

    async def _end(self, asked: dict[int, Ended]) -> None:
        """True also where it was over already: what was asked for holds."""
        first = {outcome.grant_id: outcome for outcome in reversed(asked.values())}
        values = sql.END_COLUMNS.arrays(sql.end_row(outcome, self._ids) for outcome in first.values())
        await self._fetch(sql.END, *values)
        for place in asked:
            self.results[place] = True

    def _did(self, place: int, done: bool, event: Event | None) -> None:
        self.results[place] = done
        if done and event is not None:
            self._events.append(event)
