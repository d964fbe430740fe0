"""Traces: what a span tells and what it never does, whose parent is believed, and that they cost nothing while off."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genkan import main, settings
from genkan.outside.watching import watched
from genkan.site.app import build
from genkan.site.asgi import Asgi
from genkan.site.peer import Peers
from genkan.store.api import StoreUnavailable
from genkan.traces import Traces
from tests.ports import free_port
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, open_site

SECRET = "proxy-secret-of-the-tests"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Traced:
    """A site whose spans a test sees."""

    site: SiteUnderTest
    exporter: InMemorySpanExporter
    traces: Traces

    def spans(self) -> dict[str, ReadableSpan]:
        """The spans by name, since the last look."""
        found = {span.name: span for span in self.exporter.get_finished_spans()}
        self.exporter.clear()
        return found


def traced(site: SiteUnderTest, percent: int = 100) -> Traced:
    """The same site with traces on."""
    exporter = InMemorySpanExporter()
    traces = Traces(SimpleSpanProcessor(exporter), percent)
    door = replace(site.door, store=traces.store(site.store), measures=traces.measures())
    peers = Peers(("127.0.0.1",), SECRET)
    app = build(door, peers, lambda: 0.0)
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=Asgi(traces.around(app.respond, peers)), client=("127.0.0.1", 1)),
        base_url=site.base,
    )
    return Traced(replace(site, door=door, app=app, client=client), exporter, traces)


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Traced]:
    """A site with one account and traces of everything."""
    plain = await open_site(tmp_path, TestClock())
    found = traced(plain)
    yield found
    await found.site.client.aclose()
    await close_site(plain)
    found.traces.close()


def facts(span: ReadableSpan) -> dict[str, Any]:
    """Its attributes."""
    return dict(span.attributes or {})


async def test_a_refresh_is_a_span_with_its_reads_and_its_write_below(ours: Traced) -> None:
    """Named by route, with status; what was decided is told by its kind."""
    await ours.site.make_account()
    link = await ours.site.turn_mobile_on()
    tokens = await ours.site.issue_tokens(link)
    ours.spans()
    assert (await ours.site.refresh(str(tokens["refresh_token"]), link)).status_code == 200
    spans = ours.spans()
    request, read, write = (
        spans[name] for name in ("POST /rest/oauth2/latest/token", "store grant_facts", "store apply")
    )
    assert facts(request)["http.response.status_code"] == 200
    assert facts(request)["http.route"] == "/rest/oauth2/latest/token"
    assert facts(write) == {"outcome": "rotated"}
    assert request.context is not None
    for below in (read, write):
        assert below.parent is not None
        assert below.parent.span_id == request.context.span_id
        assert below.kind.name == "CLIENT"
    assert request.parent is None


async def test_nothing_that_somebody_sent_is_in_a_span(ours: Traced) -> None:
    """Not a token, code, name, password, path or address, in whatever goes well or wrong."""
    await ours.site.make_account()
    link = await ours.site.turn_mobile_on()
    code = await ours.site.get_code(link)
    tokens = await ours.site.issue_tokens(link)
    await ours.site.sign_in("alice", "wrong " + PASSWORD)
    await ours.site.myself(str(tokens["access_token"]))
    await ours.site.client.get(f"{ours.site.base}/secret-in-the-path?secret-in-the-query")
    told = " ".join(
        f"{span.name} {facts(span)} {span.status.description} {[event.name for event in span.events]}"
        for span in ours.exporter.get_finished_spans()
    )
    assert "GET unknown" in told
    for secret in ("secret-in-the", PASSWORD, "alice", code, str(tokens["access_token"]), str(tokens["refresh_token"])):
        assert secret not in told


async def test_only_a_proxy_of_ours_is_believed(ours: Traced) -> None:
    """W3C Trace Context 3.2: whoever else sends a parent begins a trace of their own; so does one sent twice."""
    path = f"{ours.site.base}/healthz"
    await ours.site.client.get(path, headers={"traceparent": PARENT})
    assert ours.spans()["GET /healthz"].parent is None
    proved = {"traceparent": PARENT, "x-genkan-proxy": SECRET, "x-forwarded-for": "203.0.113.9"}
    await ours.site.client.get(path, headers=proved)
    span = ours.spans()["GET /healthz"]
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]
    twice = [*proved.items(), ("traceparent", PARENT)]
    await ours.site.client.get(path, headers=twice)
    assert ours.spans()["GET /healthz"].parent is None
    await ours.site.client.get(path, headers=proved | {"traceparent": "rubbish"})
    assert ours.spans()["GET /healthz"].parent is None


async def test_of_none_percent_nothing_is_kept_but_what_the_proxy_traces(tmp_path: Path) -> None:
    """The share is of the requests that begin here."""
    plain = await open_site(tmp_path, TestClock())
    found = traced(plain, percent=0)
    for _ in range(20):
        await found.site.client.get(f"{plain.base}/healthz")
    assert not found.spans()
    proved = {"traceparent": PARENT, "x-genkan-proxy": SECRET, "x-forwarded-for": "203.0.113.9"}
    await found.site.client.get(f"{plain.base}/healthz", headers=proved)
    assert list(found.spans()) == ["GET /healthz"]
    await found.site.client.aclose()
    await close_site(plain)
    found.traces.close()


async def test_a_fault_is_told_by_its_kind_alone(ours: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a database quotes in its words stays in the log."""

    async def away() -> None:
        raise StoreUnavailable("it quotes a secret")

    monkeypatch.setattr(ours.site.door.store, "_store", type("Away", (), {"site": staticmethod(away)})())
    assert (await ours.site.client.get(f"{ours.site.base}/login")).status_code == 503
    spans = ours.spans()
    assert spans["store site"].status.description == "StoreUnavailable"
    assert not spans["store site"].events
    assert not spans["GET /login"].status.is_ok


async def test_what_is_asked_of_others_is_part_of_the_request(ours: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    """By host and verb; outside of a request nobody watches."""

    async def asking(*_: object) -> None:
        with watched("fetch", host="issuer.example"):
            pass
        raise StoreUnavailable

    monkeypatch.setattr(ours.site.app, "_reply", asking)
    with pytest.raises(StoreUnavailable):
        await ours.site.client.get(f"{ours.site.base}/healthz")
    assert facts(ours.spans()["fetch"]) == {"host": "issuer.example"}
    with watched("fetch", host="issuer.example"):
        pass
    assert not ours.spans()


async def test_upkeep_is_no_trace(ours: Traced) -> None:
    """A verb that belongs to no request leaves no span of its own, once a second for ever."""
    await ours.site.door.store.site()
    await ours.site.door.store.settle(10)
    assert not ours.spans()


def test_off_means_that_nothing_of_it_is_loaded() -> None:
    """The server's whole program, without a module of OpenTelemetry."""
    asked = "import genkan.main, genkan.cli.root, sys; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_without_the_extra_the_site_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than run without what was asked for."""
    monkeypatch.setitem(sys.modules, "genkan.traces", None)
    wished = settings.Settings(traces_endpoint="http://127.0.0.1:4318/v1/traces")
    with pytest.raises(main.CannotServe, match=r"genkan\[otel\]"):
        main.open_traces(wished, None)
    assert main.open_traces(settings.Settings(), None) is None


@pytest.mark.parametrize("wrong", ["127.0.0.1:4318", "ftp://x/v1/traces", "http:///v1", "not an address"])
def test_an_endpoint_that_is_none_is_named(wrong: str) -> None:
    """At the start, in one line."""
    found = settings.load({"GENKAN_TRACES_ENDPOINT": wrong})
    assert isinstance(found, settings.SettingsProblem)
    assert found.sentence.startswith("GENKAN_TRACES_ENDPOINT")


async def test_spans_reach_a_collector() -> None:
    """By OTLP over HTTP, at the latest when the site stops."""
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        listening = Thread(target=server.serve_forever)
        listening.start()
        traces = Traces.sent_to(f"http://127.0.0.1:{server.server_port}/v1/traces", 100, worker=3)
        with traces.span("fetch", host="issuer.example"):
            pass
        await asyncio.to_thread(traces.close)
        server.shutdown()
        listening.join()
    assert [path for path, _ in got] == ["/v1/traces"]
    assert b"issuer.example" in got[0][1]


def test_what_opentelemetry_has_to_say_is_a_line_of_the_log(tmp_path: Path) -> None:
    """A collector that is away is told of in the format of all lines, with its level; so is a variable of its own that
    it cannot read, at the start.
    """
    port, away = free_port(), free_port()
    given = {"PATH": "/usr/bin:/bin", "GENKAN_PORT": str(port), "GENKAN_LOG_FORMAT": "json",
             "GENKAN_TRACES_ENDPOINT": f"http://127.0.0.1:{away}/v1/traces", "GENKAN_TRACES_PERCENT": "100",
             "OTEL_EXPORTER_OTLP_HEADERS": "no pair"}  # fmt: skip
    serve = [str(Path(sys.executable).with_name("genkan")), "serve", "--data-dir", str(tmp_path)]
    with subprocess.Popen(serve, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as site:
        try:
            assert site.stdout is not None
            assert site.stdout.readline().startswith("ready ")
            assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        finally:
            site.terminate()
            _, told = site.communicate(timeout=20)
    lines = [json.loads(line) for line in told.splitlines()]
    said = [line["message"] for line in lines if line["event"] == "traces" and line["level"] in ("warning", "error")]
    assert any("no pair" in message for message in said)
    assert any(str(away) in message for message in said)
