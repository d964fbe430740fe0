"""Moving a live site from SQLite to PostgreSQL: copied while it serves, closed for writing for a moment, followed,
compared, marked. Until the mark is set the source is the site; from then on the target is (tokens.md 8).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Event, EventKind
from genkan.store.api import CannotOpen
from genkan.store.moving import Row, Sum, Wanted
from genkan.store.places import Postgres, schema_of
from genkan.store.postgres_moving import Target, connected
from genkan.store.sqlite_moving import Table, abandon, close_for_writing, mark_moved, state, tables, write_down
from genkan.store.sqlite_source import Source, opened

MOVE_ID_BYTES = 16
# So few changed rows are followed in a moment, and then the site is closed.
FEW, MOST_PASSES = 200, 20
# A site is not kept closed for longer; it is opened again and the move was none.
CLOSED_SECONDS = 60


class CannotMove(Exception):
    """Why the site was not moved, as one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows and digest of each table, and for how long the site was closed for writing."""

    place: str
    sums: dict[str, Sum] = field(default_factory=dict)
    followed: int = 0
    online_seconds: float = 0.0
    closed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Who moves what where. ``ticks`` measures, ``tell`` says how far it is."""

    source: Path
    target: Postgres
    actor: str
    ticks: Callable[[], float]
    tell: Callable[[str], None]


async def migrate_store(asked: Asked, env: Env) -> Moved:
    """Raises CannotMove or CannotOpen, and then the site is where it was, open for writing."""
    _check_schema(asked.source)
    with opened(asked.source) as source:
        site_id = source.site_id
        move, moved_to = state(source.db)
        if moved_to and move is not None:
            return await _finish(asked, env, site_id, move, moved_to)
        return await _move(asked, env, source, site_id)


def abandon_move(path: Path) -> None:
    """Open the site for writing again after a move that did not end. Raises CannotMove or CannotOpen."""
    _check_schema(path)
    with opened(path) as source:
        if not abandon(source.db):
            raise CannotMove(f"the site has moved to {state(source.db)[1]}, where it may have been used since")


def _check_schema(path: Path) -> None:
    schema = schema_of(path)
    if schema.present != schema.newest:
        raise CannotMove(f"the store has schema {schema.present}, this Genkan {schema.newest}: run genkan migrate")


async def _move(asked: Asked, env: Env, source: Source, site_id: bytes) -> Moved:
    move = env.draw(MOVE_ID_BYTES)
    async with connected(asked.target.url) as target:
        await target.begin(site_id)
        mover = Mover(source, target)
        mover.check_tables()
        try:
            began = asked.ticks()
            write_down(source.db, move)
            await _online(mover, asked.tell)
            closed_at = asked.ticks()
            await _closed(mover)
            mark_moved(source.db, str(asked.target))
        except BaseException:
            abandon(source.db)
            raise
        await _open(target, move, asked, env)
        closed = asked.ticks() - closed_at
    return Moved(str(asked.target), mover.sums, mover.followed, closed_at - began, closed)


async def _online(mover: "Mover", tell: Callable[[str], None]) -> None:
    """While the site serves: everything once, compared, then what changed meanwhile, until that is little."""
    await mover.copy()
    tell(f"copied {sum(one.count for one in mover.sums.values())} rows")
    await mover.compare()
    tell("read back and compared")
    for _ in range(MOST_PASSES):
        changed = await mover.follow()
        tell(f"followed {changed} rows that had changed")
        if changed <= FEW:
            return


async def _closed(mover: "Mover") -> None:
    """While nobody can write: the last changes, and whether both have the same now."""
    close_for_writing(mover.source.db)
    try:
        async with asyncio.timeout(CLOSED_SECONDS):
            await mover.follow()
            await mover.compare_counts()
            await mover.target.commit()
    except TimeoutError:
        raise CannotMove(f"the last step took longer than {CLOSED_SECONDS} s; the site was opened again") from None


async def _open(target: Target, move: bytes, asked: Asked, env: Env) -> None:
    """The audit goes on in the new database, and says so in the transaction that opens it (tokens.md 4)."""
    if not await target.open_site(move, Event(EventKind.MOVED, env.now, asked.actor, detail=str(asked.target))):
        raise CannotMove("the site has moved, and its new database does not open: genkan migrate-store again")


async def _finish(asked: Asked, env: Env, site_id: bytes, move: bytes, moved_to: str) -> Moved:
    """A move that died behind the mark: there is nothing left to do but to open the target."""
    async with connected(asked.target.url) as target:
        there = await target.state()
        if there is None or there[0] != site_id:
            raise CannotMove(f"the site has moved to {moved_to}, which {asked.target} is not")
        if there[1] is not None:
            await _open(target, move, asked, env)
    return Moved(moved_to)


class Mover:
    """Source, target, and of each table the sum of the rows that were taken from the one and must be in the other."""

    def __init__(self, source: Source, target: Target) -> None:
        self.source = source
        self.target = target
        self.sums: dict[str, Sum] = {table.name: Sum() for table in source.tables}
        self.followed = 0

    def check_tables(self) -> None:
        """Whatever a migration has added here has its place there. What only the target has keeps its default."""
        for table in self.source.tables:
            missing = sorted(table.columns.keys() - self.target.columns_of(table.name))
            if missing:
                raise CannotOpen(f"{table.name} has no {', '.join(missing)} in the PostgreSQL database")
            self.target.leave_out(table.name, table.columns.keys())

    async def copy(self) -> None:
        """Everything, as of one moment."""
        with self.source.snapshot():
            for table in self.source.tables:
                columns = self._columns(table)
                found = self._wanted(table, columns)(self.source.rows(table, columns))
                await self.target.fill(table.name, self.sums[table.name].counting(found))
        await self.target.analyze()

    async def compare(self) -> None:
        """Whether the target, read back, has the rows that it was given."""
        for name, given in self.sums.items():
            _same(name, given, await self.target.read_all(name))

    async def follow(self) -> int:
        """What has changed since the last time, taken along and read back; how many rows."""
        changed = 0
        with self.source.snapshot():
            for table in self.source.tables:
                keys = list(self.source.changed(table))
                if keys:
                    await self._renew(table, keys)
                    changed += len(keys)
        self.followed += changed
        return changed

    async def compare_counts(self) -> None:
        """While nobody writes: the source still has these tables, and each has as many rows here as there."""
        if tables(self.source.db) != self.source.tables:
            raise CannotMove("the source got another schema meanwhile; move it again")
        with self.source.snapshot():
            for table in self.source.tables:
                here, there = self.source.count(table), await self.target.count(table.name)
                if not here == there == self.sums[table.name].count:
                    raise CannotMove(f"{table.name} has {here} rows here and {there} there; nothing was moved")

    async def _renew(self, table: Table, keys: list[Row]) -> None:
        columns, total = self._columns(table), self.sums[table.name]
        there = list(self._wanted(table, table.key)(keys))
        total.take_off(await self.target.take(table.name, table.key, there))
        given = Sum()
        found = self._wanted(table, columns)(self.source.rows_of(table, columns, keys))
        await self.target.fill(table.name, given.counting(found))
        _same(table.name, given, await self.target.look(table.name, table.key, there))
        total.put_on(given)

    def _columns(self, table: Table) -> tuple[str, ...]:
        """In the target's order."""
        return tuple(self.target.columns[table.name].types)

    def _wanted(self, table: Table, columns: tuple[str, ...]) -> Wanted:
        types = self.target.columns[table.name].types
        return Wanted([table.columns[one] for one in columns], [types[one] for one in columns])


def _same(table: str, given: Sum, found: Sum) -> None:
    if given != found:
        raise CannotMove(f"{table} came out other than it was copied; nothing was moved")
