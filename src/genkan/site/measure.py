"""What one process counts while it answers: plain numbers, so that counting costs next to nothing. ``metrics`` shows
them.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from genkan.outside.outlet import OUTLETS, Outlet
from genkan.protocol.reasons import Reason
from genkan.protocol.signin.password import LaneFull

# What `ServerFigures` and the handshakes are counted by; all of it is shown, also where nothing was counted yet.
SHED = ("programs", "people", "connections", "share", "unfinished", "unread")
CUT_OFF = ("head", "body", "answer")
HANDSHAKES = ("done", "failed", "certificate")
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """How long something took, by bounds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class ServerFigures:
    """What the HTTP server counts. ``shed`` is by what was turned away, ``cut_off`` by what the other end was too slow
    in; ``held`` are the bytes of requests that are not whole yet; ``replaced`` the idle connections that made room for
    a new one.
    """

    connections: int = 0
    held: int = 0
    replaced: int = 0
    requests: dict[str, int] = field(default_factory=lambda: {"programs": 0, "people": 0})
    shed: Counter[str] = field(default_factory=Counter)
    cut_off: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class PasswordFigures:
    """The password lane: how many are hashed or wait for it, how many were, and how many found it full."""

    waiting: int = 0
    done: int = 0
    refused: int = 0

    def __enter__(self) -> None:
        self.waiting += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.waiting -= 1
        if kind is None:
            self.done += 1
        elif issubclass(kind, LaneFull):
            self.refused += 1


class Measures:
    """What has been answered and refused. Labels are route templates and reasons: never a value that somebody sent."""

    def __init__(self) -> None:
        # Those of the route table; a route that fails for the first time is told of as one that has not failed before.
        self.routes: frozenset[str] = frozenset()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.latency: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.refusals: Counter[str] = Counter()
        # Counted by TLS of our own; `certificate`: the client's was not accepted.
        self.handshakes: Counter[str] = Counter()
        self.server = ServerFigures()
        self.passwords = PasswordFigures()
        # Where what this process says goes, by name: what of it was lost is told.
        self.outlets: Mapping[str, Outlet] = OUTLETS
        self._key_uses: dict[int, int] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer of a route."""
        self.answers[route, status] += 1
        self.latency[route].add(seconds)

    def refused(self, reason: Reason) -> None:
        """Count one refusal."""
        self.refusals[reason.value] += 1

    def key_used(self, key_id: int, now: int) -> None:
        """An API key has opened something."""
        self._key_uses[key_id] = now

    def key_last_used(self, key_id: int) -> int | None:
        """When an API key has last opened something in this process; None where it has not."""
        return self._key_uses.get(key_id)
