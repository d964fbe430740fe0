"""Signed-in phones by REST: list them, show one, sign one out. The rules are in protocol.phones."""

from genkan.protocol.env import DAY, Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.phones import PhoneState, judge, sign_out
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import LinkKind
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import account_named, link_named, parameters
from genkan.site.api.documents import PhoneDocument, PhonesDocument, phone_document, read_phone_id
from genkan.site.api.openapi import Operation, Query
from genkan.site.api.phone_documents import PhoneDetails, phone_details
from genkan.site.api.phone_filters import find
from genkan.site.door import Door
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.same_phone import same_phones
from genkan.store.api import PhoneMark, PhoneOrder, PhoneSearch
from genkan.store.rounds import TRIES

# 1 is what the first clients were told; 1.0 is how all versions are written.
VERSIONS = ("1", "1.0")
MOST = 500
QUERY = (
    Query("person", "string", "Only this person's."),
    Query("link", "string", "Only those of the application link with this id or client id."),
    Query("kind", "string", "Only phones, or only applications: the kind of their link.", choices=tuple(LinkKind)),
    Query("live", "boolean", "Only those that are signed in."),
    Query("state", "string", "Only those in this state.", choices=tuple(PhoneState)),
    Query("reason", "string", "Only those that were signed out for this reason.", choices=tuple(EndReason)),
    Query("unseenDays", "integer", "Only those that were not used for so many days.", least=1, most=3650),
    Query("order", "string", "By the time of signing in; newest first unless said.", choices=("newest", "oldest")),
    Query("before", "string", "Go on after the sign-in with this id: the `next` of the page before."),
    Query("limit", "integer", f"How many at most: 1 to {MOST}, 100 unless said.", least=1, most=MOST),
)


async def list_phones(received: Received, door: Door) -> Answer:
    """GET phones: one row a sign-in, newest first, in pages."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    env = door.env()
    search = await _search(received, door, env)
    if search is None:
        return answer.json(PhonesDocument(phones=(), next=None))
    page = await find(search, door.store)
    last = page.next.grant_id.hex() if page.next else None
    phones = [judge(row, env) for row in page.rows]
    same = await same_phones(phones, door.store, env)
    return answer.json(PhonesDocument(phones=tuple(phone_document(phone, same) for phone in phones), next=last))


async def _search(received: Received, door: Door, env: Env) -> PhoneSearch | None:
    """What to list; None where the person or link asked for is not known, so that nothing can be listed."""
    asked = parameters(received, QUERY)
    account = await account_named(asked["person"], door) if "person" in asked else None
    link = await link_named(asked["link"], door) if "link" in asked else None
    if ("person" in asked and account is None) or ("link" in asked and link is None):
        return None
    state = PhoneState(asked["state"]) if "state" in asked else None
    days = int(asked.get("unseenDays", "0"))
    return PhoneSearch(
        now=env.now,
        kind=LinkKind(asked["kind"]) if "kind" in asked else None,
        account_id=account.id if account else None,
        link_id=link.id if link else None,
        state=PhoneState.SIGNED_IN if asked.get("live") == "true" else state,
        reason=asked.get("reason", ""),
        unseen_since=env.now - days * DAY if days else None,
        order=PhoneOrder(asked.get("order", PhoneOrder.NEWEST)),
        start=PhoneMark(_before(asked["before"])) if "before" in asked else None,
        limit=int(asked.get("limit", "100")),
    )


def _before(text: str) -> bytes:
    grant_id = read_phone_id(text)
    if grant_id is None:
        raise Malformed(Reason.INVALID_VALUE, "before: the id of a sign-in")
    return grant_id


async def show_phone(received: Received, door: Door) -> Answer:
    """GET phones/{id}: one sign-in with its time line and, where it ended, the reason in words."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    row = await door.store.phone(read_phone_id(received.parameters["id"]) or b"")
    if row is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    env = door.env()
    phone = judge(row, env)
    same = await same_phones([phone], door.store, env)
    known = await door.store.certificate_numbered(row.grant.certificate) if row.grant.certificate else None
    return answer.json(phone_details(phone, known, possibly_same=row.grant.id in same))


async def sign_out_phone(received: Received, door: Door) -> Answer:
    """DELETE phones/{id}: ends one sign-in, from its next request on. What has ended already stays as it is."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    for _ in range(TRIES):
        row = await door.store.phone(read_phone_id(received.parameters["id"]) or b"")
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


def _rule(version: str, rest: str, method: str, handler: Handler, about: str) -> Rule:
    path = f"/rest/genkan/{version}/phones{rest}"
    return Rule(path, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


def _operations(version: str) -> tuple[Operation, ...]:
    one = "/{id}"
    return (
        Operation(_rule(version, "", "GET", list_phones, "The sign-ins, newest first."), PhonesDocument, query=QUERY),
        Operation(_rule(version, one, "GET", show_phone, "Shows one sign-in and its time line."), PhoneDetails),
        Operation(_rule(version, one, "DELETE", sign_out_phone, "Signs one phone out."), PhoneDocument),
    )


OPERATIONS = tuple(operation for version in VERSIONS for operation in _operations(version))
