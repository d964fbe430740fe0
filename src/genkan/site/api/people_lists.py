"""A page of the list of people, as an address asks for it: by the API and by the console."""

from genkan.protocol import accounts
from genkan.protocol.records import Standing
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.store.api import PeoplePage, PeopleQuery
from genkan.wire.scopes import Permission


async def people_page(asked: Form, limit: int, door: Door) -> PeoplePage:
    """By name. ``prefix``, ``state`` and ``permission`` filter, ``after`` is the ``next`` of the page before; their
    values are looked at before.
    """
    query = _query(asked, limit)
    if query is None:
        return PeoplePage((), None)
    page = await door.store.people(query)
    # A tombstone's name begins with a NUL, which no address can carry.
    return PeoplePage(page.accounts, None if page.next is None else page.next.removeprefix("\0"))


def _query(asked: Form, limit: int) -> PeopleQuery | None:
    """What to list; None where no name can begin so."""
    standing = Standing(asked["state"]) if asked.get("state") else None
    buried = standing is Standing.DELETED
    prefix = accounts.fold(asked["prefix"]) if asked.get("prefix") and not buried else ""
    after = asked.get("after", "")
    permission = Permission[asked["permission"]] if asked.get("permission") else None
    if prefix is None:
        return None
    return PeopleQuery(prefix, standing, permission, f"\0{after}" if buried and after else after, limit)
