"""Whether this process should get requests, and every cause why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from genkan.protocol.records import Site
from genkan.site.door import CLOCK_NOT_READY, Door, Health

# Less than load balancers wait for the answer, and more than a read waits in a queue that moves.
READY_SECONDS = 2.0
# Longer than a disk that is merely busy takes, and short enough to be told of within two seconds (security.md).
WRITE_SECONDS = 1.5


class Cause(StrEnum):
    """What keeps a process from being ready."""

    CLOSING = "closing"
    CLOCK = "clock"
    BEHIND = "behind"
    STORE = "store"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every cause with its sentence, and the site's facts where the store told them."""

    causes: Mapping[Cause, str]
    site: Site | None


def remarks(door: Door) -> list[str]:
    """What an operator should see to though requests may come."""
    standing = [name for name, outlet in door.measures.outlets.items() if outlet.stands_still]
    lost = sum(outlet.lost for outlet in door.measures.outlets.values())
    told = [f"{name} takes no lines" for name in standing]
    return [*told, f"{lost} lines of the log were lost"] if lost else told


async def readiness(door: Door, patience: float = READY_SECONDS, *, proven: bool = False) -> Readiness:
    """As it stands now; the store is asked, and waited for so many seconds. ``proven``: a write has to go through, too,
    within WRITE_SECONDS; else what the last one came to is told.
    """
    # A look at the clock: whether it is in doubt now.
    door.env()
    health, causes = door.health, dict[Cause, str]()
    if health.closing:
        causes[Cause.CLOSING] = "closing"
    if clock := _clock_fault(health):
        causes[Cause.CLOCK] = clock
    if health.damaged:
        causes[Cause.STORE] = "the store is damaged: put back a backup"
    if health.behind:
        causes[Cause.BEHIND] = "the store is behind: a genuine token was ahead of its row"
    site = await door.glance.at(door.store, patience)
    if site is None:
        return Readiness(causes | {Cause.STORE: "the store does not answer"}, None)
    beats = await door.pulse.beats(door.store, WRITE_SECONDS) if proven else not door.pulse.stopped
    if health.unwritable or not beats:
        causes[Cause.STORE] = "the store takes no writes"
    if door.ring.is_behind(site, door.env().now):
        causes[Cause.RING] = "the key ring's file is older than the store says"
    if site.behind_since:
        # Remembered from before this process started; genkan restore decides what becomes of it.
        causes.setdefault(Cause.BEHIND, "the store lost writes: a genuine token was ahead of its row")
    return Readiness(causes, site)


def _clock_fault(health: Health) -> str:
    if health.clock.in_doubt:
        return "the clock leapt and the boot clock does not confirm it: set it right, or genkan clock accept"
    if health.clock_ahead >= CLOCK_NOT_READY:
        return "the time here is more than 10 s ahead: set the clock right and start this process anew"
    if health.clock_off >= CLOCK_NOT_READY:
        return "clock is more than 10 s behind what the store remembers"
    return ""
