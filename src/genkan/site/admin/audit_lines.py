"""Lines of the audit as the console's pages show them: a sentence with the names of today, who did it, and where to
look further.
"""

from genkan.protocol.audit import Line
from genkan.protocol.ends import END_SENTENCES
from genkan.protocol.event_words import (
    ACTOR_WORDS,
    EVENT_SENTENCES,
    EVERYONE,
    UNKNOWN_EVENT,
    ActorKind,
    read_actor,
)
from genkan.protocol.outcomes import EventKind
from genkan.site import navigation
from genkan.site.api.audit_documents import AuditEventDocument, Names, event_document, showable
from genkan.site.api.documents import public_id, read_public_id
from genkan.store.api import Store

NOBODY = "–"


async def shown(lines: list[Line], store: Store, base: str) -> list[dict[str, object]]:
    """The lines for a page. Each name is looked up once."""
    names, rows = Names(store), []
    for line in lines:
        document = await event_document(line, names)
        rows.append({**_row(line, document, base), **await _actor(document, store, base)})
    return rows


def _row(line: Line, document: AuditEventDocument, base: str) -> dict[str, object]:
    reason = END_SENTENCES.get(document.reason or document.detail or "", "")
    return {
        "number": line.number,
        "at": showable(line.at),
        "written_at": document.at,
        "sentence": _sentence(line),
        "person": document.account or document.account_id or NOBODY,
        "person_url": _page("/admin/people", document.account_id, base),
        "link": document.link or document.link_id or NOBODY,
        "link_url": _page("/admin/links", document.link_id, base),
        "phone_url": _page("/admin/phones", document.phone, base),
        "address": document.address,
        "reason": reason,
        "reason_code": "" if reason else document.reason,
        "methods": (document.detail or "").split() if line.kind == EventKind.SESSION_OPENED else [],
        "detail": "" if document.detail in END_SENTENCES else document.detail,
    }


def _sentence(line: Line) -> str:
    if line.kind not in frozenset(EventKind):
        return UNKNOWN_EVENT
    kind = EventKind(line.kind)
    nobody = kind is EventKind.ACCOUNT_SIGNED_OUT and line.account_id is None
    return EVERYONE if nobody else EVENT_SENTENCES.get(kind, UNKNOWN_EVENT)


async def _actor(document: AuditEventDocument, store: Store, base: str) -> dict[str, object]:
    actor = read_actor(document.actor)
    name, address = actor.name, ""
    if actor.kind is ActorKind.PERSON:
        name, address = document.actor_name or actor.name, _page("/admin/people", actor.name, base)
    elif actor.kind is ActorKind.LINK:
        link = await store.link_by_client_id(actor.name)
        name = link.name if link else actor.name
        address = _page("/admin/links", public_id(link.id) if link else None, base)
    return {"who": ACTOR_WORDS[actor.kind], "who_name": name or NOBODY, "who_url": address}


def _page(path: str, name: str | None, base: str) -> str:
    """The address of the page about something, empty where there is no such page."""
    there = any(place.path == path for group in navigation.CONSOLE for place in group.places)
    known = name is not None and (read_public_id(name) is not None or path == "/admin/phones")
    return f"{base}{path}/{name}" if there and known else ""
