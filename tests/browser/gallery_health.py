"""The console's health page in every state that looks different."""

from typing import Any

from genkan.protocol.finding_words import ALL, TOPICS
from genkan.protocol.findings import Remedy
from genkan.protocol.reasons import Reason, entry
from genkan.site.admin.health_pages import REMEDY_WORDS
from genkan.site.api import checks, request_seen
from genkan.site.api.request_seen import Way
from tests.browser.gallery_api_keys import shown_key
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

AT = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """All is well; something could be safer; something is wrong."""
    good, mend, values = _good(chosen), _mend(chosen), _well(chosen)
    return [
        Shown("health", "health.html", values),
        Shown("health-weak", "health.html", {**values, "to_mend": mend[2:], "topics": _topics([*mend[2:], *good])}),
        Shown("health-ill", "health.html", {**values, **_ill(chosen)}),
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


def _checked(chosen: Chosen, ok: tuple[str, ...], wrong: tuple[str, ...] = ()) -> list[dict[str, object]]:
    times = dict.fromkeys(("at", "since", "until"), "2026-11-23T17:40:00Z")
    values = {**times, "version": "3", "key": "9f3c", "free": "120", "count": "4", "named": "4", "seconds": "14",
              "days": "400", "title": chosen("Example Corp"), "name": "corp"}  # fmt: skip
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


def _good(chosen: Chosen) -> list[dict[str, Any]]:
    good = [_finding(chosen, name, "good") for name in ("https", "access_short", "pkce_downgrade", "rotation")]
    good.append(_finding(chosen, "no_sender_constraint", "absent"))
    return good


def _mend(chosen: Chosen) -> list[dict[str, Any]]:
    return [
        _finding(chosen, "link_plain", "bad", remedy="refuse_plain", remedy_words=REMEDY_WORDS[Remedy.REFUSE_PLAIN],
                 link_url="/desk/admin/links/0123456789abcdef"),
        _finding(chosen, "link_http", "bad"),
        _finding(chosen, "link_unused", "weak", remedy="disable", remedy_words=REMEDY_WORDS[Remedy.DISABLE]),
        _finding(chosen, "wide_proxy", "weak", line="GENKAN_TRUSTED_PROXIES=10.0.0.5"),
    ]  # fmt: skip


def _well(chosen: Chosen) -> dict[str, object]:
    well = ("administrator", "writes", "no_healing", "stops", "clock", "server", "ring", "disk", "directory", "audit")
    return {
        **framed(chosen, "/admin/health"),
        "healthy": True,
        "grade": "good",
        "keys_left": [],
        "may_adopt": True,
        "checks": _checked(chosen, well),
        "to_mend": [],
        "topics": _topics(_good(chosen)),
        "request": _request(chosen, Way.PROXY),
        "remedy_action": "/desk/admin/health/remedy",
        "check_url": "/desk/admin/health/check",
        "phone_url": "/desk/admin/health/phone",
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


def _ill(chosen: Chosen) -> dict[str, object]:
    mend = _mend(chosen)
    refusals = [{"sentence": entry(Reason.SIGN_IN_FAILED).public, "reason": "sign_in_failed", "count": 1234},
                {"sentence": "", "reason": chosen("of_a_newer_version"), "count": 1}]  # fmt: skip
    return {
        "keys_left": [shown_key(chosen, state="suspended", is_left=True)],
        "healthy": False,
        "checks": _checked(
            chosen,
            ("administrator", "clock"),
            ("writes_lost", "ring_behind", "disk_full", "audit_waiting", "directory_away", "directory_held"),
        ),
        "to_mend": mend,
        "topics": _topics([*mend, *_good(chosen)]),
        "request": _request(chosen, Way.STRANGE_PROXY, line="GENKAN_TRUSTED_PROXIES=10.0.0.5"),
        "storage": {"engine": "sqlite 3.46.1", "schema": 6, "megabytes": {"size": None, "log": None, "free": None},
                    "unsettled": 4},
        "nodes": [],
        "newest_segment": None,
        "refusals": refusals,
    }  # fmt: skip


def _topics(findings: list[dict[str, Any]]) -> list[dict[str, object]]:
    named = {found["section"]: found for found in findings}
    return [{"section": section, "name": found["topic"], "grade": "bad" if found in findings[:2] else found["grade"],
             "findings": [one for one in findings if one["section"] == section]}
            for section, found in named.items()]  # fmt: skip
