"""The budget where a directory judges: one for all names of a person, and never enough to lock them out over there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.env import MINUTE
from genkan.protocol.records import Guesses
from genkan.protocol.signin import guessing, lockout
from genkan.protocol.signin.guessing import DirectoryLock
from genkan.protocol.signin.lockout import PER_ACCOUNT, Tries
from tests.protocol.builders import NOW

LOCK = DirectoryLock(10, 10 * MINUTE)
NEVER = DirectoryLock(0, 10 * MINUTE)
HERE = "192.0.2.0/24"


class Buckets:
    """The memory of failures."""

    def __init__(self) -> None:
        self.known: dict[bytes, Guesses] = {}

    def take(self, asked: Tries, now: int) -> bool:
        """One try, counted before it is judged; whether it may be."""
        counted = lockout.failed(asked, self.known, now)
        self.put(counted.buckets if counted else ())
        return counted is not None

    def put(self, buckets: tuple[tuple[bytes, int, int], ...]) -> None:
        for key, due, failures in buckets:
            if due:
                assert failures == self.known.get(key, Guesses(0, 0)).failures + 1
                self.known[key] = Guesses(due, failures)
            else:
                self.known.pop(key, None)


def of(subject: str = "1-2", network: str = HERE, device: bytes | None = None, lock: DirectoryLock = LOCK) -> Tries:
    return guessing.tries_of("corp", subject, network, device, lock)


@given(
    st.integers(3, 12),
    st.lists(st.tuples(st.integers(0, 4 * MINUTE), st.integers(0, 300), st.sampled_from([None, b"a", b"b"]))),
)
@settings(max_examples=150)
def test_nobody_is_locked_out_of_the_directory(tries: int, made: list[tuple[int, int, bytes | None]]) -> None:
    """From whatever networks and browsers, at whatever times: in no window are as many wrong passwords passed on as
    lock somebody over there.
    """
    lock, buckets, passed, now = DirectoryLock(tries, 10 * MINUTE), Buckets(), list[int](), NOW
    for gap, network, device in made:
        now += gap
        if buckets.take(of(network=f"198.51.{network}.0/24", device=device, lock=lock), now):
            passed.append(now)
    assert all(sum(start <= at <= start + lock.window for at in passed) < tries for start in passed)


@given(
    st.integers(3, 12),
    st.lists(st.tuples(st.integers(0, 4 * MINUTE), st.integers(0, 300), st.sampled_from([None, b"a", b"b"]))),
)
@settings(max_examples=150)
def test_a_name_that_is_passed_on_at_once_locks_nobody(tries: int, made: list[tuple[int, int, bytes | None]]) -> None:
    """Where nobody knows yet whose a name is, from whatever networks and browsers: no window has as many wrong
    passwords for it as lock somebody.
    """
    lock, buckets, passed, now = DirectoryLock(tries, 10 * MINUTE), Buckets(), list[int](), NOW
    for gap, network, device in made:
        now += gap
        if buckets.take(guessing.tries_of_name("corp", "alice", f"198.51.{network}.0/24", device, lock), now):
            passed.append(now)
    assert all(sum(start <= at <= start + lock.window for at in passed) < tries for start in passed)


@given(st.integers(3, 12), st.lists(st.tuples(st.integers(0, 4 * MINUTE), st.integers(0, 300)), max_size=80))
@settings(max_examples=150)
def test_no_number_of_names_locks_somebody_from_one_network(tries: int, made: list[tuple[int, int]]) -> None:
    """All names that a stranger tries may be one person's: together they are fewer than lock somebody."""
    lock, buckets, passed, now = DirectoryLock(tries, 10 * MINUTE), Buckets(), list[int](), NOW
    for gap, name in made:
        now += gap
        if buckets.take(guessing.tries_of_name("corp", f"alias{name}", HERE, None, lock), now):
            passed.append(now)
    assert all(sum(start <= at <= start + lock.window for at in passed) < tries for start in passed)


def test_a_right_password_does_not_forgive_a_network_its_other_names() -> None:
    """Whoever has an account of their own cannot empty by it what their guesses at others have filled."""
    buckets = Buckets()
    assert [buckets.take(guessing.tries_of_name("corp", f"a{n}", HERE, None, LOCK), NOW) for n in range(3)] == [
        True
    ] * 3
    own = guessing.tries_of_name("corp", "own", HERE, None, LOCK)
    for _ in range(20):
        assert buckets.take(own, NOW)
        buckets.put(guessing.proved(own, buckets.known, NOW).buckets)
    assert buckets.take(own, NOW)
    assert not buckets.take(guessing.tries_of_name("corp", "a4", HERE, None, LOCK), NOW)


def test_strangers_leave_a_known_browser_its_share() -> None:
    """All that strangers may try is used up: a browser that signed in before still gets its own."""
    buckets = Buckets()
    assert [buckets.take(of(network=f"10.0.{n}.0/24"), NOW) for n in range(20)].count(True) == 4
    assert [buckets.take(of(device=b"known"), NOW) for _ in range(20)].count(True) == 5


def test_every_name_of_a_person_feeds_one_budget() -> None:
    """Row 13 of security.md: the user name and the e-mail address have buckets of their own, the person's is the
    same.
    """
    buckets, subject = Buckets(), of(lock=NEVER)
    for typed in ("alice", "alice@example.com") * 5:
        assert buckets.take(Tries((*lockout.tries(typed, HERE, None).buckets, *subject.buckets)), NOW)
    third = lockout.tries("alice.example", HERE, None)
    assert not buckets.take(Tries((*third.buckets, *subject.buckets)), NOW)


@pytest.mark.parametrize("subject", ["1-2", "", "alice"])
def test_no_user_name_shares_a_bucket_with_a_directorys_person(subject: str) -> None:
    """An id of a directory that looks like somebody's user name is nobody's user name."""
    names = ("alice", "corp", "1-2", "corp 1-2")
    taken = {key for name in names for key in lockout.tries(name, HERE, None).keys}
    assert not taken & set(of(subject).keys)


def test_a_right_password_gives_back_what_it_took() -> None:
    """Signing in rightly a thousand times fills nothing, neither one's own buckets nor those that all share."""
    buckets = Buckets()
    for number in range(1000):
        asked = of(network=f"10.1.{number % 200}.0/24")
        assert buckets.take(asked, NOW)
        buckets.put(guessing.proved(asked, buckets.known, NOW).buckets)
    assert buckets.known == {}


def test_a_right_password_forgives_what_was_wrong_before_it() -> None:
    """The buckets that the try itself counts in are empty after it; the account's own drains by itself."""
    buckets, asked = Buckets(), of()
    assert [buckets.take(asked, NOW) for _ in range(4)] == [True] * 4
    buckets.put(guessing.proved(asked, buckets.known, NOW).buckets)
    (shared,) = (key for key, budget in asked.buckets if budget is PER_ACCOUNT)
    assert set(buckets.known) == {shared}
    assert buckets.known[shared].due == NOW + 3 * PER_ACCOUNT.interval


def test_what_nobody_judged_is_given_back() -> None:
    """A directory that does not answer uses nobody's tries up."""
    buckets, asked = Buckets(), of()
    for _ in range(50):
        assert buckets.take(asked, NOW)
        buckets.put(guessing.given_back(asked, buckets.known, NOW).buckets)
    assert buckets.known == {}


def test_a_try_is_counted_once_in_each_bucket() -> None:
    """What was taken already is not taken again when more is known of whose password it is."""
    typed = lockout.tries("alice", HERE, None)
    both = Tries((*typed.buckets, *of().buckets))
    assert guessing.without(both, typed).buckets == of().buckets
    assert guessing.without(typed, both).buckets == ()
