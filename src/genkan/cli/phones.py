"""genkan phones: who is signed in with what, and signing them out."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.link import link_named
from genkan.cli.user import account_named
from genkan.cli.workbench import (
    SET_UP,
    AsJson,
    DataDir,
    Stop,
    Workbench,
    at_site,
    moment,
    print_json,
    print_table,
    told,
)
from genkan.protocol import accounts, links, phones
from genkan.protocol.outcomes import Change, Event, EventKind, RaiseStop, Subject
from genkan.protocol.phones import Phone
from genkan.protocol.reasons import EndReason
from genkan.store.api import PhoneQuery

app = cyclopts.App(name="phones", help="Signed-in phones and applications: one row a sign-in.")
PAGE = 500


@app.command(name="list")
@told
def list_(
    *,
    person: Annotated[str | None, Parameter(help="Only this person's.")] = None,
    link: Annotated[str | None, Parameter(help="Only those of this link (id or client id).")] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List them, newest first. Example: genkan phones list --person alice"""

    async def work(site: Workbench) -> None:
        account_id = (await account_named(site, person)).id if person else None
        link_id = (await link_named(site, link)).id if link else None
        found = await _all(site, PhoneQuery(account_id, link_id, limit=PAGE))
        if json:
            return print_json([document(phone) for phone in found])
        rows = [_row(phone) for phone in found]
        return print_table(("ID", "PERSON", "LINK", "DEVICE", "SIGNED IN", "LAST SEEN", "STATE", "WHY"), rows)

    at_site(data_dir, work)


async def _all(site: Workbench, query: PhoneQuery) -> list[Phone]:
    found: list[Phone] = []
    before = query.before
    while True:
        page = await site.store.phones(
            PhoneQuery(query.account_id, query.link_id, query.live_only, before, query.limit)
        )
        found += [phones.judge(row, site.env()) for row in page]
        if len(page) < query.limit:
            return found
        before = page[-1].grant.id


def document(phone: Phone) -> dict[str, object]:
    """One row as JSON."""
    grant = phone.row.grant
    return {
        "id": grant.id.hex(),
        "person": phone.row.account.name,
        "link": phone.row.link.name,
        "signedInAt": moment(grant.created_at),
        "lastSeenAt": moment(max(grant.last_seen, grant.rotated_at)),
        "method": " ".join(grant.method.references()),
        "device": phones.device_name(grant.user_agent),
        "state": phone.state.value,
        "reason": phone.reason,
    }


def _row(phone: Phone) -> tuple[str, ...]:
    told_of = document(phone)
    names = ("id", "person", "link", "device", "signedInAt", "lastSeenAt", "state")
    return (*(str(told_of[name]) for name in names), phones.sentence(phone.reason))


@app.command
@told
def sign_out(
    *ids: Annotated[str, Parameter(help="Ids from genkan phones list.")],
    person: Annotated[str | None, Parameter(help="All of this person's.")] = None,
    link: Annotated[str | None, Parameter(help="All of this link's (id or client id).")] = None,
    everyone: Annotated[bool, Parameter(name="--all", negative="", help="All there are.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Sign out, from the next request on. Example: genkan phones sign-out --person alice"""
    if sum((bool(ids), person is not None, link is not None, everyone)) != 1:
        raise Stop("say which: ids, --person NAME, --link ID or --all", SET_UP)

    async def work(site: Workbench) -> None:
        if person is not None:
            await site.apply(lambda: _person(site, person))
        elif link is not None:
            await site.apply(lambda: _link(site, link))
        elif everyone:
            await site.apply(lambda: _everyone(site))
        for grant_id in ids:
            await site.apply(lambda grant_id=grant_id: _one(site, grant_id))  # type: ignore[misc]

    at_site(data_dir, work)


async def _person(site: Workbench, name: str) -> Change:
    account = await account_named(site, name)
    return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, site.actor, site.env())


async def _link(site: Workbench, text: str) -> Change:
    return links.sign_out_all(await link_named(site, text), site.actor, site.env())


async def _everyone(site: Workbench) -> Change:
    now = site.env().now
    stop = RaiseStop(Subject.EVERYTHING, 0, EndReason.SIGNED_OUT_BY_ADMIN, now)
    return Change((stop,), (Event(EventKind.ACCOUNT_SIGNED_OUT, now, site.actor, detail="everyone"),))


async def _one(site: Workbench, text: str) -> Change:
    row = await site.store.phone(_grant_id(text))
    if row is None:
        raise Stop(f"there is no phone {text}; genkan phones list shows them")
    return phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, site.actor, site.env())


def _grant_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Stop(f"{text} is not an id; genkan phones list shows them", SET_UP) from None
