"""The guess budget where a directory judges: taken before the password is passed on, since what was passed on cannot be
taken back, and so small that it stays below the directory's own lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from genkan.protocol.env import CLOCK_LEEWAY
from genkan.protocol.outcomes import PutGuesses
from genkan.protocol.records import Guesses
from genkan.protocol.signin import lockout
from genkan.protocol.signin.lockout import PER_ACCOUNT, Budget, Tries


@dataclass(frozen=True, slots=True)
class DirectoryLock:
    """The directory locks somebody after ``tries`` wrong passwords within ``window`` milliseconds; 0: never."""

    tries: int
    window: int


def tries_of(source: str, subject: str, network: str, known_device: bytes | None, lock: DirectoryLock) -> Tries:
    """The buckets of one person of a directory, by the id that stays: whatever name is typed, they are the same."""
    # No user name has a NUL in it, so these are buckets of their own.
    whose = f"\0{source}\0{subject}"
    return Tries((*lockout.tries(whose, network, known_device).buckets, *_below(whose, known_device, lock)))


def _below(whose: str, known_device: bytes | None, lock: DirectoryLock) -> tuple[tuple[bytes, Budget], ...]:
    """Fewer wrong passwords than lock somebody in the directory, from all networks and browsers together.

    Strangers and browsers that signed in before have a share each, so that strangers who use theirs up do not keep the
    person out.
    """
    if not lock.tries:
        return ()
    strangers = max(1, (lock.tries - 1) // 2)
    known = max(1, lock.tries - 1 - strangers)
    # Drained no faster than the directory forgets: within its window there are never more than both bursts.
    interval = lock.window + CLOCK_LEEWAY
    name, burst = ("directory, known", known) if known_device is not None else ("directory", strangers)
    return ((lockout.key_of(name, whose), Budget(name, burst, interval)),)


def without(asked: Tries, taken: Tries) -> Tries:
    """Those buckets that the same try has not been counted in yet."""
    return Tries(tuple(bucket for bucket in asked.buckets if bucket[0] not in taken.keys))


def proved(taken: Tries, known: Mapping[bytes, Guesses], now: int) -> PutGuesses:
    """The buckets after a right password: emptied as ever, and the account's own given back what this try took."""
    emptied = tuple((key, 0, 0) for key, budget in taken.buckets if budget is not PER_ACCOUNT)
    shared = Tries(tuple(bucket for bucket in taken.buckets if bucket[1] is PER_ACCOUNT))
    return PutGuesses((*emptied, *given_back(shared, known, now).buckets))


def given_back(taken: Tries, known: Mapping[bytes, Guesses], now: int) -> PutGuesses:
    """The buckets after a try that nobody judged."""
    return PutGuesses(tuple(_less(key, budget, known.get(key), now) for key, budget in taken.buckets))


def _less(key: bytes, budget: Budget, known: Guesses | None, now: int) -> tuple[bytes, int, int]:
    due = known.due - budget.interval if known else 0
    return (key, due, known.failures + 1) if known and due > now else (key, 0, 0)
