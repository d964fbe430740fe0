"""Signed-in phones by REST: list them, sign one out. The rules are in protocol.phones."""

from genkan.protocol import accounts
from genkan.protocol.outcomes import Refused
from genkan.protocol.phones import PhoneState, judge, sign_out
from genkan.protocol.reasons import EndReason, Reason
from genkan.site import answer, read
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.documents import PhoneDocument, PhonesDocument, phone_document, read_public_id
from genkan.site.door import Door
from genkan.site.openapi import Operation, Query
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.same_phone import same_phones
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1/phones"
MOST = 500
QUERY = (
    Query("person", "string", "Only this person's."),
    Query("link", "string", "Only those of the application link with this id or client id."),
    Query("live", "boolean", "Only those that are signed in."),
    Query("before", "string", "Go on after the sign-in with this id: the `next` of the page before."),
    Query("limit", "integer", f"How many at most: 1 to {MOST}, 100 unless said."),
)


async def list_phones(received: Received, door: Door) -> Answer:
    """GET phones: one row a sign-in, newest first, in pages."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    query = await _query(received, door)
    if query is None:
        return answer.json(PhonesDocument(phones=(), next=None))
    rows = await door.store.phones(query)
    env = door.env()
    last = rows[-1].grant.id.hex() if len(rows) == query.limit else None
    phones = [judge(row, env) for row in rows]
    same = await same_phones(phones, door.store, env)
    return answer.json(PhonesDocument(phones=tuple(phone_document(phone, same) for phone in phones), next=last))


async def _query(received: Received, door: Door) -> PhoneQuery | None:
    """What to list; None where the person or link asked for is not known, so that nothing can be listed."""
    asked = read.query(received)
    strange = asked.keys() - {query.name for query in QUERY}
    if strange:
        raise Malformed(Reason.INVALID_VALUE, f"unknown parameter {min(strange)[:50]}")
    account_id, link_id = await _account_id(asked, door), await _link_id(asked, door)
    if ("person" in asked and account_id is None) or ("link" in asked and link_id is None):
        return None
    before = _grant_id(asked["before"]) if "before" in asked else None
    return PhoneQuery(account_id, link_id, asked.get("live") == "true", before, _limit(asked.get("limit", "100")))


async def _account_id(asked: read.Form, door: Door) -> int | None:
    account = await door.store.account_by_name(accounts.fold(asked["person"]) or "") if "person" in asked else None
    return account.id if account else None


async def _link_id(asked: read.Form, door: Door) -> int | None:
    if "link" not in asked:
        return None
    number = read_public_id(asked["link"])
    link = await door.store.link(number) if number is not None else None
    link = link or await door.store.link_by_client_id(asked["link"])
    return link.id if link else None


def _limit(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= number <= MOST:
        raise Malformed(Reason.INVALID_VALUE, f"limit: 1 to {MOST}")
    return number


def _grant_id(text: str) -> bytes:
    if len(text) != 32 or not all(c in "0123456789abcdef" for c in text):
        raise Malformed(Reason.INVALID_VALUE, "before: the id of a sign-in")
    return bytes.fromhex(text)


async def sign_out_phone(received: Received, door: Door) -> Answer:
    """DELETE phones/{id}: ends one sign-in, from its next request on. What has ended already stays as it is."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    for _ in range(TRIES):
        row = await door.store.phone(_grant_id_or_none(received.parameters["id"]))
        if row is None:
            return answer.error(Refused(Reason.NOT_FOUND))
        env = door.env()
        phone = judge(row, env)
        if phone.state is not PhoneState.SIGNED_IN:
            return answer.json(phone_document(phone))
        if await door.store.apply(sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, caller.actor, env)):
            ended = await door.store.phone(row.grant.id)
            return answer.json(phone_document(judge(ended or row, env)))
    return answer.busy()


def _grant_id_or_none(text: str) -> bytes:
    try:
        return _grant_id(text)
    except Malformed:
        return b""


def _rule(path: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(path, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule(PATH, "GET", list_phones, "The sign-ins, newest first."), PhonesDocument, query=QUERY),
    Operation(_rule(PATH + "/{id}", "DELETE", sign_out_phone, "Signs one phone out."), PhoneDocument),
)
