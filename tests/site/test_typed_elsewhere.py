"""What was typed into a form survives a sign-in that leads over other addresses: a certificate's origin, a provider."""

from pathlib import Path

import httpx2
import pytest

from genkan.protocol.env import HOUR
from genkan.site.typed import LONGEST_COOKIE
from tests.site.certificate_world import certificate_site
from tests.site.openid_world import Corporate, alice
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

PROFILE = "/account/profile"
COOKIE = "__Host-genkan-typed"


async def typed_too_late(site: SiteUnderTest, display_name: str) -> httpx2.Response:
    """Fill the profile in, and send it when the session is over."""
    page = await site.client.get(site.base + PROFILE)
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(PROFILE))
    site.env.advance(9 * HOUR)
    answer = await site.client.post(site.absolute(action), data={**fields, "display_name": display_name})
    assert answer.status_code == 401
    assert display_name not in answer.text
    return answer


async def shown_again(site: SiteUnderTest, back: httpx2.Response) -> str:
    """The form as the page after sign-in leads to it; empty where the way leads straight on."""
    if back.status_code == 303:
        return ""
    action, fields = next(form for form in forms_of(back.text) if form[0].endswith(PROFILE))
    return (await site.client.post(site.absolute(action), data=fields)).text


async def test_over_the_origin_of_certificates(tmp_path: Path) -> None:
    """Shown filled in, not saved, and gone from the browser afterwards."""
    async with certificate_site(tmp_path) as ours:
        site, shown = ours.site, ours.issue()
        await ours.sign_in(shown)
        await typed_too_late(site, "What I typed")
        back = await ours.sign_in(shown, next=site.base + PROFILE)
        assert "What I typed" in await shown_again(site, back)
        assert COOKIE not in site.client.cookies
        account = await site.store.account_by_name("alice")
        assert account is not None
        assert account.display_name != "What I typed"


async def test_over_a_provider(corp: Corporate) -> None:
    """The same; a sign-in to another page leads to that page, and the typed text waits for its own."""
    site = corp.site
    assert corp.landed(await corp.sign_in()) == "/"
    await typed_too_late(site, "What I typed")
    assert corp.landed(await corp.sign_in(next=site.base + "/account/apps")) == "/account/apps"
    assert COOKIE in site.client.cookies
    assert "What I typed" in await shown_again(site, await corp.sign_in(next=site.base + PROFILE))
    assert COOKIE not in site.client.cookies


async def test_of_another_person_nothing_is_shown(corp: Corporate) -> None:
    """Whoever signs in next at the same browser reads none of it."""
    site = corp.site
    assert corp.landed(await corp.sign_in()) == "/"
    await typed_too_late(site, "What I typed")
    corp.provider.person |= {"sub": "00u2", "preferred_username": "bob"}
    assert corp.landed(await corp.sign_in(next=site.base + PROFILE)) == PROFILE


async def test_an_hour_later_nothing_is_shown(corp: Corporate) -> None:
    """As with what a form carries."""
    assert corp.landed(await corp.sign_in()) == "/"
    await typed_too_late(corp.site, "What I typed")
    corp.site.env.advance(HOUR + 60_001)
    assert corp.landed(await corp.sign_in(next=corp.site.base + PROFILE)) == PROFILE


@pytest.mark.parametrize(("length", "fits"), [(100, True), (LONGEST_COOKIE, False)])
async def test_what_is_too_long_for_a_cookie_goes_with_the_form_alone(corp: Corporate, length: int, fits: bool) -> None:
    """Proxies cut what browsers send of cookies off at a few KiB; the password's form carries it all the same."""
    assert corp.landed(await corp.sign_in()) == "/"
    answer = await typed_too_late(corp.site, "x" * length)
    assert (COOKIE in corp.site.client.cookies) is fits
    assert [fields["typed"] for _, fields in forms_of(answer.text) if "typed" in fields]


async def test_a_cookie_that_was_made_up_is_nothing(corp: Corporate) -> None:
    """Whoever sets it sets what only this site can seal, or nothing."""
    site = corp.site
    site.client.cookies.set(COOKIE, "A" * 200, domain="site.example", path="/")
    assert corp.landed(await corp.sign_in(next=site.base + PROFILE)) == PROFILE
    assert (await alice(site)).display_name != "A"


async def test_what_came_back_goes_on_through_a_further_question(tmp_path: Path) -> None:
    """A dangerous form that was typed into before a sign-in by certificate: the certificate does not confirm, so the
    password is asked for, and the text is still there after it.
    """
    async with certificate_site(tmp_path) as ours:
        site, shown = ours.site, ours.issue()
        account = await site.store.account_by_name("alice")
        assert account is not None
        await site.sign_in()
        path = "/account/passkeys/create"
        page = await site.client.get(site.base + path)
        action, fields = next(form for form in forms_of(page.text) if form[0].endswith(path))
        site.env.advance(9 * HOUR)
        await site.client.post(site.absolute(action), data={**fields, "passkey_name": "My new key"})
        back = await ours.sign_in(shown, next=site.base + path)
        action, fields = next(form for form in forms_of(back.text) if form[0].endswith(path))
        asked = await site.client.post(site.absolute(action), data=fields)
        assert asked.status_code == 401
        action, fields = next(form for form in forms_of(asked.text) if form[0].endswith("/confirm"))
        kept = await site.client.post(site.absolute(action), data={**fields, "password": PASSWORD})
        action, fields = next(form for form in forms_of(kept.text) if form[0].endswith(path))
        assert "My new key" in (await site.client.post(site.absolute(action), data=fields)).text
