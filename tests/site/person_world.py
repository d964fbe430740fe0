"""What the tests of the console's pages about people share: somebody signed in, and filling a page's form in."""

from html import unescape

import httpx2

from genkan.protocol.records import Account
from genkan.site.api.documents import public_id
from tests.site.world import SiteUnderTest, forms_of

PEOPLE = "/admin/people"
NEW = "a quite new password"


def path_of(account: Account, rest: str = "") -> str:
    """The console's page of a person."""
    return f"{PEOPLE}/{public_id(account.id)}{rest}"


async def page(site: SiteUnderTest, path: str, **query: str) -> str:
    """The text of a page that is there."""
    answer = await site.client.get(site.base + path, params=query or None)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def form(site: SiteUnderTest, path: str, ending: str) -> tuple[str, dict[str, str]]:
    """The form of a page whose address ends so."""
    answer = await site.client.get(site.base + path)
    assert answer.status_code == 200, answer.text
    return next(form for form in forms_of(answer.text) if form[0].endswith(ending))


async def send(site: SiteUnderTest, path: str, ending: str, typed: dict[str, str] | None = None) -> httpx2.Response:
    """Fill a page's form in and send it."""
    action, fields = await form(site, path, ending)
    return await site.client.post(site.absolute(action), data={**fields, **(typed or {})})


async def said(site: SiteUnderTest, answer: httpx2.Response) -> str:
    """The page that a form led to."""
    assert answer.status_code == 303, answer.text
    led = await site.client.get(answer.headers["location"])
    assert led.status_code == 200, led.text
    return unescape(led.text)


async def current(site: SiteUnderTest, account: Account) -> Account:
    """The account as it is kept now."""
    found = await site.store.account(account.id)
    assert found is not None
    return found
