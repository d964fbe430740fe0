"""What ADMIN may do to those who may more, and to links that give more: stop, never open or take the way back."""

import pytest

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Link, Standing
from genkan.protocol.signin import recovery
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission
from tests.site.api_world import Caller, a_key, a_phone_of, consented, one, refusal
from tests.site.link_console import GOOD, LINKS, START, WEB, Console, path_of
from tests.site.person_world import form
from tests.site.person_world import path_of as person
from tests.site.world import SiteUnderTest

CLIENT = "/rest/oauth2/latest/client"
ABOVE = (403, entry(Reason.ABOVE_CALLER).public)
BODY = {"name": "Wide", "redirects": [WEB], "permission": "SYSTEM_ADMIN"}


@pytest.fixture
async def root(site: SiteUnderTest) -> Account:
    """Who may more than the caller."""
    return await site.make_account("root", Permission.SYSTEM_ADMIN)


@pytest.fixture
async def wide(site: SiteUnderTest) -> Link:
    """A link that gives more than the caller has, with a secret."""
    return (await site.make_link(WEB, permission=Permission.SYSTEM_ADMIN)).link


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key with ADMIN."""
    return await a_key(site, Permission.ADMIN)


@pytest.fixture
async def console(site: SiteUnderTest) -> Console:
    """The browser of somebody with ADMIN."""
    await site.make_account("admin", Permission.ADMIN)
    assert (await site.sign_in("admin")).status_code == 303
    return Console(site)


async def now(site: SiteUnderTest, link: Link) -> Link:
    found = await site.store.link(link.id)
    assert found is not None
    return found


async def a_one_time_link(site: SiteUnderTest, account: Account) -> None:
    made = recovery.make(account, True, "command:root", site.env())
    assert isinstance(made, recovery.NewRecovery)
    assert await site.store.apply(made.change)


async def test_what_stops_a_higher_person_is_done(site: SiteUnderTest, root: Account, wide: Link, ours: Caller) -> None:
    """A lost phone does not wait for somebody of the same right: browsers, phones, consents, everything."""
    browsers = [site.browser() for _ in range(3)]
    for browser in browsers:
        assert (await site.sign_in("root", browser=browser)).status_code == 303
    assert refusal(await ours("GET", one(root, "/sessions"))) == ABOVE
    assert len((await ours("DELETE", one(root, "/sessions"))).json()) == 3
    grant = await a_phone_of(site, root, wide)
    assert (await ours("DELETE", f"/rest/genkan/1.0/phones/{grant.id.hex()}")).status_code == 200
    await consented(site, root, wide)
    assert (await ours("DELETE", one(root, f"/consents/{public_id(wide.id)}"))).json() == []
    assert (await ours("POST", one(root, "/sign-out"), json={})).status_code == 200


async def test_what_is_kept_of_a_higher_person_is_not_read(site: SiteUnderTest, root: Account, ours: Caller) -> None:
    """Reading about a person takes at least that person's right; who has it reads it in one piece."""
    assert refusal(await ours("GET", one(root, "/export"))) == ABOVE
    highest = await a_key(site, Permission.SYSTEM_ADMIN)
    assert (await highest.get(one(root, "/export")))["person"]["name"] == "root"


async def test_the_way_back_of_a_higher_person_is_not_taken(
    site: SiteUnderTest, root: Account, ours: Caller, console: Console
) -> None:
    """A one-time link may be all that somebody has who was shut out: by REST and in the console it stays."""
    await a_one_time_link(site, root)
    assert refusal(await ours("DELETE", one(root, "/recovery-link"))) == ABOVE
    alice = await site.make_account("alice")
    _, fields = await form(site, person(alice, "/edit"), "/edit")
    refused = await site.client.post(f"{site.base}{person(root, '/recovery/withdraw')}", data=fields)
    assert (refused.status_code, ABOVE[1] in refused.text) == (403, True)
    assert await site.store.recovery_of(root.id) is not None
    highest = await a_key(site, Permission.SYSTEM_ADMIN)
    assert (await highest("DELETE", one(root, "/recovery-link"))).status_code == 200


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PUT", "", BODY),
        ("PUT", "", {**BODY, "permission": "READ"}),
        ("PATCH", "", {"redirects": ["https://mallory.example/cb"]}),
        ("PATCH", "", {"state": "active"}),
        ("DELETE", "", None),
        ("POST", "/secret", {}),
    ],
)
async def test_a_link_that_gives_more_is_not_touched(
    site: SiteUnderTest, wide: Link, ours: Caller, method: str, rest: str, body: object
) -> None:
    """Whoever could say where its codes go, or had its secret, would get the tokens of who may more."""
    address, options = f"{CLIENT}/{wide.client_id}{rest}", {} if body is None else {"json": body}
    assert refusal(await ours(method, address, **options)) == ABOVE
    assert await now(site, wide) == wide
    highest = await a_key(site, Permission.SYSTEM_ADMIN)
    assert (await highest(method, address, **options)).status_code == 200


async def test_no_link_is_made_or_raised_above_the_caller(site: SiteUnderTest, ours: Caller) -> None:
    """By ADMIN up to ADMIN."""
    assert refusal(await ours("POST", CLIENT, json=BODY)) == ABOVE
    made = await ours.post(CLIENT, **{**BODY, "permission": "ADMIN"})
    assert refusal(await ours("PATCH", f"{CLIENT}/{made['clientId']}", json={"permission": "SYSTEM_ADMIN"})) == ABOVE
    [link] = await site.store.links()
    assert link.permission is Permission.ADMIN


async def test_a_link_that_gives_more_is_stopped_by_everybody(site: SiteUnderTest, wide: Link, ours: Caller) -> None:
    """Signed out and disabled, by REST; enabling it again is for somebody of its right."""
    assert (await ours("POST", f"{CLIENT}/{wide.client_id}/sign-out", json={})).status_code == 200
    assert (await ours("PATCH", f"{CLIENT}/{wide.client_id}", json={"state": "disabled"})).status_code == 200
    assert (await now(site, wide)).standing is Standing.DISABLED
    assert refusal(await ours("PATCH", f"{CLIENT}/{wide.client_id}", json={"state": "active"})) == ABOVE


async def test_the_console_holds_the_same(site: SiteUnderTest, wide: Link, console: Console) -> None:
    """The dialog says it beside the field and keeps what was typed; what opens is refused, what stops is done."""
    shown = await console.get(path_of(wide))
    assert ("This application may more than you." in shown.text, f"{path_of(wide)}/delete" in shown.text) == (
        True,
        False,
    )
    made = await console.create(permission="SYSTEM_ADMIN", name="My wide one")
    assert (ABOVE[1] in made.text, "My wide one" in made.text) == (True, True)
    assert [link.id for link in await site.store.links()] == [wide.id]
    edited = await console.send(await console.get(path_of(wide) + "/edit"), "/edit", **{**GOOD, "permission": "READ"})
    assert ABOVE[1] in edited.text
    secret = await console.send(await console.get(path_of(wide) + "/secret"), "/secret")
    deleted = await console.send(await console.get(path_of(wide) + "/delete"), "/delete")
    assert [answer.status_code for answer in (secret, deleted)] == [403, 403]
    assert await now(site, wide) == wide
    disabled = await console.send(await console.get(path_of(wide)), "/disable")
    assert disabled.status_code == 303
    assert (await now(site, wide)).standing is Standing.DISABLED
    _, token = await form(site, person(await site.make_account("alice"), "/edit"), "/edit")
    enabled = await site.client.post(f"{site.base}{path_of(wide)}/enable", data=token)
    assert (enabled.status_code, ABOVE[1] in enabled.text) == (403, True)
    assert (await console.get(START)).status_code == 200
    assert (await console.get(LINKS)).status_code == 200


async def test_remedies_of_the_health_page_open_nothing_wider(
    site: SiteUnderTest, wide: Link, console: Console
) -> None:
    """Disabling is a stop; a change of what it is, even a narrower one, is for somebody of its right."""
    token = (await form(site, path_of(wide), "/disable"))[1]
    sent = {**token, "link": public_id(wide.id)}
    lowered = await site.client.post(f"{site.base}/admin/health/remedy", data={**sent, "remedy": "lower"})
    assert lowered.status_code == 403
    assert (await now(site, wide)).permission is Permission.SYSTEM_ADMIN
    done = await site.client.post(f"{site.base}/admin/health/remedy", data={**sent, "remedy": "disable"})
    assert done.status_code == 303
    assert (await now(site, wide)).standing is Standing.DISABLED
