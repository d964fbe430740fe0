"""The console's audit log in every state that looks different."""

from typing import Any

from genkan.protocol.audit import Segment
from genkan.protocol.ends import END_SENTENCES, EndReason
from genkan.protocol.event_words import ACTOR_WORDS, EVENT_SENTENCES, UNKNOWN_EVENT, ActorKind
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason, entry
from genkan.site.admin.audit_filters import FIELDS, NO_ACTOR, NO_MOMENT, NO_PERSON, OLDEST, kind_choices
from genkan.site.admin.audit_pages import CHAIN, PATH, REFUSALS, TABS
from genkan.site.api.chain_documents import ChainDocument, segment_document
from tests.browser import gallery_api_keys, gallery_doctor, gallery_health
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

AT = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    return [
        *_events(chosen),
        *_refusals(chosen),
        *_chain(chosen),
        *gallery_health.pages(chosen),
        *gallery_doctor.pages(chosen),
        *gallery_api_keys.pages(chosen),
    ]


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
        "methods": [],
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
        _row(chosen, EventKind.SESSION_OPENED, methods=["pwd"], detail="pwd"),
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
        "since": "2026-11-01 09:30",
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
