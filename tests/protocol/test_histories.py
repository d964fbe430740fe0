"""Random histories of a whole site: every way to ask about a token gives the same answer (row 25)."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genkan.protocol import accounts, links, phones
from genkan.protocol.access import RefreshTokenLive
from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.outcomes import Live, Redeemed, Refused, Rotated
from genkan.protocol.phones import PhoneRow, PhoneState, judge
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import WEB
from tests.protocol.world import Tokens, World

DEEDS = ["sign in", "sign in", "refresh", "refresh", "retry", "use", "an hour", "two months"]
DEEDS += ["disable link", "enable link", "sign out link", "narrow link", "widen link"]
DEEDS += [
    "disable person",
    "enable person",
    "sign out person",
    "narrow person",
    "sign out phone",
    "withdraw",
    "delete link",
]
histories = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 1), st.integers(0, 1)), max_size=30)


@dataclass
class History:
    """Two people, two links, and every token that anybody was ever told."""

    world: World = field(default_factory=World)
    told: dict[bytes, list[Tokens]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = [self.world.add_account(name).id for name in ("alice", "bob")]
        self.links = [self.world.add_link(LinkWish(name, (WEB,), Permission.WRITE)).link.id for name in ("A", "B")]

    def happen(self, deed: str, who: int, where: int) -> None:
        match deed.split():
            case ["an", "hour"]:
                self.world.now += HOUR - MINUTE
            case ["two", "months"]:
                self.world.now += 60 * DAY
            case [verb, "link"]:
                self.change_link(verb, where)
            case [verb, "person"]:
                self.change_person(verb, who)
            case ["sign", "out", what]:
                self.sign_out(what, who, where)
            case ["withdraw"]:
                account, link = self.world.accounts[self.people[who]], self.world.links[self.links[where]]
                self.world.change(phones.withdraw_consent(account, link, account.name, self.world.env))
            case _:
                self.act(deed, who, where)

    def act(self, deed: str, who: int, where: int) -> None:
        """What people and their phones do."""
        world = self.world
        account, link = world.accounts[self.people[who]], world.links[self.links[where]]
        mine = list(self.told.values())[-1 - who :]
        if deed == "sign in" and link.usable and account.standing is Standing.ACTIVE:
            redeemed = world.exchange(world.code(account.id, link.id, scope=None), link.id)
            assert isinstance(redeemed, Redeemed)
            self.told[redeemed.grant.id] = [world.tokens(redeemed.grant)]
        elif deed in {"refresh", "retry"} and mine:
            self.refresh(mine[0], -1 if deed == "refresh" else -2)
        elif deed == "use" and mine:
            live = world.access(mine[0][-1].access)
            if isinstance(live, Live) and live.sighting:
                world.note(live.sighting)

    def sign_out(self, what: str, who: int, where: int) -> None:
        world, env = self.world, self.world.env
        if what == "link":
            world.change(links.sign_out_all(world.links[self.links[where]], "admin", env))
        elif what == "person":
            account = world.accounts[self.people[who]]
            world.change(accounts.sign_out_everywhere(account, EndReason.PASSWORD_CHANGED, "admin", env))
        elif self.told:
            grant = world.grants[list(self.told)[-1 - who if len(self.told) > 1 else 0]]
            world.change(phones.sign_out(grant, EndReason.SIGNED_OUT_BY_ADMIN, "admin", env))

    def refresh(self, tokens: list[Tokens], which: int) -> None:
        """A refusal's own matter is tested elsewhere: here only what was told counts."""
        shown = tokens[max(which, -len(tokens))]
        grant_id = self.world.handle(shown.refresh).grant_id
        outcome = self.world.refresh(shown.refresh, self.world.grants[grant_id].link_id)
        if isinstance(outcome, Rotated):
            tokens.append(self.world.tokens(outcome.grant))

    def change_link(self, verb: str, where: int) -> None:
        link, env = self.world.links[self.links[where]], self.world.env
        if link.standing is Standing.DELETED:
            return
        standings = {"disable": Standing.DISABLED, "enable": Standing.ACTIVE, "delete": Standing.DELETED}
        if verb in standings:
            self.world.change(links.set_standing(link, standings[verb], "admin", env))
        else:
            permission = Permission.READ if verb == "narrow" else Permission.SYSTEM_ADMIN
            self.world.change(links.change(link, LinkWish(link.name, (WEB,), permission), "admin", env))

    def change_person(self, verb: str, who: int) -> None:
        account, env = self.world.accounts[self.people[who]], self.world.env
        if verb == "narrow":
            wish = accounts.AccountWish(account.name, permission=Permission.READ)
            self.world.change(accounts.change(account, wish, "admin", env))
        else:
            standing = Standing.DISABLED if verb == "disable" else Standing.ACTIVE
            self.world.change(accounts.set_standing(account, standing, "admin", env))


def check(history: History) -> None:
    """Resource, introspection, refresh and the list of phones agree about every token ever told."""
    world = history.world
    for grant_id, all_told in history.told.items():
        grant = world.grants[grant_id]
        link, account = world.links[grant.link_id], world.accounts[grant.account_id]
        phone = judge(PhoneRow(grant, link, account, ""), world.env)
        standing = phone.state is PhoneState.SIGNED_IN and link.usable
        for generation, tokens in enumerate(all_told):
            current = standing and generation == grant.generation
            live = world.access(tokens.access)
            assert isinstance(live, Live) == (current and world.now < grant.access_expires_at)
            if isinstance(live, Live):
                assert live.permission is min(grant.access_scope, link.permission, account.permission)
            assert isinstance(world.introspect_refresh(tokens.refresh, link.id), RefreshTokenLive) == current
        before = dict(world.grants)
        refreshed = world.refresh(all_told[-1].refresh, link.id)
        refreshes = isinstance(refreshed, Rotated) or refreshed == Refused(Reason.ROTATING_TOO_FAST, retry_after=1)
        assert refreshes == standing
        world.grants = before


@given(histories)
@settings(max_examples=120, suppress_health_check=list(HealthCheck))
def test_everybody_is_told_the_same(deeds: list[tuple[str, int, int]]) -> None:
    """Row 25: no rule about what is over is known to one caller and not to another."""
    history = History()
    for deed in deeds:
        history.happen(*deed)
        check(history)


@pytest.mark.long
@given(histories)
@settings(max_examples=5000, suppress_health_check=list(HealthCheck))
def test_everybody_is_told_the_same_for_long(deeds: list[tuple[str, int, int]]) -> None:
    """The same over many more histories."""
    history = History()
    for deed in deeds:
        history.happen(*deed)
    check(history)
