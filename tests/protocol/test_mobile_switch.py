"""The mobile switch: one link of the app's own, the same client id however often it is switched."""

from dataclasses import replace

import pytest

from genkan.protocol import links
from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.outcomes import AddLink, Change, EventKind, PutLink, RaiseStop, Subject, TurnMobile
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, a_link, a_site, an_env
from tests.protocol.world import World

SITE = a_site(version=6)


def turned_on(link: Link | None) -> Change:
    change = links.turn_mobile_on(SITE, link, "admin", an_env())
    assert isinstance(change, Change)
    return change


@pytest.mark.parametrize("before", [None, a_link(standing=Standing.DELETED)], ids=["never", "deleted"])
def test_the_first_time_on_makes_the_link(before: Link | None) -> None:
    """Native, WRITE, the app's scheme and both loopback addresses, asked every time, PKCE without exception."""
    added, turned = turned_on(before).steps
    assert isinstance(added, AddLink)
    link = added.link
    assert turned == TurnMobile(True, link.id, SITE.version)
    assert (link.kind, link.secret, link.redirects) == (LinkKind.NATIVE, None, APP_REDIRECTS)
    assert link.redirects[0] == "jira-server://oauth-callback"
    assert (link.permission, link.consent, link.pkce_required) == (Permission.WRITE, ConsentMode.ALWAYS, True)
    assert link.client_id != a_link().client_id


def test_on_again_announces_the_same_link() -> None:
    """No change to the link where it was left in use."""
    change = turned_on(a_link())
    assert change.steps == (TurnMobile(True, a_link().id, SITE.version),)
    assert [event.kind for event in change.events] == [EventKind.MOBILE_ON]


def test_on_after_an_off_with_sign_out_enables_it_again() -> None:
    """The same client id, and nobody who was signed out comes back: the stop counter is not touched."""
    disabled = a_link(standing=Standing.DISABLED, stop=3)
    put, turned = turned_on(disabled).steps
    assert put == PutLink(replace(disabled, standing=Standing.ACTIVE, version=2))
    assert turned == TurnMobile(True, disabled.id, SITE.version)


def test_off_keeps_phones_unless_told_otherwise() -> None:
    """Only the announcement goes."""
    change = links.turn_mobile_off(SITE, a_link(), False, "admin", an_env())
    assert change.steps == (TurnMobile(False, a_link().id, SITE.version),)
    assert (change.events[0].kind, change.events[0].detail) == (EventKind.MOBILE_OFF, "phones kept")


def test_off_with_sign_out_disables_and_stops() -> None:
    """Everybody is signed out, and clients that know the id get no further."""
    change = links.turn_mobile_off(SITE, a_link(), True, "admin", an_env())
    assert change.steps == (
        TurnMobile(False, a_link().id, SITE.version),
        PutLink(a_link(standing=Standing.DISABLED, version=2)),
        RaiseStop(Subject.LINK, a_link().id, EndReason.MOBILE_SWITCHED_OFF, NOW),
    )
    assert change.events[0].detail == "with sign-out"


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
def test_off_never_raises_a_link_from_the_dead(standing: Standing) -> None:
    """A link that is not in use is stopped and otherwise left as it is."""
    change = links.turn_mobile_off(SITE, a_link(standing=standing), True, "admin", an_env())
    assert not [step for step in change.steps if isinstance(step, PutLink)]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("sign_out", [True, False])
@pytest.mark.parametrize("was_on", [True, False])
@pytest.mark.parametrize("link", [None, *(a_link(standing=standing) for standing in Standing)])
def test_a_switch_that_stands_as_asked_is_left_alone(
    link: Link | None, was_on: bool, sign_out: bool, enabled: bool
) -> None:
    """Whoever asks for what is so already changes nothing and makes no news; signing out is always done."""
    site = replace(SITE, mobile_enabled=was_on)
    change = links.turned(site, link, enabled, sign_out, "admin", an_env())
    usable = link is not None and link.standing is Standing.ACTIVE
    there = link is not None and link.standing is not Standing.DELETED
    to_do = not (was_on and usable) if enabled else there and (was_on or sign_out)
    kinds = [EventKind.MOBILE_ON if enabled else EventKind.MOBILE_OFF] if to_do else []
    assert isinstance(change, Change)
    assert [event.kind for event in change.events] == kinds
    assert bool(change.steps) is to_do


def test_on_off_on_keeps_the_client_id() -> None:
    """What MDM pushed to a thousand phones stays right."""
    world, seen = World(), set[str]()
    for sign_out in (False, True, True, False):
        link = world.links.get(world.site.mobile_link_id or 0)
        world.change(links.turn_mobile_on(world.site, link, "admin", world.env))
        link = world.links[world.site.mobile_link_id or 0]
        assert link.usable
        seen.add(link.client_id)
        world.change(links.turn_mobile_off(world.site, link, sign_out, "admin", world.env))
    assert len(seen) == 1
    assert not world.site.mobile_enabled
