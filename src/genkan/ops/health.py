"""Whether an installation is healthy, as seen from its own box: settings, store, ring, clock and what waits in them.

How a site looks from outside is not asked here.
"""

from dataclasses import dataclass, field

from genkan.outside.ring_file import read_ring, read_ring_of
from genkan.protocol.env import Env
from genkan.protocol.records import Moments, Served, Site
from genkan.protocol.ring import Ring, RingProblem
from genkan.settings import Settings
from genkan.site.api.checks import Check, ring_check, site_checks
from genkan.site.ways_here import entrances_set
from genkan.store.api import NodeReport, Store, StoreUnavailable
from genkan.store.migration import Schema
from genkan.store.places import count, damage_of, open_store, schema_of
from genkan.store.sqlite_examine import Counts
from genkan.wire.scopes import Permission

# How long a write may take here: somebody waits for the verdict.
WRITE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. ``counts`` and ``site`` are None where the schema is not this version's; ``administered``:
    a system administrator could come in."""

    schema: Schema
    ring: Ring | RingProblem
    site: Site | None
    counts: Counts | None
    nodes: list[NodeReport] = field(default_factory=list)
    damage: str | None = None
    administered: bool = False
    writes: str | None = None
    served: Served | None = None
    moments: Moments | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict with everything that led to it."""

    checks: tuple[Check, ...]
    counts: Counts | None
    served: Served | None = None
    moments: Moments | None = None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.ok for check in self.checks)


async def load(settings: Settings, env: Env, *, deep: bool) -> Facts:
    """See how it is, and whether it takes a write; an older schema is not migrated for it. Raises CannotOpen."""
    place = settings.store_place
    schema = schema_of(place)
    damage = damage_of(place) if deep else None
    if not schema.serves or damage is not None:
        return Facts(schema, read_ring(settings.ring_path), None, None, damage=damage)
    store = open_store(place, create=False, env=env, seconds=WRITE_SECONDS)
    try:
        site = await store.site()
        here = entrances_set(settings).by(site.ways)
        administered = await store.has_administrator_by(here, Permission.SYSTEM_ADMIN, env.now)
        ring, nodes = read_ring_of(settings.ring_path, site), await store.nodes()
        writes = await _writes(store)
        served, moments = await store.served(), await store.moments()
        return Facts(schema, ring, site, count(place), nodes, None, administered, writes, served, moments)
    finally:
        await store.close()


def judge(facts: Facts, env: Env) -> Health:
    """The verdict on what was found."""
    checks = [_schema(facts), _ring(facts, env)]
    if facts.site is not None and facts.counts is not None:
        checks.append(_written(facts.writes))
        counts = facts.counts
        checks += site_checks(
            facts.site, facts.nodes, counts.unsettled, counts.unsettled_since, env.now, administered=facts.administered
        )
    return Health(tuple(checks), facts.counts, facts.served, facts.moments)


async def _writes(store: Store) -> str | None:
    """What keeps a write from being durable; None where one was."""
    try:
        await store.prove()
    except StoreUnavailable as problem:
        return str(problem)
    return None


def _written(problem: str | None) -> Check:
    if problem is not None:
        return Check("disk", False, f"the store takes no writes: {problem}")
    return Check("disk", True, "A write was durable just now.")


def _schema(facts: Facts) -> Check:
    present, newest = facts.schema.present, facts.schema.newest
    if facts.damage is not None:
        return Check("store", False, f"the database is damaged: {facts.damage}; put back a backup with genkan restore")
    if present > newest and facts.schema.serves:
        return Check("store", True, f"Schema {present}, of a newer Genkan: on it this one serves too.")
    if present > newest:
        return Check("store", False, f"schema {present} is of a newer Genkan, this one knows {newest}")
    if present < newest:
        return Check("store", False, f"schema {present} is older than {newest}: genkan migrate mends it")
    return Check("store", True, f"Schema {present}.")


def _ring(facts: Facts, env: Env) -> Check:
    ring = facts.ring
    if isinstance(ring, RingProblem):
        return Check("ring", False, ring.sentence)
    return ring_check(ring, ring.version, env.now)
