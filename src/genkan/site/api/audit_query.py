"""Which lines of the audit a caller of the API asks for: its parameters, and the query that they mean."""

from datetime import datetime

from genkan.protocol.event_words import GROUP_NAMES, kinds_named
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason
from genkan.site.api.asked import link_named
from genkan.site.api.documents import read_public_id
from genkan.site.api.openapi import Query
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Malformed
from genkan.store.api import AuditQuery

LAST_NUMBER = 10**18 - 1
MOST_TEXT = 200
FILTERS = (
    Query("kind", "string", "Only lines of this kind, or of this group of kinds.",
          choices=(*GROUP_NAMES, *EventKind)),
    Query("accountId", "string", "Only lines about the account with this id."),
    Query("link", "string", "Only lines about the application link with this id or client id."),
    Query("actor", "string", "Only what this actor did, as lines name it."),
    Query("text", "string", "Only lines with this text in their reason or detail."),
    Query("since", "string", "Only from this moment on, as in RFC 3339: 2026-11-01T00:00:00Z."),
    Query("until", "string", "Only before this moment, as in RFC 3339."),
    Query("after", "integer", "Go on behind the line with this number: the `next` of the page before.",
          most=LAST_NUMBER),
)  # fmt: skip


async def audit_query(asked: Form, door: Door, *, limit: int) -> AuditQuery:
    """The query. Malformed for what names nothing."""
    newest_first = asked.get("newestFirst") == "true"
    return AuditQuery(
        kinds=kinds_named(asked["kind"]) if "kind" in asked else None,
        actor=asked.get("actor"),
        account_id=_account_id(asked),
        link_id=await _link_id(asked, door),
        text=asked.get("text", "")[:MOST_TEXT] or None,
        since=_moment(asked, "since"),
        until=_moment(asked, "until"),
        newest_first=newest_first,
        start=int(asked["after"]) if "after" in asked else None if newest_first else 0,
        limit=limit,
    )


def _account_id(asked: Form) -> int | None:
    account_id = read_public_id(asked["accountId"]) if "accountId" in asked else None
    if "accountId" in asked and account_id is None:
        raise Malformed(Reason.INVALID_VALUE, "accountId: the id of an account")
    return account_id


async def _link_id(asked: Form, door: Door) -> int | None:
    if "link" not in asked:
        return None
    link = await link_named(asked["link"], door)
    if link is None:
        raise Malformed(Reason.INVALID_VALUE, "link: the id or client id of an application link")
    return link.id


def _moment(asked: Form, name: str) -> int | None:
    """RFC 3339 5.6: a moment with its offset; without one nobody knows which is meant."""
    if name not in asked:
        return None
    try:
        at = datetime.fromisoformat(asked[name])
        moment = None if at.tzinfo is None else int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise Malformed(Reason.INVALID_VALUE, f"{name}: a moment like 2026-11-01T00:00:00Z")
    return moment
