"""S9: memory when idle, time from start to first answer, bytes on disk a sign-in. Reads SQLite's own page counts."""

import sqlite3
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import machine, servers
from bench.peers.base import Peer, Place

STARTS = 5
SETTLE_S = 2.0


@dataclass(frozen=True)
class Idle:
    """Medians over several starts on an existing data folder."""

    start_s: float
    resident_mb: float


def idle(peer: Peer, cache: Path, folder: Path, starts: int = STARTS) -> Idle:
    """Starts the server on its folder again and again; the first start, which makes the folder, does not count."""
    folder.mkdir(parents=True, exist_ok=True)
    spent: list[float] = []
    resident: list[float] = []
    for _ in range(starts + 1):
        place = Place(cache, folder, servers.free_port())
        server = servers.start(peer.command(place), place.port, folder)
        try:
            time.sleep(SETTLE_S)
            spent.append(server.first_answer_s)
            resident.append(machine.resident_mb(server.pid))
        finally:
            server.stop()
    return Idle(statistics.median(spent[1:]), statistics.median(resident[1:]))


@dataclass(frozen=True)
class OnDisk:
    """Bytes a row in the table itself and in its indexes."""

    rows: int
    table_bytes: float
    index_bytes: float


def on_disk(database: Path, table: str) -> OnDisk:
    """What SQLite's page statistics say of one table; the server must not be writing."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])
        names = "SELECT name FROM sqlite_schema WHERE tbl_name = ? AND type = 'index'"
        indexes = [name for (name,) in connection.execute(names, (table,))]
        pages = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ? AND aggregate = 1"
        sizes = {name: connection.execute(pages, (name,)).fetchone()[0] for name in (table, *indexes)}
    return OnDisk(rows, sizes[table] / rows, sum(sizes[name] for name in indexes) / rows)
