"""Lazy writes: one statement a kind. Keys come in one order, so that nodes do not block each other."""

from collections.abc import Iterator, Sequence
from typing import Any

from genkan.protocol.outcomes import Event, EventKind
from genkan.store import rows
from genkan.store.postgres_arrays import Columns
from genkan.store.postgres_tokens import TELL, TELL_COLUMNS, event_row
from genkan.store.postgres_words import escaped
from genkan.store.rows import TextIds
from genkan.store.sqlite_lazy import Notes

_SIGHT_COLUMNS = Columns("id bytea, generation bigint, first bigint, latest bigint")
_SIGHT = f"""
    UPDATE grants g SET
        seen_at = CASE WHEN g.seen_generation < u.generation THEN u.first ELSE g.seen_at END,
        seen_generation = GREATEST(g.seen_generation, u.generation),
        last_seen = GREATEST(g.last_seen, u.latest)
    FROM {_SIGHT_COLUMNS.source} WHERE g.id = ANY (ARRAY[u.id]) AND g.generation >= u.generation
"""  # noqa: S608 made of constants
_TOUCH_COLUMNS = Columns("id bytea, at bigint")
_TOUCH = f"""
    UPDATE sessions s SET last_seen = GREATEST(s.last_seen, u.at) FROM {_TOUCH_COLUMNS.source}
    WHERE s.id = ANY (ARRAY[u.id])
"""  # noqa: S608 made of constants
_COUNT_COLUMNS = Columns("minute bigint, reason text, network text, count bigint")
_COUNT = f"""
    INSERT INTO tallies (minute, reason, network, count) SELECT * FROM {_COUNT_COLUMNS.source}
    ON CONFLICT (minute, reason, network) DO UPDATE SET count = tallies.count + excluded.count
"""  # noqa: S608 made of constants
_ASK_COLUMNS = Columns("user_agent text, network text, first_at bigint, last_at bigint, count bigint")
_ASK = f"""
    INSERT INTO askers (user_agent, network, first_at, last_at, count) SELECT * FROM {_ASK_COLUMNS.source}
    ON CONFLICT (user_agent, network) DO UPDATE SET first_at = LEAST(askers.first_at, excluded.first_at),
        last_at = GREATEST(askers.last_at, excluded.last_at), count = askers.count + excluded.count
"""  # noqa: S608 made of constants
# tokens.md 8: the first proof of lost writes is remembered until an administrator decides what to do.
_BEHIND = "UPDATE site SET behind_since = $1, version = version + 1 WHERE behind_since = 0"

Statement = tuple[str, Sequence[Any]]


def statements(notes: Notes, ids: TextIds) -> Iterator[Statement]:
    """What writes them, each with its parameters."""
    if notes.sightings:
        yield _SIGHT, _SIGHT_COLUMNS.arrays(_sight(*one) for one in sorted(notes.sightings.items()))
    if notes.sessions:
        yield _TOUCH, _TOUCH_COLUMNS.arrays(sorted(notes.sessions.items()))
    if notes.refusals:
        counted = sorted(notes.refusals.items())
        yield (
            _COUNT,
            _COUNT_COLUMNS.arrays((minute, escaped(why), escaped(net), n) for (minute, why, net), n in counted),
        )
    if notes.askers:
        asked = sorted(notes.askers.items())
        yield _ASK, _ASK_COLUMNS.arrays((escaped(agent), escaped(net), *times) for (agent, net), times in asked)
    if notes.events:
        yield from _told(list(notes.events.values()), ids)


def _sight(grant_id: bytes, seen: tuple[int, int, int]) -> Sequence[Any]:
    generation, first, last = seen
    born = rows.id_time(grant_id)
    return grant_id, generation, rows.since(born, first), rows.since(born, last)


def _told(events: list[Event], ids: TextIds) -> Iterator[Statement]:
    yield TELL, TELL_COLUMNS.arrays(event_row(event, ids) for event in events)
    behind = next((event for event in events if event.kind is EventKind.STORE_BEHIND), None)
    if behind is not None:
        yield _BEHIND, (behind.at,)
