"""Lines of the audit as commands ask for them and show them: filters in people's words, names instead of ids."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, Stop, Workbench
from genkan.protocol import accounts
from genkan.protocol.event_words import GROUP_NAMES, kinds_named
from genkan.protocol.records import ACTOR_PREFIX
from genkan.site.api.documents import public_id
from genkan.store.api import AuditQuery

_HEX_DIGITS = frozenset("0123456789abcdef")
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
    found = {word: kinds_named(word) for word in words}
    unknown = [word for word, kinds in found.items() if not kinds]
    if unknown:
        raise Stop(f"there is no kind {unknown[0]}; the groups are {', '.join(sorted(GROUP_NAMES))}", SET_UP)
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


def with_who(shown: dict[str, object]) -> dict[str, object]:
    """The same for people to read: who did it by name where it was a person."""
    name, actor = shown["actorName"], str(shown["actor"])
    if name is None:
        return shown
    through = actor.partition(" ")[2]
    return {**shown, "actor": f"{ACTOR_PREFIX}{name} {through}".rstrip()}
