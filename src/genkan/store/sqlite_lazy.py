"""Lazy writes: what was noted waits in memory, deduplicated and bounded, until the writer takes it along."""

import sqlite3
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

from genkan.protocol.outcomes import Event, Sighting
from genkan.store import rows
from genkan.store.api import Tally
from genkan.store.sqlite_tokens import TokenWrites

K = TypeVar("K")
V = TypeVar("V")

# Beyond these, what is noted is dropped: losing it harms nothing, memory without bound would.
MOST_SIGHTINGS = 20_000
MOST_SESSIONS = 20_000
MOST_EVENTS = 2_000
MOST_REFUSALS = 1_000
MOST_TALLIES = 20_000
MOST_ASKERS = 200

_SIGHT = """
    UPDATE grants SET
        seen_at = CASE WHEN seen_generation < ?1 THEN ?2 ELSE seen_at END,
        seen_generation = MAX(seen_generation, ?1),
        last_seen = MAX(last_seen, ?3)
    WHERE id = ?4 AND generation >= ?1
"""
_TOUCH = "UPDATE sessions SET last_seen = MAX(last_seen, ?) WHERE id = ?"
_COUNT = """
    INSERT INTO tallies (minute, reason, network, count) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_ASKED = """
    INSERT INTO askers (user_agent, network, first_at, last_at, count) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET first_at = MIN(first_at, excluded.first_at), last_at = MAX(last_at, excluded.last_at),
        count = count + excluded.count
"""


@dataclass(slots=True)
class Notes:
    """What waits. A sighting is (generation, first seen, last seen), an asker (first, last, how often); events that
    differ in their time alone are one.
    """

    sightings: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    sessions: dict[bytes, int] = field(default_factory=dict)
    refusals: dict[tuple[int, str, str], int] = field(default_factory=dict)
    events: dict[Event, Event] = field(default_factory=dict)
    askers: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        few = len(self.refusals) + len(self.events) + len(self.askers)
        return len(self.sightings) + len(self.sessions) + few


class LazyWrites:
    """Filled and taken on the event loop. Each note says whether it is the first that waits."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._minute = -1
        self._distinct: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._notes)

    def __len__(self) -> int:
        return len(self._notes)

    def take(self, most: int | None) -> Notes:
        """What waits: all of it, or about so much of each kind while the rest waits on."""
        if most is None or len(self._notes) <= most:
            taken, self._notes = self._notes, Notes()
            return taken
        left = self._notes
        return Notes(
            _first(left.sightings, most), _first(left.sessions, most), _first(left.refusals, most),
            _first(left.events, most), _first(left.askers, most),
        )  # fmt: skip

    def put_back(self, notes: Notes) -> None:
        """What could not be written waits once more, as far as there is room."""
        for grant_id, (generation, first, last) in notes.sightings.items():
            self._see(grant_id, generation, first)
            self._see(grant_id, generation, last)
        for session_id, at in notes.sessions.items():
            self._touch(session_id, at)
        for key, count in notes.refusals.items():
            self._count(key, count)
        for key_event, event in notes.events.items():
            if len(self._notes.events) < MOST_EVENTS:
                self._notes.events.setdefault(key_event, event)
        for asker, (first, last, count) in notes.askers.items():
            self._ask(asker, first, last, count)

    def sighting(self, sighting: Sighting) -> bool:
        first = not self._notes
        self._see(sighting.grant_id, sighting.generation, sighting.at)
        return first

    def _see(self, grant_id: bytes, generation: int, at: int) -> None:
        sightings = self._notes.sightings
        known = sightings.get(grant_id)
        if known is None:
            if len(sightings) < MOST_SIGHTINGS:
                sightings[grant_id] = (generation, at, at)
        elif generation > known[0]:
            sightings[grant_id] = (generation, at, max(at, known[2]))
        elif at > known[2]:
            sightings[grant_id] = (known[0], known[1], at)

    def session(self, session_id: bytes, at: int) -> bool:
        first = not self._notes
        self._touch(session_id, at)
        return first

    def _touch(self, session_id: bytes, at: int) -> None:
        sessions = self._notes.sessions
        if session_id in sessions or len(sessions) < MOST_SESSIONS:
            sessions[session_id] = max(at, sessions.get(session_id, 0))

    def refusal(self, tally: Tally) -> bool:
        first = not self._notes
        key = (tally.minute, tally.reason, self._network(tally))
        self._count(key, tally.count)
        return first

    def _count(self, key: tuple[int, str, str], count: int) -> None:
        refusals = self._notes.refusals
        if key in refusals or len(refusals) < MOST_TALLIES:
            refusals[key] = count + refusals.get(key, 0)

    def _network(self, tally: Tally) -> str:
        """The refusal's network while this minute has room for one more row, else the common one (tokens.md 4)."""
        if tally.minute > self._minute:
            self._minute = tally.minute
            self._distinct.clear()
        row = (tally.reason, tally.network)
        if row not in self._distinct and len(self._distinct) >= MOST_REFUSALS:
            return ""
        self._distinct.add(row)
        return tally.network

    def event(self, event: Event) -> bool:
        first = not self._notes
        if len(self._notes.events) < MOST_EVENTS:
            self._notes.events.setdefault(replace(event, at=0), event)
        return first

    def asker(self, user_agent: str, network: str, at: int) -> bool:
        first = not self._notes
        self._ask((user_agent, network), at, at, 1)
        return first

    def _ask(self, key: tuple[str, str], first: int, last: int, count: int) -> None:
        askers = self._notes.askers
        known = askers.get(key)
        if known is not None:
            askers[key] = (min(known[0], first), max(known[1], last), known[2] + count)
        elif len(askers) < MOST_ASKERS:
            askers[key] = (first, last, count)


def _first(waiting: dict[K, V], most: int) -> dict[K, V]:
    return {key: waiting.pop(key) for key in list(islice(waiting, most))}


def write(notes: Notes, db: sqlite3.Connection, tokens: TokenWrites) -> None:
    """Write what was noted, inside the writer's transaction."""
    for grant_id, (generation, first, last) in notes.sightings.items():
        born = rows.id_time(grant_id)
        db.execute(_SIGHT, (generation, rows.since(born, first), rows.since(born, last), grant_id))
    for session_id, at in notes.sessions.items():
        db.execute(_TOUCH, (at, session_id))
    for (minute, reason, network), count in notes.refusals.items():
        db.execute(_COUNT, (minute, reason, network, count))
    for event in notes.events.values():
        tokens.event(event)
    for (user_agent, network), times in notes.askers.items():
        db.execute(_ASKED, (user_agent, network, *times))
