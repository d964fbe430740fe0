"""The password lane: one hash a try, never on the loop's thread, bounded, and giving room back by the work itself."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from genkan.outside import passwords
from genkan.outside.passwords import DECOY, WAITING_PER_THREAD, PasswordLane, hash_now, verify_now
from genkan.protocol.signin.password import LaneFull


class Hasher:
    """Counts, remembers the thread, and holds every hash back until it is let go."""

    def __init__(self, *, hold: bool = False) -> None:
        self.verified: list[tuple[str, str]] = []
        self.threads: set[str] = set()
        self._lock = threading.Lock()
        self.free = threading.Event()
        if not hold:
            self.free.set()

    def verify(self, kept: str, password: str) -> bool:
        """As argon2's, but for the work."""
        assert self.free.wait(30)
        with self._lock:
            self.verified.append((kept, password))
            self.threads.add(threading.current_thread().name)
        return True


@pytest.fixture
async def lane() -> AsyncIterator[PasswordLane]:
    """A lane with one thread."""
    opened = PasswordLane(1)
    yield opened
    opened.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hasher]:
    """A hasher that waits; it is let go when the test ends, whatever happened."""
    hasher = Hasher(hold=True)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    yield hasher
    hasher.free.set()


def test_a_hash_is_argon2id_and_fits_its_password_alone() -> None:
    """OWASP's parameters stand in the hash, two hashes of one password differ, and only the password fits."""
    first, second = hash_now("correct horse"), hash_now("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert verify_now(first, "correct horse")
    assert not verify_now(first, "correct horse ")
    assert not verify_now(DECOY, "correct horse")


@pytest.mark.parametrize("kept", ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", DECOY[:-4]])
def test_a_broken_hash_fits_nothing(kept: str) -> None:
    """What is no argon2 hash is a password that is wrong, not a crash."""
    assert not verify_now(kept, "anything")


def test_the_decoy_costs_what_a_real_hash_costs() -> None:
    """The decoy has the parameters of a new hash, so that verifying against it takes the same work."""
    assert DECOY.split("$")[1:4] == hash_now("x" * 10).split("$")[1:4]


async def test_one_hash_a_verification_and_never_on_the_loop(
    lane: PasswordLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try computes exactly one hash, in a thread of the lane."""
    hasher = Hasher()
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    assert await lane.verify("kept", "a")
    assert await lane.verify(lane.decoy, "b")
    assert hasher.verified == [("kept", "a"), (DECOY, "b")]
    assert threading.current_thread().name not in hasher.threads
    assert all(name.startswith("passwords") for name in hasher.threads)


async def test_a_full_lane_refuses_at_once(lane: PasswordLane, held: Hasher) -> None:
    """As many wait as may; the next is told so without waiting, and computes nothing."""
    waiting = [asyncio.ensure_future(lane.verify("kept", str(n))) for n in range(WAITING_PER_THREAD)]
    await asyncio.sleep(0)
    for kind in (lane.verify("kept", "late"), lane.hash("late")):
        with pytest.raises(LaneFull):
            await kind
    held.free.set()
    assert await asyncio.gather(*waiting) == [True] * WAITING_PER_THREAD
    assert len(held.verified) == WAITING_PER_THREAD
    assert await lane.verify("kept", "after")


async def test_who_gives_up_frees_no_room_while_the_work_goes_on(lane: PasswordLane, held: Hasher) -> None:
    """A caller that is cancelled stops waiting; the hash that has begun still counts until it is done."""
    begun = asyncio.ensure_future(lane.verify("kept", "begun"))
    waiting = [asyncio.ensure_future(lane.verify("kept", str(n))) for n in range(WAITING_PER_THREAD - 1)]
    await asyncio.sleep(0.05)
    begun.cancel()
    await asyncio.sleep(0)
    with pytest.raises(LaneFull):
        await lane.verify("kept", "late")
    waiting[-1].cancel()
    await asyncio.sleep(0)
    joined = asyncio.ensure_future(lane.verify("kept", "joined"))
    await asyncio.sleep(0)
    held.free.set()
    assert await joined
    assert ("kept", str(WAITING_PER_THREAD - 2)) not in held.verified, "what nobody waits for is not begun"


async def test_the_loop_goes_on_while_passwords_are_hashed(lane: PasswordLane, held: Hasher) -> None:
    """With every thread of the lane busy, other work on the loop still runs to its end."""
    trying = asyncio.ensure_future(lane.verify("kept", "a"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not trying.done()
    held.free.set()
    assert await trying


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its own policy")
async def test_hashes_wait_for_everything_else_in_the_process(
    lane: PasswordLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of the lane runs under SCHED_IDLE, so that a refresh that wakes takes the core from it at once; the
    thread of the loop keeps the policy it had.
    """
    before = os.sched_getscheduler(0)
    policies: list[int] = []

    class Asked:
        def verify(self, _kept: str, _password: str) -> bool:
            policies.append(os.sched_getscheduler(0))
            return True

    monkeypatch.setattr(passwords, "_HASHER", Asked())
    assert await lane.verify(DECOY, "anything")
    assert policies == [os.SCHED_IDLE]
    assert os.sched_getscheduler(0) == before != os.SCHED_IDLE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its own policy")
async def test_a_sandbox_that_forbids_the_policy_stops_no_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses the policy, passwords are checked all the same."""

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    lane = PasswordLane(1)
    try:
        assert not await lane.verify(DECOY, "wrong")
    finally:
        lane.close()
