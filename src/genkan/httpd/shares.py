"""Who gives way when something runs out: the source that has most of it. Sources are network prefixes: an address of
IPv4 and its /24, a /64 of IPv6 and its /48. Nothing here is asked for a request that comes in one read.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from genkan.site.measure import ServerFigures
from genkan.site.peer import network_of, source_of

# The whole share of one source is not looked through for who goes: its oldest are.
LOOKED_AT = 64
# One part in so many of all connections may be in the midst of a handshake, a head or a body, where there are many, and
# never more than so many: a handshake takes some 50 kB.
UNFINISHED_PART = 2
FEW = 16
MOST_UNFINISHED = 2_500
# Connections that were told to go and are not closed yet, before no more are accepted.
CLOSING = 16


class Member(Protocol):
    """One connection, from accept on."""

    @property
    def address(self) -> str:
        """The other end's; empty where it has none."""

    @property
    def idle_since(self) -> float | None:
        """Since when nothing was asked, where nobody waits for anything."""

    @property
    def is_answered(self) -> bool:
        """Whether an answer is being made for it, or read by it."""

    @property
    def held(self) -> int:
        """Bytes of its request that is not whole yet."""

    def give_way(self) -> None:
        """Go, for somebody whose source has less."""


Row = dict[Member, None]


class Ranking:
    """Rows of members by a key, and the key of the longest row, each in a bounded number of steps."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._by_length: dict[int, dict[str, None]] = {}
        self.longest = 0

    def add(self, key: str, member: Member) -> None:
        """One more; a second time is nothing."""
        row = self._rows.setdefault(key, {})
        if member not in row:
            row[member] = None
            self._moved(key, len(row) - 1, len(row))

    def remove(self, key: str, member: Member) -> None:
        """One less, if it is there."""
        row = self._rows.get(key, {})
        if member in row:
            del row[member]
            self._moved(key, len(row) + 1, len(row))
            if not row:
                del self._rows[key]

    def greediest(self) -> str | None:
        """The key of a longest row."""
        return next(iter(self._by_length[self.longest])) if self.longest else None

    def row(self, key: str) -> Row:
        """The members of a key, oldest first."""
        return self._rows.get(key, {})

    def _moved(self, key: str, before: int, after: int) -> None:
        if before:
            fellows = self._by_length[before]
            del fellows[key]
            if not fellows:
                del self._by_length[before]
        if after:
            self._by_length.setdefault(after, {})[key] = None
        if after > self.longest or (before == self.longest and before not in self._by_length):
            self.longest = after


class Sources:
    """Members by the wide prefix of their address, and within it by the narrow one."""

    def __init__(self) -> None:
        self.all: Row = {}
        self._wide = Ranking()
        self._narrow: dict[str, Ranking] = {}

    def add(self, member: Member, *, counts: bool) -> None:
        """``counts``: whether its source has a share at all."""
        self.all[member] = None
        if counts:
            wide = network_of(member.address)
            self._wide.add(wide, member)
            self._narrow.setdefault(wide, Ranking()).add(source_of(member.address), member)

    def remove(self, member: Member) -> None:
        """Nothing where it is not there."""
        if self.all.pop(member, self) is self:
            return
        wide = network_of(member.address)
        self._wide.remove(wide, member)
        inner = self._narrow.get(wide)
        if inner is not None:
            inner.remove(source_of(member.address), member)
            if not inner.longest:
                del self._narrow[wide]

    def greediest(self) -> Row:
        """All of the narrow source that has most within the wide one that has most; none where no source counts."""
        wide = self._wide.greediest()
        inner = self._narrow.get(wide or "")
        narrow = inner.greediest() if inner is not None else None
        return inner.row(narrow) if inner is not None and narrow is not None else {}


class Unread:
    """Bytes of answers that nobody reads, by source."""

    def __init__(self) -> None:
        self._of: dict[Member, int] = {}
        self._by_source: Counter[str] = Counter()
        self.total = 0

    def set(self, member: Member, size: int) -> None:
        """So many wait for it now."""
        more = size - self._of.pop(member, 0)
        if size:
            self._of[member] = size
        source = source_of(member.address)
        self.total += more
        self._by_source[source] += more
        if not self._by_source[source]:
            del self._by_source[source]

    def of_heaviest(self) -> Iterator[Member]:
        """Those for whose source most waits, the first that stopped reading first."""
        heaviest = max(self._by_source, key=self._by_source.__getitem__)
        return (one for one in self._of if source_of(one.address) == heaviest)


class Shares:
    """The connections of one server. ``is_proxy``: everybody comes from there, so that it has no share to exceed."""

    def __init__(self, most: int, figures: ServerFigures, is_proxy: Callable[[str], bool]) -> None:
        self._most = most
        self._most_unfinished = min(most, MOST_UNFINISHED, max(FEW, most // UNFINISHED_PART))
        self._figures = figures
        self._is_proxy = is_proxy
        self._connections = Sources()
        self._unfinished = Sources()
        self._held: Counter[str] = Counter()
        self._unread = Unread()

    @property
    def is_crowded(self) -> bool:
        """Whether so many are open, those that were told to go among them, that no more should be accepted now."""
        return self._figures.connections >= self._most + CLOSING

    @property
    def is_tight(self) -> bool:
        """Whether a new one takes somebody's place."""
        return len(self._connections.all) >= self._most or len(self._unfinished.all) >= self._most_unfinished

    def enter(self, member: Member) -> None:
        """It is open."""
        self._figures.connections += 1
        self._connections.add(member, counts=self._counts(member.address))

    def leave(self, member: Member) -> None:
        """It is closed."""
        self._figures.connections -= 1
        self.goes(member)

    def goes(self, member: Member) -> None:
        """It was told to go: its place is free, its descriptor not yet."""
        self._connections.remove(member)
        self._unfinished.remove(member)
        self._unread.set(member, 0)

    def make_room(self) -> bool:
        """Whether there is a place, or who had most of them has left one."""
        if len(self._connections.all) < self._most:
            return True
        row = self._connections.greediest()
        # Where nobody has more than one, nobody is greedy.
        leaves = _who_goes(row) if len(row) > 1 else None
        if leaves is None:
            others = islice(self._connections.all, LOOKED_AT)
            leaves = min((one for one in others if one.idle_since is not None), key=_idle_since, default=None)
        if leaves is None:
            self._figures.shed["connections"] += 1
            return False
        if leaves.idle_since is None:
            self._figures.shed["share"] += 1
        else:
            # Whoever was idle had asked nothing: nobody is turned away.
            self._figures.replaced += 1
        self._go(leaves)
        return True

    def begin(self, member: Member) -> None:
        """A handshake, a head or a body is on its way, and not in one read."""
        self._unfinished.add(member, counts=self._counts(member.address))
        if len(self._unfinished.all) > self._most_unfinished:
            row = self._unfinished.greediest() or self._unfinished.all
            self._figures.shed["share"] += 1
            self._go(next(iter(row)))

    def end(self, member: Member) -> None:
        """It is whole, or over."""
        self._unfinished.remove(member)

    def hold(self, member: Member, more: int, most: int) -> Member | None:
        """Count bytes of a request that is not whole. Where all hold more than ``most``, who of the source that holds
        most has to go.
        """
        source = source_of(member.address)
        self._figures.held += more
        self._held[source] += more
        if self._held[source] <= 0:
            del self._held[source]
        if self._figures.held <= most or more <= 0:
            return None
        self._figures.shed["unfinished"] += 1
        heaviest = max(self._held, key=self._held.__getitem__)
        if heaviest == source or not self._counts(member.address):
            return member
        others = (one for one in self._unfinished.all if source_of(one.address) == heaviest)
        return max(others, key=_held_by, default=member)

    def wait(self, member: Member, size: int, most: int) -> None:
        """It does not read so many bytes that it was sent. Where all together leave more than ``most``, one of the
        source that leaves most goes.
        """
        self._unread.set(member, size)
        if self._unread.total > most:
            self._figures.shed["unread"] += 1
            self._go(next(self._unread.of_heaviest()))

    def reads(self, member: Member) -> None:
        """It has read enough to be sent more."""
        self._unread.set(member, 0)

    def _counts(self, address: str) -> bool:
        return bool(address) and not self._is_proxy(address)

    def _go(self, member: Member) -> None:
        self.goes(member)
        member.give_way()


class Arriving:
    """A connection in its handshake, which has a place from accept on."""

    idle_since = None
    is_answered = False
    held = 0

    def __init__(self, address: str, shares: Shares) -> None:
        self.address = address
        self.is_over, self.is_wanted, self.has_begun = False, True, False
        self._shares = shares
        self._task: asyncio.Task[None] | None = None
        shares.enter(self)

    def begin(self, task: "asyncio.Task[None]") -> None:
        """Its handshake is on its way."""
        self._task = task
        task.add_done_callback(lambda _: self.end())
        self._shares.begin(self)

    def end(self) -> None:
        """The handshake is over; what it came to has a place of its own."""
        if not self.is_over:
            self.is_over = True
            self._shares.leave(self)

    def give_way(self) -> None:
        """Break it off; a handshake that has not begun never does."""
        self.is_wanted = False
        if self._task is not None and self.has_begun:
            self._task.cancel()


def _who_goes(row: Row) -> Member | None:
    """Of a source that has too much: first what is not finished, then what has been idle for longest."""
    oldest = [one for one in islice(row, LOOKED_AT) if not one.is_answered]
    unfinished = (one for one in oldest if one.idle_since is None)
    return next(unfinished, None) or min(oldest, key=_idle_since, default=None)


def _idle_since(one: Member) -> float:
    return one.idle_since or 0.0


def _held_by(one: Member) -> int:
    return one.held
