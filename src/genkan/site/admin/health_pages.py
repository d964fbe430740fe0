"""The console's health page: what is wrong, how the configuration stands to RFC 9700, and what mends it at once."""

import platform
from collections.abc import Mapping

from genkan import __version__
from genkan.protocol.env import DAY
from genkan.protocol.finding_words import TOPICS
from genkan.protocol.findings import Finding, Grade, Remedy, worst
from genkan.protocol.link_grading import remedied
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link
from genkan.protocol.ring import Ring
from genkan.site import console, navigation
from genkan.site.admin.api_key_rows import key_row
from genkan.site.answer import Answer
from genkan.site.api.audit_documents import showable
from genkan.site.api.checks import NAMES, At, Check
from genkan.site.api.documents import public_id, read_public_id
from genkan.site.api.installation import Installation, load_installation
from genkan.site.api.request_seen import ADVICE, WORDS, RequestSeen, request_seen
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES, is_running
from genkan.wire.scopes import Permission

PATH = "/admin/health"
REMEDY = PATH + "/remedy"
MEGABYTE = 1024 * 1024
REMEDY_WORDS: Mapping[Remedy, str] = {
    Remedy.REFUSE_PLAIN: "Refuse plain",
    Remedy.REQUIRE_PKCE: "Require PKCE",
    Remedy.ASK_ALWAYS: "Ask at every sign-in",
    Remedy.LOWER: "Lower to WRITE",
    Remedy.DISABLE: "Disable the link",
}
_ORDER = (Grade.BAD, Grade.WEAK, Grade.GOOD, Grade.ABSENT)


async def health(received: Received, door: Door) -> Answer:
    """GET /admin/health: looks, and changes nothing."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    seen, request = await load_installation(door), request_seen(received, door)
    findings = [_finding(finding, door) for finding in sorted(seen.findings, key=lambda one: _ORDER.index(one.grade))]
    open_faults = [found for found in findings if found["grade"] in (Grade.BAD, Grade.WEAK)]
    values = {
        "healthy": seen.healthy and request.ok,
        "grade": worst(seen.findings).value,
        "checks": [_check(check) for check in sorted(seen.checks, key=lambda check: check.ok)],
        "to_mend": open_faults,
        "topics": _topics(findings),
        "request": _request(request),
        "remedy_action": door.public.path + REMEDY,
        "check_url": f"{door.public.path}/admin/health/check",
        "phone_url": f"{door.public.path}/admin/health/phone",
        "audit_url": f"{door.public.path}/admin/audit/chain",
        "refusals_url": f"{door.public.path}/admin/audit/refusals",
        "keys_left": [key_row(facts, door, seen.now) for facts in seen.keys_left],
        "may_adopt": inside.permission >= Permission.SYSTEM_ADMIN,
        **_box(seen),
    }
    return console.page(inside, door, "health.html", values)


async def mend(received: Received, door: Door) -> Answer:
    """POST /admin/health/remedy: what a finding offers to do to a link."""
    inside = await console.entrance(received, door, back=PATH)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, PATH)
    remedy, allow_http = inside.form.get("remedy", ""), door.settings.insecure_redirects
    for _ in range(TRIES):
        link = await _link(inside.form.get("link", ""), door)
        if link is None or remedy not in frozenset(Remedy):
            return console.done(door, PATH, Flash.GONE)
        change = remedied(link, Remedy(remedy), inside.actor, door.env(), allow_http=allow_http)
        if isinstance(change, Change):
            change = inside.administrator.on_link(change, await door.store.site(), link)
        if isinstance(change, Refused):
            return _refused(change, inside, received, door)
        if not change.steps or await door.store.apply(change):
            return console.done(door, PATH, Flash.SAVED)
    return console.busy(inside, received, door)


def _refused(refused: Refused, inside: console.Inside, received: Received, door: Door) -> Answer:
    if refused.reason is Reason.NOT_FOUND:
        return console.done(door, PATH, Flash.GONE)
    return door.pages.refusal(refused, received.request_id, inside.reader, detail=refused.detail)


async def _link(text: str, door: Door) -> Link | None:
    number = read_public_id(text)
    return None if number is None else await door.store.link(number)


def _check(check: Check) -> dict[str, object]:
    times = {name: showable(value.ms) for name, value in check.values.items() if isinstance(value, At)}
    return {
        "name": NAMES[check.id],
        "ok": check.ok,
        "words": check.words,
        "values": {name: str(value) for name, value in check.values.items()},
        "times": {name: at for name, at in times.items() if at is not None},
    }


def _finding(finding: Finding, door: Door) -> dict[str, object]:
    words, link = finding.words, finding.link
    there = any(place.path == "/admin/links" for group in navigation.CONSOLE for place in group.places)
    return {
        "id": finding.id,
        "grade": finding.grade.value,
        "section": words.topic.value,
        "topic": TOPICS[words.topic],
        "words": words.sentence,
        "values": dict(finding.values),
        "advice": words.advice,
        "line": finding.line,
        "link": public_id(link.id) if link else "",
        "link_url": f"{door.public.path}/admin/links/{public_id(link.id)}" if link and there else "",
        "remedy": finding.remedy.value if finding.remedy else "",
        "remedy_words": REMEDY_WORDS[finding.remedy] if finding.remedy else "",
    }


def _topics(findings: list[dict[str, object]]) -> list[dict[str, object]]:
    """Every topic with its findings; those that need something come first."""
    grouped = [(topic, [found for found in findings if found["section"] == topic]) for topic in TOPICS]
    rows: list[dict[str, object]] = [
        {"section": topic.value, "name": TOPICS[topic], "findings": found, "grade": _worst(found)}
        for topic, found in grouped
        if found
    ]
    return sorted(rows, key=lambda row: _ORDER.index(Grade(str(row["grade"]))))


def _worst(findings: list[dict[str, object]]) -> str:
    grades = {found["grade"] for found in findings}
    return next(grade.value for grade in _ORDER if grade.value in grades)


def _request(request: RequestSeen) -> dict[str, object]:
    return {
        "ok": request.ok,
        "words": WORDS[request.way],
        "values": request.values,
        "advice": ADVICE[request.way],
        "line": request.line,
        "scheme": request.scheme,
        "host": request.host,
        "address": request.address,
        "trusted": request.trusted,
    }


def _box(seen: Installation) -> dict[str, object]:
    """Storage, keys, processes, refusals and versions."""
    storage = seen.storage
    return {
        "storage": {
            "engine": f"{storage.engine} {storage.version}",
            "schema": storage.schema,
            "megabytes": _megabytes(size=storage.size, log=storage.log_size, free=storage.free),
            "unsettled": storage.unsettled,
        },
        "ring_version": seen.ring.version,
        "keys": _keys(seen.ring, seen.now),
        "nodes": [{"name": node.node, "running": is_running(node, seen.reported_now), "ring_version": node.ring_version,
                   "seen_at": showable(node.seen_at)} for node in seen.nodes],
        "newest_segment": seen.newest.sequence if seen.newest else None,
        "refusals": [_refusal(reason, count) for reason, count in seen.refusals],
        "version": __version__,
        "python": platform.python_version(),
    }  # fmt: skip


def _megabytes(**sizes: int | None) -> dict[str, int | None]:
    return {name: None if size is None else size // MEGABYTE for name, size in sizes.items()}


def _keys(ring: Ring, now: int) -> list[dict[str, object]]:
    return [
        {"id": f"{key.id:04x}", "state": key.state.value, "created_at": key.created_at,
         "days": max(0, now - key.created_at) // DAY}
        for key in ring.keys
    ]  # fmt: skip


def _refusal(reason: str, count: int) -> dict[str, object]:
    known = reason in frozenset(Reason)
    return {"sentence": entry(Reason(reason)).public if known else "", "reason": reason, "count": count}


RULES = (
    Rule(PATH, ("GET",), health, Who.ADMINISTRATOR, Guard.PAGE, "How the site is, and what mends it."),
    Rule(REMEDY, ("POST",), mend, Who.ADMINISTRATOR, Guard.FORM, "Mends a finding on a link.", recent=True),
    Rule(
        "/secure/admin/ViewSystemInfo.jspa",
        ("GET",),
        console.leads_to(PATH),
        Who.ADMINISTRATOR,
        Guard.PAGE,
        "Leads to the health page.",
    ),
)
