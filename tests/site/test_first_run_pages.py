"""From the set-up link to a phone that can sign in: the pages of the first run, and what can go wrong there."""

import asyncio
import html
from pathlib import Path
from xml.etree import ElementTree

import httpx2
import pytest

from genkan.protocol.signin.setup import setup_link
from genkan.wire import managed
from genkan.wire.scopes import Permission
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, forms_of, open_site

TYPED = {
    "site_title": "Front <Desk>", "username": "alice", "display_name": "Alice Adams", "email": "alice@site.example",
    "password": PASSWORD, "password_again": PASSWORD,
}  # fmt: skip


async def link_of(site: SiteUnderTest) -> str:
    """A set-up link, as the server prints one at its start."""
    link = setup_link(site.env())
    assert await site.store.apply(link.change)
    return f"{site.base}/setup/{link.token}"


async def send(
    site: SiteUnderTest, address: str, browser: httpx2.AsyncClient | None = None, **changed: str
) -> httpx2.Response:
    """Fill in the page that stands there and send it."""
    client = browser or site.client
    action, fields = forms_of((await client.get(address)).text)[-1]
    return await client.post(site.absolute(action), data={**fields, **TYPED, **changed})


async def test_the_link_names_the_site_and_makes_its_administrator(site: SiteUnderTest) -> None:
    """In one write, told to the audit; the person is signed in and asked about the mobile app."""
    address = await link_of(site)
    page = await site.client.get(address)
    assert (page.status_code, 'data-base-url="https://site.example"' in page.text) == (200, True)
    done = await send(site, address)
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}/setup/done")
    account = await site.store.account_by_name("alice")
    assert account is not None
    assert (account.display_name, account.permission) == ("Alice Adams", Permission.SYSTEM_ADMIN)
    assert (await site.store.site()).title == "Front <Desk>"
    asked = await site.client.get(done.headers["location"])
    assert "Turn on the mobile app? – Front &lt;Desk&gt;" in asked.text
    kinds = [(event.kind.value, event.actor) for _, event in await site.store.events()]
    assert {("account.added", "setup"), ("site.named", "setup")} <= set(kinds)


async def test_the_mobile_app_is_turned_on_and_what_to_do_is_told(site: SiteUnderTest) -> None:
    """The address with its picture, the command, and an MDM value that phones understand."""
    await send(site, await link_of(site))
    asked = await site.client.get(f"{site.base}/setup/done")
    action, fields = forms_of(asked.text)[-1]
    told = await site.client.post(site.absolute(action), data=fields, follow_redirects=True)
    assert "The site is ready" in told.text
    assert f"genkan app login {site.base}" in told.text
    value = html.unescape(told.text.partition('id="sites"')[2].partition(">")[2].partition("</textarea>")[0])
    (entry,) = managed.parse(value).sites
    link_id = (await site.store.site()).mobile_link_id
    link = await site.store.link(link_id) if link_id is not None else None
    assert (link is not None, entry.oauth is not None) == (True, True)
    assert link is not None
    assert entry.oauth is not None
    assert (entry.title, entry.base_url, entry.oauth.client_id) == ("Front <Desk>", site.base, link.client_id)
    again = await site.client.post(site.absolute(action), data=fields)
    assert again.status_code == 303, "turning it on twice changes nothing"


async def test_the_picture_is_for_any_reader(site: SiteUnderTest) -> None:
    """An SVG picture without script or style, dark on white, open to everybody and kept for minutes."""
    answer = await site.browser().get(f"{site.base}/qr.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "max-age" in answer.headers["cache-control"]
    drawn = ElementTree.fromstring(answer.text)
    assert {part.tag.rpartition("}")[2] for part in drawn.iter()} == {"svg", "path"}
    assert not [name for part in drawn.iter() for name in part.attrib if name in ("style", "class")]


async def test_a_program_that_sends_no_name_gets_through(site: SiteUnderTest) -> None:
    """User name and password are enough, as they were before sites had names."""
    address = await link_of(site)
    action, fields = forms_of((await site.client.get(address)).text)[-1]
    del fields["site_title"]
    typed = {"username": "alice", "password": PASSWORD, "password_again": PASSWORD}
    assert (await site.client.post(site.absolute(action), data={**fields, **typed})).status_code == 303
    assert (await site.store.site()).title == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password_again": "something else"}, "The two passwords differ."),
        ({"password": "short", "password_again": "short"}, "Password: "),
        ({"username": "a b\n"}, "Name: "),
        ({"site_title": "x" * 101}, "Site name: up to 100 printable characters."),
        ({"username": "BOB"}, "User name: somebody has this one already."),
        ({"page_token": "gnk_pg_old"}, "This page was open too long."),
    ],
)
async def test_what_will_not_do_is_told_and_nothing_typed_is_lost(
    site: SiteUnderTest, changed: dict[str, str], told: str
) -> None:
    """The page again, with the fault in words and everything but the passwords filled in; nothing is made."""
    await site.make_account("bob")
    answer = await send(site, await link_of(site), None, **changed)
    assert answer.status_code == 400
    assert told in html.unescape(answer.text)
    fields = forms_of(answer.text)[-1][1]
    for name in ("site_title", "username", "display_name", "email"):
        assert fields[name] == {**TYPED, **changed}[name]
    assert fields["password"] == ""
    site_now = await site.store.site()
    assert (site_now.has_administrator, site_now.title) == (False, "")


async def test_the_link_works_once(site: SiteUnderTest) -> None:
    """Afterwards it leads nowhere, for the page and for the form that was still open."""
    address = await link_of(site)
    other = site.browser()
    action, fields = forms_of((await other.get(address)).text)[-1]
    assert (await send(site, address)).status_code == 303
    late = await other.post(site.absolute(action), data={**fields, **TYPED, "username": "mallory"})
    assert late.status_code == 404
    assert (await site.client.get(address)).status_code == 404
    assert await site.store.account_by_name("mallory") is None


async def test_two_at_once_make_one_administrator(site: SiteUnderTest) -> None:
    """Both forms were open and sent in one moment: one is in, the other is told that the link is dead."""
    address = await link_of(site)
    answers = await asyncio.gather(
        *(send(site, address, site.browser(), username=name) for name in ("alice", "bertha"))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 404]


async def test_a_change_beside_it_does_not_kill_the_link(site: SiteUnderTest) -> None:
    """A link made by a command meanwhile moves the site's version; the first administrator is made all the same."""
    address = await link_of(site)
    sent = asyncio.create_task(send(site, address))
    await site.make_link()
    assert (await sent).status_code == 303


async def test_a_form_from_elsewhere_makes_nobody(site: SiteUnderTest) -> None:
    """Another site's page cannot send it, whoever knows the link."""
    address = await link_of(site)
    action, fields = forms_of((await site.client.get(address)).text)[-1]
    headers = {"origin": "https://evil.example"}
    answer = await site.client.post(site.absolute(action), data={**fields, **TYPED}, headers=headers)
    assert answer.status_code == 403
    assert not (await site.store.site()).has_administrator


async def test_a_name_that_the_operator_set_is_shown_and_not_asked(tmp_path: Path) -> None:
    """There is no field for it, and one that is sent all the same counts for nothing."""
    site = await open_site(tmp_path / "set", TestClock(), site_title="Set")
    address = await link_of(site)
    page = await site.client.get(address)
    assert "GENKAN_SITE_TITLE" in page.text
    assert 'name="site_title"' not in page.text
    assert (await send(site, address)).status_code == 303
    assert (await site.store.site()).title == ""
    await close_site(site)


async def test_what_is_left_to_do_is_for_administrators(site: SiteUnderTest) -> None:
    """Anybody else is led to the start page, and turns nothing on."""
    await site.make_account("alice")
    for _ in range(2):
        answer = await site.client.get(f"{site.base}/setup/done")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{site.base}/")
        refused = await site.client.post(f"{site.base}/setup/mobile", data={})
        assert refused.status_code == 403
        await site.sign_in("alice")
    assert not (await site.store.site()).mobile_enabled


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"host": "desk.example"}, "GENKAN_BASE_URL=https://desk.example"),
        ({"host": "site.example:8443"}, "GENKAN_BASE_URL=https://site.example:8443"),
        ({"host": "not a host"}, "The proxy passes the header"),
    ],
)
async def test_a_wrong_address_is_told_with_the_line_to_write(
    site: SiteUnderTest, headers: dict[str, str], told: str
) -> None:
    """The set-up link opened elsewhere: what the site was asked for, and which setting would make it right."""
    answer = await site.client.get(await link_of(site), headers=headers)
    assert answer.status_code == 400
    assert told in answer.text.replace("<code>", "")
