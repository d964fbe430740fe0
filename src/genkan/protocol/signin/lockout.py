"""The guess budget: failed tries fill buckets that drain with time, so that guessing is slow and nobody is locked
out for long.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from genkan.protocol.actors import address_of
from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, SECOND, Env
from genkan.protocol.outcomes import Change, Event, EventKind, PutGuesses
from genkan.protocol.records import Account, Guesses, Standing
from genkan.protocol.signin_steps import NoteFailedTry


@dataclass(frozen=True, slots=True)
class Budget:
    """``burst`` failures at once, then one every ``interval`` milliseconds."""

    name: str
    burst: int
    interval: int

    @property
    def size(self) -> int:
        """How much a bucket holds, in milliseconds of draining."""
        return self.burst * self.interval


PER_NETWORK = Budget("network", 10, MINUTE)
PER_DEVICE = Budget("device", 10, MINUTE)
# It drains as fast as one network may fill it, so that nobody alone can close an account to new browsers.
PER_ACCOUNT = Budget("account", 100, MINUTE)
# One address trying a few passwords under many names fills no account's bucket. Many people may share an address.
OF_SOURCE, SOURCE_INTERVAL = "source", 10 * SECOND
# What a right password says nothing about: whoever has one account could go on guessing at all others.
_STAYING = frozenset({PER_ACCOUNT.name, OF_SOURCE})


@dataclass(frozen=True, slots=True)
class Tries:
    """The buckets that one try counts against. A browser that signed in here before has a lane of its own.

    ``told_network``: where it came from, for the person to be told; empty for a browser of theirs, which mistypes.
    """

    buckets: tuple[tuple[bytes, Budget], ...]
    told_network: str = ""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What to load."""
        return tuple(key for key, _ in self.buckets)


@dataclass(frozen=True, slots=True)
class Source:
    """The one address that tries come from, and how many wrong ones it may send for all names together; 0: any."""

    address: str
    burst: int

    @property
    def buckets(self) -> tuple[tuple[bytes, Budget], ...]:
        """Its bucket, where there is a limit."""
        if not self.burst:
            return ()
        return ((_digest(OF_SOURCE, "", self.address.encode()), Budget(OF_SOURCE, self.burst, SOURCE_INTERVAL)),)


ANYWHERE = Source("", 0)


def tries(folded: str, network: str, known_device: bytes | None, source: Source = ANYWHERE) -> Tries:
    """Buckets by folded name, so that unknown accounts behave like known ones and every alias feeds one budget.

    A known device is judged by its own bucket alone: a stranger who uses the others up cannot keep its owner out.
    """
    if known_device is not None:
        return Tries(((_key(PER_DEVICE, folded, known_device), PER_DEVICE),))
    network_bucket = (_key(PER_NETWORK, folded, network.encode()), PER_NETWORK)
    account_bucket = (_key(PER_ACCOUNT, folded, b""), PER_ACCOUNT)
    return Tries((network_bucket, account_bucket, *source.buckets), network or "unknown")


def of_source(source: Source) -> Tries:
    """The address's own bucket alone."""
    return Tries(source.buckets)


def exhausted(asked: Tries, known: Mapping[bytes, Guesses], now: int) -> bool:
    """Whether a bucket has no room for one more failure: the try is refused whatever the password is."""
    return any(_level(budget, known.get(key), now) + budget.interval > budget.size for key, budget in asked.buckets)


def failed(asked: Tries, known: Mapping[bytes, Guesses], now: int) -> PutGuesses | None:
    """The buckets after one more failure.

    None for a try that was refused unjudged: it told its sender nothing, and if it filled buckets, one stranger who
    goes on knocking would use up the budget of everybody and keep his own from draining.
    """
    if exhausted(asked, known, now):
        return None
    return PutGuesses(tuple(_filled(key, budget, known.get(key), now) for key, budget in asked.buckets))


def counted(asked: Tries, known: Mapping[bytes, Guesses], account: Account | None, env: Env) -> Change:
    """What a failed try leaves behind: fuller buckets, and a number that the person will be told. Nothing where the
    budget was used up already, so that a flood writes no more than the budget has room for.
    """
    filled = failed(asked, known, env.now)
    if filled is None:
        return Change(())
    if account is None or account.standing is not Standing.ACTIVE or not asked.told_network:
        return Change((filled,))
    return Change((filled, NoteFailedTry(account.id, asked.told_network, env.now)))


def forgiven(asked: Tries, known: Mapping[bytes, Guesses]) -> PutGuesses | None:
    """A right password empties the bucket it was tried under; the account's own backstop and the address's drain by
    themselves.
    """
    emptied = tuple((key, 0, 0) for key, budget in asked.buckets if budget.name not in _STAYING and key in known)
    return PutGuesses(emptied) if emptied else None


@dataclass(frozen=True, slots=True)
class Strain:
    """How far an account's own bucket, which all new browsers share, is filled. ``spent`` of ``most`` tries are gone,
    and ``empty_at`` is when none will be; ``slowed``: tries are refused whatever the password is.
    """

    spent: int
    most: int
    slowed: bool
    empty_at: int


def backstop(folded: str) -> Tries:
    """The account's own bucket alone. Those of single networks and browsers cannot be found from the account."""
    return Tries(((_key(PER_ACCOUNT, folded, b""), PER_ACCOUNT),))


def strain(folded: str, known: Mapping[bytes, Guesses], now: int) -> Strain:
    """How the account's own bucket stands."""
    asked = backstop(folded)
    level = _level(PER_ACCOUNT, known.get(asked.keys[0]), now)
    spent = -(-level // PER_ACCOUNT.interval)
    return Strain(spent, PER_ACCOUNT.burst, exhausted(asked, known, now), now + level)


def lift(account: Account, actor: str, env: Env) -> Change:
    """Empty the account's own bucket, so that new browsers may try again at once."""
    event = Event(EventKind.GUESSES_FORGIVEN, env.now, actor, account_id=account.id, address=address_of(actor))
    return Change((PutGuesses(((backstop(account.folded).keys[0], 0, 0),)),), (event,))


def _filled(key: bytes, budget: Budget, known: Guesses | None, now: int) -> tuple[bytes, int, int]:
    return key, now + _level(budget, known, now) + budget.interval, (known.failures if known else 0) + 1


def _level(budget: Budget, known: Guesses | None, now: int) -> int:
    level = max(0, known.due - now) if known else 0
    # More than a bucket holds: the clock was set back, and nobody shall wait until it is where it was.
    return level if level <= budget.size + CLOCK_LEEWAY else 0


def key_of(name: str, folded: str) -> bytes:
    """The key of a bucket that is of an account alone."""
    return _digest(name, folded, b"")


def _key(budget: Budget, folded: str, rest: bytes) -> bytes:
    return _digest(budget.name, folded, rest)


def _digest(name: str, folded: str, rest: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((name.encode(), folded.encode(), rest))).digest()[:16]
