"""Promise 4 from the phone's side: whatever the network loses, an honest phone is never signed out for it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.outcomes import Ended, Live, Retried, Rotated
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import LinkKind
from genkan.protocol.ring import Ring, activate, add
from genkan.wire.scopes import Permission
from tests.protocol.world import Tokens, World

UNLIMITED = Lifetimes(rotation_interval=0)
STRICT = Lifetimes(rotation_interval=0, retry_window=0)

NETWORK = [
    "refreshes",
    "answer is lost",
    "answer is lost",
    "request is lost",
    "uses",
    "use goes unnoted",
    "two at once",
]
ACTIONS = st.sampled_from([*NETWORK, "keys rotate", "a little later", "a day later", "clock is set back"])
stories = st.lists(ACTIONS, max_size=40)


class Phone:
    """One phone that keeps what it was last told, and asks again when it was told nothing."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self.world = World(lifetimes)
        account = self.world.add_account("alice").id
        self.link = self.world.add_link(LinkWish("App", APP_REDIRECTS, Permission.WRITE, LinkKind.NATIVE)).link.id
        self.kept = self.world.sign_in(account, self.link)

    def live(self, action: str) -> None:
        match action:
            case "refreshes":
                self.kept = self.refresh()
            case "request is lost":
                pass
            case "answer is lost":
                self.refresh()
            case "two at once":
                first, second = self.refresh(), self.refresh()
                assert first == second, "two processes that race are told the same"
                self.kept = first
            case "uses" | "use goes unnoted":
                self.use(noted=action == "uses")
            case "keys rotate":
                grown = add(self.world.ring, self.world.env)
                moved = activate(grown, grown.keys[-1].id)
                assert isinstance(moved, Ring)
                self.world.ring = moved
            case "a little later":
                self.world.now += 40 * SECOND
            case "a day later":
                self.world.now += DAY
            case "clock is set back":
                self.world.now -= 3 * HOUR

    def refresh(self) -> Tokens:
        outcome = self.world.refresh(self.kept.refresh, self.link)
        assert isinstance(outcome, Rotated | Retried), outcome
        left = outcome.grant.access_expires_at - self.world.now
        assert left * 2 >= self.world.lifetimes.access, "half an access lifetime is the least that is told"
        return self.world.tokens(outcome.grant)

    def use(self, *, noted: bool) -> None:
        live = self.world.access(self.kept.access)
        if isinstance(live, Live) and live.sighting is not None and noted:
            self.world.note(live.sighting)


@given(stories)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_an_honest_phone_is_never_signed_out(story: list[str]) -> None:
    """Lost answers, lost requests, races, lost notes, rotated keys, nights in a drawer, clocks set back: it stays."""
    phone = Phone(UNLIMITED)
    for action in story:
        phone.live(action)
    phone.kept = phone.refresh()
    assert isinstance(phone.world.access(phone.kept.access), Live)


@given(stories, st.integers(1, 6))
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_a_thief_who_comes_late_is_always_caught(story: list[str], refreshes: int) -> None:
    """A copy taken at any time, shown after its successor was used and the window passed, ends the sign-in for both."""
    phone = Phone(UNLIMITED)
    for action in story:
        phone.live(action)
    stolen = phone.kept
    for _ in range(refreshes):
        phone.kept = phone.refresh()
    phone.use(noted=True)
    phone.world.now += MINUTE
    outcome = phone.world.refresh(stolen.refresh, phone.link)
    assert isinstance(outcome, Ended)
    assert not isinstance(phone.world.access(phone.kept.access), Live)
    assert not isinstance(phone.world.refresh(phone.kept.refresh, phone.link), Rotated | Retried)


def test_strictness_costs_what_it_says() -> None:
    """With a window of zero the lost answer that the default forgives ends the sign-in."""
    for lifetimes, kept in ((UNLIMITED, True), (STRICT, False)):
        phone = Phone(lifetimes)
        phone.refresh()
        assert isinstance(phone.world.refresh(phone.kept.refresh, phone.link), Retried) == kept


@pytest.mark.parametrize("refreshes", [1, 2, 9])
def test_a_thief_in_step_is_counted(refreshes: int) -> None:
    """What rotation cannot see is at least counted: each retry stands on the row."""
    phone = Phone(UNLIMITED)
    for _ in range(refreshes):
        stolen = phone.kept
        phone.kept = phone.refresh()
        told = phone.world.refresh(stolen.refresh, phone.link)
        assert isinstance(told, Retried)
    (row,) = phone.world.grants.values()
    assert row.retries == refreshes
