"""The audit in SQLite: filtered pages of lines by bounded walks, and the segments that seal them.

No index serves the filters: each would cost every sign-in a write. A page looks at a bounded number of lines and says
where to go on. One serves the story of a single sign-in, whose id is newer than all others when it is written.
"""

from msgspec.structs import astuple

from genkan.protocol.audit import Line, Segment
from genkan.store import rows
from genkan.store.api import AuditPage, AuditQuery
from genkan.store.database import Database
from genkan.store.sqlite_lists import SqliteLists

# How many lines one page looks at: what a statement of a few milliseconds can.
MOST_LOOKED = 2_000
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1

# Texts as the bytes that they are: a line that somebody has tampered with must be readable, too.
_LINE_COLUMNS = """
    a.id, CAST(k.text AS BLOB), a.at, CAST(w.text AS BLOB), a.account_id, a.link_id, a.grant_id,
    typeof(a.address), CAST(a.address AS BLOB), CAST(r.text AS BLOB), CAST(a.detail AS BLOB)
"""
_LINE_JOINS = """
    LEFT JOIN texts k ON k.id = a.kind LEFT JOIN texts w ON w.id = a.actor LEFT JOIN texts r ON r.id = a.reason
"""
_LINES = f"""
    SELECT {_LINE_COLUMNS} FROM audit a {_LINE_JOINS} WHERE a.id > ? AND a.id <= ? ORDER BY a.id LIMIT ?
"""  # noqa: S608 made of constants
_OF_GRANT = f"""
    SELECT {_LINE_COLUMNS} FROM audit a INDEXED BY audit_by_grant {_LINE_JOINS}
    WHERE a.grant_id >= ?1 AND a.grant_id <= ?1 ORDER BY a.grant_id, a.id LIMIT ?2
"""  # noqa: S608 made of constants
_FILTERS = """
    a.id > :after AND a.id < :before
    AND (instr(:kinds, ',' || a.kind || ',') > 0 OR :kinds IS NULL)
    AND (a.actor = :actor OR :actor IS NULL)
    AND (a.account_id = :account_id OR :account_id IS NULL)
    AND (a.link_id = :link_id OR :link_id IS NULL)
    AND (a.at >= :since OR :since IS NULL) AND (a.at < :until OR :until IS NULL)
    AND (instr(lower(r.text), lower(:text)) > 0 OR instr(lower(a.detail), lower(:text)) > 0 OR :text IS NULL)
"""
_NEWER = f"""
    SELECT {_LINE_COLUMNS} FROM audit a {_LINE_JOINS} WHERE {_FILTERS} ORDER BY a.id LIMIT :limit
"""  # noqa: S608 made of constants
_OLDER = f"""
    SELECT {_LINE_COLUMNS} FROM audit a {_LINE_JOINS} WHERE {_FILTERS} ORDER BY a.id DESC LIMIT :limit
"""  # noqa: S608 made of constants
# The line that a walk of so many lines would end at.
_FAR_NEWER = "SELECT id FROM audit WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
_FAR_OLDER = "SELECT id FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"
_TEXT_ID = "SELECT id FROM texts WHERE text = ?"

_SEGMENT_COLUMNS = (
    "node, sequence, first, last, count, key_id, sealed_at, previous, rows, tags, head, dropped_at, dropped"
)
_SEGMENTS = f"""
    SELECT {_SEGMENT_COLUMNS} FROM segments WHERE node = ? AND sequence > ? ORDER BY sequence LIMIT ?
"""  # noqa: S608 made of constants
_LAST_SEGMENT = f"""
    SELECT {_SEGMENT_COLUMNS} FROM segments WHERE node = ? ORDER BY sequence DESC LIMIT 1
"""  # noqa: S608 made of constants
_OLDEST_KEPT = f"""
    SELECT {_SEGMENT_COLUMNS} FROM segments INDEXED BY segments_kept
    WHERE dropped_at IS NULL AND node || '' = ? ORDER BY sequence LIMIT 1
"""  # noqa: S608 made of constants

# Of two processes that seal the same lines one is first, and the other's segment follows from what is last no more.
_SEAL = f"""
    INSERT INTO segments ({_SEGMENT_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
    WHERE ? = COALESCE((SELECT sequence FROM segments WHERE node = ? ORDER BY sequence DESC LIMIT 1), 0)
"""  # noqa: S608 made of constants
# The newest segment keeps its lines: were all of them deleted, SQLite would give their numbers to new ones.
_DROP = """
    UPDATE segments SET tags = ?, dropped_at = ?, dropped = ?
    WHERE node = ? AND sequence = ? AND head = ? AND COALESCE(dropped_at, 0) = 0
    AND EXISTS (SELECT 1 FROM segments WHERE node = ? AND sequence > ?)
"""
_DELETE = "DELETE FROM audit WHERE id BETWEEN ? AND ?"


class SqliteAudit(SqliteLists):
    """The part of the Store protocol that reads the audit."""

    async def audit_page(self, query: AuditQuery) -> AuditPage:
        asked = self._asked(query)
        if asked is None:
            return AuditPage([], None)
        end = self._end(query)
        asked["before" if not query.newest_first else "after"] = end
        found = self._all(_OLDER if query.newest_first else _NEWER, asked)
        lines = [_line(row) for row in found]
        if len(lines) == query.limit:
            return AuditPage(lines, lines[-1].number)
        is_last = end in (_LEAST, _MOST)
        return AuditPage(lines, None if is_last else end + 1 if query.newest_first else end - 1)

    async def audit_of_grant(self, grant_id: bytes, limit: int = 100) -> list[Line]:
        """What the audit tells of one sign-in by its id, oldest first; stops are told of accounts and links."""
        return [_line(row) for row in self._all(_OF_GRANT, (grant_id, limit))]

    def _end(self, query: AuditQuery) -> int:
        """The first line that this page does not look at any more."""
        start = query.start
        if query.newest_first:
            far = self._one(_FAR_OLDER, (_MOST if start is None else start, MOST_LOOKED))
            return _LEAST if far is None else int(far[0])
        far = self._one(_FAR_NEWER, (_LEAST if start is None else start, MOST_LOOKED))
        return _MOST if far is None else int(far[0])

    def _asked(self, query: AuditQuery) -> dict[str, int | str | None] | None:
        """The parameters; None where a text is asked for that no line names."""
        kinds: str | None = None
        actor: int | None = None
        if query.kinds is not None:
            known = [found for kind in sorted(query.kinds) if (found := self._text_id(kind)) is not None]
            kinds = "".join([",", *(f"{text_id}," for text_id in known)])
        if query.actor is not None:
            actor = self._text_id(query.actor)
        if kinds == "," or (query.actor is not None and actor is None):
            return None
        start = query.start
        return {
            "kinds": kinds,
            "actor": actor,
            "account_id": query.account_id,
            "link_id": query.link_id,
            "since": query.since,
            "until": query.until,
            "text": query.text or None,
            "after": _LEAST if start is None or query.newest_first else start,
            "before": _MOST if start is None or not query.newest_first else start,
            "limit": query.limit,
        }

    def _text_id(self, text: str) -> int | None:
        row = self._one(_TEXT_ID, (text,)) if text else (0,)
        return None if row is None else int(row[0])

    async def audit_lines(self, after: int | None, limit: int, until: int | None = None) -> list[Line]:
        asked = (_LEAST if after is None else after, _MOST if until is None else until, limit)
        return [_line(row) for row in self._all(_LINES, asked)]

    async def segments(self, node: str, after: int = 0, limit: int = 100) -> list[Segment]:
        return [Segment(*row) for row in self._all(_SEGMENTS, (node, after, limit))]

    async def last_segment(self, node: str) -> Segment | None:
        row = self._one(_LAST_SEGMENT, (node,))
        return None if row is None else Segment(*row)

    async def oldest_kept_segment(self, node: str) -> Segment | None:
        row = self._one(_OLDEST_KEPT, (node,))
        return None if row is None else Segment(*row)


class AuditWrites:
    """Runs inside the writer's transaction. False: the chain moved on, and nothing was written."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def seal(self, segment: Segment) -> bool:
        """Add a segment that follows from the last one."""
        return self._db.execute(_SEAL, (*astuple(segment), segment.sequence - 1, segment.node)).rowcount == 1

    def drop(self, segment: Segment) -> bool:
        """Delete a segment's lines and keep the proof that retention did."""
        key = (segment.node, segment.sequence)
        done = self._db.execute(
            _DROP, (segment.tags, segment.dropped_at, segment.dropped, *key, segment.head, *key)
        ).rowcount
        if done:
            self._db.execute(_DELETE, (segment.first, segment.last))
        return bool(done)


def _line(row: rows.Row) -> Line:
    """From _LINE_COLUMNS."""
    number, kind, at, actor, account_id, link_id, grant_id, spelled, address, reason, detail = row
    return Line(
        number, _text(kind), at, _text(actor), account_id, link_id, grant_id, _address(spelled, address), _text(reason),
        _text(detail),
    )  # fmt: skip


def _text(stored: bytes | str | None) -> str:
    if isinstance(stored, str):
        return stored
    return "" if stored is None else stored.decode("utf-8", "surrogateescape")


def _address(spelled: str, stored: bytes) -> str:
    """The address; what was never written as one reads as something that no address is."""
    if spelled == "text":
        return _text(stored)
    if spelled == "blob" and len(stored) in (4, 16):
        return rows.unpack_address(stored)
    return f"no address: {stored!r}"
