"""The search through all phones: walks by link or by person that stop where a page is full or has looked far enough."""

import sqlite3
from collections.abc import Iterator, Mapping
from heapq import merge
from operator import itemgetter
from typing import Any

from genkan.protocol.phones import PhoneRow, PhoneState
from genkan.protocol.records import Standing
from genkan.protocol.standing import end_of
from genkan.store import rows
from genkan.store.api import PhoneMark, PhoneOrder, PhonePage, PhoneSearch
from genkan.store.sqlite_identities import SqliteIdentities
from genkan.store.sqlite_open import unavailable

# How many sign-ins, and people without any, one page looks at: what takes a few milliseconds.
MOST_LOOKED = 1_000

# What the filters need of a sign-in; a page decodes whole rows of those alone that it shows.
_NARROW = """
    g.id, g.link, g.state, a.stop = g.account_stop AND a.standing = 0, g.link_stop, g.created_at, g.rotated_at,
    g.refresh_expires_at, g.last_seen, g.reason
"""
_ACCOUNTS = "CROSS JOIN accounts a ON a.number = g.account"
# Ranges of pairs, since an equality beside an order by ids alone would fit the primary key as well (0221).
_IN_LINK = "(g.link, g.id) > (:number, :after) AND (g.link, g.id) < (:number, :before)"
_IN_PERSON = "(g.account, g.id) > (:number, :after) AND (g.account, g.id) < (:number, :before)"
_BY_LINK, _BY_LINK_UP = "ORDER BY g.link DESC, g.id DESC LIMIT :look", "ORDER BY g.link, g.id LIMIT :look"
_BY_PERSON, _BY_PERSON_UP = "ORDER BY g.account DESC, g.id DESC LIMIT :look", "ORDER BY g.account, g.id LIMIT :look"
_OF_LINK = f"{_NARROW} FROM grants g INDEXED BY grants_by_link {_ACCOUNTS} WHERE"
_OF_ENDED = f"{_NARROW} FROM grants g INDEXED BY grants_ended {_ACCOUNTS} WHERE g.state = 1 AND"
_OF_PERSON = f"{_NARROW} FROM grants g INDEXED BY grants_by_account {_ACCOUNTS} WHERE"
_SEARCH_LINK = f"SELECT {_OF_LINK} {_IN_LINK} {_BY_LINK}"
_SEARCH_LINK_UP = f"SELECT {_OF_LINK} {_IN_LINK} {_BY_LINK_UP}"
_SEARCH_ENDED = f"SELECT {_OF_ENDED} {_IN_LINK} {_BY_LINK}"
_SEARCH_ENDED_UP = f"SELECT {_OF_ENDED} {_IN_LINK} {_BY_LINK_UP}"
_SEARCH_PERSON = f"SELECT {_OF_PERSON} {_IN_PERSON} {_BY_PERSON}"
_SEARCH_PERSON_UP = f"SELECT {_OF_PERSON} {_IN_PERSON} {_BY_PERSON_UP}"
_PEOPLE_NAMED = """
    SELECT number, id FROM accounts WHERE folded >= :first AND folded > :after AND folded < :past
    ORDER BY folded LIMIT :look
"""
_PERSON = "SELECT number, folded FROM accounts WHERE id = ?"
_UNSETTLED = "SELECT 1 FROM stops WHERE settled = 0 LIMIT 1"

_FIRST_ID, _LAST_ID = b"", b"\xff" * 17
# Tombstones stand before every name.
_NAMES_BEGIN, _NAMES_END = "\x01", "\U0010ffff"

# A sign-in with the group that the order puts it in; a person without any is no sign-in and counts as one.
Step = tuple[int, rows.Row | None]


class SqlitePhones(SqliteIdentities):
    """The Store protocol's search, beside its other reads."""

    async def search_phones(self, search: PhoneSearch) -> PhonePage:
        self._enter()
        try:
            return self._page(search)
        except sqlite3.Error as e:
            raise unavailable(e) from e

    def _page(self, search: PhoneSearch) -> PhonePage:
        found: list[PhoneRow] = []
        mark = None
        for looked, (group, row) in enumerate(self._steps(search)):
            if looked == MOST_LOOKED or len(found) == search.limit:
                return PhonePage(tuple(found), mark)
            mark = PhoneMark(row[0] if row else b"", group)
            if row is not None and self._fits(row, search):
                phone = self._phone_of(row[0])
                if phone and (not search.reason or search.reason == (phone.grant.reason or phone.stop_reason)):
                    found.append(phone)
        return PhonePage(tuple(found), None)

    def _steps(self, search: PhoneSearch) -> Iterator[Step]:
        """Every sign-in that may fit, in order, read as they are taken."""
        if search.account_id is not None:
            yield from self._of_account(search)
        elif search.order is PhoneOrder.PERSON or search.person:
            yield from self._by_person(search)
        elif search.order is PhoneOrder.LINK:
            yield from self._by_link(search)
        else:
            yield from self._by_time(search)

    def _of_account(self, search: PhoneSearch) -> Iterator[Step]:
        known = self._db.execute(_PERSON, (search.account_id,)).fetchone()
        start = search.start.grant_id if search.start else None
        for row in self._person(known[0], search, start) if known else ():
            yield 0, row

    def _by_time(self, search: PhoneSearch) -> Iterator[Step]:
        """The links' own lists as one."""
        start = search.start.grant_id if search.start else None
        streams = [self._link(number, search, start) for number in self._links_asked(search)]
        for row in merge(*streams, key=itemgetter(0), reverse=search.order is not PhoneOrder.OLDEST):
            yield 0, row

    def _by_link(self, search: PhoneSearch) -> Iterator[Step]:
        """One link after the other, by name."""
        links = self._cache.by_number
        numbers = sorted(self._links_asked(search), key=lambda number: (links[number].name.casefold(), number))
        mark = search.start
        at = next((at for at, number in enumerate(numbers) if mark and links[number].id == mark.group), 0)
        for number in numbers[at:]:
            group = links[number].id
            for row in self._link(number, search, mark.grant_id if mark and mark.group == group else None):
                yield group, row

    def _by_person(self, search: PhoneSearch) -> Iterator[Step]:
        """One person after the other, by name."""
        behind, mark = "", search.start
        known = self._db.execute(_PERSON, (mark.group,)).fetchone() if mark else None
        if mark and known:
            behind = known[1]
            for row in self._person(known[0], search, mark.grant_id) if mark.grant_id else ():
                yield mark.group, row
        named = {
            "first": search.person or _NAMES_BEGIN,
            "after": behind,
            "past": search.person + _NAMES_END,
            "look": MOST_LOOKED + 1,
        }
        for number, account_id in self._db.execute(_PEOPLE_NAMED, named):
            yield account_id, None
            for row in self._person(number, search, None):
                yield account_id, row

    def _link(self, number: int, search: PhoneSearch, start: bytes | None) -> Iterator[rows.Row]:
        # Until a stop has reached all of its rows, some that ended do not say so and are in no index of those.
        ended = self._wants_ended(search) and self._db.execute(_UNSETTLED).fetchone() is None
        down, up = (_SEARCH_ENDED, _SEARCH_ENDED_UP) if ended else (_SEARCH_LINK, _SEARCH_LINK_UP)
        return self._walk(down, up, number, search, start)

    def _person(self, number: int, search: PhoneSearch, start: bytes | None) -> Iterator[rows.Row]:
        return self._walk(_SEARCH_PERSON, _SEARCH_PERSON_UP, number, search, start)

    def _walk(self, down: str, up: str, number: int, search: PhoneSearch, start: bytes | None) -> Iterator[rows.Row]:
        """Rows of one list as they are taken, none of which was born after the moment it must not be seen since."""
        oldest_first = search.order is PhoneOrder.OLDEST
        youngest = _LAST_ID if search.unseen_since is None else max(0, search.unseen_since).to_bytes(6, "big")
        asked = {
            "number": number,
            "after": start if oldest_first and start else _FIRST_ID,
            "before": youngest if oldest_first or not start else min(start, youngest),
            "look": MOST_LOOKED + 1,
        }
        return self._taken(up if oldest_first else down, asked)

    def _taken(self, sql: str, asked: Mapping[str, Any]) -> Iterator[rows.Row]:
        """Rows read as they are taken: most walks stop long before their end."""
        return iter(self._db.execute(sql, asked))

    def _links_asked(self, search: PhoneSearch) -> list[int]:
        return [
            number
            for number, link in self._cache.by_number.items()
            if search.kind in (None, link.kind) and search.link_id in (None, link.id)
        ]

    def _wants_ended(self, search: PhoneSearch) -> bool:
        return search.state is PhoneState.SIGNED_OUT or bool(search.reason)

    def _fits(self, row: rows.Row, search: PhoneSearch) -> bool:
        """All filters, but for the reason of a row that a stop has only just reached: it does not say so itself."""
        grant_id, number, ended, stands, link_stop, created, rotated, refresh_left, last_seen, reason = row
        link, born = self._cache.by_number[number], rows.id_time(grant_id)
        if search.kind not in (None, link.kind) or search.link_id not in (None, link.id):
            return False
        last_used = max(born + rotated, rows.until(born, last_seen))
        if search.unseen_since is not None and last_used >= search.unseen_since:
            return False
        if search.reason and ended and self._texts[reason] != search.reason:
            return False
        wanted = PhoneState.SIGNED_OUT if search.reason else search.state
        if wanted is None:
            return True
        if ended or not stands or link.stop != link_stop or link.standing is Standing.DELETED:
            return wanted is PhoneState.SIGNED_OUT
        over = search.now >= end_of(born + rotated + refresh_left, born + created, link)
        return wanted is (PhoneState.EXPIRED if over else PhoneState.SIGNED_IN)
