"""Certificates that somebody signed in with: seen and ended by administrators, in the console and by REST."""

import pytest

from genkan.protocol.certificate_records import KeepCertificate, KnownCertificate
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.records import Account, GrantState
from genkan.site.flashes import SENTENCES, Flash
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.site.api_world import a_key, a_phone_of, one, refusal
from tests.site.person_world import page, path_of, said, send
from tests.site.world import SiteUnderTest

PRINT = "3f" * 32


@pytest.fixture
async def alice(site: SiteUnderTest, root: Account) -> Account:
    """Who signed in with a certificate, on a phone too."""
    account = await site.make_account("alice")
    await keep(site, account, 7, PRINT)
    link = await site.turn_mobile_on()
    await a_phone_of(site, account, link, certificate=7)
    return account


async def keep(site: SiteUnderTest, account: Account, number: int, fingerprint: str) -> None:
    now = site.env().now
    known = KnownCertificate(number, bytes.fromhex(fingerprint), account.id, "CN=Alice of sales", b"leaf", b"issuer",
                             now + 10**9, now, now, now)  # fmt: skip
    assert await site.store.apply(Change((KeepCertificate(known),)))


async def ended(site: SiteUnderTest, account: Account) -> bool:
    """Whether what the certificate signed in is over."""
    (row,) = await site.store.phones(PhoneQuery(account_id=account.id))
    return row.grant.state is GrantState.ENDED and row.grant.reason == "certificate_revoked"


async def test_a_certificate_is_ended_in_the_console(site: SiteUnderTest, alice: Account) -> None:
    """On the person's page, with its line in the audit; the phone's page says which certificate it was."""
    assert "CN=Alice of sales" in await page(site, path_of(alice))
    (row,) = await site.store.phones(PhoneQuery(account_id=alice.id))
    assert "CN=Alice of sales" in await page(site, f"/admin/phones/{row.grant.id.hex()}")
    done = await send(site, path_of(alice), f"/certificates/{PRINT}/revoke")
    text = await said(site, done)
    assert SENTENCES[Flash.CERTIFICATE_ENDED] in text
    assert "Ended on" in text
    assert await ended(site, alice)
    told = [event for _, event in await site.store.events() if event.kind is EventKind.CERTIFICATE_REVOKED]
    assert [(event.account_id, event.reason) for event in told] == [(alice.id, "administrator")]
    assert "CN=" not in repr(told), "the audit names no subject"


async def test_certificates_by_rest(site: SiteUnderTest, alice: Account) -> None:
    """Listed, ended once, told so the second time; another person's is not found here."""
    ours = await a_key(site, Permission.SYSTEM_ADMIN)
    known = one(alice, "/certificates")
    (listed,) = await ours.get(known)
    assert (listed["fingerprint"], listed["subject"], listed["revokedAt"]) == (PRINT, "CN=Alice of sales", None)
    (row,) = await site.store.phones(PhoneQuery(account_id=alice.id))
    assert (await ours.get(f"/rest/genkan/1.0/phones/{row.grant.id.hex()}"))["certificate"] == PRINT
    bob = await site.make_account("bob")
    assert refusal(await ours("DELETE", f"{one(bob, '/certificates')}/{PRINT}"))[0] == 404
    assert refusal(await ours("DELETE", f"{known}/{'00' * 32}"))[0] == 404
    gone = (await ours("DELETE", f"{known}/{PRINT}")).json()
    assert gone["revokedAt"] is not None
    assert await ours.get(known) == [gone]
    assert await ended(site, alice)
    assert refusal(await ours("DELETE", f"{known}/{PRINT}"))[0] == 409


async def test_nobody_ends_a_certificate_of_who_may_more(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """An ADMIN sees a SYSTEM_ADMIN's, and ends only those of others."""
    await keep(site, root, 8, "4a" * 32)
    theirs = await a_key(site, Permission.ADMIN)
    assert refusal(await theirs("DELETE", f"{one(root, '/certificates')}/{'4a' * 32}"))[0] == 403
    assert (await theirs("DELETE", f"{one(alice, '/certificates')}/{PRINT}")).status_code == 200
    reader = await a_key(site, Permission.WRITE)
    assert (await reader("GET", one(alice, "/certificates"))).status_code == 403
