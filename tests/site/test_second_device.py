"""A second device by QR code: let in once, only where its number was typed, and never by a picture alone."""

import re
from pathlib import Path

import httpx2
import pytest

from genkan.protocol.certificates.revoking import BY_ADMINISTRATOR, revoke
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, EventKind, SetPassword
from genkan.protocol.records import Method
from genkan.protocol.signin.second_device import typed
from tests.site.certificate_world import certificate_site
from tests.site.openid_world import Corporate
from tests.site.test_openid_logout import is_signed_in, logged_out
from tests.site.world import SiteUnderTest, forms_of

METHODS = "/account/sign-in"


async def pressed(client: httpx2.AsyncClient, site: SiteUnderTest, page: httpx2.Response, action: str, **fields: str
                  ) -> httpx2.Response:  # fmt: skip
    """A form of a page, sent as a browser would."""
    where, hidden = next(form for form in forms_of(page.text) if form[0].endswith(action))
    return await client.post(site.absolute(where), data={**hidden, **fields})


async def shown(site: SiteUnderTest) -> tuple[httpx2.Response, str]:
    """The page with the QR code in Alice's browser, and the address in it."""
    await site.make_account()
    await site.sign_in()
    return await shown_to_whom_is_in(site)


async def shown_to_whom_is_in(site: SiteUnderTest) -> tuple[httpx2.Response, str]:
    """The same for whoever is signed in in the test's browser."""
    methods = await site.client.get(site.base + METHODS)
    page = await pressed(site.client, site, methods, "/device/create")
    found = re.search(rf"{site.base}/login/device/[A-Za-z0-9_-]+", page.text)
    assert found is not None
    return page, found.group()


def number_of(page: httpx2.Response) -> str:
    found = re.search(r"<strong>(\d{3} \d{3})</strong>", page.text)
    assert found is not None
    return found.group(1)


async def sent(client: httpx2.AsyncClient, site: SiteUnderTest, page: httpx2.Response) -> httpx2.Response:
    """The phone's button."""
    [(where, fields)] = forms_of(page.text)
    return await client.post(site.absolute(where), data=fields)


async def test_a_phone_comes_in_once_its_number_is_typed(site: SiteUnderTest) -> None:
    """Its session is one of a one-time way, for making a passkey; the audit says so; the code is used up."""
    page, address = await shown(site)
    phone = site.browser()
    theirs = await phone.get(address)
    assert (await sent(phone, site, theirs)).status_code == 403
    done = await pressed(site.client, site, page, "/device", number=number_of(theirs))
    assert done.headers["location"].endswith("done=device-confirmed")
    came = await sent(phone, site, await phone.get(address))
    assert came.headers["location"] == f"{site.base}{METHODS}?done=device-in"
    assert (await phone.get(site.base + METHODS)).status_code == 200
    account = await site.store.account_by_name("alice")
    assert account is not None
    assert Method.RECOVERY in [session.method for session in await site.store.sessions(account.id)]
    assert EventKind.DEVICE_LET_IN in [event.kind for _, event in await site.store.events()]
    again = site.browser(cookies=phone.cookies)
    assert (await sent(again, site, await again.get(address))).status_code == 403


async def let_in(site: SiteUnderTest) -> httpx2.AsyncClient:
    """A phone that the test's browser lets in."""
    page, address = await shown_to_whom_is_in(site)
    phone = site.browser()
    theirs = await phone.get(address)
    await pressed(site.client, site, page, "/device", number=number_of(theirs))
    assert (await sent(phone, site, theirs)).status_code == 303
    return phone


async def signs_an_app_in(site: SiteUnderTest, browser: httpx2.AsyncClient) -> bool:
    """Whether an app would get in by this browser."""
    return 'name="decision"' in (await site.authorize(await site.turn_mobile_on(), browser)).text


async def test_a_revoked_certificate_ends_the_device_that_it_let_in(tmp_path: Path) -> None:
    """Of a session by certificate nothing is left after the revocation: neither the phone that was let in from it, nor
    what the phone signed in.
    """
    async with certificate_site(tmp_path) as ours:
        site, shown = ours.site, ours.issue()
        account = await site.store.account_by_name("alice")
        assert account is not None
        assert await site.store.apply(Change((SetPassword(account.id, None),)))  # with one, she is asked for it before
        await ours.sign_in(shown)
        phone = await let_in(site)
        assert await ours.myself_in(phone) == "alice"
        assert await signs_an_app_in(site, phone)
        change = revoke(await ours.known(shown), BY_ADMINISTRATOR, "root", site.env())
        assert isinstance(change, Change)
        assert await site.store.apply(change)
        assert (await ours.myself_in(), await ours.myself_in(phone)) == ("", "")
        assert not await signs_an_app_in(site, phone)


async def test_a_sign_out_at_the_provider_ends_the_device_that_was_let_in(corp: Corporate) -> None:
    """Back-channel logout names the provider's session, which both browsers came by; one of another session stays."""
    assert corp.landed(await corp.sign_in()) == "/"
    phone = await let_in(corp.site)
    assert await is_signed_in(corp, phone)
    assert await logged_out(corp, corp.provider.logout_token(sid="sid-9")) == 200
    assert await is_signed_in(corp, phone)
    assert await logged_out(corp, corp.provider.logout_token()) == 200
    assert (await is_signed_in(corp), await is_signed_in(corp, phone)) == (False, False)


async def test_a_photograph_of_the_screen_opens_nothing(site: SiteUnderTest) -> None:
    """Another browser is shown another number, and is kept out whatever was typed for the first."""
    page, address = await shown(site)
    phone, thief = site.browser(), site.browser()
    theirs, stolen = await phone.get(address), await thief.get(address)
    assert number_of(theirs) != number_of(stolen)
    await pressed(site.client, site, page, "/device", number=number_of(theirs))
    assert (await sent(thief, site, stolen)).status_code == 403
    assert (await sent(phone, site, theirs)).status_code == 303


async def test_one_number_is_typed_for_a_code(site: SiteUnderTest) -> None:
    """Nobody tries numbers: who mistypes makes a new code."""
    page, address = await shown(site)
    phone = site.browser()
    theirs = await phone.get(address)
    wrong = "000000" if number_of(theirs) != "000 000" else "000001"
    await pressed(site.client, site, page, "/device", number=wrong)
    late = await pressed(site.client, site, page, "/device", number=number_of(theirs))
    assert late.headers["location"].endswith("done=once-more")
    assert (await sent(phone, site, theirs)).status_code == 403


async def test_a_code_dies_soon_and_with_its_browser(site: SiteUnderTest) -> None:
    """After five minutes, and when the browser that showed it signs out."""
    page, address = await shown(site)
    phone = site.browser()
    theirs = await phone.get(address)
    await pressed(site.client, site, page, "/device", number=number_of(theirs))
    home = await site.client.get(f"{site.base}/")
    await pressed(site.client, site, home, "/logout")
    assert (await sent(phone, site, theirs)).status_code == 403
    site.env.advance(6 * MINUTE)
    assert (await phone.get(address)).status_code == 404


async def test_a_code_is_its_own_browsers(site: SiteUnderTest) -> None:
    """Another person's session neither sees the picture nor confirms the number."""
    _page, address = await shown(site)
    await site.make_account("mallory")
    other = site.browser()
    await site.sign_in("mallory", browser=other)
    sealed = address.rpartition("/")[2]
    assert (await other.get(f"{site.base}{METHODS}/device/{sealed}")).status_code == 404
    picture = await site.client.get(f"{site.base}{METHODS}/device/{sealed}")
    assert picture.headers["content-type"] == "image/svg+xml"
    theirs = await other.get(f"{site.base}{METHODS}")
    token = next(fields for action, fields in forms_of(theirs.text) if action.endswith("/device/create"))
    tried = await other.post(f"{site.base}{METHODS}/device", data={**token, "ticket": sealed, "number": "000000"})
    assert tried.headers["location"].endswith("done=once-more")


@pytest.mark.parametrize("number", ["", "12345", "1234567", "12345a", "\u0661\u0662\u0663\u0664\u0665\u0666"])
async def test_what_is_no_number_spends_nothing(site: SiteUnderTest, number: str) -> None:
    """It is said beside the field, and the code stays good."""
    page, address = await shown(site)
    answer = await pressed(site.client, site, page, "/device", number=number)
    assert answer.status_code == 400
    phone = site.browser()
    theirs = await phone.get(address)
    await pressed(site.client, site, page, "/device", number=number_of(theirs))
    assert (await sent(phone, site, theirs)).status_code == 303


def test_a_number_is_read_with_its_space() -> None:
    """As the phone shows it."""
    assert typed(" 012 345 ") == "012345"
