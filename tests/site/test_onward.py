"""Whoever signs in with a recovery code on the way to an app makes a new way in, and comes to the app after all."""

import re
from html import unescape

import httpx2
import pytest

from genkan.protocol.env import HOUR
from genkan.protocol.records import Link
from tests.site.passkey_house import make
from tests.site.test_recovery_codes import METHODS, made
from tests.site.world import SiteUnderTest, forms_of
from tests.software_key import SoftwareKey

NEW = "another good password"


def linked(page: httpx2.Response, path: str) -> str:
    """Where the links to this path lead, all to one address."""
    [found] = {unescape(one) for one in re.findall(r'href="([^"]+)"', page.text) if path in one}
    return found


async def pressed(site: SiteUnderTest, page: httpx2.Response, action: str, **fields: str) -> httpx2.Response:
    where, hidden = next(form for form in forms_of(page.text) if form[0].endswith(action))
    return await site.client.post(site.absolute(where), data={**hidden, **fields})


async def by_code(site: SiteUnderTest, page: httpx2.Response, code: str) -> httpx2.Response:
    """From a sign-in page by its link to the code's page, a wrong try, and the code: the page that follows."""
    asked = await site.client.get(site.absolute(linked(page, "/login/recovery")))
    wrong = await pressed(site, asked, "/login/recovery", username="alice", code="wrong")
    assert wrong.status_code == 401
    done = await pressed(site, wrong, "/login/recovery", username="alice", code=code)
    assert done.status_code == 303
    return await site.client.get(done.headers["location"])


async def came_from_an_app(site: SiteUnderTest) -> tuple[Link, httpx2.Response]:
    """The page after the code, on the way from an app's request."""
    [code, *_] = await made(site)
    site.client.cookies.clear()
    link = await site.turn_mobile_on()
    return link, await by_code(site, await site.authorize(link), code)


async def reaches_the_app(site: SiteUnderTest, page: httpx2.Response) -> bool:
    """Whether the page's link leads on to the question of the app, and the answer to a code for it."""
    asked = await site.client.get(linked(page, "/oauth2/latest/authorize/"), follow_redirects=True)
    answer = await site.decide(asked)
    return answer.headers["location"].startswith("jira-server://oauth-callback?code=")


async def test_the_apps_request_survives_a_code_and_a_new_password(site: SiteUnderTest) -> None:
    """The page of making a way in says who waits and leads there, also after the password was chosen."""
    link, page = await came_from_an_app(site)
    assert f"<bdi>{link.name}</bdi> waits for you to sign in" in page.text
    refused = await pressed(site, page, METHODS, password="short", password_again="short")
    assert linked(refused, "/oauth2/latest/authorize/")
    done = await pressed(site, refused, METHODS, password=NEW, password_again=NEW)
    assert done.status_code == 303
    assert await reaches_the_app(site, await site.client.get(done.headers["location"]))


async def test_the_apps_request_survives_a_code_and_a_new_passkey(site: SiteUnderTest) -> None:
    """By the page on which the passkey is made, and back."""
    _, page = await came_from_an_app(site)
    create = await site.client.get(site.absolute(linked(page, "/passkeys/create")))
    [(_, carried)] = [form for form in forms_of(create.text) if form[0].endswith("/passkeys/create")]
    assert "interaction" in linked(create, "/account/sign-in?")
    done = await make(site, SoftwareKey(), interaction=carried["interaction"])
    assert done.status_code == 303
    assert await reaches_the_app(site, await site.client.get(done.headers["location"]))


async def test_a_page_of_the_site_is_gone_on_to_as_well(site: SiteUnderTest) -> None:
    """Whoever was on the way to a page of their own."""
    [code, *_] = await made(site)
    site.client.cookies.clear()
    wanted = f"{site.base}/account/apps?x=1"
    page = await by_code(site, await site.client.get(f"{site.base}/login", params={"next": wanted}), code)
    assert linked(page, "/account/apps?") == wanted


@pytest.mark.parametrize("parameters", [{}, {"next": "https://evil.example/"}, {"interaction": "x"}, {"next": "x"}])
async def test_where_nobody_waits_nothing_is_said(site: SiteUnderTest, parameters: dict[str, str]) -> None:
    """Neither of another site's address nor of a request that is none of ours."""
    await site.make_account()
    await site.sign_in()
    page = await site.client.get(site.base + METHODS, params=parameters)
    assert "Make a new way to sign in on this page first" not in page.text
    assert "evil" not in page.text


async def test_a_request_that_is_over_waits_no_longer(site: SiteUnderTest) -> None:
    """After an hour the app has given up."""
    link, page = await came_from_an_app(site)
    address = str(page.url)
    site.env.advance(HOUR + 1)
    assert "waits for you" not in (await site.client.get(address)).text
    assert link.name
