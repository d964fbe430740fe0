"""Traces for OpenTelemetry, from the extra ``genkan[otel]``; nothing else imports this, and only where they are on.

Spans of a request, of what it asks of the store, and of others. Their attributes are ours or harmless: route
templates, verbs, statuses, host names; no address, header, body, name or token.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import genkan
from genkan.outside.watching import WATCH
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.site.measure import Measures
from genkan.site.peer import Peer, Peers
from genkan.store.api import Store

Respond = Callable[[Arrival], Coroutine[Any, Any, Answer]]
# What may wait for the collector; what comes beyond is dropped, so that one that is away costs no memory.
MOST_SPANS = 2048
EXPORT_SECONDS = 5.0
_NO_PARENT = Context()


class Traces:
    """One process's. ``percent`` of the requests are traced, and those that a proxy of ours traces already."""

    def __init__(self, processor: SpanProcessor, percent: int, worker: int | None = None) -> None:
        named: dict[str, Any] = {"service.name": "genkan", "service.version": genkan.__version__}
        if worker is not None:
            named["service.instance.id"] = str(worker)
        sampler = ParentBased(TraceIdRatioBased(percent / 100))
        self._provider = TracerProvider(sampler, Resource(named), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("genkan", genkan.__version__)

    @classmethod
    def sent_to(cls, endpoint: str, percent: int, worker: int | None = None) -> "Traces":
        """Traces that go to a collector by OTLP over HTTP, from a thread of their own."""
        exporter = OTLPSpanExporter(endpoint, timeout=EXPORT_SECONDS)
        return cls(BatchSpanProcessor(exporter, max_queue_size=MOST_SPANS), percent, worker)

    def close(self) -> None:
        """Send what waits, for as long as one sending may take."""
        self._provider.shutdown()

    def measures(self) -> Measures:
        """Counters that tell the span of the request which route it was."""
        return _TellingMeasures()

    def store(self, store: Store) -> Store:
        """The same store, whose verbs are spans where they belong to a request."""
        return cast("Store", _TracedStore(store, self.span))

    def around(self, respond: Respond, peers: Peers) -> Respond:
        """The same site, each request a span."""

        async def traced(arrival: Arrival) -> Answer:
            with self._tracer.start_as_current_span(
                arrival.method,
                context=_parent(arrival, peers),
                kind=SpanKind.SERVER,
                attributes={"http.request.method": arrival.method, "genkan.request_id": arrival.number},
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                token = WATCH.set(self._watch)
                try:
                    answer = await respond(arrival)
                finally:
                    WATCH.reset(token)
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
                return answer

        return traced

    def _watch(self, name: str, facts: dict[str, str]) -> Any:
        return self.span(name, **facts)

    @contextmanager
    def span(self, name: str, **facts: str) -> Iterator[None]:
        """A part of the request. Of a fault its kind is told and not its words, which may quote what somebody sent."""
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, attributes=facts, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as fault:
                span.set_status(Status(StatusCode.ERROR, type(fault).__name__))
                raise


def _parent(arrival: Arrival, peers: Peers) -> Context:
    """W3C Trace Context 3.2: the span of a proxy of ours goes on. Of anybody else the header says nothing: it would let
    strangers choose what is traced, and hang their requests into traces of others.
    """
    told = arrival.headers.every(b"traceparent")
    if len(told) != 1:
        return _NO_PARENT
    peer = peers.of(arrival.client, arrival.scheme, arrival.headers)
    if not isinstance(peer, Peer) or not peer.trusted:
        return _NO_PARENT
    carrier = {"traceparent": told[0].decode("latin-1")}
    return TraceContextTextMapPropagator().extract(carrier, _NO_PARENT)


class _TellingMeasures(Measures):
    def answered(self, route: str, status: int, seconds: float) -> None:
        super().answered(route, status, seconds)
        span: Span = trace.get_current_span()
        method = getattr(span, "attributes", None) or {}
        span.update_name(f"{method.get('http.request.method', '')} {route}")
        span.set_attribute("http.route", route)


class _TracedStore:
    """Verbs of the store as spans of the request that asks; what upkeep asks is none of anybody's."""

    def __init__(self, store: Store, span: Callable[..., Any]) -> None:
        self._store = store
        self._span = span

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        if not inspect.iscoroutinefunction(verb):
            return verb

        @functools.wraps(verb)
        async def traced(*values: Any, **named: Any) -> Any:
            if not trace.get_current_span().is_recording():
                return await verb(*values, **named)
            facts = {"outcome": type(values[0]).__name__.lower()} if name == "apply" else {}
            with self._span(f"store {name}", **facts):
                return await verb(*values, **named)

        setattr(self, name, traced)
        return traced
