"""The site's name by REST, who asked how to sign in, and that pages and serverInfo follow a new name at once."""

from pathlib import Path

import pytest

from genkan.protocol import naming
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change
from genkan.store.sqlite import open_store
from genkan.wire.scopes import Permission
from tests.site.api_world import a_key, refusal
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

SITE = "/rest/genkan/1.0/site"
ASKERS = "/rest/nativemobile/1.0/admin/askers"
PHONE = "AtlassianMobileApp/2.0.1 (iPhone; iOS 26.1)"


async def shown(site: SiteUnderTest) -> tuple[str, str]:
    """The name as a page and as serverInfo tell it."""
    page = await site.client.get(site.base + "/login")
    info = await site.client.get(site.base + "/rest/api/2/serverInfo")
    return page.text.partition("<title>")[2].partition("</title>")[0], info.json()["serverTitle"]


async def test_a_new_name_shows_at_once(site: SiteUnderTest) -> None:
    """On pages and in serverInfo, with the audit event; without a name it is Genkan again."""
    admin = await a_key(site, Permission.ADMIN)
    document = {"title": "Genkan", "chosenTitle": "", "titleIsSet": False, "baseURL": "https://site.example"}
    assert await admin.get(SITE) == document
    assert await shown(site) == ("Sign in – Genkan", "Genkan")
    named = await admin("PUT", SITE, json={"title": " Front <Desk> "})
    assert named.json() == {**document, "title": "Front <Desk>", "chosenTitle": "Front <Desk>"}
    assert await shown(site) == ("Sign in – Front &lt;Desk&gt;", "Front <Desk>")
    events = [event for _, event in await site.store.events() if event.kind == "site.named"]
    assert [(event.actor, event.detail) for event in events] == [("api-key:admin", "Front <Desk>")]
    await admin("PUT", SITE, json={"title": ""})
    assert await shown(site) == ("Sign in – Genkan", "Genkan")


async def test_a_name_given_by_another_process_shows_at_the_next_request(site: SiteUnderTest) -> None:
    """No restart, and not after a while."""
    other = open_store(site.settings.database_path, create=False, env=site.env())
    change = naming.named(await other.site(), "Front Desk", "command", site.env())
    assert isinstance(change, Change)
    assert await other.apply(change)
    assert await shown(site) == ("Sign in – Front Desk", "Front Desk")
    await other.close()


async def test_a_page_that_is_not_there_has_the_name_too(site: SiteUnderTest) -> None:
    """The last name that was seen, without a look at the store."""
    admin = await a_key(site, Permission.ADMIN)
    await admin("PUT", SITE, json={"title": "Desk"})
    await site.client.get(site.base + "/login")
    assert "Nothing is here – Desk" in (await site.client.get(site.base + "/nowhere")).text


async def test_a_name_that_the_operator_set_stands(tmp_path: Path) -> None:
    """The setting wins; choosing another name is refused."""
    site = await open_site(tmp_path / "set", TestClock(), site_title="Set")
    admin = await a_key(site, Permission.ADMIN)
    status, sentence = refusal(await admin("PUT", SITE, json={"title": "Chosen"}))
    assert (status, "set where the site runs" in sentence) == (409, True)
    told = await admin.get(SITE)
    assert (told["title"], told["chosenTitle"], told["titleIsSet"]) == ("Set", "", True)
    assert await shown(site) == ("Sign in – Set", "Set")
    await close_site(site)


@pytest.mark.parametrize("body", [{}, {"title": 1}, {"title": "x" * 101}, {"title": "a\nb"}, {"title": "a", "b": 1}])
async def test_a_name_that_will_not_do_is_refused(site: SiteUnderTest, body: dict[str, object]) -> None:
    """400 that names the fault, and nothing is called anything."""
    admin = await a_key(site, Permission.ADMIN)
    assert refusal(await admin("PUT", SITE, json=body))[0] == 400
    assert (await site.store.site()).title == ""


async def test_who_asked_how_to_sign_in_is_told(site: SiteUnderTest) -> None:
    """User agent cut and printable, app, device and network of the last thirty days, the latest first."""
    asking = site.base + "/rest/nativemobile/1.1/info/login"
    await site.client.get(asking, headers={"user-agent": "x" * 300})
    site.env.advance(DAY)
    for _ in range(2):
        await site.client.get(asking, headers={"user-agent": PHONE})
    await site.store.flush()
    admin = await a_key(site, Permission.ADMIN)
    latest, first = await admin.get(ASKERS)
    assert latest == {
        "userAgent": PHONE, "app": "AtlassianMobileApp 2.0.1", "device": "iPhone", "network": "127.0.0.0/24",
        "firstAskedAt": "2027-01-16T08:00:00Z", "lastAskedAt": "2027-01-16T08:00:00Z", "count": 2,
    }  # fmt: skip
    assert (first["userAgent"], first["app"], first["count"]) == ("x" * 200, "", 1)
    site.env.advance(30 * DAY)
    assert [asker["userAgent"] for asker in await admin.get(ASKERS)] == [PHONE]


async def test_a_program_is_told_what_a_move_takes(site: SiteUnderTest) -> None:
    """The lines to write, the MDM value and the links beside; nothing for the address that the site has already."""
    admin = await a_key(site, Permission.ADMIN)
    await site.make_link("https://site.example/wiki/cb")
    told = (await admin.get(SITE, to="https://new.example/desk"))["move"]
    assert told["baseURL"] == "https://new.example/desk"
    assert told["settings"].splitlines() == [
        "GENKAN_BASE_URL=https://new.example/desk", "GENKAN_FORMER_BASE_URLS=https://site.example",
    ]  # fmt: skip
    assert "https://new.example/desk" in told["mdmValue"]
    assert (told["sameHost"], told["behindProxy"], told["neighbours"]) == (False, False, ["Test app"])
    assert (await admin.get(SITE, to=site.base))["move"] is None
    assert "move" not in await admin.get(SITE)
    for query in ({"to": "new.example"}, {"to": "http://new.example"}, {"from": "x"}):
        status, said = refusal(await admin("GET", SITE, params=query))
        assert (status, next(iter(query)) in said) == (400, True)
