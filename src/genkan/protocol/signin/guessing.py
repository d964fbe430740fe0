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

ALL_NAMES = "directory, all names"
# Others fill these, too: one right password does not forgive their wrong ones.
_SHARED = frozenset({PER_ACCOUNT.name, ALL_NAMES})


@dataclass(frozen=True, slots=True)
class DirectoryLock:
    """The directory locks somebody after ``tries`` wrong passwords within ``window`` milliseconds; 0: never."""

    tries: int
    window: int


def tries_of(source: str, subject: str, network: str, known_device: bytes | None, lock: DirectoryLock) -> Tries:
    """The buckets of one person of a directory, by the id that stays: whatever name is typed, they are the same."""
    # No user name has a NUL in it, so these are buckets of their own.
    whose = f"\0{source}\0{subject}"
    return Tries(
        (*lockout.tries(whose, network, known_device).buckets, *_below("directory", whose, known_device, lock))
    )


def tries_of_name(source: str, folded: str, network: str, known_device: bytes | None, lock: DirectoryLock) -> Tries:
    """The buckets of a name that is passed on before anybody knows whose it is.

    A person may have names that we cannot tell to be theirs. So strangers of one network have all names of the
    directory together in one bucket besides, which stays below its lock, too.
    """
    if not lock.tries:
        return Tries(())
    below = _below("directory name", f"\0{source}\0{folded}", known_device, lock)
    if known_device is not None:
        return Tries(below)
    burst = _strangers(lock)
    # A burst and what drains within the window are twice the burst, and fewer than lock somebody. It drains evenly,
    # since a network is many people.
    shared = Budget(ALL_NAMES, burst, -(-(lock.window + CLOCK_LEEWAY) // burst))
    return Tries((*below, (lockout.key_of(ALL_NAMES, f"\0{source}\0{network}"), shared)))


def _strangers(lock: DirectoryLock) -> int:
    return max(1, (lock.tries - 1) // 2)


def _below(
    kind: str, whose: str, known_device: bytes | None, lock: DirectoryLock
) -> tuple[tuple[bytes, Budget], ...]:  # fmt: skip
    """Fewer wrong passwords than lock somebody in the directory, from all networks and browsers together.

    Strangers and browsers that signed in before have a share each, so that strangers who use theirs up do not keep the
    person out.
    """
    if not lock.tries:
        return ()
    strangers = _strangers(lock)
    known = max(1, lock.tries - 1 - strangers)
    # Drained no faster than the directory forgets: within its window there are never more than both bursts.
    interval = lock.window + CLOCK_LEEWAY
    name, burst = (f"{kind}, known", known) if known_device is not None else (kind, strangers)
    return ((lockout.key_of(name, whose), Budget(name, burst, interval)),)


def without(asked: Tries, taken: Tries) -> Tries:
    """Those buckets that the same try has not been counted in yet."""
    return Tries(tuple(bucket for bucket in asked.buckets if bucket[0] not in taken.keys))


def proved(taken: Tries, known: Mapping[bytes, Guesses], now: int) -> PutGuesses:
    """The buckets after a right password: emptied as ever, and those that others share given back what it took."""
    shared = Tries(tuple(bucket for bucket in taken.buckets if bucket[1].name in _SHARED))
    emptied = tuple((key, 0, 0) for key in without(taken, shared).keys)
    return PutGuesses((*emptied, *given_back(shared, known, now).buckets))


def given_back(taken: Tries, known: Mapping[bytes, Guesses], now: int) -> PutGuesses:
    """The buckets after a try that nobody judged."""
    return PutGuesses(tuple(_less(key, budget, known.get(key), now) for key, budget in taken.buckets))


def _less(key: bytes, budget: Budget, known: Guesses | None, now: int) -> tuple[bytes, int, int]:
    due = known.due - budget.interval if known else 0
    return (key, due, known.failures + 1) if known and due > now else (key, 0, 0)
