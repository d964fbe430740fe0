"""Every stop event against every way of using what it stopped, before and after the code was redeemed (row 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from genkan.protocol import accounts, links, phones
from genkan.protocol.access import RefreshTokenLive
from genkan.protocol.accounts import AccountWish
from genkan.protocol.clients import Credentials, authenticate
from genkan.protocol.directory import SourceRule
from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.offboarding import Checked, Presence, judge
from genkan.protocol.outcomes import Change, Live, Redeemed, Refused, Rotated
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Consent, ConsentMode, Grant, GrantState, Identity, Link, Standing
from genkan.protocol.ring import Ring, revoke
from genkan.protocol.sealing import Sealer, Unsealable
from genkan.wire.scopes import Permission
from tests.protocol.builders import SITE_ID, WEB
from tests.protocol.world import Tokens, World


@dataclass
class Scene:
    """A person signed in through a link: what the stop events act on."""

    world: World
    account_id: int
    link_id: int

    @property
    def account(self) -> Account:
        return self.world.accounts[self.account_id]

    @property
    def link(self) -> Link:
        return self.world.links[self.link_id]

    @property
    def grants(self) -> list[Grant]:
        return list(self.world.grants.values())

    def change(self, change: Change | Refused) -> None:
        self.world.change(change)


def a_scene() -> Scene:
    world = World()
    account = world.add_account("alice", permission=Permission.SYSTEM_ADMIN)
    link = world.add_link(LinkWish("Wiki", (WEB,), Permission.WRITE, consent=ConsentMode.REMEMBER)).link
    world.consents[account.id, link.id] = Consent(account.id, link.id, 0, Permission.WRITE, world.now)
    return Scene(world, account.id, link.id)


def withdraw(s: Scene) -> None:
    s.change(phones.withdraw_consent(s.account, s.link, "alice", s.world.env))


def give_again(s: Scene) -> None:
    known = s.world.consents[s.account_id, s.link_id]
    s.world.consents[s.account_id, s.link_id] = Consent(
        s.account_id, s.link_id, known.mark, Permission.WRITE, s.world.now
    )


def mobile_off(s: Scene) -> None:
    s.change(links.turn_mobile_off(s.world.site, s.link, True, "admin", s.world.env))


def mobile_on(s: Scene) -> None:
    s.change(links.turn_mobile_on(s.world.site, s.link, "admin", s.world.env))


def account_to(standing: Standing) -> Callable[[Scene], None]:
    return lambda s: s.change(accounts.set_standing(s.account, standing, "admin", s.world.env))


def link_to(standing: Standing) -> Callable[[Scene], None]:
    return lambda s: s.change(links.set_standing(s.link, standing, "admin", s.world.env))


def everywhere(reason: EndReason) -> Callable[[Scene], None]:
    return lambda s: s.change(accounts.sign_out_everywhere(s.account, reason, "admin", s.world.env))


def new_password(s: Scene) -> None:
    s.change(accounts.set_password(s.account, "hash", True, "alice", s.world.env))


def recovered(s: Scene) -> None:
    s.change(accounts.recover(s.account, "hash", "root", s.world.env))


def everyone_out(s: Scene) -> None:
    s.change(links.sign_out_all(s.link, "admin", s.world.env))


def the_directory_says(presence: Presence) -> Callable[[Scene], None]:
    """What the organisation's directory says of somebody who is linked to it."""

    def said(s: Scene) -> None:
        identity = Identity("corp", "00u1", s.account_id, "alice", 0, 0, 0, held=s.account.version)
        facts = IdentityFacts(identity, s.account)
        s.change(judge(Checked(presence), facts, False, SourceRule("corp"), s.world.env))

    return said


def nothing(s: Scene) -> None:
    """For stops that nothing undoes."""


# What stops, and what an administrator or the person may do afterwards: nothing of it brings the stopped back.
STOPS: dict[str, tuple[Callable[[Scene], None], Callable[[Scene], None]]] = {
    "account disabled": (account_to(Standing.DISABLED), account_to(Standing.ACTIVE)),
    "account deleted": (account_to(Standing.DELETED), nothing),
    "gone from the directory": (the_directory_says(Presence.GONE), account_to(Standing.ACTIVE)),
    "disabled in the directory": (the_directory_says(Presence.DISABLED), account_to(Standing.ACTIVE)),
    "held by the directory": (the_directory_says(Presence.LAPSED), the_directory_says(Presence.PRESENT)),
    "link deleted": (link_to(Standing.DELETED), nothing),
    "everyone signed out of the link": (everyone_out, nothing),
    "person signed out everywhere": (everywhere(EndReason.PERSON_SIGNED_OUT_EVERYWHERE), nothing),
    "password changed with sign-out": (new_password, nothing),
    "account recovered": (recovered, nothing),
    "consent withdrawn": (withdraw, give_again),
    "mobile switched off with sign-out": (mobile_off, mobile_on),
}
# These reach a sign-in that exists; a code that was not redeemed is not among them.
ENDS: dict[str, EndReason] = {
    "by the person": EndReason.SIGNED_OUT_BY_PERSON,
    "by an administrator": EndReason.SIGNED_OUT_BY_ADMIN,
    "by the same phone": EndReason.SIGNED_IN_AGAIN,
}


def all_refuse(s: Scene, tokens: list[Tokens]) -> None:
    """REST, forward authentication, introspection, refresh, retry: every one of them, and nothing is changed."""
    before = dict(s.world.grants)
    for token in tokens:
        assert isinstance(s.world.access(token.access), Refused)
        assert not isinstance(s.world.introspect_refresh(token.refresh, s.link_id), RefreshTokenLive)
        refused = s.world.refresh(token.refresh, s.link_id)
        assert isinstance(refused, Refused)
        assert refused.reason in {Reason.GRANT_ENDED, Reason.GRANT_STOPPED}
    assert s.world.grants == before


def signed_in(s: Scene, refreshes: int = 1) -> list[Tokens]:
    """The tokens of a phone: the present ones, and the ones before, which may still be retried."""
    kept = [s.world.sign_in(s.account_id, s.link_id)]
    for _ in range(refreshes):
        outcome = s.world.refresh(kept[-1].refresh, s.link_id)
        assert isinstance(outcome, Rotated)
        kept.append(s.world.tokens(outcome.grant))
    return kept[-2:]


@pytest.mark.parametrize(("stop", "undo"), STOPS.values(), ids=STOPS.keys())
def test_a_stop_reaches_everything_on_the_next_request(
    stop: Callable[[Scene], None], undo: Callable[[Scene], None]
) -> None:
    """At once, after a while, and after whatever was stopped is allowed again."""
    s = a_scene()
    tokens = signed_in(s) + signed_in(s, 0)
    assert isinstance(s.world.access(tokens[1].access), Live)
    stop(s)
    all_refuse(s, tokens)
    s.world.now += MINUTE
    all_refuse(s, tokens)
    undo(s)
    all_refuse(s, tokens)


@pytest.mark.parametrize(("stop", "undo"), STOPS.values(), ids=STOPS.keys())
def test_a_stop_between_issue_and_redemption_reaches_the_code(
    stop: Callable[[Scene], None], undo: Callable[[Scene], None]
) -> None:
    """The code was good when it was issued; it makes no sign-in any more, also after the stop was undone."""
    s = a_scene()
    code = s.world.code(s.account_id, s.link_id)
    stop(s)
    assert isinstance(s.world.exchange(code, s.link_id), Refused)
    undo(s)
    assert isinstance(s.world.exchange(code, s.link_id), Refused)
    assert s.grants == []


@pytest.mark.parametrize("name", [name for name, (_, undo) in STOPS.items() if "deleted" not in name])
def test_after_a_stop_people_may_sign_in_anew(name: str) -> None:
    """A stop is about what was; a new sign-in is a new thing."""
    stop, undo = STOPS[name]
    s = a_scene()
    old = signed_in(s)
    stop(s)
    undo(s)
    new = signed_in(s)
    assert isinstance(s.world.access(new[-1].access), Live)
    all_refuse(s, old)


@pytest.mark.parametrize("reason", ENDS.values(), ids=ENDS.keys())
def test_signing_one_phone_out_leaves_the_others(reason: EndReason) -> None:
    """The one is over for ever and says why; the person's other phones go on."""
    s = a_scene()
    one, other = signed_in(s), signed_in(s)
    s.change(phones.sign_out(s.grants[0], reason, "somebody", s.world.env))
    all_refuse(s, one)
    assert (s.grants[0].state, s.grants[0].reason) == (GrantState.ENDED, reason)
    assert isinstance(s.world.access(other[-1].access), Live)
    assert isinstance(s.world.refresh(other[-1].refresh, s.link_id), Rotated)


def test_a_revoked_key_stops_what_was_sealed_under_it() -> None:
    """Tokens and codes under it do not open, and no row under it can be retried."""
    s = a_scene()
    tokens, code = signed_in(s), s.world.code(s.account_id, s.link_id)
    revoked = revoke(s.world.ring, s.world.ring.active.id, s.world.env)
    assert isinstance(revoked, Ring)
    sealer = Sealer(revoked, SITE_ID)
    for token in tokens:
        assert sealer.open_token(token.access) == sealer.open_token(token.refresh) == Unsealable()
    assert sealer.open_code(code) == Unsealable()


def test_a_rotated_secret_is_dead_past_its_overlap() -> None:
    """Until then both are good; from that millisecond on only the new one, for codes and refreshes alike."""
    world = World()
    made = world.add_link(LinkWish("Wiki", (WEB,), Permission.WRITE))
    rotated = links.rotate_secret(made.link, HOUR, "admin", world.env)
    assert isinstance(rotated, links.NewLink)
    world.change(rotated.change)
    link = world.links[made.link.id]
    for now, old_is_good in ((world.now, True), (world.now + HOUR - 1, True), (world.now + HOUR, False)):
        world.now = now
        old = authenticate(Credentials(link.client_id, made.secret), link, world.env)
        new = authenticate(Credentials(link.client_id, rotated.secret), link, world.env)
        assert (old, new) == (link if old_is_good else Refused(Reason.CLIENT_SECRET_WRONG), link)


@pytest.mark.parametrize("days", [0, 1, 89])
def test_a_disabled_link_suspends_and_resumes(days: int) -> None:
    """Disabling alone ends nobody: refused on the next request, and live again once it is enabled."""
    s = a_scene()
    tokens, code = signed_in(s), s.world.code(s.account_id, s.link_id)
    link_to(Standing.DISABLED)(s)
    assert s.world.access(tokens[-1].access) == Refused(Reason.LINK_DISABLED)
    assert s.world.refresh(tokens[-1].refresh, s.link_id) == Refused(Reason.LINK_DISABLED)
    assert s.world.exchange(code, s.link_id) == Refused(Reason.LINK_DISABLED)
    s.world.now += days * DAY
    link_to(Standing.ACTIVE)(s)
    assert isinstance(s.world.access(tokens[-1].access), Live) == (days == 0)
    assert isinstance(s.world.refresh(tokens[-1].refresh, s.link_id), Rotated)
    assert isinstance(s.world.exchange(code, s.link_id), Redeemed) == (days == 0)


def narrowed_link(s: Scene) -> Any:
    wish = LinkWish("Wiki", (WEB,), Permission.READ, consent=ConsentMode.REMEMBER)
    return links.change(s.link, wish, "admin", s.world.env)


def narrowed_person(s: Scene) -> Any:
    return accounts.change(s.account, AccountWish("alice", permission=Permission.READ), "admin", s.world.env)


@pytest.mark.parametrize("narrowed", [narrowed_link, narrowed_person], ids=["link", "person"])
def test_a_lowered_permission_narrows_and_signs_nobody_out(narrowed: Callable[[Scene], Any]) -> None:
    """From the next request on, also for a code that was issued before."""
    s = a_scene()
    tokens, code = signed_in(s), s.world.code(s.account_id, s.link_id)
    s.change(narrowed(s))
    live = s.world.access(tokens[-1].access)
    assert isinstance(live, Live)
    assert live.permission is Permission.READ
    assert isinstance(s.world.refresh(tokens[-1].refresh, s.link_id), Rotated)
    redeemed = s.world.exchange(code, s.link_id)
    assert isinstance(redeemed, Redeemed)
    after = s.world.access(s.world.tokens(redeemed.grant).access)
    assert isinstance(after, Live)
    assert after.permission is Permission.READ


def test_switching_mobile_off_without_sign_out_stops_nobody() -> None:
    """Phones stay; the link goes on for clients that know its id."""
    s = a_scene()
    tokens, code = signed_in(s), s.world.code(s.account_id, s.link_id)
    s.change(links.turn_mobile_off(s.world.site, s.link, False, "admin", s.world.env))
    assert isinstance(s.world.access(tokens[-1].access), Live)
    assert isinstance(s.world.refresh(tokens[-1].refresh, s.link_id), Rotated)
    assert isinstance(s.world.exchange(code, s.link_id), Redeemed)
    assert not s.world.site.mobile_enabled
