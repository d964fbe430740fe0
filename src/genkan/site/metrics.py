"""What a process has counted and how it stands, as families of Prometheus: made when somebody asks, by nobody else.

Every label is one of ours, of a bounded set: route templates, reasons, kinds. Never a value that somebody sent. A
counter is there at 0 for each of them from the start (decision 0236), for a rule sees no rise in a series that is born
risen.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, get_args

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import genkan
from genkan.protocol.env import SECOND
from genkan.protocol.outcomes import EventKind, Writable
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method
from genkan.protocol.signin.ways import WORDS, way_of
from genkan.site.door import Door
from genkan.site.measure import BOUNDS, CUT_OFF, HANDSHAKES, SHED, Measures
from genkan.site.readiness import Cause, Readiness, readiness
from genkan.store.figures import BATCH_BOUNDS, LaneFigures, PoolFigures, StoreFigures

Families = Iterator[Metric]

_OUTCOMES = tuple(kind.__name__.lower() for kind in get_args(Writable))
_RECOVERY = "recovery"
# Half of what fellows wait for one another.
STORE_SECONDS = 0.5


def exposition(found: Iterable[Metric]) -> bytes:
    """The text format."""
    return generate_latest(_Found(found))


class _Found(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def families(door: Door) -> list[Metric]:
    """Everything of this process, as it stands now. A store that hangs takes none of it away."""
    state = await readiness(door, STORE_SECONDS)
    mine = ProcessCollector(registry=None).collect()
    return [*_state(door, state), *counted(door.measures), *_store(door.store.figures()), *mine]


def counted(measures: Measures) -> Families:
    """What the door and the server before it have counted."""
    yield _gauge("genkan_up", "1 while the process answers", 1)
    yield from _answers(measures)
    yield from _server(measures)
    yield from _passwords(measures)
    yield from _lines(measures)


def _state(door: Door, readiness: Readiness) -> Families:
    info = GaugeMetricFamily("genkan_info", "1, with the program's version", labels=("version",))
    info.add_metric((genkan.__version__,), 1)
    yield info
    yield _gauge("genkan_ready", "1 where requests should be sent here", int(not readiness.causes))
    unready = GaugeMetricFamily("genkan_unready", "1 where this keeps the process from being ready", labels=("cause",))
    for cause in Cause:
        unready.add_metric((cause.value,), int(cause in readiness.causes))
    yield unready
    off, ahead = door.health.clock_off, door.health.clock_ahead
    behind = (off if off >= ahead else -ahead) / SECOND
    yield _gauge("genkan_clock_behind_seconds", "How far this clock is behind the store's; below 0: ahead", behind)
    version = door.sealer.ring.version
    yield _gauge("genkan_key_ring_version", "The version of the key ring as loaded here", version)
    if readiness.site is not None:
        named = readiness.site.ring_version
        yield _gauge("genkan_store_key_ring_version", "The version of the key ring that the store names", named)


def _answers(measures: Measures) -> Families:
    answers = CounterMetricFamily("genkan_http_answers", "Answers by route and status", labels=("route", "status"))
    for (route, status), count in ({(route, 500): 0 for route in measures.routes} | measures.answers).items():
        answers.add_metric((route, str(status)), count)
    yield answers
    latency = HistogramMetricFamily("genkan_http_seconds", "Time from request to answer", labels=("route",))
    for route, histogram in measures.latency.items():
        latency.add_metric((route,), _buckets(BOUNDS, histogram.counts), sum_value=histogram.total)
    yield latency
    yield _counter("genkan_refusals", "Refusals by reason", "reason", measures.refusals, Reason)


def _server(measures: Measures) -> Families:
    server = measures.server
    yield _counter("genkan_tls_handshakes", "TLS handshakes by result", "result", measures.handshakes, HANDSHAKES)
    yield _gauge("genkan_connections", "Open connections", server.connections)
    yield _gauge("genkan_unfinished_bytes", "Bytes of requests that are not whole yet", server.held)
    flying = GaugeMetricFamily("genkan_requests_in_flight", "Requests that are being answered", labels=("of",))
    for kind, count in server.requests.items():
        flying.add_metric((kind,), count)
    yield flying
    yield _counter("genkan_shed", "Turned away because there was too much already", "what", server.shed, SHED)
    told = "Connections ended because the client was too slow"
    yield _counter("genkan_cut_off", told, "part", server.cut_off, CUT_OFF)
    told = "Idle connections closed because a new one came"
    yield CounterMetricFamily("genkan_connections_replaced", told, value=server.replaced)


def _lines(measures: Measures) -> Families:
    lost = {name: outlet.lost for name, outlet in measures.outlets.items()}
    yield _counter("genkan_lines_lost", "Lines lost because a stream took none for too long", "stream", lost)


def _passwords(measures: Measures) -> Families:
    lane = measures.passwords
    yield _gauge("genkan_passwords_waiting", "Passwords that are hashed or wait for it", lane.waiting)
    yield CounterMetricFamily("genkan_passwords_hashed", "Passwords hashed", value=lane.done)
    yield CounterMetricFamily("genkan_passwords_refused", "Passwords refused because too many waited", lane.refused)


def _store(figures: StoreFigures) -> Families:
    yield from _lanes(figures.lanes)
    yield _gauge("genkan_store_notes_waiting", "Notes that wait to be written lazily", figures.notes)
    written = figures.written
    outcomes = {kind.__name__.lower(): count for kind, count in written.outcomes.items()}
    yield _counter("genkan_store_outcomes", "Durable writes by what was decided", "outcome", outcomes, _OUTCOMES)
    yield _counter("genkan_events", "Events of the audit by kind", "kind", written.events, EventKind)
    ways = (*WORDS.values(), _RECOVERY)
    yield _counter("genkan_sign_ins", "Sign-ins of browsers by way", "way", _by_way(written.sign_ins), ways)
    told = "Statements sent to the database server, each a round trip"
    yield _counter("genkan_store_statements", told, "connection", figures.statements)
    yield from _pool(figures.pool)


def _lanes(lanes: Iterable[LaneFigures]) -> Families:
    waiting = GaugeMetricFamily("genkan_store_waiting", "What waits for the store, by lane", labels=("lane",))
    most = GaugeMetricFamily("genkan_store_waiting_most", "How much may wait, by lane", labels=("lane",))
    refused = CounterMetricFamily("genkan_store_refused", "Refused because too much waited", labels=("lane",))
    batches = HistogramMetricFamily("genkan_store_batch", "Writes in one transaction", labels=("lane",))
    for lane in lanes:
        waiting.add_metric((lane.name,), lane.waits())
        most.add_metric((lane.name,), lane.most)
        refused.add_metric((lane.name,), lane.refused)
        batches.add_metric((lane.name,), _buckets(BATCH_BOUNDS, lane.batches), sum_value=lane.commands)
    yield from (waiting, most, refused, batches)


def _pool(pool: PoolFigures | None) -> Families:
    connections = GaugeMetricFamily("genkan_store_connections", "Connections for reads by state", labels=("state",))
    if pool is not None:
        connections.add_metric(("idle",), pool.idle)
        connections.add_metric(("busy",), pool.open - pool.idle)
        connections.add_metric(("most",), pool.most)
    yield connections
    waiting = 0 if pool is None else pool.waiting
    yield _gauge("genkan_store_readers_waiting", "Reads that wait for a connection", waiting)


def _by_way(sign_ins: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for methods, count in sign_ins.items():
        method = Method.NONE
        for word in methods.split():
            method |= Method[word.upper()]
        way = WORDS.get(way_of(method), _RECOVERY)
        found[way] = found.get(way, 0) + count
    return found


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _counter(name: str, told: str, label: str, counts: Mapping[Any, int], known: Iterable[str] = ()) -> Metric:
    """``known`` are the label's values that are shown in any case."""
    family = CounterMetricFamily(name, told, labels=(label,))
    for value, count in (dict.fromkeys(known, 0) | dict(counts)).items():
        family.add_metric((str(value),), count)
    return family


def _buckets(bounds: Iterable[float], counts: Iterable[int]) -> list[tuple[str, float]]:
    """As Prometheus wants them: each bucket holds those before it."""
    return list(zip((*map(str, bounds), "+Inf"), accumulate(counts), strict=True))
