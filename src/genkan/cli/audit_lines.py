"""Lines of the audit as commands ask for them and show them: filters in people's words, names instead of ids, CSV that
no spreadsheet obeys.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, Stop, Workbench
from genkan.protocol import accounts
from genkan.protocol.audit import Line
from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import ACTOR_PREFIX
from genkan.site.audit_documents import Names, acting_account
from genkan.site.documents import moment, public_id
from genkan.store.api import AuditQuery

# What a spreadsheet may take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_HEX_DIGITS = frozenset("0123456789abcdef")
EXPORTED = (
    "id", "at", "kind", "actor", "actorName", "account", "accountId", "link", "linkId", "phone", "address", "reason",
    "detail",
)  # fmt: skip

Kind = Annotated[
    list[str] | None,
    Parameter(
        name="--kind", help="Only such lines: grant.signed_in, or the group before the dot. Several may be named."
    ),
]
Actor = Annotated[
    str | None, Parameter(name="--actor", help="Only what this actor did, as the list spells it: account:alice.")
]
AccountName = Annotated[str | None, Parameter(name="--account", help="Only what concerns this account.")]
LinkName = Annotated[
    str | None, Parameter(name="--link", help="Only what concerns this link: its name, id or client id.")
]
Reason = Annotated[str | None, Parameter(name="--reason", help="Only lines with this text in their reason or detail.")]
Since = Annotated[str | None, Parameter(name="--since", help="From then on: 2026-11-01 or 2026-11-01T09:30, in UTC.")]
Until = Annotated[str | None, Parameter(name="--until", help="Up to then, written like --since.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they were typed."""

    kinds: list[str] | None = None
    actor: str | None = None
    account: str | None = None
    link: str | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None

    async def query(self, site: Workbench, *, newest_first: bool, start: int | None, limit: int) -> AuditQuery:
        """The query; Stop for what names nothing."""
        return AuditQuery(
            kinds=_kinds(self.kinds),
            actor=None if self.actor is None else await _actor(site, self.actor),
            account_id=None if self.account is None else await _account_id(site, self.account),
            link_id=None if self.link is None else await _link_id(site, self.link),
            text=self.reason,
            since=None if self.since is None else _moment(self.since),
            until=None if self.until is None else _moment(self.until),
            newest_first=newest_first,
            start=start,
            limit=limit,
        )


def _kinds(words: list[str] | None) -> frozenset[str] | None:
    if not words:
        return None
    found = {word: [kind.value for kind in EventKind if word in (kind, kind.partition(".")[0])] for word in words}
    unknown = [word for word, kinds in found.items() if not kinds]
    if unknown:
        groups = sorted({kind.partition(".")[0] for kind in EventKind})
        raise Stop(f"there is no kind {unknown[0]}; the groups are {', '.join(groups)}", SET_UP)
    return frozenset(kind for kinds in found.values() for kind in kinds)


async def _account_id(site: Workbench, text: str) -> int:
    """The account of this name; a deleted one by its name or its id."""
    folded = accounts.fold(text)
    account = await site.store.account_by_name(folded) if folded else None
    if account is None and len(text) == 16 and set(text) <= _HEX_DIGITS:
        account = await site.store.account(int(text, 16))
    if account is None:
        raise Stop(f"there is no account {text}; a deleted one is named by its accountId in genkan audit export")
    return account.id


async def _actor(site: Workbench, text: str) -> str:
    """An actor as lines spell it: of a person the id, who may be named here."""
    name = text.removeprefix(ACTOR_PREFIX)
    folded = accounts.fold(name) if text.startswith(ACTOR_PREFIX) else None
    account = await site.store.account_by_name(folded) if folded else None
    return account.actor if account else text


async def _link_id(site: Workbench, text: str) -> int:
    found = [link for link in await site.store.links() if text in (link.client_id, public_id(link.id), link.name)]
    if len(found) > 1:
        raise Stop(f"several links are named {text}: write the client id")
    if not found:
        raise Stop(f"there is no link {text}; genkan link list shows them")
    return found[0].id


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Stop(f"{text} is no date: write 2026-11-01 or 2026-11-01T09:30", SET_UP) from None


async def document(line: Line, names: Names) -> dict[str, object]:
    """A line as JSON, with every id beside its name; also one that somebody has changed."""
    return {
        "id": line.number,
        "at": when(line.at),
        "kind": line.kind,
        "actor": line.actor,
        "actorName": await names.person(acting_account(line.actor)),
        "account": await names.person(line.account_id),
        "accountId": None if line.account_id is None else public_id(line.account_id),
        "link": await names.link(line.link_id),
        "linkId": None if line.link_id is None else public_id(line.link_id),
        "phone": line.grant_id.hex() if line.grant_id else None,
        "address": line.address or None,
        "reason": line.reason or None,
        "detail": line.detail or None,
    }


def when(at: int) -> str:
    """A time as RFC 3339; a number that somebody has made of it as it is."""
    try:
        return moment(at)
    except (ValueError, OverflowError, OSError):
        return str(at)


def cell(value: object) -> str:
    """A cell of CSV. What a spreadsheet would take for a formula gets an apostrophe before it, as one would type it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def with_who(shown: dict[str, object]) -> dict[str, object]:
    """The same for people to read: who did it by name where it was a person."""
    name, actor = shown["actorName"], str(shown["actor"])
    if name is None:
        return shown
    through = actor.partition(" ")[2]
    return {**shown, "actor": f"{ACTOR_PREFIX}{name} {through}".rstrip()}
