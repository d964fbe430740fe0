"""Whose a certificate is stays what it is: nobody takes it by a pin, by an e-mail address or by a directory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest

from genkan.protocol.directory import Person
from genkan.protocol.offboarding import Checked, Presence
from genkan.protocol.outcomes import AddAccount, Change, EventKind, NeedOwnAddress, PutAccount, SetPassword
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Identity, Way
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.site.addresses import as_vouched
from genkan.site.admin.person_certificates import PINNED_ALREADY
from genkan.site.api import pinned
from genkan.site.directory_keeper import DirectoryKeeper
from genkan.site.ways_here import entrances_here
from genkan.wire.scopes import Permission
from tests.protocol.builders import an_account
from tests.protocol.certificates.making import cn, make, person
from tests.site.api_world import PEOPLE, a_key, one, refusal
from tests.site.certificate_world import CertificateSite, certificate_site
from tests.site.directories import FakeDirectory, linked
from tests.site.person_world import path_of, send

TAKEN = entry(Reason.CERTIFICATE_ANOTHERS).public
ADDRESS = entry(Reason.ADDRESS_ANOTHERS).public
LAST = entry(Reason.LAST_ADMINISTRATOR).public
ROOTS = "root@site.example"
BY_EMAIL, BY_NAME = ("email=email",), ("email@site.example=name",)


@pytest.fixture
async def ours(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[CertificateSite]:
    """Certificates find their accounts by name or by address."""
    rules = getattr(request, "param", BY_NAME)
    async with certificate_site(tmp_path, certificate_rules=rules) as opened:
        yield opened


by_email = pytest.mark.parametrize("ours", [BY_EMAIL], indirect=True)


@pytest.fixture
async def root(ours: CertificateSite) -> Account:
    """The only one who administers, who has an address and no password."""
    account = await ours.site.make_account("root", Permission.SYSTEM_ADMIN, email=ROOTS)
    assert await ours.site.store.apply(Change((SetPassword(account.id, None),)))
    return account


async def certificates_alone(ours: CertificateSite) -> None:
    version = (await ours.site.store.site()).version
    assert await ours.site.store.apply(Change((PutSignInPolicy(Way.CERTIFICATE, None, version),)))


async def now(ours: CertificateSite, name: str) -> Account:
    found = await ours.site.store.account_by_name(name)
    assert found is not None
    return found


async def is_administered(ours: CertificateSite) -> bool:
    """Whether a system administrator could come in."""
    here = entrances_here(ours.site.door).by(Way.CERTIFICATE)
    return await ours.site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, ours.site.env().now)


# --- Pins -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [False, True])
async def test_nobodys_certificate_is_tied_to_somebody_else(ours: CertificateSite, root: Account, tied: bool) -> None:
    """By rule or by a pin of another kind it is theirs: refused with the sentence, and they still come in."""
    shown, alice = ours.issue("root"), await now(ours, "alice")
    top, admin = await a_key(ours.site, Permission.SYSTEM_ADMIN), await a_key(ours.site, Permission.ADMIN)
    pem = {"certificate": shown.pem.decode()}
    if tied:
        await top.post(one(root, "/certificate-pins"), **pem, by="spki")
    await certificates_alone(ours)
    for caller in (admin, top):
        for by in ("subject", "serial") if tied else ("spki", "serial", "subject"):
            refused = await caller("POST", one(alice, "/certificate-pins"), json={**pem, "by": by})
            assert refusal(refused) == (409, TAKEN)
    assert await ours.site.store.pins(alice.id) == []
    await ours.sign_in(shown)
    assert await ours.myself_in() == "root"
    assert await is_administered(ours)
    await top.post(one(root, "/certificate-pins"), **pem, by="serial")


async def test_a_file_that_only_looks_like_it_is_not_tied_either(ours: CertificateSite, root: Account) -> None:
    """Nobody judges what an administrator pastes: one of the same key or subject, with names that name nobody, would
    fit the certificate that root signs in with.
    """
    shown, alice = ours.issue("root"), await now(ours, "alice")
    await ours.sign_in(shown)
    admin = await a_key(ours.site, Permission.ADMIN)
    forged = person(ours.root, subject=cn("root"))
    same_key = make(cn("Nobody"), None, (), key=shown.key)
    for made, by in ((forged, "subject"), (same_key, "spki")):
        asked = {"certificate": made.pem.decode(), "by": by}
        assert refusal(await admin("POST", one(alice, "/certificate-pins"), json=asked)) == (409, TAKEN)
    other = person(ours.root, subject=cn("Alice's laptop"))
    assert (await admin.post(one(alice, "/certificate-pins"), certificate=other.pem.decode(), by="subject"))["id"]


async def test_a_pin_that_won_a_race_takes_no_last_administrator_away(
    ours: CertificateSite, root: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was found before: the write itself looks whether a system administrator could still come in."""

    async def nobodys(*_: object) -> bool:
        return False

    shown, alice = ours.issue("root"), await now(ours, "alice")
    await ours.sign_in(shown)
    await certificates_alone(ours)
    monkeypatch.setattr(pinned, "is_anothers", nobodys)
    admin = await a_key(ours.site, Permission.ADMIN)
    asked = {"certificate": shown.pem.decode(), "by": "spki"}
    assert (await admin("POST", one(alice, "/certificate-pins"), json=asked)).status_code == 503
    assert await ours.site.store.pins(alice.id) == []
    await admin.post(one(alice, "/certificate-pins"), certificate=ours.issue("alice").pem.decode(), by="spki")


async def test_the_console_says_so_beside_the_field(ours: CertificateSite, root: Account) -> None:
    """And of one that is tied already what it said before."""
    await ours.site.make_account("admin", Permission.ADMIN)
    await ours.site.sign_in("admin")
    alice = await now(ours, "alice")
    for shown, words in ((ours.issue("root"), TAKEN), (ours.issue("alice"), ""), (ours.issue("admin"), TAKEN)):
        typed = {"certificate": shown.pem.decode(), "by": "spki"}
        answer = await send(ours.site, path_of(alice, "/certificates/add"), "certificates/add", typed)
        assert answer.status_code == (409 if words else 303)
        assert words in unescape(answer.text)
        assert PINNED_ALREADY not in unescape(answer.text)


# --- E-mail addresses -------------------------------------------------------------------------------------------------


@by_email
async def test_nobody_is_given_the_address_of_somebody_else(ours: CertificateSite, root: Account) -> None:
    """Neither a new account nor one that is there, by REST or in the console, in any case of letters: who has it still
    signs in by it.
    """
    shown, alice = ours.issue("root"), await now(ours, "alice")
    admin = await a_key(ours.site, Permission.ADMIN)
    for email in (ROOTS, ROOTS.upper()):
        assert refusal(await admin("POST", PEOPLE, json={"name": "mallory", "email": email})) == (409, ADDRESS)
        assert refusal(await admin("PATCH", one(alice), json={"email": email})) == (409, ADDRESS)
    await ours.site.make_account("admin", Permission.ADMIN)
    await ours.site.sign_in("admin")
    edited = await send(ours.site, path_of(alice, "/edit"), "/edit", {"email": ROOTS})
    assert (edited.status_code, ADDRESS in unescape(edited.text)) == (409, True)
    typed = {"name": "mallory", "email": ROOTS, "permission": "READ", "first": "link"}
    made = await send(ours.site, "/admin/people/create", "/create", typed)
    assert (made.status_code, ADDRESS in unescape(made.text)) == (400, True)
    assert await ours.site.store.account_by_name("mallory") is None
    await admin("PATCH", one(alice), json={"email": "alice@site.example"})
    await admin("PATCH", one(alice), json={"displayName": "Alice", "email": "Alice@Site.example"})
    assert (await now(ours, "alice")).email == "Alice@Site.example"
    await ours.sign_in(shown, (browser := ours.site.browser()))
    assert await ours.myself_in(browser) == "root"


async def test_addresses_may_be_shared_where_no_certificate_is_found_by_one(
    ours: CertificateSite, root: Account
) -> None:
    """A mailbox of a whole team is nothing that this site has a word in."""
    admin = await a_key(ours.site, Permission.ADMIN)
    assert (await admin.post(PEOPLE, name="team", email=ROOTS))["email"] == ROOTS


@by_email
async def test_the_last_administrators_address_stays(ours: CertificateSite, root: Account) -> None:
    """Changed or emptied, their certificate would find nobody; with another way in it goes."""
    await ours.sign_in(ours.issue("root"))
    await certificates_alone(ours)
    top = await a_key(ours.site, Permission.SYSTEM_ADMIN)
    for email in ("root@elsewhere.example", ""):
        assert refusal(await top("PATCH", one(root), json={"email": email})) == (409, LAST)
    assert await is_administered(ours)
    assert (await top("PATCH", one(root), json={"displayName": "Root"})).status_code == 200
    pem = ours.issue("laptop").pem.decode()
    await top.post(one(root, "/certificate-pins"), certificate=pem)
    assert (await top("PATCH", one(root), json={"email": "root@elsewhere.example"})).status_code == 200


@by_email
async def test_two_at_once_are_told_apart_by_the_store(ours: CertificateSite, root: Account) -> None:
    """As the steps before it leave them: of two accounts of one address neither is alone with it."""
    twin = an_account(name="twin", folded="twin", email=ROOTS.upper())
    steps = AddAccount(twin), NeedOwnAddress(twin.id, twin.email)
    assert not await ours.site.store.apply(Change(steps))
    moved = replace(root, email="moved@site.example", version=root.version + 1)
    assert await ours.site.store.apply(Change((PutAccount(moved), *steps)))


# --- Directories ------------------------------------------------------------------------------------------------------


@dataclass
class Vouching(FakeDirectory):
    """A directory that says this address of everybody."""

    email: str = ROOTS

    async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
        said = [self._person(one) for one in identities]
        return [Checked(Presence.PRESENT, person=person_) for person_ in said]

    def _person(self, one_: Identity) -> Person:
        return Person("corp", one_.subject, one_.subject, "Named anew", self.email, email_verified=True)


async def rounds(ours: CertificateSite, directory: Vouching, count: int = 2) -> list[tuple[int | None, str]]:
    """What the audit says of addresses after some rounds."""
    keeper = DirectoryKeeper(directory, ours.site.door)
    for _ in range(count):
        ours.site.env.advance(16 * 60_000)
        await keeper.round()
    kind = EventKind.ADDRESS_LEFT_OUT
    return [(event.account_id, event.detail) for _, event in await ours.site.store.events() if event.kind is kind]


@by_email
async def test_a_directory_gives_nobody_the_address_of_somebody_else(ours: CertificateSite, root: Account) -> None:
    """It is left out and told once, whatever else it says is taken, and who has the address still signs in."""
    alice = await now(ours, "alice")
    await linked(ours.site, alice)
    assert await rounds(ours, Vouching()) == [(root.id, f"corp: {alice.actor}")]
    found = await now(ours, "alice")
    assert (found.display_name, found.email) == ("Named anew", alice.email)
    await ours.sign_in(ours.issue("root"))
    assert await ours.myself_in() == "root"
    await rounds(ours, Vouching(email="free@site.example"))
    assert (await now(ours, "alice")).email == "free@site.example"


@by_email
async def test_a_directory_says_its_own_peoples_addresses(ours: CertificateSite, root: Account) -> None:
    """Of the account that has it nothing is told."""
    await linked(ours.site, root)
    assert await rounds(ours, Vouching(email=ROOTS.upper())) == []
    assert (await now(ours, "root")).email == ROOTS.upper()


@by_email
async def test_who_comes_for_the_first_time_gets_no_address_of_somebody_else(
    ours: CertificateSite, root: Account
) -> None:
    """At a sign-in as in the background; a directory that makes no accounts has nothing to be told of."""
    came, rule = Person("corp", "00u1", "eve", "", ROOTS, email_verified=True), FakeDirectory().source.rule
    door = ours.site.door
    assert (await as_vouched(came, None, rule, door)).email == ""
    assert door.addresses_told == set()
    assert (await as_vouched(came, None, replace(rule, create=True), door)).email == ""
    assert door.addresses_told == {("corp", 0, root.id)}
    assert await as_vouched(came, root, rule, door) == came
    assert await as_vouched(replace(came, email="eve@site.example"), None, rule, door) != came
    unsure = replace(came, email_verified=False)
    assert await as_vouched(unsure, None, rule, door) == unsure


async def test_any_address_is_taken_where_no_certificate_is_found_by_one(ours: CertificateSite, root: Account) -> None:
    """As before."""
    alice = await now(ours, "alice")
    await linked(ours.site, alice)
    assert await rounds(ours, Vouching()) == []
    assert (await now(ours, "alice")).email == ROOTS
