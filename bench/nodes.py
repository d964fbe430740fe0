"""S10: Genkan on PostgreSQL by 1, 2 and 4 processes on 1 and 2 nodes, which share the database and the key ring alone:
what an answer costs, who waits for whom, and that a sign-out is seen everywhere at the next request. Each process gets
the load that one alone gets, and each connection is another person's (decision 0213)."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import servers, station
from bench.browser import Browser
from bench.outcome import Outcome
from bench.peers.genkan import OnPostgres
from bench.runner import Result, measure
from bench.scenarios import Bearer, Flow, Introspection, Refresh
from bench.servers import Server
from bench.station import Station
from bench.wrk import CONNECTIONS, Target

# A connection stays with the process that took it: so many on each node reach each of its processes.
BROWSERS = 12
SIGN_OUTS = 5
REVOKE = "/rest/oauth2/latest/revoke"


@dataclass(frozen=True)
class Layout:
    """How many nodes, and how many processes on each."""

    nodes: int
    workers: int

    @property
    def processes(self) -> int:
        return self.nodes * self.workers

    @property
    def connections(self) -> int:
        """Of the load: as many for each process as one alone gets."""
        return self.processes * CONNECTIONS

    @property
    def name(self) -> str:
        several = "es" if self.processes > 1 else ""
        return f"genkan, {self.processes} process{several} on {self.nodes} node{'s' * (self.nodes > 1)}"


ONE = Layout(1, 1)
LAYOUTS = (ONE, Layout(1, 2), Layout(1, 4), Layout(2, 1), Layout(2, 2))


@dataclass
class Nodes(Station):
    """One site on several nodes: the first is the station's server, `others` listen on ports of their own."""

    others: list[Server] = field(default_factory=list)
    layout: Layout = ONE

    @property
    def servers(self) -> list[Server]:
        return [self.server, *self.others]

    @property
    def target(self) -> Target:
        ports, pids = zip(*((each.port, each.pid) for each in self.servers), strict=True)
        return Target(ports, pids, self.place.database, self.layout.connections)

    def stop(self) -> None:
        for each in self.others:
            each.stop()
        super().stop()


def measure_nodes(outcome: Outcome, layouts: Sequence[Layout], cache: Path, folder: Path) -> None:
    """Adds the figures of S10, and what was seen of sign-outs."""
    with ExitStack() as stack:
        sites = []
        for layout in layouts:
            sites.append(_started(layout, cache, folder / f"{layout.nodes}-{layout.workers}"))
            stack.callback(sites[-1].stop)
        outcome.versions = {**outcome.versions, **sites[0].versions()}
        outcome.nodes = measure([Refresh(), Flow(), Introspection(), Bearer()], sites, outcome.plan)
        late = {site.peer.name: sum(signed_out_late(site) for _ in range(SIGN_OUTS)) for site in sites}
    outcome.figures |= judged(outcome.nodes)
    outcome.figures["s10_late"] = sum(late.values())
    outcome.notes.append(
        f"S10: {SIGN_OUTS} sign-outs in each layout, the phone known beforehand to every process ({BROWSERS} kept "
        f"connections to each node): {sum(late.values())} later requests were still let in."
    )
    outcome.notes += [f"S10: {name}: {count} requests let in after a sign-out" for name, count in late.items() if count]


def judged(results: Sequence[Result]) -> dict[str, float]:
    """The dearest answer of any layout as a multiple of one process's, and the most backends that waited for a lock."""
    valid = [result for result in results if result.valid]
    alone = {result.scenario.id: cost_us(result) for result in valid if result.peer == ONE.name}
    ratios = [
        cost_us(result) / alone[result.scenario.id]
        for result in valid
        if result.peer != ONE.name and alone.get(result.scenario.id)
    ]
    waits = [result.median("lock_waits") for result in valid]
    return ({"s10": max(ratios)} if ratios else {}) | ({"s10_lock_waits": max(waits)} if waits else {})


def cost_us(result: Result) -> float:
    """Processor time an answer, server and database."""
    return result.median("server_us") + result.median("database_us")


def _started(layout: Layout, cache: Path, folder: Path) -> Nodes:
    peer = OnPostgres(layout.name, workers=layout.workers, people=layout.connections)
    first = station.start(peer, cache, folder)
    site = Nodes(peer, first.server, first.place, first.site, layout=layout)
    try:
        for number in range(2, layout.nodes + 1):
            site.others.append(_another(peer, first, folder / f"node-{number}"))
    except BaseException:
        site.stop()
        raise
    return site


def _another(peer: OnPostgres, first: Station, folder: Path) -> Server:
    """A node more: the same address of the site as behind a proxy, the same key ring, nothing else in common."""
    folder.mkdir()
    command = peer.command(first.place)
    port = servers.free_port()
    own = {"GENKAN_PORT": str(port), "GENKAN_DATA_DIR": str(folder / "data")}
    return servers.start(replace(command, env={**command.env, **own}), port, folder)


def signed_out_late(site: Nodes) -> int:
    """Signs a phone out at one node; how many of the next requests, at each process of each node, still let it in."""
    client, path = site.known.native, site.known.bearer.path
    browsers = [Browser(f"http://127.0.0.1:{each.port}") for each in site.servers for _ in range(BROWSERS)]
    [tokens] = site.sign_ins(client, 1)
    bearer = {"Authorization": f"Bearer {tokens.access}"}
    try:
        strange = [answer.status for each in browsers if (answer := each.get(path, bearer)).status != 200]
        if strange:
            raise RuntimeError(f"a phone that is signed in was answered {strange}")
        answer = browsers[-1].post(REVOKE, {"token": tokens.refresh, **client.authentication})
        if answer.status != 200:
            raise RuntimeError(f"the sign-out was answered {answer.status}")
        return sum(each.get(path, bearer).status != 401 for each in browsers)
    finally:
        for each in browsers:
            each.close()
