"""Writes the dashboard for Grafana, deploy/grafana/genkan.json, from the table of its panels."""

import json
from dataclasses import dataclass, field
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${source}"}
WHERE = 'instance=~"$instance"'
TOKEN = 'route=~"/rest/oauth2/.*/token"'
WIDTH, HEIGHT = 8, 7


@dataclass(frozen=True)
class Panel:
    """One graph: its title, what is asked with the legend of each answer, its unit, and what it tells a person."""

    title: str
    asked: dict[str, str]
    unit: str = "short"
    told: str = ""
    kind: str = field(default="timeseries")


def _rate(metric: str, by: str, also: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{WHERE}{also}}}[$__rate_interval]))"


def _quantile(of: float, metric: str, by: str = "", also: str = "") -> str:
    return f"histogram_quantile({of}, {_rate(f'{metric}_bucket', f'{by}le', also)})"


ROWS: dict[str, tuple[Panel, ...]] = {
    "State": (
        Panel("Ready", {f"genkan_ready{{{WHERE}}}": "{{instance}}"}, kind="stat", told="1: takes requests."),
        Panel("Why not ready", {f"genkan_unready{{{WHERE}}} == 1": "{{instance}} {{cause}}"}, told="Empty is good."),
        Panel("Clock behind", {f"genkan_clock_behind_seconds{{{WHERE}}}": "{{instance}}"}, "s", "10 s: not ready."),
        Panel("Key ring", {f"genkan_key_ring_version{{{WHERE}}}": "{{instance}}",
                           f"max(genkan_store_key_ring_version{{{WHERE}}})": "named by the store"},
              told="The same on every node, within a second of a rotation."),
        Panel("Processor", {f"rate(process_cpu_seconds_total{{{WHERE}}}[$__rate_interval])": "{{instance}}"},
              "percentunit", "One process uses one core, and the threads of passwords what is left."),
        Panel("Memory", {f"process_resident_memory_bytes{{{WHERE}}}": "{{instance}}"}, "bytes"),
    ),
    "Requests": (
        Panel("Answers by status", {_rate("genkan_http_answers_total", "status"): "{{status}}"}, "reqps"),
        Panel("Answers by route", {f"topk(10, {_rate('genkan_http_answers_total', 'route')})": "{{route}}"}, "reqps"),
        Panel("Time of a refresh or sign-in", {_quantile(0.5, "genkan_http_seconds", also=f", {TOKEN}"): "half",
                                              _quantile(0.99, "genkan_http_seconds", also=f", {TOKEN}"): "99 %"}, "s"),
        Panel("Slowest routes, 99 %", {f"topk(10, {_quantile(0.99, 'genkan_http_seconds', 'route, ')})": "{{route}}"},
              "s"),
        Panel("Refusals", {f"topk(10, {_rate('genkan_refusals_total', 'reason')})": "{{reason}}"}, "reqps",
              "What each reason means: docs/reference/reasons.md."),
        Panel("In flight", {f"genkan_requests_in_flight{{{WHERE}}}": "{{instance}} requests of {{of}}",
                            f"genkan_connections{{{WHERE}}}": "{{instance}} connections"}),
        Panel("Turned away", {_rate("genkan_shed_total", "instance, what"): "{{instance}} {{what}}",
                              _rate("genkan_cut_off_total", "instance, part"): "{{instance}} slow {{part}}"}, "reqps"),
    ),
    "Sign-in": (
        Panel("Sign-ins by way", {_rate("genkan_sign_ins_total", "way"): "{{way}}"}, "reqps"),
        Panel("Events", {f"topk(10, {_rate('genkan_events_total', 'kind')})": "{{kind}}"}, "reqps",
              "As the audit tells them."),
        Panel("Passwords", {f"genkan_passwords_waiting{{{WHERE}}}": "{{instance}} waiting",
                            _rate("genkan_passwords_hashed_total", "instance"): "{{instance}} hashed a second",
                            _rate("genkan_passwords_refused_total", "instance"): "{{instance}} refused a second"}),
        Panel("TLS handshakes", {_rate("genkan_tls_handshakes_total", "result"): "{{result}}"}, "reqps"),
    ),
    "Store": (
        Panel("Waiting", {f"genkan_store_waiting{{{WHERE}}}": "{{instance}} {{lane}}",
                          f"genkan_store_notes_waiting{{{WHERE}}}": "{{instance}} notes"}),
        Panel("Writes in one transaction",
              {f"{_rate('genkan_store_batch_sum', 'lane')} / {_rate('genkan_store_batch_count', 'lane')}": "{{lane}}"},
              told="Grows with the load: that is what group commit is for."),
        Panel("Durable writes", {_rate("genkan_store_outcomes_total", "outcome"): "{{outcome}}"}, "wps"),
        Panel("Statements to PostgreSQL", {_rate("genkan_store_statements_total", "connection"): "{{connection}}"},
              "ops"),
        Panel("Connections for reads", {f"genkan_store_connections{{{WHERE}}}": "{{instance}} {{state}}",
                                        f"genkan_store_readers_waiting{{{WHERE}}}": "{{instance}} waiting"}),
        Panel("Refused by the store", {_rate("genkan_store_refused_total", "instance, lane"): "{{instance}} {{lane}}"},
              "reqps"),
    ),
}  # fmt: skip


def dashboard() -> str:
    """The file's text."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        place = {"x": 0, "y": top, "w": 24, "h": 1}
        panels.append({"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place})
        top += 1
        for number, panel in enumerate(row):
            x, y = number % 3 * WIDTH, top + number // 3 * HEIGHT
            panels.append(_panel(len(panels) + 1, panel, {"x": x, "y": y, "w": WIDTH, "h": HEIGHT}))
        top += -(-len(row) // 3) * HEIGHT
    made = {
        "title": "Genkan",
        "uid": "genkan",
        "tags": ["genkan"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": panels,
    }
    return json.dumps(made, indent=2) + "\n"


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + at), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
        for at, (expr, legend) in enumerate(panel.asked.items())
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def _variables() -> list[dict[str, Any]]:
    instance = {"query": "label_values(genkan_up, instance)", "refId": "instance"}
    return [
        {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
        {"name": "instance", "type": "query", "datasource": SOURCE, "query": instance, "refresh": 2,
         "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}},
    ]  # fmt: skip
