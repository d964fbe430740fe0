"""The console's pages of sign-ins: lists with filters, one in full, and signing out after a question."""

from html import unescape
from typing import Any

import httpx2
import pytest

from genkan.protocol import links
from genkan.protocol.ends import END_HINTS, END_SENTENCES, EndReason
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.phones import PhoneState, judge
from genkan.protocol.records import Account, Grant, Link, LinkKind, Standing
from genkan.site import phone_filters, phone_sign_out
from genkan.site.documents import public_id
from genkan.store import sqlite_phones
from genkan.wire.scopes import Permission
from tests.site.api_world import a_phone_of
from tests.site.world import SiteUnderTest, forms_of
from tests.store.builders import an_event, ended, rotated

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

    async def state(self, grant: Grant) -> tuple[PhoneState, str]:
        """What became of a sign-in."""
        row = await self.site.store.phone(grant.id)
        assert row is not None
        phone = judge(row, self.site.env())
        return phone.state, phone.reason


@pytest.fixture
async def house(site: SiteUnderTest) -> House:
    """All signed out but the administrator."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    people = {name: await site.make_account(name) for name in ("anna", "bert")}
    web = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    links = {"app": (await site.make_link()).link, "web": web.link}
    await site.sign_in("root")
    return House(site, people, links)


def hexes(*grants: Grant) -> list[str]:
    return [grant.id.hex() for grant in grants]


async def test_phones_and_applications_have_a_list_each(house: House) -> None:
    """Native sign-ins here, confidential ones there, the newest first, each with what is known of it."""
    first = await house.phone(user_agent="AtlassianMobileApp/2.0 (iPhone; iOS 26.1)")
    second, program = await house.phone("bert"), await house.phone(link="web")
    assert await house.ids() == hexes(second, first)
    assert await house.ids(APPLICATIONS) == hexes(program)
    page = await house.get(PHONES, person="anna")
    for said in ("anna", "Test app", "iPhone", "AtlassianMobileApp 2.0", "iOS 26.1", "password", first.address):
        assert said in page


async def test_an_empty_list_says_what_to_do(house: House) -> None:
    """Nobody signed in; nothing that fits; and a store that has not been looked through."""
    assert "No phone is signed in." in await house.get(PHONES)
    assert "No application is connected." in await house.get(APPLICATIONS)
    await house.phone()
    assert "Nothing fits these filters." in await house.get(PHONES, person="nobody")
    assert "Nothing fits these filters." in await house.get(PHONES, person="\u200b")


async def test_each_filter_narrows_the_list(house: House) -> None:
    """Person by the beginning of the name, account, link, state, not seen for days, reason; alone and together."""
    old = await house.phone()
    house.site.env.advance(40 * DAY)
    await house.site.sign_in("root")
    new, bert = await house.phone(), await house.phone("bert")
    assert await house.site.store.apply(ended(new, EndReason.REPLAYED, house.site.env.now))
    account = public_id(house.people["anna"].id)
    link = public_id(house.links["app"].id)
    for query, wanted in (
        ({}, [bert, old]),
        ({"state": "all"}, [bert, new, old]),
        ({"state": "signed_out"}, [new]),
        ({"state": "expired"}, []),
        ({"state": "all", "person": "AN"}, [new, old]),
        ({"state": "all", "account": account}, [new, old]),
        ({"state": "all", "link": link, "order": "oldest"}, [old, new, bert]),
        ({"state": "all", "link": public_id(1)}, []),
        ({"unseen": "30"}, [old]),
        ({"reason": "replayed"}, [new]),
        ({"reason": "link_deleted"}, []),
        ({"order": "person"}, [old, bert]),
        ({"order": "link"}, [bert, old]),
        ({"state": "nonsense", "unseen": "31", "reason": "x", "order": "y", "after": "z", "account": "-"}, [bert, old]),
    ):
        assert await house.ids(**query) == hexes(*wanted), query


async def test_filters_stand_in_the_form_as_they_were_asked(house: House) -> None:
    """What was chosen is chosen, so that one more filter narrows what is there."""
    await house.phone()
    page = await house.get(PHONES, person="an", state="all", unseen="7", order="oldest")
    for said in ('value="an"', '<option value="all" selected', '<option value="7" selected',
                 '<option value="oldest" selected', "<details open>"):  # fmt: skip
        assert said in page
    narrowed = await house.get(PHONES, account=public_id(house.people["anna"].id))
    assert "Only sign-ins of" in narrowed
    assert f'name="account" value="{public_id(house.people["anna"].id)}"' in narrowed


@pytest.mark.parametrize("order", ["newest", "oldest", "person", "link"])
async def test_a_list_is_paged_through_by_its_links(house: House, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page leads to the next with its filters, the last to none; every later one leads back to the first."""
    monkeypatch.setattr(phone_filters, "ROWS", 3)
    made = [await house.phone(name) for name in ("anna", "bert", "anna", "bert", "anna", "bert", "anna")]
    seen: list[str] = []
    path, query = PHONES, {"order": order, "state": "all"}
    for _ in range(3):
        page = await house.get(path, **query)
        parts = page.split('<tr role="row">')[2:]
        seen += [part.split(f"{PHONES}/")[1].partition('"')[0] for part in parts]
        assert ("First page" in page) == (path != PHONES)
        if "Next page" not in page:
            break
        path, query = page.rsplit('<a class="button" href="', 1)[1].partition('"')[0].replace("&amp;", "&"), {}
    assert sorted(seen) == sorted(hexes(*made))
    if order == "newest":
        assert seen == hexes(*made)[::-1]


async def test_a_page_that_found_nothing_yet_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Having looked far enough is told as that, and the way on comes to what is there."""
    monkeypatch.setattr(sqlite_phones, "MOST_LOOKED", 1)
    old = await house.phone()
    assert await house.site.store.apply(ended(old, at=house.site.env.now))
    for _ in range(phone_filters.ROUNDS):
        await house.phone()
    page = await house.get(PHONES, state="expired")
    assert "None of the sign-ins looked through so far fits." in page
    path = page.split('<a class="button first" href="')[1].partition('"')[0].replace("&amp;", "&")
    assert "Nothing more fits these filters." in await house.get(path)


async def test_marks_are_shown(house: House) -> None:
    """Two sign-ins without a device mark that look alike; one that was never used; a link that is disabled."""
    await house.phone()
    used = await house.phone()
    assert await house.site.store.apply(rotated(used, house.site.env.now))
    page = await house.get(PHONES)
    assert page.count("Possibly the same phone") == 2
    assert page.count("Never used") == 1


# --- One phone


async def test_one_phone_is_told_in_full(house: House) -> None:
    """What is known of it and what happened, by the id that the commands print, in any case of its letters."""
    grant = await house.phone(user_agent="JiraApp/7 (Android 16; Pixel 9)", device=b"m" * 16)
    again = an_event(EventKind.GRANT_RETRIED_ELSEWHERE, house.site.env.now, grant_id=grant.id, address="198.51.100.9")
    assert await house.site.store.apply(Change((), (again,)))
    assert await house.site.store.apply(rotated(grant, house.site.env.now + HOUR, retries=2))
    house.site.env.advance(2 * HOUR)
    page = await house.get(f"{PHONES}/{grant.id.hex().upper()}")
    for said in ("anna", "JiraApp 7", "Android 16", "Pixel 9", grant.user_agent, grant.address, grant.network,
                 "198.51.100.9", "Refreshed its tokens, for the first time.", "WRITE", grant.id.hex(),
                 "Signs itself out then, unless it is used before.",
                 "a later sign-in of this device replaces"):  # fmt: skip
        assert said in page
    assert "Why it was signed out" not in page


@pytest.mark.parametrize("reason", EndReason)
async def test_why_a_phone_was_signed_out_is_said(house: House, reason: EndReason) -> None:
    """The reason as a sentence, and what to do next."""
    grant = await house.phone()
    assert await house.site.store.apply(ended(grant, reason, house.site.env.now))
    page = unescape(await house.get(f"{PHONES}/{grant.id.hex()}"))
    assert "Why it was signed out" in page
    assert END_SENTENCES[reason] in page
    assert END_HINTS[reason] in page
    assert "Sign this phone out" not in page


async def test_an_expired_phone_says_so(house: House) -> None:
    """It was not signed out, its time ran out; and a while later it is still answered for."""
    grant = await house.phone()
    house.site.env.advance(100 * DAY)
    await house.site.sign_in("root")
    page = await house.get(f"{PHONES}/{grant.id.hex()}")
    assert "It was not used for so long that its time ran out." in page


async def test_an_end_names_who_ended_it(house: House) -> None:
    """The administrator by name."""
    grant = await house.phone()
    await house.send(await house.get(SIGN_OUT, **{f"phone-{grant.id.hex()}": "1"}))
    page = await house.get(f"{PHONES}/{grant.id.hex()}")
    assert "By: <bdi>root</bdi>" in page


@pytest.mark.parametrize("text", ["0" * 32, "0" * 31, "nonsense", "0" * 32 + "0"])
async def test_an_id_that_nobody_has_is_404(house: House, text: str) -> None:
    """The page says how long sign-ins are remembered, and where to go."""
    answer = await house.site.client.get(f"{house.site.base}{PHONES}/{text}")
    assert answer.status_code == 404
    assert "kept for 30 days" in answer.text


# --- Signing out


async def test_chosen_phones_are_named_and_then_signed_out(house: House) -> None:
    """The question names each and changes nothing; the button ends them and nothing else, and goes back to the list."""
    one, two, other = await house.phone(), await house.phone("bert"), await house.phone()
    chosen = {f"phone-{grant.id.hex()}": "1" for grant in (one, two)}
    page = await house.get(SIGN_OUT, back=f"{PHONES}?person=an", **chosen)
    assert "Sign out 2 sign-ins?" in page
    assert "anna" in page
    assert "bert" in page
    assert (await house.state(one))[0] is PhoneState.SIGNED_IN
    answer = await house.send(page)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{house.site.base}{PHONES}?person=an&done=phones-signed-out"
    for grant in (one, two):
        assert await house.state(grant) == (PhoneState.SIGNED_OUT, EndReason.SIGNED_OUT_BY_ADMIN)
    assert (await house.state(other))[0] is PhoneState.SIGNED_IN
    assert "Signed out, from the next request on." in await house.get(PHONES, done="phones-signed-out")


async def test_a_question_that_is_sent_twice_ends_once(house: House) -> None:
    """The second time finds what has ended and leaves its reason alone; the audit has one line."""
    grant = await house.phone()
    page = await house.get(SIGN_OUT, **{f"phone-{grant.id.hex()}": "1"})
    assert {(await house.send(page)).status_code for _ in range(2)} == {303}
    lines = await house.site.store.audit_of_grant(grant.id)
    assert [line.kind for line in lines] == [EventKind.SIGNED_IN, EventKind.GRANT_ENDED]
    again = await house.get(SIGN_OUT, **{f"phone-{grant.id.hex()}": "1"})
    assert "Nothing of it is signed in any more" in again


async def test_everything_of_a_person_is_signed_out(house: House) -> None:
    """Phones and applications, with their number; the person of the browser is warned."""
    phone, program, other = await house.phone(), await house.phone(link="web"), await house.phone("bert")
    page = await house.get(SIGN_OUT, person=public_id(house.people["anna"].id))
    assert "2 sign-ins end at their next request." in page
    assert "your own account" not in page
    await house.send(page)
    for grant in (phone, program):
        assert await house.state(grant) == (PhoneState.SIGNED_OUT, EndReason.SIGNED_OUT_BY_ADMIN)
    assert (await house.state(other))[0] is PhoneState.SIGNED_IN
    root = await house.site.store.account_by_name("root")
    assert root is not None
    assert "your own account" in await house.get(SIGN_OUT, person=public_id(root.id))


async def test_everyone_is_signed_out_of_a_link(house: House) -> None:
    """All of the link's sign-ins and no other's."""
    phone, program = await house.phone("bert"), await house.phone(link="web")
    await house.send(await house.get(SIGN_OUT, link=public_id(house.links["web"].id)))
    assert await house.state(program) == (PhoneState.SIGNED_OUT, EndReason.LINK_SIGNED_OUT)
    assert (await house.state(phone))[0] is PhoneState.SIGNED_IN


async def test_phones_that_were_not_seen_for_long_are_signed_out_together(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their number, the oldest first, in bounded portions; one that was seen meanwhile is spared."""
    monkeypatch.setattr(phone_sign_out, "MOST_FOUND", 3)
    monkeypatch.setattr(phone_sign_out, "AT_ONCE", 2)
    old = [await house.phone() for _ in range(4)]
    program = await house.phone(link="web")
    house.site.env.advance(40 * DAY)
    await house.site.sign_in("root")
    new = await house.phone()
    listed = await house.get(PHONES, unseen="30")
    assert "Sign out all that these filters find" in listed
    found = f"{PHONES}?unseen=30"
    page = await house.get(SIGN_OUT, found=found, back=found)
    assert "These are the 3 oldest; repeat it for the others." in page
    assert await house.site.store.apply(rotated(old[0], house.site.env.now))
    await house.send(page)
    states = [(await house.state(grant))[0] is PhoneState.SIGNED_IN for grant in (*old, program, new)]
    assert states == [True, False, False, False, True, True]
    assert "Nothing of it is signed in any more" in await house.get(SIGN_OUT, found=found)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "nothing-chosen"),
        ({"person": "0" * 16}, "gone"),
        ({"link": "x"}, "gone"),
        ({"phone-" + "0" * 32: "1"}, "gone"),
        ({"found": PHONES}, "gone"),
        ({"found": "https://evil.example"}, "gone"),
    ],
)
async def test_what_is_not_there_is_not_asked_about(house: House, asked: dict[str, str], said: str) -> None:
    """The list says that nothing was chosen or that it is gone; all phones at once is no question of this page."""
    await house.phone()
    answer = await house.site.client.get(house.site.base + SIGN_OUT, params=asked)
    assert answer.headers["location"] == f"{house.site.base}{PHONES}?done={said}"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/admin/phones/../../x", "/admin/people"])
async def test_the_way_back_is_a_page_of_phones(house: House, back: str) -> None:
    """Whatever the address says, nobody is led elsewhere."""
    answer = await house.site.client.get(house.site.base + SIGN_OUT, params={"back": back})
    assert answer.headers["location"] == f"{house.site.base}{PHONES}?done=nothing-chosen"


async def test_what_vanished_meanwhile_is_told(house: House) -> None:
    """The link was deleted while the question stood open."""
    page = await house.get(SIGN_OUT, link=public_id(house.links["web"].id))
    deleted = links.set_standing(house.links["web"], Standing.DELETED, "test", house.site.env())
    assert isinstance(deleted, Change)
    assert await house.site.store.apply(deleted)
    assert (await house.send(page)).headers["location"].endswith("done=gone")


async def test_a_stale_page_asks_once_more(house: House) -> None:
    """Nothing ends, and the question stands again with what was chosen."""
    grant = await house.phone()
    page = await house.get(SIGN_OUT, **{f"phone-{grant.id.hex()}": "1"})
    answer = await house.send(page, page_token="stale")
    assert answer.status_code == 200
    assert grant.id.hex() in answer.text
    assert (await house.state(grant))[0] is PhoneState.SIGNED_IN


async def test_signing_out_needs_a_recent_sign_in(house: House) -> None:
    """A browser that was left alone asks for the password first, at the question and at the button."""
    grant = await house.phone()
    page = await house.get(SIGN_OUT, **{f"phone-{grant.id.hex()}": "1"})
    house.site.env.advance(HOUR)
    asked = await house.site.client.get(house.site.base + SIGN_OUT, params={f"phone-{grant.id.hex()}": "1"})
    assert asked.headers["location"].startswith(house.site.base + "/confirm")
    answer = await house.send(page)
    assert answer.status_code == 401
    assert (await house.state(grant))[0] is PhoneState.SIGNED_IN


@pytest.mark.parametrize("path", [PHONES, APPLICATIONS, f"{PHONES}/{'0' * 32}", SIGN_OUT])
async def test_only_administrators_come_in(house: House, path: str) -> None:
    """Somebody who is signed out is sent to sign in, a person without the right is told so."""
    stranger = house.site.browser()
    answer = await stranger.get(house.site.base + path)
    assert answer.headers["location"].startswith(house.site.base + "/login?next=")
    await house.site.sign_in("anna", browser=stranger)
    assert (await stranger.get(house.site.base + path)).status_code == 403
