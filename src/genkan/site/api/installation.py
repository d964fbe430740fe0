"""Looking at the whole installation once: what the health page and the API tell of it. Looks, and changes nothing."""

from collections import Counter
from dataclasses import dataclass

from genkan.protocol.api_keys import is_left
from genkan.protocol.audit import Segment
from genkan.protocol.env import HOUR, MINUTE, SECOND, Env
from genkan.protocol.facts import KeyFacts
from genkan.protocol.findings import Finding
from genkan.protocol.grading import Chosen, grade_settings
from genkan.protocol.link_grading import UNUSED, LinkUse, grade_links
from genkan.protocol.records import Link, Site, Standing
from genkan.protocol.ring import Ring
from genkan.site.api.checks import Check, audit_check, directory_check, disk_check, keys_check, ring_check, site_checks
from genkan.site.door import Door
from genkan.site.ways_here import entrances_here
from genkan.store.api import NodeReport, PhoneQuery, Storage
from genkan.store.audit_rounds import NODE
from genkan.store.rounds import reported_time
from genkan.wire.scopes import Permission

# Beyond so many links nobody asks when each was last used.
MOST_LINKS = 200
MOST_TALLIES = 1_000


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that was seen, at one moment: ``now`` by our clock, ``reported_now`` by the one that nodes report by.

    ``unsealed_since``: the oldest line of the audit without a seal.
    """

    now: int
    reported_now: int
    site: Site
    ring: Ring
    storage: Storage
    nodes: tuple[NodeReport, ...]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    newest: Segment | None
    unsealed_since: int | None
    refusals: tuple[tuple[str, int], ...]
    clock_behind: int
    keys_left: tuple[KeyFacts, ...]

    @property
    def healthy(self) -> bool:
        """Whether no check says otherwise; a weak configuration is not ill."""
        return all(check.ok for check in self.checks)


async def load_installation(door: Door) -> Installation:
    """Look at everything: a few indexed reads, and two for each link."""
    env, store = door.env(), door.store
    site, storage, nodes = await store.site(), await store.storage(), tuple(await store.nodes())
    newest, ring = await store.last_segment(NODE), door.sealer.ring
    waiting = await store.audit_lines(newest.last if newest else None, 1)
    since = waiting[0].at if waiting else None
    disk = disk_check(storage)
    here = entrances_here(door).by(site.ways)
    administered = await store.has_administrator_by(here, Permission.SYSTEM_ADMIN, env.now)
    known_keys = await store.api_keys()
    states = {state.source: state for state in await store.source_states()}
    return Installation(
        now=env.now,
        reported_now=await reported_time(store, env.now),
        site=site,
        ring=ring,
        storage=storage,
        nodes=nodes,
        checks=(
            ring_check(ring, site.ring_version, env.now),
            *site_checks(site, nodes, storage.unsettled, storage.unsettled_since, env.now, administered=administered),
            *([disk] if disk else []),
            *(directory_check(source, states.get(source.name), env.now) for source in door.sign_on.sources),
            audit_check(since, env.now),
            keys_check(known_keys, env.now),
        ),
        findings=(*grade_settings(_chosen(door)), *grade_links(await _used(door, env), env)),
        newest=newest,
        unsealed_since=since,
        refusals=await _refusals(door, env.now),
        clock_behind=door.health.clock_off // SECOND,
        keys_left=tuple(facts for facts in known_keys if is_left(facts, env.now)),
    )


def _chosen(door: Door) -> Chosen:
    return Chosen(
        lifetimes=door.lifetimes,
        encrypted=door.public.secure,
        loopback=door.public.is_loopback,
        http_redirects=door.settings.insecure_redirects,
        proxies=door.settings.trusted_proxies,
    )


async def _used(door: Door, env: Env) -> list[LinkUse]:
    links = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    asked = [LinkUse(link, await _last_used(link, door, env)) for link in links[:MOST_LINKS]]
    return [*asked, *(LinkUse(link, None) for link in links[MOST_LINKS:])]


async def _last_used(link: Link, door: Door, env: Env) -> int | None:
    """When the link was last used, as far as it matters. Only of one whose newest sign-in is old all are looked at."""
    newest = await door.store.phones(PhoneQuery(link_id=link.id, limit=1))
    if not newest:
        return link.created_at
    grant = newest[0].grant
    latest = max(grant.created_at, grant.rotated_at, grant.last_seen)
    if env.now - latest < UNUSED:
        return latest
    usage = await door.store.usage(PhoneQuery(link_id=link.id), env.now)
    return None if usage.live else max(latest, usage.last_used)


async def _refusals(door: Door, now: int) -> tuple[tuple[str, int], ...]:
    """How often who proved nothing was refused within the last hour, by reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for tally in await door.store.tallies(MOST_TALLIES):
        if tally.minute * MINUTE > now - HOUR:
            counts[tally.reason] += tally.count
    return tuple(counts.most_common())
