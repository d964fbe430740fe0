"""The console's audit log and health page in every state that looks different."""

from typing import Any

from genkan.protocol.audit import Segment
from genkan.protocol.ends import END_SENTENCES, EndReason
from genkan.protocol.event_words import ACTOR_WORDS, EVENT_SENTENCES, UNKNOWN_EVENT, ActorKind
from genkan.protocol.finding_words import ALL, TOPICS
from genkan.protocol.findings import Remedy
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason, entry
from genkan.site import checks, request_seen
from genkan.site.audit_filters import FIELDS, NO_ACTOR, NO_MOMENT, NO_PERSON, OLDEST, kind_choices
from genkan.site.audit_pages import CHAIN, PATH, REFUSALS, TABS
from genkan.site.chain_documents import ChainDocument, segment_document
from genkan.site.health_pages import REMEDY_WORDS
from genkan.site.request_seen import Way
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

AT = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    return [*_events(chosen), *_refusals(chosen), *_chain(chosen), *_health(chosen)]


def _tabs(here: str) -> dict[str, Any]:
    return {
        "tabs": [{"address": f"/desk{path}", "words": words, "current": path == here} for path, words in TABS.items()]
    }


def _row(chosen: Chosen, kind: EventKind | None, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "number": 4711,
        "at": AT,
        "written_at": "2026-11-23T17:40:00Z",
        "sentence": EVENT_SENTENCES[kind] if kind else UNKNOWN_EVENT,
        "person": chosen("alice"),
        "person_url": "/desk/admin/people/0123456789abcdef",
        "link": chosen("Jira Mobile"),
        "link_url": "",
        "phone_url": "",
        "address": "192.0.2.7",
        "reason": "",
        "reason_code": "",
        "detail": "",
        "who": ACTOR_WORDS[ActorKind.PERSON],
        "who_name": chosen("Alice Adams"),
        "who_url": "",
    }
    return {**row, **changes}


def _events(chosen: Chosen) -> list[Shown]:
    rows = [
        _row(chosen, EventKind.SIGNED_IN, phone_url="/desk/admin/phones/00", who=ACTOR_WORDS[ActorKind.LINK],
             who_name=chosen("Jira Mobile"), address="2001:db8:85a3:8d3:1319:8a2e:370:7348"),
        _row(chosen, EventKind.GRANT_ENDED, reason=END_SENTENCES[EndReason.REPLAYED]),
        _row(chosen, EventKind.API_KEY_CREATED, who=ACTOR_WORDS[ActorKind.COMMAND], who_name=chosen("root"),
             detail=chosen("MDM job (ADMIN)"), address=""),
        _row(chosen, EventKind.LINK_CHANGED, who=ACTOR_WORDS[ActorKind.API_KEY], who_name=chosen("MDM job"),
             reason_code=chosen("renamed"), link_url="/desk/admin/links/0123456789abcdef"),
        _row(chosen, None, at=None, written_at=chosen("9223372036854775807"), who=ACTOR_WORDS[ActorKind.OTHER],
             who_name=chosen("nobody"), detail=chosen("generation 3 shown, row at 4")),
        _row(chosen, EventKind.STORE_BEHIND, who=ACTOR_WORDS[ActorKind.BEARER], who_name="–"),
    ]  # fmt: skip
    values: dict[str, object] = {
        **framed(chosen, PATH),
        **_tabs(PATH),
        "typed": dict.fromkeys(FIELDS, ""),
        "faults": {},
        "is_filtered": False,
        "kinds": kind_choices(),
        "links": [("0123456789abcdef", chosen("Jira Mobile"))],
        "orders": OLDEST,
        "rows": rows,
        "looked_to": None,
        "all_url": "/desk/admin/audit",
        "first_url": "",
        "next_url": "/desk/admin/audit?start=4000",
        "csv_url": "/desk/admin/audit/export?format=csv",
        "jsonl_url": "/desk/admin/audit/export?format=jsonl",
    }
    typed = {
        **dict.fromkeys(FIELDS, ""),
        "person": chosen("alcie"),
        "actor": chosen("bobo"),
        "since": "2026-11-01T09:30",
    }
    faults = {"person": NO_PERSON, "actor": NO_ACTOR, "until": NO_MOMENT}
    filtered = {**values, "typed": {**typed, "text": chosen("needle")}, "is_filtered": True, "rows": []}
    return [
        Shown("audit", "audit.html", values),
        Shown("audit-part", "audit.html", {**filtered, "looked_to": AT, "first_url": "/desk/admin/audit?person=alcie"}),
        Shown("audit-faults", "audit.html", {**filtered, "faults": faults, "next_url": ""}, 400),
        Shown("audit-nothing-fits", "audit.html", {**filtered, "next_url": ""}),
        Shown("audit-empty", "audit.html", {**values, "rows": [], "next_url": ""}),
    ]


def _refusals(chosen: Chosen) -> list[Shown]:
    known = {"at": AT, "sentence": entry(Reason.SIGN_IN_FAILED).public, "reason": Reason.SIGN_IN_FAILED.value,
             "network": "192.0.2.0/24", "count": 1234}  # fmt: skip
    other = {"at": AT, "sentence": "", "reason": chosen("of_a_newer_version"), "network": "", "count": 3}
    values: dict[str, object] = {**framed(chosen, REFUSALS), **_tabs(REFUSALS), "most": 2}
    return [
        Shown("audit-refusals", "audit_refusals.html", {**values, "rows": [known, other]}),
        Shown("audit-refusals-none", "audit_refusals.html", {**values, "rows": []}),
    ]


def _chain(chosen: Chosen) -> list[Shown]:
    segment = Segment("site", 812, 93001, 93120, 120, 7, AT, bytes(32), bytes(32), b"", bytes(range(32)))
    full = ChainDocument(newest=segment_document(segment), unsealed_since=None, kept_days=365)
    none = ChainDocument(newest=None, unsealed_since="2026-11-23T17:40:00Z", kept_days=None)
    values: dict[str, object] = {
        **framed(chosen, CHAIN),
        **_tabs(CHAIN),
        "chain": full,
        "sealed_at": AT,
        "unsealed_since": None,
        "check_action": "/desk/admin/audit/chain",
        "checked": None,
    }
    good: dict[str, object] = {"over": True, "through": 812, "faults": (), "more": 0, "unsealed": 3, "good": True,
                               "wrong_before": False}  # fmt: skip
    part = {**good, "over": False, "through": 400}
    wrong = {**part, "faults": ("line 7: changed (segment 1)", chosen("segment 12: removed")), "more": 4, "good": False}

    def state(name: str, checked: dict[str, object] | None = None, **changes: object) -> Shown:
        return Shown(name, "audit_chain.html", {**values, "checked": checked, **changes})

    return [
        state("audit-chain"),
        state("audit-chain-none", {**good, "through": 0}, chain=none, sealed_at=None, unsealed_since=AT),
        state("audit-chain-good", good),
        state("audit-chain-part", part),
        state("audit-chain-wrong", wrong),
        state("audit-chain-part-wrong", {**part, "good": False, "wrong_before": True}),
        state("audit-chain-end-wrong", {**good, "good": False, "wrong_before": True}),
    ]


def _finding(chosen: Chosen, name: str, grade: str, **changes: object) -> dict[str, object]:
    words = ALL[name]
    values: dict[str, str | int] = {
        "link": chosen("Reports of the Facilities Department"),
        "days": 207,
        "minutes": 60,
        "redirect": chosen("http://reports.example/cb"),
        "network": "10.0.0.0/8",
    }
    return {
        "id": name,
        "grade": grade,
        "section": words.topic.value,
        "topic": TOPICS[words.topic],
        "words": words.sentence,
        "values": values,
        "advice": words.advice,
        "line": "",
        "link": "0123456789abcdef",
        "link_url": "",
        "remedy": "",
        "remedy_words": "",
        **changes,
    }


def _checked(ok: tuple[str, ...], wrong: tuple[str, ...] = ()) -> list[dict[str, object]]:
    times = dict.fromkeys(("at", "since", "until"), "2026-11-23T17:40:00Z")
    values = {**times, "version": "3", "key": "9f3c", "free": "120", "count": "4", "named": "4", "seconds": "14",
              "days": "400"}  # fmt: skip
    return [
        {"name": checks.NAMES[word.removeprefix("no_").partition("_")[0]], "ok": word in ok,
         "words": checks.WORDS[word], "values": values, "times": {"at": AT, "since": AT, "until": AT}}
        for word in (*wrong, *ok)
    ]  # fmt: skip


def _request(chosen: Chosen, way: Way, **changes: object) -> dict[str, object]:
    return {
        "ok": way in (Way.DIRECT, Way.PROXY),
        "words": request_seen.WORDS[way],
        "values": {"address": "203.0.113.9", "missing": "X-Forwarded-For", "seen": chosen("http://10.0.0.5:8080")},
        "advice": request_seen.ADVICE[way],
        "line": "",
        "scheme": "https",
        "host": chosen("site.example"),
        "address": "203.0.113.9",
        "trusted": way is Way.PROXY,
        **changes,
    }


def _health(chosen: Chosen) -> list[Shown]:
    good = [_finding(chosen, name, "good") for name in ("https", "access_short", "pkce_downgrade", "rotation")]
    good.append(_finding(chosen, "no_sender_constraint", "absent"))
    mend = [
        _finding(chosen, "link_plain", "bad", remedy="refuse_plain", remedy_words=REMEDY_WORDS[Remedy.REFUSE_PLAIN],
                 link_url="/desk/admin/links/0123456789abcdef"),
        _finding(chosen, "link_http", "bad"),
        _finding(chosen, "link_unused", "weak", remedy="disable", remedy_words=REMEDY_WORDS[Remedy.DISABLE]),
        _finding(chosen, "wide_proxy", "weak", line="GENKAN_TRUSTED_PROXIES=10.0.0.5"),
    ]  # fmt: skip
    well = ("administrator", "writes", "no_healing", "stops", "clock", "server", "ring", "disk", "audit")
    values: dict[str, object] = {
        **framed(chosen, "/admin/health"),
        "healthy": True,
        "grade": "good",
        "checks": _checked(well),
        "to_mend": [],
        "topics": _topics(good),
        "request": _request(chosen, Way.PROXY),
        "remedy_action": "/desk/admin/health/remedy",
        "audit_url": "/desk/admin/audit/chain",
        "refusals_url": "/desk/admin/audit/refusals",
        "storage": {"engine": "sqlite 3.46.1", "schema": 6, "megabytes": {"size": 1234, "log": 4, "free": 81_000},
                    "unsettled": 0},
        "ring_version": 3,
        "keys": [{"id": "9f3c", "state": "active", "created_at": AT, "days": 2},
                 {"id": "01ab", "state": "verify", "created_at": AT, "days": 400},
                 {"id": "77de", "state": "revoked", "created_at": AT, "days": 1}],
        "nodes": [{"name": chosen("site"), "running": True, "ring_version": 3, "seen_at": AT}],
        "newest_segment": 812,
        "refusals": [],
        "version": "0.1.0",
        "python": "3.11.2",
    }  # fmt: skip
    refusals = [{"sentence": entry(Reason.SIGN_IN_FAILED).public, "reason": "sign_in_failed", "count": 1234},
                {"sentence": "", "reason": chosen("of_a_newer_version"), "count": 1}]  # fmt: skip
    ill: dict[str, object] = {
        **values,
        "healthy": False,
        "checks": _checked(("administrator", "clock"), ("writes_lost", "ring_behind", "disk_full", "audit_waiting")),
        "to_mend": mend,
        "topics": _topics([*mend, *good]),
        "request": _request(chosen, Way.STRANGE_PROXY, line="GENKAN_TRUSTED_PROXIES=10.0.0.5"),
        "storage": {"engine": "sqlite 3.46.1", "schema": 6, "megabytes": {"size": None, "log": None, "free": None},
                    "unsettled": 4},
        "nodes": [],
        "newest_segment": None,
        "refusals": refusals,
    }  # fmt: skip
    return [
        Shown("health", "health.html", values),
        Shown("health-weak", "health.html", {**values, "to_mend": mend[2:], "topics": _topics([*mend[2:], *good])}),
        Shown("health-ill", "health.html", ill),
    ]


def _topics(findings: list[dict[str, Any]]) -> list[dict[str, object]]:
    named = {found["section"]: found for found in findings}
    return [{"section": section, "name": found["topic"], "grade": "bad" if found in findings[:2] else found["grade"],
             "findings": [one for one in findings if one["section"] == section]}
            for section, found in named.items()]  # fmt: skip
