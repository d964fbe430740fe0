"""The writes behind tokens: a code redeemed, a refresh, a retry, an end. One conditional statement decides each."""

from msgspec.structs import replace

from genkan.protocol.outcomes import Ended, Event, EventKind, Redeemed, Retried, Rotated
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Grant
from genkan.store import rows
from genkan.store.database import Database
from genkan.store.sqlite_texts import TextIds

# tokens.md 4 and 5: account, link, both stop counters, the consent and the absence of the row, all in this statement.
_REDEEM = """
    INSERT INTO grants (
        account, link, id, scope, access_scope, generation, key_id, previous_key_id, created_at, rotated_at,
        access_expires_at, refresh_expires_at, account_stop, link_stop, method, auth_time, device, user_agent, address,
        network, seen_generation, seen_at, last_seen, retries, rotation_due, redirect, state, reason, ended_at,
        certificate
    )
    SELECT a.number, l.number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, a.stop, l.stop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?, NULLIF(?, 0)
    FROM accounts a CROSS JOIN links l
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE a.id = ? AND a.stop = ? AND a.standing = 0
    AND l.id = ? AND l.stop = ? AND l.standing = 0
    AND COALESCE(c.mark, 0) = ?
    AND NOT EXISTS (SELECT 1 FROM stops WHERE subject = 2 AND number = ?)
    AND NOT EXISTS (SELECT 1 FROM certificates WHERE number = ? AND revoked_at IS NOT NULL)
    ON CONFLICT DO NOTHING
"""
_REPLACED = """
    SELECT id FROM grants
    WHERE account = (SELECT number FROM accounts WHERE id = ?) AND substr(device, 1, 4) = substr(?, 1, 4)
    AND device IS NOT NULL AND state = 0
    AND device = ? AND link = (SELECT number FROM links WHERE id = ?) AND id <> ?
"""
# tokens.md 7: nothing comes under a revoked key any more, however long ago it was decided; the walk that ends its rows
# may have passed this one already.
_ROTATE = """
    UPDATE grants SET generation = ?, key_id = ?, previous_key_id = ?, rotated_at = ?, access_expires_at = ?,
        refresh_expires_at = ?, access_scope = ?, rotation_due = ?, user_agent = ?, network = ?
    WHERE id = ? AND generation = ? AND state = 0
    AND NOT EXISTS (SELECT 1 FROM stops WHERE subject = 2 AND number = ?)
"""
# Two retries may have read the same row: neither takes back the time that the other was told.
_RETRY = """
    UPDATE grants SET access_expires_at = MAX(access_expires_at, ?), retries = retries + 1
    WHERE id = ? AND generation = ? AND state = 0
"""
_END = "UPDATE grants SET state = 1, reason = ?, ended_at = ? WHERE id = ? AND state = 0"
_EVENT = """
    INSERT INTO audit (kind, at, actor, account_id, link_id, grant_id, address, reason, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# tokens.md 8: the first proof of lost writes is remembered until an administrator decides what to do.
_BEHIND = "UPDATE site SET behind_since = ?, version = version + 1 WHERE behind_since = 0"


class TokenWrites:
    """Runs inside the writer's transaction. False: the facts moved on, and nothing was written."""

    def __init__(self, db: Database, ids: TextIds) -> None:
        self._db = db
        self._ids = ids

    def redeemed(self, outcome: Redeemed) -> bool:
        grant = outcome.grant
        values = rows.grant_values(grant, self._ids)
        # Positions 10 and 11 are the stop counters: the row takes them from the rows that they must match.
        facts = (
            grant.account_id, grant.account_stop, grant.link_id, grant.link_stop, outcome.consent_mark, grant.key_id,
            grant.certificate,
        )  # fmt: skip
        if self._db.execute(_REDEEM, values[:10] + values[12:] + facts).rowcount != 1:
            return False
        if grant.device is not None:
            self._end_replaced(grant, outcome.event)
        self.event(outcome.event)
        return True

    def _end_replaced(self, grant: Grant, event: Event) -> None:
        """tokens.md 1: a later sign-in of the same person, link and device replaces the earlier."""
        reason, at = EndReason.SIGNED_IN_AGAIN, grant.created_at
        device = rows.Blob(grant.device or b"")
        asked = (grant.account_id, device, device, grant.link_id, rows.Blob(grant.id))
        # Looked for first, since there is mostly none, and an update by such a condition costs three times the look.
        for (replaced,) in self._db.execute(_REPLACED, asked).fetchall():
            self.end(replaced, reason, at)
            self.event(replace(event, kind=EventKind.GRANT_ENDED, grant_id=replaced, reason=reason))

    def rotated(self, outcome: Rotated) -> bool:
        seen, grant = outcome.seen, outcome.grant
        values = (*rows.rotated_values(grant, self._ids), rows.Blob(seen.id), seen.generation, grant.key_id)
        if self._db.execute(_ROTATE, values).rowcount != 1:
            return False
        if outcome.event is not None:
            self.event(outcome.event)
        return True

    def retried(self, outcome: Retried) -> bool:
        grant = outcome.grant
        left = grant.access_expires_at - grant.rotated_at
        if self._db.execute(_RETRY, (left, grant.id, grant.generation)).rowcount != 1:
            return False
        if outcome.event is not None:
            self.event(outcome.event)
        return True

    def ended(self, outcome: Ended) -> bool:
        """True also where it was over already: what was asked for holds. The event tells only of a change."""
        if self.end(outcome.grant_id, outcome.reason, outcome.at):
            self.event(outcome.event)
        return True

    def end(self, grant_id: bytes, reason: EndReason, at: int) -> bool:
        return self._db.execute(_END, (self._ids[reason], at, grant_id)).rowcount == 1

    def event(self, event: Event) -> None:
        self._db.execute(_EVENT, rows.event_values(event, self._ids))
        if event.kind is EventKind.STORE_BEHIND:
            self._db.execute(_BEHIND, (event.at,))
