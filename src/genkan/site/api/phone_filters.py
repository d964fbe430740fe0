"""What an administrator looks for among phones: read from a page's address, written into the next one's, and searched.

An address may be of a bookmark or typed by hand: whatever in it means nothing is left out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from genkan.protocol.accounts import fold
from genkan.protocol.ends import EndReason
from genkan.protocol.env import DAY
from genkan.protocol.phones import PhoneRow, PhoneState
from genkan.protocol.records import LinkKind
from genkan.site.api.documents import public_id, read_phone_id, read_public_id
from genkan.store.api import PhoneMark, PhoneOrder, PhonePage, PhoneSearch, Store

ONE = "/admin/phones"
PATHS = {LinkKind.NATIVE: ONE, LinkKind.CONFIDENTIAL: "/admin/applications"}
ALL = "all"
STATES = (*PhoneState, ALL)
DAYS = (7, 30, 90, 180, 365)
# Fifty can be chosen at once: a form has a hundred fields at most.
ROWS = 50
# How often a page goes on looking where it has found too few; between two looks others get their turn.
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Filters:
    """``person`` is the beginning of a name as typed; ``state`` one of STATES; ``unseen`` days, 0 for no matter."""

    kind: LinkKind
    person: str = ""
    account: int | None = None
    link: int | None = None
    state: str = PhoneState.SIGNED_IN
    unseen: int = 0
    reason: str = ""
    order: PhoneOrder = PhoneOrder.NEWEST
    start: PhoneMark | None = None

    @property
    def path(self) -> str:
        """The page's address below the base URL, with all that is not as it is anyway."""
        plain = Filters(self.kind)
        words = {
            "person": self.person,
            "account": "" if self.account is None else public_id(self.account),
            "link": "" if self.link is None else public_id(self.link),
            "state": self.state if self.state != plain.state else "",
            "unseen": str(self.unseen or ""),
            "reason": self.reason,
            "order": self.order if self.order is not plain.order else "",
            "after": _written(self.start) if self.start else "",
        }
        query = urlencode({name: word for name, word in words.items() if word})
        return PATHS[self.kind] + (f"?{query}" if query else "")

    @property
    def is_narrow(self) -> bool:
        """Whether more is asked for than a state and an order."""
        return self != Filters(self.kind, state=self.state, order=self.order, start=self.start)

    def first(self) -> "Filters":
        """The same from the beginning."""
        return replace(self, start=None)


def read_filters(query: Mapping[str, str], kind: LinkKind) -> Filters:
    """The filters of an address. A reason is asked of those alone that were signed out."""
    reason = query.get("reason", "")
    state = query.get("state", PhoneState.SIGNED_IN)
    order = query.get("order", PhoneOrder.NEWEST)
    unseen = query.get("unseen", "")
    known = reason in frozenset(EndReason)
    return Filters(
        kind,
        query.get("person", "").strip(),
        read_public_id(query.get("account", "")),
        read_public_id(query.get("link", "")),
        PhoneState.SIGNED_OUT if known else state if state in STATES else PhoneState.SIGNED_IN,
        next((days for days in DAYS if str(days) == unseen), 0),
        reason if known else "",
        PhoneOrder(order) if order in frozenset(PhoneOrder) else PhoneOrder.NEWEST,
        _read_mark(query.get("after", "")),
    )


def filters_at(path: str) -> Filters:
    """The filters of a list's path, as ``Filters.path`` writes it."""
    place, _, query = path.partition("?")
    kind = next((kind for kind, known in PATHS.items() if known == place), LinkKind.NATIVE)
    return read_filters(dict(parse_qsl(query)), kind)


def back_path(path: str) -> str:
    """The page that somebody came from: a list as its filters write it, or one phone. Never anything else."""
    if path.startswith(f"{ONE}/"):
        grant_id = read_phone_id(path.removeprefix(f"{ONE}/"))
        return f"{ONE}/{grant_id.hex()}" if grant_id else ONE
    return filters_at(path).path


def _written(mark: PhoneMark) -> str:
    return public_id(mark.group) + mark.grant_id.hex()


def _read_mark(text: str) -> PhoneMark | None:
    group, grant_id = read_public_id(text[:16]), read_phone_id(text[16:])
    if group is None or (grant_id is None and len(text) > 16):
        return None
    return PhoneMark(grant_id or b"", group)


def search_for(filters: Filters, now: int) -> PhoneSearch | None:
    """What to ask the store for; None where no name can begin so."""
    person = fold(filters.person) if filters.person else ""
    if person is None:
        return None
    return PhoneSearch(
        now,
        filters.kind,
        filters.account,
        filters.link,
        person,
        None if filters.state == ALL else PhoneState(filters.state),
        filters.reason,
        now - filters.unseen * DAY if filters.unseen else None,
        PhoneOrder.PERSON if person else filters.order,
        filters.start,
        ROWS,
    )


async def find(search: PhoneSearch, store: Store, rounds: int = ROUNDS) -> PhonePage:
    """A page as full as so many looks can make it."""
    rows: list[PhoneRow] = []
    mark = search.start
    for _ in range(rounds):
        page = await store.search_phones(replace(search, start=mark, limit=search.limit - len(rows)))
        rows, mark = [*rows, *page.rows], page.next
        if mark is None or len(rows) == search.limit:
            break
        await asyncio.sleep(0)
    return PhonePage(tuple(rows), mark)
