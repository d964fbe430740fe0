"""Client certificates in the store: a pin is one account's, a certificate keeps its number, the deleted leave none."""

import asyncio
from dataclasses import dataclass, replace

from genkan.protocol.certificate_records import (
    MOST_PINS,
    AddPin,
    DropPin,
    KeepCertificate,
    KnownCertificate,
    MarkChecked,
    Pin,
    PinKind,
    RevokeCertificate,
)
from genkan.protocol.entrances import Lost, People
from genkan.protocol.outcomes import EraseTraces, NeedAdministrator, NeedOwnAddress, OpenSession, PutAccount
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, GrantState, Link, Standing, Way
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE
from tests.store.builders import NOW, a_change, a_grant, a_session, added, an_account, redeemed


def a_pin(account: Account, number: int = 1, kind: PinKind = PinKind.SPKI, value: bytes = b"v" * 32) -> Pin:
    return Pin(number, account.id, kind, value, f"pin {number}", NOW + number)


def a_certificate(account: Account, number: int = 7, fingerprint: bytes = b"f" * 32) -> KnownCertificate:
    return KnownCertificate(number, fingerprint, account.id, "CN=alice", b"leaf", b"issuer", NOW + 9, NOW, NOW, NOW)


@dataclass(frozen=True)
class Naming:
    """Every certificate is this account's."""

    account_id: int

    def owner(self, leaf: bytes, people: People) -> int | None:
        assert leaf == b"leaf"
        assert people.by_email("nobody@corp.example") == []
        return self.account_id


async def test_pins_are_found_by_their_values_and_by_their_person(store: Store, account: Account) -> None:
    """With the account as it is; each value in its own kind."""
    first, second = a_pin(account), a_pin(account, 2, PinKind.SERIAL, b"w" * 32)
    for pin in (second, first):
        assert await store.apply(a_change(AddPin(pin)))
    assert await store.pins(account.id) == [first, second]
    assert await store.pinned([(PinKind.SPKI, b"v" * 32), (PinKind.SERIAL, b"w" * 32)]) == [
        (first, account),
        (second, account),
    ]
    assert await store.pinned([(PinKind.SERIAL, b"v" * 32), (PinKind.SUBJECT, b"w" * 32)]) == []
    assert await store.pins(1) == []


async def test_a_pin_is_one_accounts(store: Store, account: Account) -> None:
    """Of two who are given it at once one has it; a removed one is free again, and only its own account lets it go."""
    other = an_account()
    assert await store.apply(added(other))
    both = [a_change(AddPin(a_pin(account))), a_change(AddPin(a_pin(other, 2)))]
    assert sorted(await asyncio.gather(*map(store.apply, both))) == [False, True]
    [(pin, owner)] = await store.pinned([(PinKind.SPKI, b"v" * 32)])
    stranger = other if owner.id == account.id else account
    assert not await store.apply(a_change(DropPin(stranger.id, pin.id)))
    assert await store.apply(a_change(DropPin(owner.id, pin.id)))
    assert not await store.apply(a_change(DropPin(owner.id, pin.id)))
    assert await store.apply(a_change(AddPin(a_pin(stranger, 3))))


async def test_an_account_has_few_pins(store: Store, account: Account) -> None:
    """As many as it may, not one more."""
    for number in range(1, MOST_PINS + 1):
        assert await store.apply(a_change(AddPin(a_pin(account, number, value=number.to_bytes(32, "big")))))
    assert not await store.apply(a_change(AddPin(a_pin(account, 99))))


async def test_a_certificate_keeps_its_number_and_moves_with_its_mapping(store: Store, account: Account) -> None:
    """First sign-in and later ones; a number or fingerprint that stands for another one is refused."""
    first = a_certificate(account)
    assert await store.apply(a_change(KeepCertificate(first)))
    assert await store.certificate(first.fingerprint) == first
    later = replace(first, last_at=NOW + 5, checked_at=NOW + 5)
    assert await store.apply(a_change(KeepCertificate(later)))
    assert await store.certificate(first.fingerprint) == later
    assert not await store.apply(a_change(KeepCertificate(replace(first, number=8))))
    assert not await store.apply(a_change(KeepCertificate(a_certificate(account, 7, b"g" * 32))))
    other = an_account()
    assert await store.apply(added(other))
    assert await store.apply(a_change(KeepCertificate(replace(later, account_id=other.id))))
    found = await store.certificate(first.fingerprint)
    assert found is not None
    assert found.account_id == other.id
    assert await store.certificate(b"h" * 32) is None
    newer = replace(a_certificate(other, 9, b"i" * 32), last_at=NOW + 9)
    assert await store.apply(a_change(KeepCertificate(newer)))
    assert await store.certificates(other.id) == [newer, found]
    assert await store.certificates(account.id) == []


async def test_who_is_deleted_or_erased_leaves_no_certificate(store: Store, account: Account) -> None:
    """Their pins are free for somebody else, and nothing of the certificate's names is kept."""
    other = an_account()
    assert await store.apply(added(other))
    gone = replace(account, standing=Standing.DELETED, folded=f"\0{account.id}", email="", version=2)
    for end in (PutAccount(gone), EraseTraces(other.id)):
        whose = account if isinstance(end, PutAccount) else other
        assert await store.apply(a_change(AddPin(a_pin(whose)), KeepCertificate(a_certificate(whose))))
        assert await store.apply(a_change(end))
        assert await store.pins(whose.id) == []
        assert await store.certificate(b"f" * 32) is None
    assert not await store.apply(a_change(AddPin(a_pin(account))))


async def test_addresses_find_two_accounts_at_most(store: Store) -> None:
    """Whatever the case of ASCII letters, and of those letters alone; the deleted have none."""
    people = [
        an_account(email=text) for text in ("A@Corp.example", "a@corp.example", "a@CORP.example", "ä@corp.example")
    ]
    assert await store.apply(added(people[0]))
    assert await store.accounts_by_email("a@corp.example") == [people[0]]
    assert await store.apply(added(*people[1:]))
    assert len(await store.accounts_by_email("a@corp.example")) == 2
    assert await store.accounts_by_email("Ä@corp.example") == []
    assert await store.accounts_by_email("") == []
    gone = replace(people[3], standing=Standing.DELETED, email="", version=2)
    assert await store.apply(a_change(PutAccount(gone)))
    assert await store.accounts_by_email("ä@corp.example") == []


async def test_a_revocation_ends_what_it_signed_in_in_one_write(store: Store, account: Account, link: Link) -> None:
    """Its sessions and grants and no others; a second one changes nothing, and an unknown number neither."""
    one, other = a_certificate(account), a_certificate(account, 8, b"g" * 32)
    grants = [a_grant(account, link, certificate=number) for number in (7, 8, 0)]
    sessions = [a_session(account, certificate=number) for number in (7, 8, 0)]
    for known in (one, other):
        assert await store.apply(a_change(KeepCertificate(known)))
    for session in sessions:
        assert await store.apply(a_change(OpenSession(session, None)))
    for grant in grants:
        assert await store.apply(redeemed(grant))
    revoke = RevokeCertificate(7, EndReason.CERTIFICATE_REVOKED, NOW + 5)
    assert await store.apply(a_change(revoke))
    states = [(await store.grant_facts(grant.id)).grant for grant in grants]
    assert [grant.state for grant in states if grant] == [GrantState.ENDED, GrantState.LIVE, GrantState.LIVE]
    left = {session.certificate for session in await store.sessions(account.id)}
    assert left == {8, 0}
    assert not await store.apply(a_change(revoke))
    assert not await store.apply(a_change(RevokeCertificate(9, EndReason.CERTIFICATE_REVOKED, NOW)))
    assert await store.certificate_numbered(7) == replace(one, revoked_at=NOW + 5)
    assert not await store.apply(a_change(KeepCertificate(one))), "it signs in nobody again"
    assert not await store.apply(redeemed(a_grant(account, link, certificate=7)))


async def test_the_longest_not_looked_at_come_first(store: Store, account: Account) -> None:
    """With whether anybody is signed in with them; those looked at, and those revoked, not again."""
    kept = [replace(a_certificate(account, n, bytes([n]) * 32), checked_at=NOW + n) for n in (3, 1, 2)]
    for known in kept:
        assert await store.apply(a_change(KeepCertificate(known)))
    assert await store.apply(a_change(OpenSession(a_session(account, certificate=2), None)))
    assert [(known.number, used) for known, used in await store.certificates_to_check(NOW + 2, 9)] == [
        (1, False), (2, True),
    ]  # fmt: skip
    assert [known.number for known, _ in await store.certificates_to_check(NOW + 9, 2)] == [1, 2]
    assert await store.apply(a_change(MarkChecked((1, 2), NOW + 9)))
    assert await store.apply(a_change(RevokeCertificate(3, EndReason.CERTIFICATE_REVOKED, NOW)))
    assert await store.certificates_to_check(NOW + 8, 9) == []


async def test_who_has_an_address_alone_is_seen_in_the_write(store: Store) -> None:
    """As the steps before leave it: in any case of letters another one's is another one's."""
    first, second = an_account(email="a@corp.example"), an_account(email="A@corp.example")
    need = NeedOwnAddress(second.id, second.email)
    assert await store.apply(added(first))
    assert not await store.apply(a_change(*added(second).steps, need))
    assert await store.account(second.id) is None
    assert await store.apply(a_change(PutAccount(replace(first, email="", version=2)), *added(second).steps, need))


async def test_what_administrators_have_shown_is_listed(store: Store, account: Account) -> None:
    """What was ended is left out, and so is what everybody else has shown."""
    root = an_account(permission=Permission.ADMIN)
    assert await store.apply(added(root))
    mine = a_certificate(root, 8, b"r" * 32)
    assert await store.apply(a_change(KeepCertificate(a_certificate(account)), KeepCertificate(mine)))
    assert await store.administrators_certificates() == [mine]
    assert await store.apply(a_change(RevokeCertificate(8, EndReason.CERTIFICATE_REVOKED, 5)))
    assert await store.administrators_certificates() == []


async def test_a_certificate_that_was_shown_is_a_way_in_for_whom_it_names(store: Store, account: Account) -> None:
    """Asked anew, of the person and of whoever administers, tied or not; one that is lost or over is not."""
    known, here = a_certificate(account), replace(HERE.by(Way.CERTIFICATE), owners=Naming(account.id))
    other = an_account(permission=Permission.SYSTEM_ADMIN)
    assert await store.apply(a_change(*added(other).steps, KeepCertificate(known)))
    assert await store.has_way_in(account.id, here, NOW)
    for shut in (HERE.by(Way.CERTIFICATE), replace(here, owners=Naming(other.id)), HERE.by(Way.PASSKEY)):
        assert not await store.has_way_in(account.id, shut, NOW)
    assert not await store.has_way_in(account.id, here, NOW, Lost(certificates=(known.number,)))
    assert not await store.has_way_in(account.id, here, NOW + 10)
    assert not await store.has_administrator_by(here, Permission.SYSTEM_ADMIN, NOW)
    theirs, need = replace(here, owners=Naming(other.id)), NeedAdministrator(Permission.SYSTEM_ADMIN, NOW, here)
    pin = replace(a_pin(other), fingerprint=known.fingerprint, not_after=NOW + 9)
    assert not await store.apply(a_change(AddPin(pin), need))
    assert await store.apply(a_change(AddPin(pin), replace(need, here=theirs)))
    assert await store.has_administrator_by(theirs, Permission.SYSTEM_ADMIN, NOW)
