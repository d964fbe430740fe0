"""The console's first page: what it tells, and that it tells it as it is."""

import pytest

from genkan.protocol import links
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Standing
from genkan.wire.scopes import Permission
from tests.site.api_world import a_phone_of
from tests.site.world import SiteUnderTest


async def overview(site: SiteUnderTest) -> str:
    """The page as alice sees it, who administers."""
    if await site.store.account_by_name("alice") is None:
        await site.make_account("alice", Permission.ADMIN)
        await site.sign_in("alice")
    return (await site.client.get(f"{site.base}/admin")).text


async def test_a_fresh_site_has_nothing_to_tell(site: SiteUnderTest) -> None:
    """Off, no link, no sign-in, nobody refused."""
    page = await overview(site)
    for told in (
        ">Off<",
        "no application link yet",
        "No phone and no application has signed in yet.",
        "Nobody was refused.",
    ):
        assert told in page


async def test_the_switch_is_told_as_phones_see_it(site: SiteUnderTest) -> None:
    """On while the app's link can be used; off as soon as it is disabled, whatever the switch says."""
    link = await site.turn_mobile_on()
    assert ">On<" in await overview(site)
    change = links.set_standing(link, Standing.DISABLED, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    page = await overview(site)
    assert ">Off<" in page
    assert "1 of them is disabled." in page


async def test_the_newest_sign_ins_and_refusals_are_told(site: SiteUnderTest) -> None:
    """Five sign-ins at most, and what was refused within the hour with its count; later it is not told any more."""
    link = (await site.make_link()).link
    person = await site.make_account("bob", display_name="Bob Brown")
    for _ in range(7):
        await a_phone_of(site, person, link)
    for _ in range(3):
        await site.sign_in("bob", "wrong")
    await site.store.flush()
    page = await overview(site)
    assert page.count("<bdi>Bob Brown</bdi>") == 5
    assert "3 times" in page
    site.env.advance(HOUR + HOUR // 30)
    assert "Nobody was refused." in await overview(site)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/admin/", "/admin"),
        ("/secure/AdminSummary.jspa", "/admin"),
        ("/secure/Dashboard.jspa", "/"),
        ("/account/", "/account/profile"),
    ],
)
async def test_paths_that_people_type_or_kept_lead_on(site: SiteUnderTest, path: str, to: str) -> None:
    """A slash too many, and bookmarks of Jira."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    answer = await site.client.get(site.base + path)
    assert answer.status_code in (302, 303)
    assert answer.headers["location"] == site.base + to
