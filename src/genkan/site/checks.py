"""What can be wrong with an installation, as far as its store and its clock tell: one sentence each. The command that
tells health adds what only the box knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genkan.protocol.env import HOUR, MINUTE, SECOND
from genkan.protocol.records import Site
from genkan.site.documents import moment
from genkan.store.api import NodeReport

CLOCK_OFF = 10 * SECOND
NODE_IS_RUNNING = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``ok`` False makes the installation unhealthy."""

    id: str
    ok: bool
    sentence: str


def site_checks(
    site: Site, nodes: Sequence[NodeReport], unsettled: int, unsettled_since: int, now: int
) -> tuple[Check, ...]:
    """Everything that can be said without looking at files."""
    return (
        _administrator(site),
        _behind(site),
        _healing(site, now),
        _stops(unsettled, unsettled_since, now),
        _clock(nodes, now),
        _server(nodes, now),
    )


def is_running(node: NodeReport, now: int) -> bool:
    """Whether a node has said something of itself lately."""
    return now - node.seen_at < NODE_IS_RUNNING


def _administrator(site: Site) -> Check:
    if site.has_administrator:
        return Check("administrator", True, "there is one")
    return Check(
        "administrator",
        False,
        "there is none: restart genkan serve and open the link that it prints, or: genkan user add NAME --admin "
        "--password-stdin",
    )


def _behind(site: Site) -> Check:
    if site.behind_since:
        since = moment(site.behind_since)
        return Check("writes", False, f"the store lost writes, seen since {since}: see genkan restore")
    return Check("writes", True, "none is known to be lost")


def _healing(site: Site, now: int) -> Check:
    healing = now < site.heal_until
    return Check("healing", True, f"until {moment(site.heal_until)}" if healing else "off")


def _stops(unsettled: int, unsettled_since: int, now: int) -> Check:
    if not unsettled:
        return Check("stops", True, "all sign-outs have reached their rows")
    since = moment(unsettled_since)
    stuck = now - unsettled_since > HOUR
    return Check("stops", not stuck, f"{unsettled} sign-outs since {since} count, and are being written into rows")


def _clock(nodes: Sequence[NodeReport], now: int) -> Check:
    ahead = max((node.seen_at - now for node in nodes), default=0)
    if ahead >= CLOCK_OFF:
        return Check("clock", False, f"it is {ahead // SECOND} s behind what the store remembers: set it right")
    return Check("clock", True, "agrees with the store")


def _server(nodes: Sequence[NodeReport], now: int) -> Check:
    running = [node for node in nodes if is_running(node, now)]
    if running:
        return Check("server", True, f"last heard of at {moment(max(node.seen_at for node in running))}")
    return Check("server", True, "none has been heard of in the last two minutes")
