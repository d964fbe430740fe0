"""Upkeep in bounded steps: what has expired goes, nodes report. Every step is one small transaction of the writer."""

from typing import Protocol

from genkan.protocol.env import CLOCK_LEEWAY, DAY, HOUR
from genkan.store import rows
from genkan.store.api import LEAP, NodeReport, Reported
from genkan.store.database import Database

# tokens.md 1: a reason must be answerable for thirty days, and no row goes within a day of its creation.
TOMBSTONE = 30 * DAY
YOUNGEST = DAY
TALLIES_KEPT = 90 * DAY
GUESSES_KEPT = DAY
ASKERS_KEPT = 30 * DAY
# Anybody may ask, under as many names as they like: what is beyond the newest thousand goes before its time.
MOST_ASKERS = 1_000
NODES_KEPT = 7 * DAY
# Rows need a settled stop no more; a decision that was made before it and is still on its way may.
STOPS_KEPT = DAY
# A walk looks at every row that is old enough; rows that phones use for months are among them, so not all the time.
WALK_EVERY = HOUR
MINUTES = 60_000

_SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)"
_RECOVERY_LINKS = """
    DELETE FROM recovery_links WHERE account IN (SELECT account FROM recovery_links WHERE expires_at <= ? LIMIT ?)
"""
_PHONE_VISITS = "DELETE FROM phone_visits WHERE id IN (SELECT id FROM phone_visits WHERE expires_at <= ? LIMIT ?)"
_SPENT = "DELETE FROM spent WHERE digest IN (SELECT digest FROM spent WHERE expires_at <= ? LIMIT ?)"
_GUESSES = "DELETE FROM guesses WHERE key IN (SELECT key FROM guesses WHERE due <= ? LIMIT ?)"
_TALLIES = """
    DELETE FROM tallies WHERE minute IN (SELECT minute FROM tallies WHERE minute <= ? ORDER BY minute LIMIT ?)
"""
_STOPS = "DELETE FROM stops WHERE id IN (SELECT id FROM stops WHERE settled = 1 AND at <= ? LIMIT ?)"
_NODES = "DELETE FROM nodes WHERE seen_at <= ?"
_ASKERS = """
    DELETE FROM askers WHERE last_at IN (SELECT last_at FROM askers WHERE last_at <= ? ORDER BY last_at LIMIT ?)
"""
_TOO_MANY_ASKERS = f"""
    DELETE FROM askers WHERE last_at < (
        SELECT last_at FROM askers ORDER BY last_at DESC LIMIT 1 OFFSET {MOST_ASKERS - 1}
    )
"""  # noqa: S608 made of constants
_CURSOR = "SELECT prune_after, prune_began FROM upkeep"
_MOVE_CURSOR = "UPDATE upkeep SET prune_after = ?, prune_began = ?"
_OLD = """
    SELECT id, created_at, rotated_at, refresh_expires_at, state, ended_at FROM grants
    WHERE id > ? AND id < ? ORDER BY id LIMIT ?
"""
_DELETE = "DELETE FROM grants WHERE id = ?"
_LATEST = "SELECT COALESCE(MAX(seen_at), 0) FROM nodes"
_TOLD = "SELECT told_at, leapt_at FROM upkeep"
_TELL = "UPDATE upkeep SET told_at = ?, leapt_at = ?"
_REPORT = """
    INSERT INTO nodes (node, ring_version, seen_at) VALUES (?, ?, ?)
    ON CONFLICT (node) DO UPDATE SET ring_version = excluded.ring_version, seen_at = excluded.seen_at
"""


class Sweep(Protocol):
    """Deletes texts that no row names, in bounded steps: how much each did, 0 where there is nothing to do."""

    def step(self, now: int, limit: int) -> int: ...


class Upkeep:
    """Runs inside the writer's transaction."""

    def __init__(self, db: Database, texts: Sweep) -> None:
        self._db = db
        self._texts = texts

    def report(self, node: NodeReport) -> Reported:
        """Keep what a node says of itself. Beside it the time is kept: whoever ends in order tells none and leaves it,
        and a leap is one for every process and for whoever is started anew. It is one from the time told: a node that
        was killed while the clock was wrong leaves a report that is far ahead.
        """
        shown = int(self._db.execute(_LATEST).fetchone()[0])
        told, leapt_at = self._db.execute(_TOLD).fetchone()
        before = told or shown
        if node.seen_at:
            leapt_at = node.seen_at if before and node.seen_at - before > LEAP else leapt_at
            self._db.execute(_TELL, (node.seen_at, leapt_at))
        self._db.execute(_REPORT, (node.node, node.ring_version, node.seen_at))
        return Reported(max(shown, told), leapt_at)

    def prune(self, now: int, limit: int) -> int:
        """Delete what has expired, looking at no more than about ``limit`` rows of a kind. 0 when nothing is left."""
        done = 0
        for sql, until in (
            (_SESSIONS, now),
            (_RECOVERY_LINKS, now),
            (_PHONE_VISITS, now),
            (_SPENT, now - CLOCK_LEEWAY),
            (_GUESSES, now - GUESSES_KEPT),
            (_TALLIES, (now - TALLIES_KEPT) // MINUTES),
            (_STOPS, now - STOPS_KEPT),
            (_ASKERS, now - ASKERS_KEPT),
        ):
            done += self._db.execute(sql, (until, limit)).rowcount
        done += self._db.execute(_TOO_MANY_ASKERS).rowcount
        done += self._db.execute(_NODES, (now - NODES_KEPT,)).rowcount
        return done + self._walk(now, limit) + self._texts.step(now, limit)

    def _walk(self, now: int, limit: int) -> int:
        """Look at the next old grants. Their ids are their ages, so the young ones are never even read."""
        after, began = self._db.execute(_CURSOR).fetchone()
        if after is None:
            if 0 <= now - began < WALK_EVERY:
                return 0
            after, began = b"", now
        youngest = max(0, now - YOUNGEST).to_bytes(6, "big")
        looked = self._db.execute(_OLD, (after, youngest, limit)).fetchall()
        for row in looked:
            if _is_over(row, now):
                self._db.execute(_DELETE, row[:1])
        after = looked[-1][0] if len(looked) == limit else None
        self._db.execute(_MOVE_CURSOR, (after, began))
        return len(looked)


def _is_over(row: rows.Row, now: int) -> bool:
    grant_id, created, rotated, refresh_left, state, ended_at = row
    born = rows.id_time(grant_id)
    if born + created > now - YOUNGEST:
        return False
    over_since = int(ended_at) if state else born + int(rotated) + int(refresh_left)
    return over_since <= now - TOMBSTONE
