"""The console's pages of sign-ins: lists with filters, one in full, and signing out after a question."""

from html import unescape

import pytest

from genkan.protocol import accounts, links
from genkan.protocol.ends import END_HINTS, END_SENTENCES, EndReason
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import Change, EventKind, RaiseStop, Subject
from genkan.protocol.records import Grant, Standing
from genkan.site import same_phone
from genkan.site.api import phone_filters
from genkan.site.api.documents import public_id
from genkan.store import sqlite_phones
from genkan.store.rounds import settle_all
from tests.site.phone_house import APPLICATIONS, PHONES, SIGN_OUT, House, a_house
from tests.site.world import SiteUnderTest
from tests.store.builders import an_event, ended, rotated


@pytest.fixture
async def house(site: SiteUnderTest) -> House:
    """All signed out but the administrator."""
    return await a_house(site)


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


async def test_of_very_many_sign_ins_the_newest_are_compared(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that signs in over and over does not make every list wait for all that it left behind."""
    monkeypatch.setattr(same_phone, "PAGE", 2)
    monkeypatch.setattr(same_phone, "MOST_COMPARED", 2)
    oldest, *_ = [await house.phone() for _ in range(3)]
    page = await house.get(PHONES)
    assert page.count("Possibly the same phone") == 2
    assert "Possibly the same phone" not in await house.get(f"{PHONES}/{oldest.id.hex()}")


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


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_an_end_by_a_stop_names_who_stopped_it(house: House, number: int) -> None:
    """Among all that the audit tells, the line of the account, of the link or of everyone that was written then."""
    grant = await house.phone()
    await house.chatter()
    env, anna, link = house.site.env(), house.people["anna"], house.links["app"]
    changes = (
        accounts.set_standing(anna, Standing.DISABLED, "command:ops", env),
        links.sign_out_all(link, "command:ops", env),
        Change(
            (RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, env.now),),
            (an_event(EventKind.RESTORED, env.now, actor="command:ops"),),
        ),
    )
    change = changes[number]
    assert isinstance(change, Change)
    other = an_event(EventKind.ACCOUNT_DISABLED, env.now, account_id=house.people["bert"].id)
    assert await house.site.store.apply(Change((), (other,)))
    assert await house.site.store.apply(change)
    await settle_all(house.site.store)
    await house.chatter()
    await house.site.sign_in("root")
    assert "By: <bdi>command:ops</bdi>" in await house.get(f"{PHONES}/{grant.id.hex()}")


@pytest.mark.parametrize("text", ["0" * 32, "0" * 31, "nonsense", "0" * 32 + "0"])
async def test_an_id_that_nobody_has_is_404(house: House, text: str) -> None:
    """The page says how long sign-ins are remembered, and where to go."""
    answer = await house.site.client.get(f"{house.site.base}{PHONES}/{text}")
    assert answer.status_code == 404
    assert "kept for 30 days" in answer.text


@pytest.mark.parametrize("path", [PHONES, APPLICATIONS, f"{PHONES}/{'0' * 32}", SIGN_OUT])
async def test_only_administrators_come_in(house: House, path: str) -> None:
    """Somebody who is signed out is sent to sign in, a person without the right is told so."""
    stranger = house.site.browser()
    answer = await stranger.get(house.site.base + path)
    assert answer.headers["location"].startswith(house.site.base + "/login?next=")
    await house.site.sign_in("anna", browser=stranger)
    assert (await stranger.get(house.site.base + path)).status_code == 403
