"""genkan phones: who is signed in with what, signing them out, and having one look at the site."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.link_access import end_sign_ins
from genkan.cli.named import account_named, link_named
from genkan.cli.output import print_json, print_table, say
from genkan.cli.phone_check import check
from genkan.cli.workbench import NOTHING_TO_DO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.protocol import accounts, phones
from genkan.protocol.devices import device_name
from genkan.protocol.outcomes import Change, Event, EventKind, RaiseStop, Subject
from genkan.protocol.phones import Phone, PhoneRow, PhoneState
from genkan.protocol.reasons import EndReason
from genkan.site.api.documents import moment, phone_document, plain
from genkan.site.same_phone import same_phones
from genkan.store.api import PhoneQuery

app = cyclopts.App(name="phones")
app.command(check)
PAGE = 500
HEADINGS = ("ID", "PERSON", "LINK", "DEVICE", "SIGNED IN", "LAST SEEN", "STATE", "WHY")


@app.command(name="list")
@told
def list_(
    *,
    person: Annotated[str | None, Parameter(help="Only this person's.")] = None,
    link: Annotated[str | None, Parameter(help="Only those of this link (id or client id).")] = None,
    live: Annotated[bool, Parameter(negative="", help="Only those that are signed in.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List them, newest first; those that were signed out say why.

    Example: genkan phones list --person alice
    """

    async def work(site: Workbench) -> None:
        account_id = None if person is None else (await account_named(site, person)).id
        link_id = None if link is None else (await link_named(site, link)).id
        query = PhoneQuery(account_id, link_id, live, limit=PAGE)
        found = [phone async for phone in each_phone(site, query)]
        same = await same_phones(found, site.store, site.env())
        if json:
            return print_json([plain(phone_document(phone, same)) for phone in found])
        return print_table(HEADINGS, [_row(phone, phone.row.grant.id in same) for phone in found])

    at_site(data_dir, work)


async def each_phone(site: Workbench, query: PhoneQuery) -> AsyncIterator[Phone]:
    """Page by page; ``live_only`` leaves out what has expired too."""
    env = site.env()
    page: list[PhoneRow] | None = None
    while page is None or len(page) == query.limit:
        page = await site.store.phones(query if page is None else replace(query, before=page[-1].grant.id))
        for row in page:
            phone = phones.judge(row, env)
            if phone.state is PhoneState.SIGNED_IN or not query.live_only:
                yield phone


def _row(phone: Phone, possibly_same: bool) -> tuple[str, ...]:
    grant, used = phone.row.grant, "never" if phone.never_used else ""
    return (
        grant.id.hex(),
        phone.row.account.name,
        phone.row.link.name,
        device_name(grant.user_agent),
        moment(grant.created_at),
        used or moment(max(grant.last_seen, grant.rotated_at)),
        phone.state,
        "possibly the same phone" if possibly_same else phones.sentence(phone.reason),
    )


@app.command
@told
def sign_out(
    *ids: Annotated[str, Parameter(help="Ids from genkan phones list.")],
    person: Annotated[str | None, Parameter(help="All of this person's, and their browser sessions.")] = None,
    link: Annotated[str | None, Parameter(help="All of this link's (id or client id).")] = None,
    everyone: Annotated[
        bool, Parameter(name="--all", negative="", help="All there are, and every browser session.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Sign out, from the next request on.

    Example: genkan phones sign-out --person alice
    """
    if sum((bool(ids), person is not None, link is not None, everyone)) != 1:
        raise Stop("say which: ids, --person NAME, --link ID or --all", SET_UP)

    async def work(site: Workbench) -> None:
        if person is not None:
            await _sign_out_person(site, person)
        elif link is not None:
            await end_sign_ins(site, link)
        elif everyone:
            await _sign_out_everyone(site)
        else:
            await _sign_out_phones(site, ids)

    at_site(data_dir, work)


async def _sign_out_person(site: Workbench, name: str) -> None:
    async def decide() -> Change:
        account = await account_named(site, name)
        return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, site.actor, site.env())

    await site.apply(decide)
    say(f"{(await account_named(site, name)).name} is signed out everywhere")


async def _sign_out_everyone(site: Workbench) -> None:
    async def decide() -> Change:
        now = site.env().now
        stop = RaiseStop(Subject.EVERYTHING, 0, EndReason.SIGNED_OUT_BY_ADMIN, now)
        return Change((stop,), (Event(EventKind.ACCOUNT_SIGNED_OUT, now, site.actor, detail="everyone"),))

    await site.apply(decide)
    say("everyone is signed out")


async def _sign_out_phones(site: Workbench, ids: tuple[str, ...]) -> None:
    """All of them are looked for first: a misspelt id shall not leave half of the work done."""
    grant_ids = [_grant_id(text) for text in ids]
    for text, grant_id in zip(ids, grant_ids, strict=True):
        if await site.store.phone(grant_id) is None:
            raise Stop(f"there is no phone {text}; genkan phones list shows them")
    for grant_id in grant_ids:
        say(await _sign_out_phone(site, grant_id))


async def _sign_out_phone(site: Workbench, grant_id: bytes) -> str:
    said = ""

    async def decide() -> Change:
        nonlocal said
        row = await site.store.phone(grant_id)
        if row is None or phones.judge(row, site.env()).state is PhoneState.SIGNED_OUT:
            said = f"{grant_id.hex()} was signed out before"
            return NOTHING_TO_DO
        said = f"{grant_id.hex()} of {row.account.name} is signed out"
        return phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, site.actor, site.env())

    await site.apply(decide)
    return said


def _grant_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Stop(f"{text} is not an id; genkan phones list shows them", SET_UP) from None
