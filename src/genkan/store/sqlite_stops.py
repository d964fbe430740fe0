"""Stops: one write raises a counter and logs why; settling then lets the rows it reached say so, in bounded steps."""

from typing import assert_never

from genkan.protocol.outcomes import RaiseStop, Subject
from genkan.store.database import Database
from genkan.store.sqlite_texts import TextIds

_ACCOUNT, _LINK, KEY = 0, 1, 2
# As NEXT_STOP tells it.
Stop = tuple[int, int, int, int, int, int, bytes]

_RAISE_ACCOUNT = "UPDATE accounts SET stop = stop + 1 WHERE id = ?"
_RAISE_LINK = "UPDATE links SET stop = stop + 1 WHERE id = ?"
_RAISE_ALL = "UPDATE accounts SET stop = stop + 1"
_LOG_ACCOUNT = """
    INSERT INTO stops (subject, number, counter, reason, at) SELECT 0, number, stop, ?, ? FROM accounts WHERE id = ?
"""
_LOG_LINK = """
    INSERT INTO stops (subject, number, counter, reason, at) SELECT 1, number, stop, ?, ? FROM links WHERE id = ?
"""
_LOG_KEY = "INSERT INTO stops (subject, number, counter, reason, at) VALUES (2, ?, 1, ?, ?)"
_LOG_ALL = "INSERT INTO stops (subject, number, counter, reason, at) SELECT 0, number, stop, ?, ? FROM accounts"

NEXT_STOP = """
    SELECT id, subject, number, counter, reason, at, after FROM stops WHERE settled = 0 ORDER BY id LIMIT 1
"""
# Ranges of pairs, since an equality beside an order by ids alone would fit the primary key as well (0221).
_WALK_ACCOUNT = """
    SELECT id FROM grants g INDEXED BY grants_by_account WHERE (account, id) > (?1, ?2) AND account <= ?1
    ORDER BY account, id LIMIT ?3
"""
_WALK_LINK = """
    SELECT id FROM grants g INDEXED BY grants_by_link WHERE (link, id) > (?1, ?2) AND link <= ?1
    ORDER BY link, id LIMIT ?3
"""
_WALK_ALL = "SELECT id FROM grants WHERE ? = 1 AND id > ? ORDER BY id LIMIT ?"
_END_BY_ACCOUNT = """
    UPDATE grants INDEXED BY grants_by_account SET state = 1, reason = ?1, ended_at = ?2
    WHERE (account, id) > (?3, ?4) AND (account, id) <= (?3, ?5) AND state = 0 AND account_stop < ?6
"""
_END_BY_LINK = """
    UPDATE grants INDEXED BY grants_by_link SET state = 1, reason = ?1, ended_at = ?2
    WHERE (link, id) > (?3, ?4) AND (link, id) <= (?3, ?5) AND state = 0 AND link_stop < ?6
"""
_END_BY_KEY = """
    UPDATE grants SET state = 1, reason = ?, ended_at = ?
    WHERE key_id = ? AND id > ? AND id <= ? AND state = 0 AND ? = 1
"""
_WALKS = {_ACCOUNT: _WALK_ACCOUNT, _LINK: _WALK_LINK, KEY: _WALK_ALL}
_ENDS = {_ACCOUNT: _END_BY_ACCOUNT, _LINK: _END_BY_LINK, KEY: _END_BY_KEY}
_DELETE_SESSIONS = """
    DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account = ? AND account_stop < ? LIMIT ?)
"""
_MOVE_ON = "UPDATE stops SET after = ? WHERE id = ?"
_SETTLED = "UPDATE stops SET settled = 1 WHERE id = ?"


class StopWrites:
    """Runs inside the writer's transaction."""

    def __init__(self, db: Database, ids: TextIds) -> None:
        self._db = db
        self._ids = ids

    def raise_stop(self, step: RaiseStop) -> bool:
        """From this very write on nothing under the subject is good. False where there is no such subject."""
        reason, at = self._ids[step.reason], step.at
        match step.subject:
            case Subject.ACCOUNT:
                return self._raise(_RAISE_ACCOUNT, _LOG_ACCOUNT, (reason, at, step.subject_id))
            case Subject.LINK:
                return self._raise(_RAISE_LINK, _LOG_LINK, (reason, at, step.subject_id))
            case Subject.KEY:
                # The key's disappearance from the ring is what stops its tokens; this is for the rows to say so.
                self._db.execute(_LOG_KEY, (step.subject_id, reason, at))
            case Subject.EVERYTHING:
                self._db.execute(_RAISE_ALL)
                self._db.execute(_LOG_ALL, (reason, at))
            case _:
                assert_never(step.subject)
        return True

    def _raise(self, raising: str, logging: str, logged: tuple[int, int, int]) -> bool:
        if self._db.execute(raising, logged[2:]).rowcount != 1:
            return False
        self._db.execute(logging, logged)
        return True

    def settle(self, limit: int) -> int:
        """Let at most ``limit`` rows be looked at, earliest stop first. 0 once every row says what reached it."""
        left, changed = limit, 0
        while left > 0 and (stop := self._db.execute(NEXT_STOP).fetchone()) is not None:
            looked, ended = self._settle_one(stop, left)
            left -= max(looked, 1)
            changed += ended
        pending = self._db.execute(NEXT_STOP).fetchone() is not None
        return max(changed, int(pending))

    def _settle_one(self, stop: Stop, limit: int) -> tuple[int, int]:
        """Look at the next rows of one stop: how many were looked at and how many it ended.

        New rows carry the new counter, so nothing can appear behind the walk that this stop should have reached.
        """
        stop_id, subject, number, counter, reason, at, after = stop
        walked = self._db.execute(_WALKS[subject], (1 if subject == KEY else number, after, limit)).fetchall()
        looked, ended = len(walked), 0
        if walked:
            last = walked[-1][0]
            asked = (reason, at, number, after, last, counter)
            ended = self._db.execute(_ENDS[subject], asked).rowcount
            self._db.execute(_MOVE_ON, (last, stop_id))
        if looked < limit:
            closed = 0
            if subject == _ACCOUNT:
                closed = self._db.execute(_DELETE_SESSIONS, (number, counter, limit - looked)).rowcount
            if looked + closed < limit:
                self._db.execute(_SETTLED, (stop_id,))
            looked, ended = looked + closed, ended + closed
        return looked, ended
