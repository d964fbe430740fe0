"""The audit says from where: whatever somebody does over the network, its line has the address they did it from."""

from genkan.protocol.actors import Actor, address_of
from genkan.protocol.outcomes import Event, EventKind
from genkan.wire.scopes import Permission
from tests.site.api_world import a_key, a_phone_of
from tests.site.link_console import Console
from tests.site.person_world import NEW, path_of, send
from tests.site.world import SiteUnderTest

HERE = "127.0.0.1"


def test_an_actor_is_its_name() -> None:
    """The address travels with the name and takes no part in who it is; somebody at the machine has none."""
    assert Actor("account:1", "192.0.2.7") == "account:1"
    assert address_of(Actor("account:1", "192.0.2.7")) == "192.0.2.7"
    assert address_of("command:root") == ""


async def told(site: SiteUnderTest) -> list[Event]:
    return [event for _, event in await site.store.events(limit=1000)]


async def test_what_is_done_in_the_console_says_from_where(site: SiteUnderTest) -> None:
    """Links, the switch, the name, people, their browsers and their phones: each line has the address."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    alice, before = await site.make_account(), await told(site)
    await site.sign_in("root")
    console = Console(site)
    assert (await console.create()).status_code == 303
    await send(site, "/admin/mobile", "/on")
    await send(site, "/admin/base-url", "/name", {"site_title": "Desk"})
    await send(site, path_of(alice, "/recovery"), "/recovery")
    await a_phone_of(site, alice, (await site.make_link()).link)
    await send(site, path_of(alice, "/sign-out"), "/sign-out")
    await send(site, path_of(alice, "/disable"), "/disable")
    lines = [event for event in (await told(site))[len(before) :] if event.actor.startswith("account:")]
    kinds = {event.kind for event in lines}
    assert kinds >= {
        EventKind.SESSION_OPENED, EventKind.LINK_CREATED, EventKind.MOBILE_ON, EventKind.SITE_NAMED,
        EventKind.RECOVERY_LINK_MADE, EventKind.ACCOUNT_SIGNED_OUT, EventKind.ACCOUNT_DISABLED,
    }  # fmt: skip
    assert {event.address for event in lines} == {HERE}


async def test_what_a_person_does_to_their_own_says_from_where(site: SiteUnderTest) -> None:
    """A phone signed out, a new password, and signing out of the browser."""
    alice = await site.make_account()
    await a_phone_of(site, alice, (await site.make_link()).link)
    await site.sign_in("alice")
    await send(site, "/account/apps", "/sign-out")
    typed = {"current_password": "correct horse battery", "password": NEW, "password_again": NEW}
    assert (await send(site, "/account/sign-in", "/account/sign-in", typed)).status_code == 303
    await send(site, "/account/profile", "/logout")
    lines = [event for event in await told(site) if event.actor == alice.actor]
    assert {event.kind for event in lines} >= {
        EventKind.GRANT_ENDED, EventKind.PASSWORD_CHANGED, EventKind.SESSION_CLOSED,
    }  # fmt: skip
    assert {event.address for event in lines} == {HERE}


async def test_what_an_api_key_does_says_from_where(site: SiteUnderTest) -> None:
    """Automation too comes from somewhere."""
    ours = await a_key(site, Permission.SYSTEM_ADMIN)
    assert (await ours("POST", "/rest/genkan/1.0/people", json={"name": "carol"})).status_code == 201
    [line] = [event for event in await told(site) if event.kind is EventKind.ACCOUNT_ADDED]
    assert line.address == HERE
