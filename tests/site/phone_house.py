"""What tests of the console's pages of sign-ins share: an administrator at the browser, people, links, their phones."""

from typing import Any

import httpx2

from genkan.protocol.outcomes import Change
from genkan.protocol.phones import PhoneState, judge
from genkan.protocol.records import Account, Grant, Link, LinkKind
from genkan.wire.scopes import Permission
from tests.site.api_world import a_phone_of
from tests.site.world import SiteUnderTest, forms_of
from tests.store.builders import an_event

PHONES, APPLICATIONS = "/admin/phones", "/admin/applications"
SIGN_OUT = "/admin/phones/sign-out"


class House:
    """An administrator at the browser; two people; a link for phones and one for a web application."""

    def __init__(self, site: SiteUnderTest, people: dict[str, Account], links: dict[str, Link]) -> None:
        self.site, self.people, self.links = site, people, links

    async def phone(self, name: str = "anna", link: str = "app", **changes: Any) -> Grant:
        """A sign-in."""
        self.site.env.advance(1000)
        return await a_phone_of(self.site, self.people[name], self.links[link], **changes)

    async def get(self, path: str, **query: str) -> str:
        """The page at an address."""
        answer = await self.site.client.get(self.site.base + path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def ids(self, path: str = PHONES, **query: str) -> list[str]:
        """The sign-ins that a list shows, in order."""
        page = await self.get(path, **query)
        parts = page.split('<tr role="row">')[2:]
        return [part.split(f"{PHONES}/")[1].partition('"')[0] for part in parts]

    async def send(self, page: str, **typed: str) -> httpx2.Response:
        """Press the button of the question."""
        action, fields = next(form for form in forms_of(page) if form[0].endswith(SIGN_OUT))
        return await self.site.client.post(self.site.absolute(action), data={**fields, **typed})

    async def chatter(self) -> None:
        """Three hundred lines of the audit about something else, a moment each."""
        begun = self.site.env.now
        self.site.env.advance(300)
        assert await self.site.store.apply(Change((), tuple(an_event(at=begun + number) for number in range(301))))

    async def state(self, grant: Grant) -> tuple[PhoneState, str]:
        """What became of a sign-in."""
        row = await self.site.store.phone(grant.id)
        assert row is not None
        phone = judge(row, self.site.env())
        return phone.state, phone.reason


async def a_house(site: SiteUnderTest) -> House:
    """All signed out but the administrator."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    people = {name: await site.make_account(name) for name in ("anna", "bert")}
    web = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    links = {"app": (await site.make_link()).link, "web": web.link}
    await site.sign_in("root")
    return House(site, people, links)
