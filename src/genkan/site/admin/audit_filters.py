"""The filters of the audit's page: as people type them, in their own time zone, and the query that they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from genkan.protocol.event_words import EVENT_NAMES, GROUP_NAMES, ActorKind, group_of, kinds_named, read_actor
from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import Link
from genkan.site.api.asked import account_named
from genkan.site.api.documents import public_id, read_public_id
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.reader import Reader
from genkan.store.api import AuditQuery

FIELDS = ("kind", "actor", "person", "link", "text", "since", "until", "order")
MOST_TEXT = 200
OLDEST = "oldest"
NO_PERSON = "There is no account with this name. A deleted one is found by its id, as the audit shows it."
NO_ACTOR = "Nobody of this name is known here. Write a user name, the name of an API key, or what files say."
NO_LINK = "There is no such application link any more."
NO_KIND = "There is no such kind of event."
NO_MOMENT = "Write a date and a time, as in 2026-11-01 09:30."


@dataclass(frozen=True, slots=True)
class Filters:
    """What was typed, what is wrong with it by field, and what it asks for."""

    typed: Mapping[str, str]
    faults: Mapping[str, str]
    query: AuditQuery = field(default_factory=AuditQuery)

    @property
    def is_any(self) -> bool:
        """Whether anything but the order was chosen."""
        return any(self.typed[name] for name in FIELDS if name != "order")

    def address(self, path: str, **more: str) -> str:
        """The address of a page with the same filters."""
        kept = {name: self.typed[name] for name in FIELDS if self.typed[name]}
        query = urlencode({**kept, **more})
        return f"{path}?{query}" if query else path


async def read_filters(asked: Form, reader: Reader, door: Door, *, limit: int) -> Filters:
    """What the page's form was sent with. Faults instead of refusals: the form is shown again with them."""
    typed = {name: asked.get(name, "").strip()[:MOST_TEXT] for name in FIELDS}
    faults: dict[str, str] = {}
    start = asked.get("start", "")
    query = AuditQuery(
        kinds=_kinds(typed["kind"], faults),
        actor=await _actor(typed["actor"], door, faults),
        account_id=await _person(typed["person"], door, faults),
        link_id=await _link(typed["link"], door, faults),
        text=typed["text"] or None,
        since=_moment(typed["since"], "since", reader, faults),
        until=_moment(typed["until"], "until", reader, faults),
        newest_first=typed["order"] != OLDEST,
        start=int(start) if start.isascii() and start.isdigit() and len(start) <= 18 else None,
        limit=limit,
    )
    return Filters(typed, faults, query)


def kind_choices() -> list[dict[str, object]]:
    """Every kind that can be chosen, under its group."""
    return [
        {
            "group": group,
            "words": words,
            "kinds": [(kind.value, EVENT_NAMES.get(kind, kind.value)) for kind in EventKind if group_of(kind) == group],
        }
        for group, words in GROUP_NAMES.items()
    ]


def link_choices(links: list[Link]) -> list[tuple[str, str]]:
    """Every link by id and name; deleted ones are in the audit, too."""
    return sorted(((public_id(link.id), link.name) for link in links), key=lambda choice: choice[1].casefold())


def _kinds(word: str, faults: dict[str, str]) -> frozenset[str] | None:
    kinds = kinds_named(word)
    if word and not kinds:
        faults["kind"] = NO_KIND
    return kinds or None


async def _person(name: str, door: Door, faults: dict[str, str]) -> int | None:
    if not name:
        return None
    number = read_public_id(name)
    account = await account_named(name, door) or (None if number is None else await door.store.account(number))
    if account is None:
        faults["person"] = NO_PERSON
        return None
    return account.id


async def _actor(name: str, door: Door, faults: dict[str, str]) -> str | None:
    if not name or read_actor(name).kind is not ActorKind.OTHER:
        return name or None
    account = await account_named(name, door)
    if account is not None:
        return account.actor
    if any(facts.key.name == name for facts in await door.store.api_keys()):
        return f"api-key:{name}"
    faults["actor"] = NO_ACTOR
    return None


async def _link(text: str, door: Door, faults: dict[str, str]) -> int | None:
    if not text:
        return None
    number = read_public_id(text)
    link = None if number is None else await door.store.link(number)
    if link is None:
        faults["link"] = NO_LINK
        return None
    return link.id


def _moment(text: str, name: str, reader: Reader, faults: dict[str, str]) -> int | None:
    """A time as people type it, in the reader's zone unless it names another."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=_zone(reader))
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        faults[name] = NO_MOMENT
        return None


def _zone(reader: Reader) -> ZoneInfo:
    return ZoneInfo(reader.time_zone)
