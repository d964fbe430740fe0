"""What the writer of a SQLite store is asked to do, besides what was decided."""

from dataclasses import dataclass

from genkan.protocol.audit import Segment
from genkan.protocol.certificate_records import RevokeCertificate
from genkan.protocol.outcomes import Change, Ended, EndGrantsUnder, RaiseStop, Redeemed, Retried, Rotated, Writable
from genkan.store.api import NodeReport
from genkan.store.sqlite_lazy import Notes

# Notes that the event loop may write without being kept for long.
MOST_NOTES = 256


@dataclass(frozen=True, slots=True)
class Settle:
    """One bounded step of letting rows say which stop reached them."""

    limit: int


@dataclass(frozen=True, slots=True)
class Prune:
    """One bounded step of deleting what has expired."""

    now: int
    limit: int


@dataclass(frozen=True, slots=True)
class Seal:
    """One more segment of the audit's chain."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Drop:
    """A segment of the audit whose lines go."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Claim:
    """The file's claim, where nobody holds it: its number, or 0."""


@dataclass(frozen=True, slots=True)
class Prove:
    """Something that no row knows of is written, which only a disk that takes it lets be durable."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Nothing but to be answered, after all that was noted and queued before it."""


@dataclass(frozen=True, slots=True)
class Close:
    """A Flush after which nothing comes."""


OF_ONE_GRANT = frozenset({Redeemed, Rotated, Retried, Ended})

Command = Writable | Settle | Prune | Seal | Drop | NodeReport | Claim | Prove | Flush | Close | Notes


def is_long(command: Command) -> bool:
    """Whether it may touch many rows: such a command never runs on the event loop."""
    if isinstance(command, Change):
        return any(isinstance(step, RaiseStop | EndGrantsUnder | RevokeCertificate) for step in command.steps)
    if isinstance(command, Notes):
        return len(command) > MOST_NOTES
    return isinstance(command, Settle | Prune | Drop | Close)
