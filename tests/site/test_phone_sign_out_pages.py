"""Signing out from the console: asked first, named, bounded, and done once however often it is sent."""

import pytest

from genkan.protocol import links
from genkan.protocol.ends import EndReason
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.phones import PhoneState
from genkan.protocol.records import Standing
from genkan.site.admin import phone_sign_out
from genkan.site.api.documents import public_id
from tests.site.phone_house import PHONES, SIGN_OUT, House, a_house
from tests.site.world import PASSWORD, SiteUnderTest, forms_of
from tests.store.builders import rotated


@pytest.fixture
async def house(site: SiteUnderTest) -> House:
    """All signed out but the administrator."""
    return await a_house(site)


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
    confirm = await house.site.client.get(asked.headers["location"])
    action, fields = next(form for form in forms_of(confirm.text) if form[0].endswith("/confirm"))
    back = await house.site.client.post(house.site.absolute(action), data={**fields, "password": PASSWORD})
    assert "Sign out 1 sign-in?" in (await house.site.client.get(back.headers["location"])).text
    house.site.env.advance(HOUR)
    answer = await house.send(page)
    assert answer.status_code == 401
    assert (await house.state(grant))[0] is PhoneState.SIGNED_IN
