"""Everything that is kept about one person as one document, for the administrator who asks and for the person."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from genkan.protocol.phones import PhoneRow, judge
from genkan.protocol.records import Account, Standing
from genkan.site.api.audit_documents import AuditEventDocument, Names, acting_account, event_document
from genkan.site.api.certificate_documents import certificate_document, pin_document
from genkan.site.api.documents import moment, phone_document
from genkan.site.api.identity_documents import identity_document
from genkan.site.api.passkey_documents import passkey_document
from genkan.site.api.people import details
from genkan.site.api.people_documents import (
    ConsentDocument,
    PersonExport,
    SignInTraces,
    consent_documents,
    session_document,
)
from genkan.site.door import Door
from genkan.store.api import PhoneQuery

PAGE = 500


async def person_export(account: Account, door: Door) -> PersonExport:
    """Reads the whole audit, in small steps."""
    sessions = await door.store.sessions(account.id)
    return PersonExport(
        exported_at=moment(door.env().now),
        person=await details(account, door),
        browser_sessions=tuple(session_document(session) for session in sessions),
        passkeys=tuple(map(passkey_document, await door.store.passkeys(account.id))),
        sign_ins=tuple([_traces(row, door) async for row in _sign_ins(account, door)]),
        consents=await consents_of(account, door),
        identities=tuple(identity_document(one, door.sign_on) for one in await door.store.identities_of(account.id)),
        certificate_pins=tuple(map(pin_document, await door.store.pins(account.id))),
        certificates=tuple(map(certificate_document, await door.store.certificates(account.id))),
        audit_events=tuple([line async for line in _audit(account, door)]),
    )


async def consents_of(account: Account, door: Door) -> tuple[ConsentDocument, ...]:
    """What the person allowed for good, oldest first."""
    links = {link.id: link for link in await door.store.links() if link.standing is not Standing.DELETED}
    return consent_documents(await door.store.consents(account.id), links)


async def _sign_ins(account: Account, door: Door) -> AsyncIterator[PhoneRow]:
    query = PhoneQuery(account_id=account.id, limit=PAGE)
    page = await door.store.phones(query)
    while page:
        for row in page:
            yield row
        await asyncio.sleep(0)  # other requests have their turn
        page = await door.store.phones(replace(query, before=page[-1].grant.id))


def _traces(row: PhoneRow, door: Door) -> SignInTraces:
    grant = row.grant
    return SignInTraces(
        sign_in=phone_document(judge(row, door.env())),
        user_agent=grant.user_agent,
        address=grant.address,
        network=grant.network,
    )


async def _audit(account: Account, door: Door) -> AsyncIterator[AuditEventDocument]:
    names, page = Names(door.store), await door.store.audit_lines(None, PAGE)
    while page:
        for line in page:
            if account.id in (line.account_id, acting_account(line.actor)):
                yield await event_document(line, names)
        await asyncio.sleep(0)  # other requests have their turn
        page = await door.store.audit_lines(page[-1].number, PAGE)
