"""What a store counts of its own work: plain numbers that cost nanoseconds to keep and are read when somebody asks."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from genkan.protocol.outcomes import Change, Event, EventKind, Writable

# Batches are counted by the powers of two that they fit into; with what was noted meanwhile the largest hold one more.
BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(slots=True)
class LaneFigures:
    """One lane of writes. ``batches[i]`` counts those of at most BATCH_BOUNDS[i] commands and more than the bound
    before; the last counts those beyond all bounds. ``refused``: too many waited.
    """

    name: str
    most: int
    waits: Callable[[], int] = field(repr=False)
    refused: int = 0
    commands: int = 0
    batches: list[int] = field(default_factory=lambda: [0] * (len(BATCH_BOUNDS) + 1))

    def took(self, commands: int) -> None:
        """A batch is under way."""
        if commands:
            self.commands += commands
            self.batches[min((commands - 1).bit_length(), len(BATCH_BOUNDS))] += 1


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Connections for reads: how many are open, idle and allowed, and how many readers wait for one."""

    open: int
    idle: int
    most: int
    waiting: int


@dataclass(slots=True)
class Written:
    """What became durable through this process: writes by the kind of outcome, and the events told with them."""

    outcomes: Counter[type] = field(default_factory=Counter)
    events: Counter[EventKind] = field(default_factory=Counter)
    sign_ins: Counter[str] = field(default_factory=Counter)

    def note(self, outcome: Writable) -> None:
        """An outcome was applied."""
        self.outcomes[type(outcome)] += 1
        if isinstance(outcome, Change):
            for event in outcome.events:
                self._tell(event)
        elif outcome.event is not None:
            self._tell(outcome.event)

    def _tell(self, event: Event) -> None:
        self.events[event.kind] += 1
        if event.kind is EventKind.SESSION_OPENED:
            # Its detail is the methods by which the person came, a handful of words of ours.
            self.sign_ins[event.detail] += 1


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """All of it, as it stands. ``statements`` are those sent to a server, by the connection's purpose; each is a round
    trip. ``notes`` wait to be written lazily.
    """

    lanes: tuple[LaneFigures, ...]
    written: Written
    notes: int
    statements: Mapping[str, int] = field(default_factory=dict)
    pool: PoolFigures | None = None
