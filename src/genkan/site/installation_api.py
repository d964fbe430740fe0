"""The state of this installation by REST: version, storage, key ring, clock, switch, and what is wrong."""

from msgspec import Struct

from genkan import __version__
from genkan.protocol.env import SECOND
from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.checks import Check, is_running, site_checks
from genkan.site.documents import mobile_document, moment
from genkan.site.door import Door
from genkan.site.openapi import Operation
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch

PATH = "/rest/genkan/1.0/installation"


class CheckDocument(Struct, frozen=True):
    """One thing that was looked at."""

    id: str
    ok: bool
    sentence: str


class StorageDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What keeps the site: ``unsettledStops`` count already and have not reached all of their rows."""

    engine: str
    schema: int
    unsettled_stops: int


class RingDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """The key ring: the version loaded, and the one that the store names."""

    version: int
    store_version: int
    sealing_key: str


class NodeDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A serving process, by what it last said of itself."""

    name: str
    running: bool
    ring_version: int
    last_seen_at: str


class InstallationDocument(Struct, frozen=True, kw_only=True, rename={"base_url": "baseURL", "mobile_enabled":
                           "mobileEnabled", "clock_behind_seconds": "clockBehindSeconds"}):  # fmt: skip
    """The installation; ``healthy`` where no check says otherwise."""

    healthy: bool
    version: str
    base_url: str
    now: str
    clock_behind_seconds: int
    mobile_enabled: bool
    storage: StorageDocument
    ring: RingDocument
    nodes: tuple[NodeDocument, ...]
    checks: tuple[CheckDocument, ...]


async def show_installation(received: Received, door: Door) -> Answer:
    """GET installation: looks, and changes nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    now, site, storage = door.env().now, await door.store.site(), await door.store.storage()
    nodes, ring = await door.store.nodes(), door.sealer.ring
    checks = (_ring(door, ring.version, site.ring_version), *site_checks(
        site, nodes, storage.unsettled, storage.unsettled_since, now))  # fmt: skip
    return answer.json(
        InstallationDocument(
            healthy=all(check.ok for check in checks),
            version=__version__,
            base_url=door.public.text,
            now=moment(now),
            clock_behind_seconds=door.health.clock_off // SECOND,
            mobile_enabled=mobile_document(*await load_switch(door.store)).enabled,
            storage=StorageDocument(engine=storage.engine, schema=storage.schema, unsettled_stops=storage.unsettled),
            ring=RingDocument(
                version=ring.version, store_version=site.ring_version, sealing_key=f"{ring.active.id:04x}"
            ),
            nodes=tuple(
                NodeDocument(
                    name=node.node,
                    running=is_running(node, now),
                    ring_version=node.ring_version,
                    last_seen_at=moment(node.seen_at),
                )
                for node in nodes
            ),
            checks=tuple(CheckDocument(check.id, check.ok, check.sentence) for check in checks),
        )
    )


def _ring(door: Door, loaded: int, named: int) -> Check:
    if named > loaded:
        return Check("ring", False, f"version {loaded} is loaded, the store names {named}: put the newest file there")
    return Check("ring", True, f"version {loaded}, key {door.sealer.ring.active.id:04x} seals")


OPERATIONS = (
    Operation(
        Rule(PATH, ("GET",), show_installation, Who.ADMINISTRATOR, Guard.MACHINE, "The state of this installation."),
        InstallationDocument,
    ),
)
