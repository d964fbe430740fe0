"""The statements behind tokens, each for many at once: redeem, rotate, retry, end. Each says what it must find."""

from collections.abc import Sequence
from typing import Any

from genkan.protocol.outcomes import Ended, Event, Redeemed, Rotated
from genkan.protocol.records import Grant
from genkan.store import rows
from genkan.store.postgres_arrays import Columns
from genkan.store.postgres_sign_ins import SHARE
from genkan.store.postgres_words import escaped, one_by_one
from genkan.store.rows import TextIds

_EVENT = (
    "kind int, at bigint, actor int, about_account bigint, about_link bigint, about_grant bytea, event_address bytea, "
    "event_reason int, detail text"
)
_EVENT_NAMES = "kind, at, actor, about_account, about_link, about_grant, event_address, event_reason, detail"
_INTO_AUDIT = "INSERT INTO audit (kind, at, actor, account_id, link_id, grant_id, address, reason, detail)"
_GRANT = (
    "id bytea, scope smallint, access_scope smallint, generation bigint, key_id int, previous_key_id int, "
    "created_at bigint, rotated_at bigint, access_expires_at bigint, refresh_expires_at bigint, account_stop bigint, "
    "link_stop bigint, method smallint, auth_time bigint, device bytea, user_agent int, address bytea, network int, "
    "seen_generation bigint, seen_at bigint, last_seen bigint, retries bigint, rotation_due bigint, redirect bytea, "
    "state smallint, reason int, ended_at bigint, certificate bigint"
)
_GRANT_NAMES = ", ".join(one.split()[0] for one in _GRANT.split(",")[:-1])

REDEEM_COLUMNS = Columns(f"account_id bigint, link_id bigint, consent_mark bigint, {_GRANT}, {_EVENT}")
# tokens.md 4 and 5: account, link, both stop counters, the consent and the absence of the row, all in this statement.
# The account is locked, so that a stop of it that is on its way comes first or sees the new row; in one order always.
# A marked phone's sign-in is told of behind what it replaces.
# Of rows that are locked or written, = ANY (ARRAY[…]) is an equality that the planner can only look up one by one, as
# OFFSET 0 is of others (0221).
REDEEM = one_by_one(f"""
    WITH asked AS (SELECT * FROM {REDEEM_COLUMNS.source} ORDER BY account_id),
    fit AS (
        SELECT u.*, a.number AS account, l.number AS link
        FROM asked u JOIN accounts a ON a.id = ANY (ARRAY[u.account_id]) CROSS JOIN links l ON l.id = u.link_id
        LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
        WHERE a.stop = u.account_stop AND a.standing = 0 AND l.stop = u.link_stop AND l.standing = 0
        AND COALESCE(c.mark, 0) = u.consent_mark AND NOT EXISTS ({SHARE})
        AND NOT EXISTS (SELECT 1 FROM stops s WHERE s.subject = 2 AND s.number = u.key_id OFFSET 0)
        AND NOT EXISTS (
            SELECT 1 FROM certificates k WHERE k.number = u.certificate AND k.revoked_at IS NOT NULL OFFSET 0
        )
        FOR NO KEY UPDATE OF a
    ),
    born AS (
        INSERT INTO grants (account, link, {_GRANT_NAMES}, certificate)
        SELECT account, link, {_GRANT_NAMES}, NULLIF(certificate, 0) FROM fit
        ON CONFLICT DO NOTHING RETURNING id
    ),
    told AS (
        {_INTO_AUDIT} SELECT {_EVENT_NAMES} FROM asked u JOIN born b ON b.id = u.id
        WHERE u.device IS NULL
    )
    SELECT id FROM born
""")  # noqa: S608 made of constants

# tokens.md 1: a later sign-in of the same person, link and device replaces the earlier. A statement of its own, behind
# the one that locked the account: so of two sign-ins at once the later sees the earlier.
REPLACE_COLUMNS = Columns("id bytea, account_id bigint, link_id bigint, device bytea, reason int, ended_at bigint")
REPLACE = one_by_one(f"""
    UPDATE grants g SET state = 1, reason = f.reason, ended_at = f.ended_at
    FROM (
        SELECT d.id AS gone, u.id AS by, u.reason, u.ended_at
        FROM {REPLACE_COLUMNS.source}
        CROSS JOIN accounts a ON a.id = u.account_id CROSS JOIN links l ON l.id = u.link_id
        CROSS JOIN LATERAL (
            SELECT e.id FROM grants e
            WHERE e.account = a.number AND substr(e.device, 1, 4) = substr(u.device, 1, 4) AND e.device IS NOT NULL
            AND e.state = 0 AND e.device = u.device AND e.link = l.number AND e.id <> u.id
            OFFSET 0
        ) d
    ) f
    WHERE g.id = ANY (ARRAY[f.gone]) AND g.state = 0
    RETURNING g.id AS gone, f.by AS by
""")  # noqa: S608 made of constants

ROTATE_COLUMNS = Columns(
    "generation bigint, key_id int, previous_key_id int, rotated_at bigint, access_expires_at bigint, "
    "refresh_expires_at bigint, access_scope smallint, rotation_due bigint, user_agent int, network int, id bytea, "
    "seen bigint, place int"
)
_ROTATED = ", ".join(f"{name} = u.{name}" for name in ROTATE_COLUMNS.names[:10])
# tokens.md 7: nothing comes under a revoked key any more. Of several for one row the server takes one, and says which.
ROTATE = f"""
    UPDATE grants g SET {_ROTATED} FROM {ROTATE_COLUMNS.source}
    WHERE g.id = ANY (ARRAY[u.id]) AND g.generation = u.seen AND g.state = 0
    AND NOT EXISTS (SELECT 1 FROM stops s WHERE s.subject = 2 AND s.number = u.key_id OFFSET 0)
    RETURNING u.place
"""  # noqa: S608 made of constants

RETRY_COLUMNS = Columns("id bytea, generation bigint, time_left bigint, count bigint")
RETRY = f"""
    UPDATE grants g SET access_expires_at = GREATEST(g.access_expires_at, u.time_left), retries = g.retries + u.count
    FROM {RETRY_COLUMNS.source}
    WHERE g.id = ANY (ARRAY[u.id]) AND g.generation = u.generation AND g.state = 0
    RETURNING g.id, g.generation
"""  # noqa: S608 made of constants

END_COLUMNS = Columns(f"id bytea, reason int, ended_at bigint, {_EVENT}")
END = f"""
    WITH asked AS (SELECT * FROM {END_COLUMNS.source}),
    done AS (
        UPDATE grants g SET state = 1, reason = u.reason, ended_at = u.ended_at FROM asked u
        WHERE g.id = ANY (ARRAY[u.id]) AND g.state = 0 RETURNING g.id
    )
    {_INTO_AUDIT} SELECT {_EVENT_NAMES} FROM asked u JOIN done d ON d.id = u.id
"""  # noqa: S608 made of constants

TELL_COLUMNS = Columns(_EVENT)
TELL = f"{_INTO_AUDIT} SELECT {_EVENT_NAMES} FROM {TELL_COLUMNS.source}"  # noqa: S608 made of constants

_ADDRESS = 16  # the place of an address in rows.grant_values
_EVENT_ADDRESS = 6


def event_row(event: Event, ids: TextIds) -> tuple[Any, ...]:
    """In the order of TELL_COLUMNS."""
    values = rows.event_values(event, ids)
    packed = rows.address_bytes(values[_EVENT_ADDRESS])
    return (*values[:_EVENT_ADDRESS], packed, values[7], escaped(values[8]))


def redeem_row(outcome: Redeemed, ids: TextIds) -> tuple[Any, ...]:
    grant = outcome.grant
    values = rows.grant_values(grant, ids)
    packed = rows.address_bytes(values[_ADDRESS])
    return (
        grant.account_id, grant.link_id, outcome.consent_mark, *values[:_ADDRESS], packed, *values[_ADDRESS + 1 :],
        *event_row(outcome.event, ids),
    )  # fmt: skip


def rotate_row(place: int, outcome: Rotated, ids: TextIds) -> tuple[Any, ...]:
    return (*rows.rotated_values(outcome.grant, ids), outcome.seen.id, outcome.seen.generation, place)


def end_row(outcome: Ended, ids: TextIds) -> tuple[Any, ...]:
    return (outcome.grant_id, ids[outcome.reason], outcome.at, *event_row(outcome.event, ids))


def texts_of_event(event: Event) -> Sequence[str]:
    return event.kind, event.actor, event.reason


def texts_of_grant(grant: Grant) -> Sequence[str]:
    return grant.user_agent, grant.network, grant.reason
