"""The guess budget: slow for whoever guesses, no weapon against whoever owns the account (row 13)."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.accounts import fold
from genkan.protocol.env import DAY, MINUTE, SECOND
from genkan.protocol.records import Guesses
from genkan.protocol.signin import lockout
from genkan.protocol.signin.lockout import PER_ACCOUNT, PER_DEVICE, PER_NETWORK, Budget, Source, Tries
from tests.protocol.builders import NOW

ELSEWHERE = "198.51.100.0/24"
HERE = "192.0.2.0/24"
PHONE = b"a device that signed in before"


class Buckets:
    """The memory of failures."""

    def __init__(self) -> None:
        self.known: dict[bytes, Guesses] = {}

    def guess(self, asked: Tries, now: int) -> bool:
        """A wrong try: whether it was judged at all."""
        judged = not lockout.exhausted(asked, self.known, now)
        counted = lockout.failed(asked, self.known, now)
        assert (counted is not None) == judged
        for key, due, failures in counted.buckets if counted else ():
            self.known[key] = Guesses(due, failures)
        return judged

    def guesses(self, asked: Tries, times: Iterable[int]) -> int:
        """How many of many wrong tries were judged."""
        return sum(self.guess(asked, now) for now in times)


def tries(name: str = "alice", network: str = HERE, device: bytes | None = None) -> Tries:
    return lockout.tries(name, network, device)


def test_one_address_fills_one_bucket_under_however_many_names() -> None:
    """A password tried under many names is slow too, though each name's own budget is hardly touched."""
    buckets, source = Buckets(), Source("203.0.113.7/32", 30)
    under = [lockout.tries(f"name {number}", HERE, None, source) for number in range(200)]
    assert sum(buckets.guess(asked, NOW) for asked in under) == 30
    assert not buckets.guess(under[199], NOW + lockout.SOURCE_INTERVAL - 1)
    assert buckets.guess(under[199], NOW + lockout.SOURCE_INTERVAL)
    neighbour = lockout.tries("name 3", HERE, None, Source("203.0.113.8/32", 30))
    assert buckets.guess(neighbour, NOW)


def test_a_right_password_gives_an_address_nothing_back() -> None:
    """Whoever has one account would go on guessing at all others; a browser of the person's own is not counted."""
    buckets, source = Buckets(), Source("203.0.113.7/32", 3)
    asked = lockout.tries("mine", HERE, None, source)
    assert buckets.guess(asked, NOW)
    forgiven = lockout.forgiven(asked, buckets.known)
    assert forgiven is not None
    (staying,) = [key for key, _ in source.buckets]
    assert staying not in {key for key, _, _ in forgiven.buckets}
    assert lockout.tries("mine", HERE, PHONE, source) == lockout.tries("mine", HERE, PHONE)
    assert lockout.tries("mine", HERE, None, Source("203.0.113.7/32", 0)) == lockout.tries("mine", HERE, None)


@pytest.mark.parametrize(("device", "budget"), [(None, PER_NETWORK), (PHONE, PER_DEVICE)])
def test_a_burst_and_then_one_an_interval(device: bytes | None, budget: Budget) -> None:
    """Ten at once; the next is judged when one interval has drained, and not a millisecond before."""
    buckets, asked = Buckets(), tries(device=device)
    assert buckets.guesses(asked, [NOW] * 50) == budget.burst == 10
    assert not buckets.guess(asked, NOW + budget.interval - 1)
    assert buckets.guess(asked, NOW + budget.interval)
    assert not buckets.guess(asked, NOW + budget.interval)


@given(st.lists(st.integers(0, 3 * MINUTE), min_size=1, max_size=150), st.sampled_from([None, PHONE]))
@settings(max_examples=60)
def test_no_timing_gets_more_guesses_than_the_budget(gaps: list[int], device: bytes | None) -> None:
    """However tries are spread, at most a burst and one an interval are judged."""
    buckets, asked, now = Buckets(), tries(device=device), NOW
    times = [now := now + gap for gap in gaps]
    budget = asked.buckets[0][1]
    assert buckets.guesses(asked, times) <= budget.burst + (times[-1] - NOW) // budget.interval


def test_knocking_without_pause_does_not_help() -> None:
    """A try every ten milliseconds for ten minutes is judged twenty times in all."""
    buckets = Buckets()
    assert buckets.guesses(tries(), range(NOW, NOW + 10 * MINUTE, 10)) == 10 + 9


def test_refused_tries_fill_nobodys_budget() -> None:
    """A stranger who knocks for an hour from one network leaves other networks their tries."""
    buckets = Buckets()
    buckets.guesses(tries(network=ELSEWHERE), range(NOW, NOW + 60 * MINUTE, SECOND))
    later = NOW + 60 * MINUTE
    assert buckets.guesses(tries(network=HERE), [later] * 20) == 10


@given(
    st.lists(st.tuples(st.sampled_from([HERE, ELSEWHERE, "net 3", "net 4"]), st.integers(0, 5 * SECOND)), max_size=300)
)
@settings(max_examples=30)
def test_strangers_cannot_lock_a_known_device_out(attack: list[tuple[str, int]]) -> None:
    """Whatever others do, from wherever, the browser that signed in before has all its tries."""
    buckets, now = Buckets(), NOW
    for network, gap in attack:
        now += gap
        buckets.guess(tries(network=network), now)
        buckets.guess(tries(device=b"another device"), now)
    assert buckets.guesses(tries(device=PHONE), [now] * 20) == 10


def test_many_networks_share_one_backstop() -> None:
    """A hundred failures from anywhere close the account's way for unknown browsers, and for them alone."""
    buckets = Buckets()
    judged = sum(buckets.guesses(tries(network=f"net {n}"), [NOW] * 20) for n in range(50))
    assert judged == PER_ACCOUNT.burst == 100
    assert not buckets.guess(tries(network=HERE), NOW)
    assert buckets.guess(tries(device=PHONE), NOW)
    assert buckets.guess(tries("bob", HERE), NOW)


@pytest.mark.parametrize("other", [tries("bob"), tries(network=ELSEWHERE), tries(device=PHONE)])
def test_budgets_are_kept_apart(other: Tries) -> None:
    """Other people, networks and devices have their own."""
    buckets = Buckets()
    buckets.guesses(tries(), [NOW] * 20)
    assert buckets.guess(other, NOW)


def test_every_spelling_of_a_name_feeds_one_budget() -> None:
    """Row 13: aliases by case, width or space bring no fresh tries."""
    buckets, judged = Buckets(), 0
    for spelling in ["alice", "ALICE", " Alice ", "ａｌｉｃｅ"] * 10:  # noqa: RUF001 - full-width letters are the point
        folded = fold(spelling)
        assert folded is not None
        judged += buckets.guess(tries(folded), NOW)
    assert judged == 10


def test_unknown_names_have_budgets_like_known_ones() -> None:
    """Nothing about a bucket depends on whether somebody has the name."""
    assert [budget for _, budget in tries("nobody").buckets] == [budget for _, budget in tries("alice").buckets]
    assert all(len(key) == 16 for key in tries("nobody").keys)
    assert len({*tries("nobody").keys, *tries("alice").keys, *tries(device=PHONE).keys}) == 5


def test_a_right_password_empties_the_bucket_it_came_through() -> None:
    """The owner's own mistakes are forgotten; the account's backstop drains by itself."""
    buckets, asked = Buckets(), tries()
    assert lockout.forgiven(asked, buckets.known) is None
    buckets.guesses(asked, [NOW] * 5)
    forgiven = lockout.forgiven(asked, buckets.known)
    assert forgiven is not None
    assert forgiven.buckets == ((asked.keys[0], 0, 0),)
    device = tries(device=PHONE)
    buckets.guess(device, NOW)
    again = lockout.forgiven(device, buckets.known)
    assert again is not None
    assert again.buckets == ((device.keys[0], 0, 0),)


def test_budgets_drain() -> None:
    """After ten quiet minutes a network has all its tries again; failures go on being counted."""
    buckets, asked = Buckets(), tries()
    buckets.guesses(asked, [NOW] * 20)
    assert buckets.known[asked.keys[0]].failures == 10
    assert buckets.guesses(asked, [NOW + 10 * MINUTE] * 20) == 10
    assert buckets.known[asked.keys[0]].failures == 20


@pytest.mark.parametrize("back", [MINUTE, 12 * MINUTE, DAY, 400 * DAY])
def test_a_clock_that_was_set_back_locks_nobody_for_long(back: int) -> None:
    """At most as long as a full bucket needs to drain."""
    buckets, asked = Buckets(), tries()
    buckets.guesses(asked, [NOW] * 20)
    now = NOW - back
    waited = next(
        wait for wait in range(0, 20 * MINUTE, SECOND) if not lockout.exhausted(asked, buckets.known, now + wait)
    )
    assert waited <= PER_NETWORK.size
