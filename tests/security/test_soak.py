"""Mixed load for half an hour: memory, connections, threads and files do not grow. A short run shows all but memory."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import running_postgres
from tests.security.serving import Serving
from tests.security.soak_judging import Verdict, Windows, judge, judge_all
from tests.security.soak_load import Load
from tests.security.soak_sampling import Figures, Watch, store_of_files

pytestmark = pytest.mark.xdist_group("crash")

MINUTE = 60.0
KIB, MIB = 1 << 10, 1 << 20
WORKERS = 2
# Expired rows go while we look, as they do once a minute on a site that lives longer than this one.
SETTINGS = {"GENKAN_PRUNE_SECONDS": "5"}
# Seconds until nobody is connected any more: a server lingers for two with whoever it refused.
HUNG_UP = 15.0

# The least of a leak that has to be seen: bytes of each request. A long run goes on until there were 210 000
# requests: half an hour at 120 a second, longer where a machine is busy. Two thirds lie between the middles of both
# windows, so 100 bytes of each are 14 MB there. Allowed are less, in MB: on PostgreSQL 11.4 (two workers, each 3.1 of
# noise, 1.0 of 480 sign-ins, 1.5 of statements), on SQLite 4.2 and twice what the database grows by, a megabyte or
# two. Of one kind of request alone, a leak has to be larger by as much as there are fewer of it: some 500 bytes of
# each introspection, call, verify or ask_how (a fifth each), 1.3 KB of each refresh (a twelfth).
LEAK = 100
LEAST_REQUESTS = 210_000
# What a process may grow by, beyond what its caches may (below): the allocator's pieces do not fit for ever. No
# bound, but what was seen: 1.2 MiB in twenty minutes on SQLite, and as much again and a half.
NOISE = 3 * MIB
# asyncpg keeps a statement prepared on each connection that it was asked on, in about 12 KiB, and they are bounded:
# by PostgreSQL's log (log_min_messages=debug2) a worker has six connections to read by, which know up to 19 each,
# four of the console with up to 39, and two to write by with 51 and 34. That is 355 when all know all. After eighty
# of each act a worker knew 230; when the first window begins there were more of most. So 125 are left to learn.
PREPARED = 125 * 12 * KIB
# genkan.store.sqlite_cache.FactsCache: 1.5 KB for each sign-in that was used, up to 4096; its texts once more.
OF_A_SIGN_IN = 2 * KIB
# genkan.store.sqlite_open.CACHE_KB: pages of the database that a connection keeps, at most 8 MB. Those that were
# there before the first window are kept by then, since every list is shown and the audit exported three times a
# minute; what comes to them is what the database itself grows by.
SQLITE_CONNECTIONS, SQLITE_CACHE = 2, 8_000_000
# Threads are started where one is wanted and none is idle: asyncio's own (processors and four), the password lane's.
LAZY_THREADS = 4
# Clients of the load that hang up and come again, and are fewer or more at a time.
CLIENTS = 8
# Sockets that a look meets between their end in the kernel and the server's, after a reset.
BETWEEN = 2
# Connections of a worker to PostgreSQL are opened where one is wanted and none is idle, six to read by at most.
POOLED = 4
# genkan.store.sqlite_writing.CHECKPOINT_AFTER: the log begins anew after 4000 changed rows, each of which is on some
# pages of 4 KiB; on a slow machine that is still to come when the first window ends.
LOG = 32 * MIB
# A row of a sign-in or a session or a line of the audit, each with its indexes. A refresh writes over what is
# there, and whatever else only reads leaves nothing.
STORE_OF_AN_ACT, STORE_NOISE = 4 * KIB, 2 * MIB


@dataclass(frozen=True)
class Length:
    """A run: seconds of load, looks and requests at least, as a busy machine takes longer for them; what is compared,
    people, the longest pause of any actor, and seconds between two looks. ``judges_memory``: a short one only warms up.
    """

    seconds: float
    looks: int
    requests: int
    windows: Windows
    people: int
    longest_pause: float
    every: float
    judges_memory: bool


SHORT = Length(8.0, 24, 0, Windows(0.25, 0.3), 2, 0.8, 0.25, judges_memory=False)
LONG = Length(30 * MINUTE, 200, LEAST_REQUESTS, Windows(1 / 6, 1 / 6), 8, MINUTE, 5.0, judges_memory=True)


@dataclass(frozen=True)
class Engine:
    """A site and its store: ``open`` starts it, and gives what the store tells of itself. ``servers`` answer, and have
    a parent where they are several. ``allowed`` is what figures may grow by that not every site has.
    """

    name: str
    open: Callable[[Path], AbstractContextManager[tuple[Serving, Callable[[], Figures]]]]
    servers: int
    allowed: dict[str, float]


@contextmanager
def named(site: Serving) -> Iterator[Serving]:
    """Started at a name, since passkeys belong to one and never to an address. Stopped whatever happens."""
    site.base = site.environment["GENKAN_BASE_URL"] = f"http://localhost:{site.port}"
    try:
        site.start()
        yield site
    finally:
        site.kill()


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[Serving, Callable[[], Figures]]]:
    """One process."""
    with named(Serving(folder, **SETTINGS)) as site:
        yield site, store_of_files(folder / "data")


@contextmanager
def on_postgres(folder: Path) -> Iterator[tuple[Serving, Callable[[], Figures]]]:
    """Several, and a PostgreSQL that vacuums, as every server does."""
    asked = "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = 'soak'), pg_database_size('soak')"
    with running_postgres(("fsync=off",)) as server:
        shared = {
            "GENKAN_DATABASE_URL": server.a_database("soak"),
            "GENKAN_SECRET_FILE": str(folder / "ring.json"),
            "GENKAN_WORKERS": str(WORKERS),
        }

        def told() -> Figures:
            connections, size = server.sql(asked).split("|")
            return {"store connections": float(connections), "store bytes": float(size)}

        with named(Serving(folder, **shared, **SETTINGS)) as site:
            yield site, told


SQLITE = Engine(
    "SQLite, one process", on_sqlite, 1, {"log bytes": LOG, "store files": 0, "open other sockets": BETWEEN}
)
POSTGRES = Engine(
    f"PostgreSQL, {WORKERS} workers", on_postgres, WORKERS,
    {"store connections": WORKERS * POOLED, "open other sockets": WORKERS * POOLED + BETWEEN},
)  # fmt: skip


@pytest.mark.parametrize(
    "length", [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    "engine",
    [pytest.param(SQLITE, id="sqlite"), pytest.param(POSTGRES, id="postgres", marks=pytest.mark.needs("postgres"))],
)
async def test_nothing_grows(engine: Engine, length: Length, tmp_path: Path) -> None:
    """Under load no figure grows, and once everybody has hung up, nobody is connected."""
    with engine.open(tmp_path) as (site, store):
        load = Load(site, length.people, length.longest_pause, random.Random(7))
        await asyncio.to_thread(load.prepare)
        assert site.process is not None
        watch = Watch(site.process.pid, store)
        assert len(watch.pids) == engine.servers + (engine.servers > 1)
        await at_rest(watch)
        await watched(load, watch, length)
        verdicts = judged(engine, length, load, watch)
        tell(engine, load, watch, verdicts)
        assert [str(verdict) for verdict in verdicts if not verdict.is_good] == []
        assert min(load.acts[act] for act in load.kinds) > 0, load.acts
        await at_rest(watch)


async def watched(load: Load, watch: Watch, length: Length) -> None:
    """The load with somebody who looks. Whichever of both fails ends the other."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(watch.keep_looking(length.every))
        acting = group.create_task(load.run(over))
        await asyncio.sleep(length.seconds)
        while len(watch.samples) < length.looks or load.requests < length.requests:
            await asyncio.sleep(length.every)
        # How it is while one after another goes home is not compared with how it was under load.
        looking.cancel()
        over.set()
        await acting


async def at_rest(watch: Watch) -> None:
    """Nobody is connected any more; asserts that this comes soon."""
    async with asyncio.timeout(HUNG_UP):
        while (await asyncio.to_thread(watch.look)).get("open tcp"):
            await asyncio.sleep(0.1)


def judged(engine: Engine, length: Length, load: Load, watch: Watch) -> list[Verdict]:
    """Every figure, by what is allowed for a load like this one."""
    share = length.windows.between
    signed_in = load.sign_ins * share
    stored = STORE_NOISE + STORE_OF_AN_ACT * load.audited * share
    memory = engine.servers * (NOISE + OF_A_SIGN_IN * signed_in)
    if engine is POSTGRES:
        memory += engine.servers * PREPARED
    else:
        sizes = [(at, figures["store bytes"]) for at, figures in watch.samples]
        memory += SQLITE_CONNECTIONS * min(judge("store bytes", sizes, length.windows, None).grew, SQLITE_CACHE)
    lazy = LAZY_THREADS * engine.servers
    allowed = {
        "store bytes": stored, "threads": lazy, "open tcp": CLIENTS,
        # An event loop of a thread's own, or a connection to SQLite, comes with the thread that wants it.
        "open file": lazy, "open pipe": lazy, "open anon_inode": lazy, **engine.allowed,
    }  # fmt: skip
    if length.judges_memory:
        allowed["memory"] = memory
        assert load.requests * share * LEAK > memory, f"too few requests: {LEAK} bytes of each would be overlooked"
    return judge_all(watch.samples, length.windows, allowed)


def tell(engine: Engine, load: Load, watch: Watch, verdicts: Sequence[Verdict]) -> None:
    """What can be quoted of a run."""
    seconds = watch.samples[-1][0] - watch.samples[0][0]
    print(
        f"\nsoak on {engine.name}: {seconds / MINUTE:.1f} min, {load.requests} requests, {load.sign_ins} phones signed "
        f"in, {watch.busy_seconds() / seconds:.2f} of a core"
    )
    print(", ".join(f"{act} {count}" for act, count in sorted(load.acts.items())))
    for verdict in verdicts:
        print(verdict)
