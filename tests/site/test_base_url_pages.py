"""The console's page of the base URL: the site's name, and what a move takes, for every kind of address."""

import html
import tomllib
from pathlib import Path

import pytest

from genkan.settings import Settings, load
from genkan.site.api.moving import Plan, plan
from genkan.wire import managed
from genkan.wire.scopes import Permission
from genkan.wire.urls import BaseURLProblem
from tests.protocol.builders import a_link, a_web_link
from tests.site.world import SiteUnderTest, TestClock, close_site, forms_of, open_site

HERE = "/admin/base-url"


async def shown(site: SiteUnderTest, **query: str) -> str:
    """The page, as text."""
    page = await site.client.get(site.base + HERE, params=query)
    assert page.status_code == 200
    return html.unescape(page.text)


async def name_it(site: SiteUnderTest, title: str, **changed: str) -> tuple[int, str]:
    """Send the form of the name; status and page."""
    forms = forms_of((await site.client.get(site.base + HERE)).text)
    fields = next(fields for action, fields in forms if action.endswith("/name"))
    answer = await site.client.post(f"{site.base}{HERE}/name", data={**fields, "site_title": title, **changed})
    return answer.status_code, html.unescape(answer.text)


async def test_the_name_is_changed_here(ours: SiteUnderTest) -> None:
    """The page says so, every page is called so, and the audit knows who did it."""
    assert await name_it(ours, "受付 <Desk>") == (303, "")
    page = await ours.client.get(f"{ours.base}{HERE}?done=saved")
    assert "Saved." in page.text
    assert "Base URL – 受付 &lt;Desk&gt;" in page.text
    events = [event for _, event in await ours.store.events() if event.kind == "site.named"]
    account = await ours.store.account_by_name("root")
    assert account is not None
    assert [event.actor for event in events] == [account.actor]


async def test_a_name_that_will_not_do_is_told_beside_its_field(ours: SiteUnderTest) -> None:
    """With what was typed; so is a stale page, which changes nothing."""
    status, page = await name_it(ours, "x" * 101)
    assert (status, "Site name: up to 100 printable characters." in page) == (400, True)
    assert f'value="{"x" * 101}"' in page
    status, page = await name_it(ours, "Desk", page_token="gnk_pg_old")
    assert (status, "open too long" in page, 'value="Desk"' in page) == (200, True, True)
    assert 'data-below="/admin/base-url/name"' in page
    assert (await ours.store.site()).title == ""


async def test_a_name_that_is_set_has_no_field(tmp_path: Path) -> None:
    """The page names the setting; a form that is sent all the same is refused."""
    site = await open_site(tmp_path / "set", TestClock(), site_title="Set")
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    page = await shown(site)
    assert "GENKAN_SITE_TITLE" in page
    assert 'name="site_title"' not in page
    token = next(fields["page_token"] for _, fields in forms_of(page) if "page_token" in fields)
    answer = await site.client.post(f"{site.base}{HERE}/name", data={"page_token": token, "site_title": "Desk"})
    assert answer.status_code == 400
    assert (await site.store.site()).title == ""
    await close_site(site)


async def test_a_move_is_told_step_by_step(ours: SiteUnderTest) -> None:
    """Lines for the settings, the MDM value with the same client id, what changes and what stays."""
    link = await ours.turn_mobile_on()
    await ours.make_link("https://site.example/reports/cb")
    page = await shown(ours, to="https://desk.example.com/")
    for words in ("GENKAN_BASE_URL=https://desk.example.com\nGENKAN_FORMER_BASE_URLS=https://site.example",
                  'base_url = "https://desk.example.com"\nformer_base_urls = ["https://site.example"]',
                  "The cookies.", "genkan proxy nginx", "Test app"):  # fmt: skip
        assert words in page, words
    value = page.partition('id="sites"')[2].partition(">")[2].partition("</textarea>")[0]
    (entry,) = managed.parse(value).sites
    assert entry.oauth is not None
    assert (entry.base_url, entry.oauth.client_id) == ("https://desk.example.com", link.client_id)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("desk.example.com", "Write it with its scheme: https://desk.example.com."),
        ("http://desk.example.com", "plain http"),
        ("https://desk.example.com/?x=<b>", "may hold"),
        ("https://site.example/", "This is the address of the site already."),
    ],
)
async def test_an_address_that_will_not_do_is_told(ours: SiteUnderTest, to: str, told: str) -> None:
    """What is wrong with it and what to write, with what was typed still there; no step of a move."""
    page = await shown(ours, to=to)
    assert told in page
    assert f'value="{to}"' in page
    assert "What to do, in this order" not in page


async def test_the_path_that_administrators_know_leads_here(ours: SiteUnderTest) -> None:
    """And nobody else gets in."""
    answer = await ours.client.get(f"{ours.base}/secure/admin/ViewApplicationProperties.jspa")
    assert answer.headers["location"] == ours.base + HERE
    await ours.make_account()
    person = ours.browser()
    assert (await person.get(ours.base + HERE)).headers["location"].startswith(f"{ours.base}/login?")
    assert (await person.post(f"{ours.base}{HERE}/name", data={"site_title": "Mine"})).status_code == 401
    await ours.sign_in(browser=person)
    assert (await person.get(ours.base + HERE)).status_code == 403
    assert (await person.post(f"{ours.base}{HERE}/name", data={"site_title": "Mine"})).status_code == 403
    assert (await ours.store.site()).title == ""


def a_plan(to: str, **chosen: object) -> Plan:
    settings = Settings(**{"base_url": "https://site.example/desk", **chosen})  # type: ignore[arg-type]
    links = [a_link(), a_web_link(redirects=("https://site.example/cb",), name="Reports")]
    found = plan(to, settings, "Desk", a_link(), links)
    assert isinstance(found, Plan)
    return found


def test_what_a_move_takes() -> None:
    """Every address before is kept, the present one last; only links on the site's own host are neighbours."""
    found = a_plan(" https://desk.example ", former_base_urls=("https://old.example/jira",), trusted_proxies=("::1",))
    assert found.to == "https://desk.example"
    assert found.lines.endswith("GENKAN_FORMER_BASE_URLS=https://old.example/jira,https://site.example/desk")
    assert (found.same_host, found.behind_proxy, found.neighbours) == (False, True, ("Reports",))


def test_the_lines_are_settings_that_hold() -> None:
    """What is printed for the environment and for the file is read back as it is meant."""
    found = a_plan("https://desk.example:8443/x", former_base_urls=("https://old.example/jira",))
    settings = load(dict(line.split("=", 1) for line in found.lines.splitlines()))
    assert isinstance(settings, Settings)
    written = tomllib.loads(found.toml)
    assert settings.base_url == written["base_url"] == found.to
    assert list(settings.former_base_urls) == written["former_base_urls"]


def test_a_move_back_takes_the_address_out_of_the_former_ones() -> None:
    """It would be refused as a setting otherwise."""
    found = a_plan("https://old.example", former_base_urls=("https://old.example",))
    assert found.lines.endswith("GENKAN_FORMER_BASE_URLS=https://site.example/desk")


def test_a_first_try_on_loopback_is_no_former_address() -> None:
    """Nobody else ever came by it."""
    found = a_plan("https://desk.example", base_url="http://localhost:8080")
    assert found.lines == "GENKAN_BASE_URL=https://desk.example"
    assert found.toml == 'base_url = "https://desk.example"'


def test_another_path_on_the_same_host_keeps_browsers() -> None:
    """Cookies are the host's, whatever the port says."""
    assert a_plan("https://site.example").same_host
    assert isinstance(plan("x", Settings(), "Desk", None, ()), BaseURLProblem)
    assert plan("http://localhost:8080/", Settings(), "Desk", None, ()) is None
