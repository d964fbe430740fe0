"""Tying client certificates to people, in the console and by REST: one person each, nobody above oneself, no keys."""

import pytest

from genkan.outside.certificates import CertificateDesk
from genkan.protocol.certificate_records import PinKind
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.mapping import Mapped
from genkan.protocol.certificates.naming import read_leaf
from genkan.protocol.certificates.rules import parse_rules
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import ALL_WAYS, Account
from genkan.protocol.signin.certificate import Accepted, sign_in
from genkan.protocol.signin.session import Browser, NewSession
from genkan.site.admin.person_certificates import PINNED_ALREADY
from genkan.site.api.documents import public_id
from genkan.site.certificate_accounts import certificate_facts, mapped_account
from genkan.site.flashes import SENTENCES, Flash
from genkan.wire.scopes import Permission
from tests.protocol.certificates.making import authority, mail, person, upn
from tests.site.api_world import Caller, a_key, one, refusal
from tests.site.person_world import current, page, path_of, said, send
from tests.site.world import SiteUnderTest

ROOT = authority()
MADE = person(ROOT, upn("alice@corp.example"), mail("Alice@Site.example"))
LEAF = read_leaf(MADE.certificate)
PEM = MADE.pem.decode()
KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
ADD, ADD_FORM = "/certificates/add", "certificates/add"


@pytest.fixture
async def alice(site: SiteUnderTest, root: Account) -> Account:
    """Whom the certificates are for."""
    return await site.make_account("alice", email="alice@site.example")


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(site, Permission.SYSTEM_ADMIN)


async def kinds(site: SiteUnderTest) -> list[EventKind]:
    return [event.kind for _, event in await site.store.events()]


async def test_a_certificate_is_tied_and_untied_in_the_console(site: SiteUnderTest, alice: Account) -> None:
    """Pasted, shown with how it is tied, and gone again; each with its line in the audit."""
    assert "No certificate is tied to this person." in await page(site, path_of(alice))
    done = await send(site, path_of(alice, ADD), ADD_FORM, {"certificate": PEM, "by": "spki"})
    text = await said(site, done)
    assert SENTENCES[Flash.CERTIFICATE_TIED] in text
    assert f"CN=alice, key {LEAF.spki[:8].hex()}" in text
    [pin] = await site.store.pins(alice.id)
    assert (pin.kind, pin.value) == (PinKind.SPKI, LEAF.spki)
    gone = await send(site, path_of(alice), f"certificates/{public_id(pin.id)}/remove")
    assert SENTENCES[Flash.CERTIFICATE_UNTIED] in await said(site, gone)
    assert await site.store.pins(alice.id) == []
    assert {EventKind.CERTIFICATE_PINNED, EventKind.CERTIFICATE_UNPINNED} <= set(await kinds(site))


async def test_what_cannot_be_tied_is_said_beside_the_field(site: SiteUnderTest, alice: Account) -> None:
    """Rubbish, somebody's already, and a private key, which is never sent back."""
    for typed, status, words in (
        ("rubbish", 400, "Certificate: it cannot be read, so paste one whole certificate in PEM."),
        ("", 400, "Certificate: it cannot be read"),
        (PEM + KEY, 400, "it came with its private key"),
    ):
        answer = await send(site, path_of(alice, ADD), ADD_FORM, {"certificate": typed, "by": "spki"})
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
        assert "MC4CAQAwBQYDK2Vw" not in answer.text
    assert (await send(site, path_of(alice, ADD), ADD_FORM, {"certificate": PEM, "by": "spki"})).status_code == 303
    bob = await site.make_account("bob")
    again = await send(site, path_of(bob, ADD), ADD_FORM, {"certificate": PEM, "by": "spki"})
    assert (again.status_code, PINNED_ALREADY in again.text) == (409, True)
    by_serial = await send(site, path_of(bob, ADD), ADD_FORM, {"certificate": PEM, "by": "serial"})
    assert (by_serial.status_code, entry(Reason.CERTIFICATE_ANOTHERS).public in by_serial.text) == (409, True)


async def test_the_page_says_whether_certificates_count_here(site: SiteUnderTest, alice: Account) -> None:
    """A site without authorities names the setting."""
    assert not CertificateDesk().is_open
    assert "GENKAN_CLIENT_CA" in await page(site, path_of(alice))


async def test_pins_by_rest(site: SiteUnderTest, alice: Account, ours: Caller) -> None:
    """Listed, added, conflicting, removed; what stands there is what the console shows, and the export has it."""
    pins = one(alice, "/certificate-pins")
    made = await ours.post(pins, certificate=PEM, by="subject")
    assert (made["by"], made["name"]) == ("subject", "CN=alice by CN=Root")
    assert len(made["value"]) == 64
    spki = await ours.post(pins, certificate=PEM)
    assert (spki["by"], spki["value"]) == ("spki", LEAF.spki.hex())
    assert await ours.get(pins) == [made, spki]
    assert refusal(await ours("POST", pins, json={"certificate": PEM}))[0] == 409
    for body in ({"certificate": "x"}, {"certificate": PEM + KEY}, {"certificate": PEM, "by": "cn"}, {}):
        assert refusal(await ours("POST", pins, json=body))[0] == 400
    exported = await ours.get(one(alice, "/export"))
    assert exported["certificatePins"] == [made, spki]
    assert exported["certificates"] == []
    assert (await ours("DELETE", f"{pins}/{spki['id']}")).json() == spki
    assert refusal(await ours("DELETE", f"{pins}/{spki['id']}"))[0] == 404
    assert refusal(await ours("DELETE", f"{pins}/rubbish"))[0] == 404
    bob = await site.make_account("bob")
    assert refusal(await ours("DELETE", f"{one(bob, '/certificate-pins')}/{made['id']}"))[0] == 404
    assert await ours.get(pins) == [made]


async def test_nobody_ties_a_certificate_to_who_may_more(site: SiteUnderTest, root: Account, ours: Caller) -> None:
    """Who holds it becomes that person: ADMIN neither adds nor removes one of a SYSTEM_ADMIN, nor others read them."""
    pins = one(root, "/certificate-pins")
    made = await ours.post(pins, certificate=PEM)
    theirs = await a_key(site, Permission.ADMIN)
    assert refusal(await theirs("POST", pins, json={"certificate": PEM, "by": "serial"}))[0] == 403
    assert refusal(await theirs("DELETE", f"{pins}/{made['id']}"))[0] == 403
    reader = await a_key(site, Permission.WRITE)
    assert (await reader("GET", pins)).status_code == 403
    assert refusal(await Caller(site, "nobody")("GET", pins))[0] == 401
    assert len(await site.store.pins(root.id)) == 1


async def test_a_certificate_finds_its_account_in_the_store(site: SiteUnderTest, alice: Account) -> None:
    """Rules look accounts up by name and address, pins come before, and a session opened so names its certificate."""
    rules = parse_rules(("upn@corp.example=name", "email=email"))
    assert isinstance(rules, tuple)
    found = await mapped_account(LEAF, rules, site.store)
    assert (isinstance(found, Mapped) and found.account.id, found) == (
        alice.id,
        Mapped(alice, "rule upn@corp.example=name"),
    )
    by_mail = await mapped_account(LEAF, rules[1:], site.store)
    assert by_mail == Mapped(alice, "rule email=email")
    bob = await site.make_account("bob", email="ALICE@site.example")
    both = await mapped_account(LEAF, rules[1:], site.store)
    assert isinstance(both, CertificateFault)
    assert both.fault is Fault.SEVERAL_ACCOUNTS
    await send(site, path_of(bob, ADD), ADD_FORM, {"certificate": PEM, "by": "spki"})
    facts = await certificate_facts(Accepted(LEAF, MADE.der, ROOT.der), rules, site.store)
    assert facts.mapped == Mapped(await current(site, bob), "pin spki")
    opened = sign_in(facts, ALL_WAYS, Browser("agent", "192.0.2.1", None), site.env(), site.door.lifetimes)
    assert isinstance(opened, NewSession)
    assert await site.store.apply(opened.change)
    known = await site.store.certificate(LEAF.fingerprint)
    assert known is not None
    [session] = [s for s in await site.store.sessions(bob.id) if s.certificate]
    assert (session.certificate, known.account_id) == (known.number, bob.id)
    again = await certificate_facts(Accepted(LEAF, MADE.der, ROOT.der), rules, site.store)
    assert again.known == known
