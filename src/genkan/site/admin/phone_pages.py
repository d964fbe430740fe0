"""The console's pages of sign-ins: phones, connected applications, and one in full with why it was signed out."""

from dataclasses import replace

from genkan.protocol.ends import END_SENTENCES
from genkan.protocol.outcomes import EventKind
from genkan.protocol.phones import judge
from genkan.protocol.records import Link, LinkKind, Standing
from genkan.site import console
from genkan.site.admin.phone_rows import phone_in_full, phone_row, shown_name
from genkan.site.admin.stop_lines import stop_line
from genkan.site.answer import Answer
from genkan.site.api.audit_documents import Names
from genkan.site.api.documents import public_id, read_phone_id
from genkan.site.api.phone_filters import ALL, DAYS, ONE, PATHS, Filters, find, read_filters, search_for
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.same_phone import same_phones
from genkan.store.api import PhonePage

SIGN_OUT = f"{ONE}/sign-out"


async def phones(received: Received, door: Door) -> Answer:
    """GET /admin/phones: the sign-ins of native links."""
    return await _list(received, door, LinkKind.NATIVE)


async def applications(received: Received, door: Door) -> Answer:
    """GET /admin/applications: the sign-ins of confidential links."""
    return await _list(received, door, LinkKind.CONFIDENTIAL)


async def _list(received: Received, door: Door, kind: LinkKind) -> Answer:
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    filters, env = read_filters(inside.query, kind), door.env()
    search = search_for(filters, env.now)
    page = PhonePage((), None) if search is None else await find(search, door.store)
    judged = [judge(row, env) for row in page.rows]
    same = await same_phones(judged, door.store, env)
    base = door.public.path
    values = {
        "phones": [phone_row(phone, same, base) for phone in judged],
        "next": base + replace(filters, start=page.next).path if page.next else "",
        **await _frame(filters, door),
    }
    return console.page(inside, door, "phones.html", values)


async def _frame(filters: Filters, door: Door) -> dict[str, object]:
    """What stands around the list: the filters as they are, what can be chosen, and where else to go."""
    base = door.public.path
    links = [link for link in await door.store.links() if link.kind is filters.kind]
    account = await door.store.account(filters.account) if filters.account is not None else None
    return {
        "applications": filters.kind is LinkKind.CONFIDENTIAL,
        "asked": filters,
        "narrow": filters.is_narrow,
        "account_id": "" if account is None else public_id(account.id),
        "account_name": "" if account is None else shown_name(account),
        "links": [(public_id(link.id), link.name) for link in links if _is_listed(link, filters)],
        "link_id": "" if filters.link is None else public_id(filters.link),
        "link_name": next((link.name for link in links if link.id == filters.link), ""),
        "reasons": sorted(END_SENTENCES.items(), key=lambda row: row[1]),
        "days": DAYS,
        "all": ALL,
        "action": base + PATHS[filters.kind],
        "sign_out_action": base + SIGN_OUT,
        "back": filters.path,
        "first": base + filters.first().path if filters.start else "",
        "everything": base + Filters(filters.kind, state=ALL).path,
        "plain": base + PATHS[filters.kind],
    }


def _is_listed(link: Link, filters: Filters) -> bool:
    return link.standing is not Standing.DELETED or link.id == filters.link


async def one(received: Received, door: Door) -> Answer:
    """GET /admin/phones/{id}: a phone or application in full; the ids are those of ``genkan phones list``."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    grant_id = read_phone_id(received.parameters["id"].lower()) or b""
    row = await door.store.phone(grant_id)
    if row is None:
        return _gone(inside, door)
    env = door.env()
    phone = judge(row, env)
    same = await same_phones([phone], door.store, env)
    lines = await door.store.audit_of_grant(grant_id)
    stop = None if any(line.kind == EventKind.GRANT_ENDED for line in lines) else await stop_line(row.grant, door.store)
    lines += [stop] if stop else []
    values = await phone_in_full(phone, same, lines, Names(door.store), door.public.path)
    known = await door.store.certificate_numbered(row.grant.certificate) if row.grant.certificate else None
    values["certificate"] = "" if known is None else known.subject or known.fingerprint.hex()
    return console.page(inside, door, "phone.html", {"phone": values, "sign_out_address": door.public.path + SIGN_OUT})


def _gone(inside: Inside, door: Door) -> Answer:
    addresses = [door.public.path + PATHS[kind] for kind in LinkKind]
    values = {"phones_address": addresses[0], "applications_address": addresses[1]}
    return console.page(inside, door, "phone_gone.html", values, status=404)


RULES = (
    Rule(PATHS[LinkKind.NATIVE], ("GET",), phones, Who.ADMINISTRATOR, Guard.PAGE, "The phones, filtered, in pages."),
    Rule(
        PATHS[LinkKind.CONFIDENTIAL], ("GET",), applications, Who.ADMINISTRATOR, Guard.PAGE,
        "The sign-ins of confidential links, filtered, in pages.",
    ),
    Rule(ONE + "/{id}", ("GET",), one, Who.ADMINISTRATOR, Guard.PAGE, "One sign-in, its life and why it is over."),
)  # fmt: skip
