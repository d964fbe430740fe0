"""What is kept about one person, by REST: browser sessions, consents, and all of it as one document."""

from dataclasses import replace

from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.phones import withdraw_consent
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Session, Standing
from genkan.protocol.signin.session import end, end_all
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import link_named
from genkan.site.api.openapi import Operation
from genkan.site.api.people import PATH, live_sessions, living, told_of
from genkan.site.api.people_documents import (
    BrowserSessionDocument,
    ConsentDocument,
    PersonExport,
    session_document,
    session_public_id,
)
from genkan.site.api.person_export import consents_of, person_export
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.rounds import TRIES


async def list_sessions(received: Received, door: Door) -> Answer:
    """GET people/{id}/sessions: the browsers that are signed in, newest first."""

    async def live(account: Account) -> list[BrowserSessionDocument]:
        return [session_document(session) for session in await live_sessions(account, door)]

    return await told_of(received, door, live)


async def end_session(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/sessions/{session}: signs one browser out, from its next request on."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    for _ in range(TRIES):
        session = await _session(received, door)
        if session is None:
            return answer.error(Refused(Reason.NOT_FOUND))
        if await door.store.apply(end(session, caller.actor, door.env())):
            return answer.json(session_document(session))
    return answer.busy()


async def end_sessions(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/sessions: signs all browsers out; which those were."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    ended: list[Session] = []
    for _ in range(TRIES):
        account = await living(received, door)
        if account is None:
            return answer.error(Refused(Reason.NOT_FOUND))
        found = await live_sessions(account, door)
        if not found:
            return answer.json([session_document(session) for session in ended])
        # The store lists so many at a time: until none is left.
        if await door.store.apply(end_all(found, caller.actor, door.env())):
            ended += found
    return answer.busy()


async def _session(received: Received, door: Door) -> Session | None:
    account = await living(received, door)
    found = await live_sessions(account, door) if account else []
    return next((s for s in found if session_public_id(s) == received.parameters["session"]), None)


async def list_consents(received: Received, door: Door) -> Answer:
    """GET people/{id}/consents: what the person allowed for good, oldest first."""
    return await told_of(received, door, lambda account: consents_of(account, door))


async def end_consent(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/consents/{link}: takes back what was allowed; the link's sign-ins of the person end."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    for _ in range(TRIES):
        account, link = await living(received, door), await link_named(received.parameters["link"], door)
        if account is None or link is None or link.standing is Standing.DELETED:
            return answer.error(Refused(Reason.NOT_FOUND))
        change: Change = withdraw_consent(account, link, caller.actor, door.env())
        if await door.store.apply(change):
            return answer.json(await consents_of(account, door))
    return answer.busy()


async def export_person(received: Received, door: Door) -> Answer:
    """GET people/{id}/export: everything that is kept about the person. Reads the whole audit, in small steps."""
    return await told_of(received, door, lambda account: person_export(account, door), buried=True)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(
        _rule("/sessions", "GET", list_sessions, "The browsers that are signed in."), BrowserSessionDocument, many=True
    ),
    Operation(_rule("/sessions", "DELETE", end_sessions, "Signs all browsers out."), BrowserSessionDocument, many=True),
    Operation(_rule("/sessions/{session}", "DELETE", end_session, "Signs one browser out."), BrowserSessionDocument),
    Operation(_rule("/consents", "GET", list_consents, "What was allowed for good."), ConsentDocument, many=True),
    Operation(
        _rule("/consents/{link}", "DELETE", end_consent, "Takes back what a link was allowed."),
        ConsentDocument,
        many=True,
    ),
    Operation(
        replace(_rule("/export", "GET", export_person, "Everything that is kept about a person."), recent=True),
        PersonExport,
    ),
)
