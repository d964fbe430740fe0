"""One-time links in the store: one an account, spent once, dead with a stop and with every new password."""

import asyncio
from dataclasses import replace

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import PutAccount, RaiseStop, SetPassword, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, RecoveryLink, Standing
from genkan.protocol.recovery_steps import DropRecovery, NeedPassword, PutRecovery, UseRecovery
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.store.builders import NOW, a_change, added, an_account


def a_recovery(account: Account, digest: bytes = b"d" * 32, now: int = NOW) -> RecoveryLink:
    return RecoveryLink(account.id, digest, account.stop, now, now + DAY)


async def test_a_link_is_found_by_its_digest_and_by_its_person(store: Store, account: Account) -> None:
    """With the account as it is; nobody else's."""
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link, account.permission)))
    facts = await store.recovery(link.digest)
    assert facts is not None
    assert (facts.link, facts.account) == (link, account)
    assert await store.recovery_of(account.id) == link
    assert await store.recovery(b"e" * 32) is None
    assert await store.recovery_of(1) is None
    assert not await store.apply(
        a_change(PutRecovery(replace(link, account_id=1, digest=b"f" * 32), account.permission))
    )


async def test_a_newer_link_replaces_the_earlier(store: Store, account: Account) -> None:
    """The earlier one is found no more and cannot be spent."""
    earlier, later = a_recovery(account), a_recovery(account, b"e" * 32, NOW + 1)
    assert await store.apply(a_change(PutRecovery(earlier, account.permission)))
    assert await store.apply(a_change(PutRecovery(later, account.permission)))
    assert await store.recovery(earlier.digest) is None
    assert not await store.apply(a_change(UseRecovery(account.id, earlier.digest)))
    assert await store.recovery_of(account.id) == later


async def test_a_link_is_spent_once(store: Store, account: Account) -> None:
    """Of many who spend it at once, one does; and only its own person."""
    other = an_account()
    assert await store.apply(added(other))
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link, account.permission)))
    assert not await store.apply(a_change(UseRecovery(other.id, link.digest)))
    spend = a_change(UseRecovery(account.id, link.digest), SetPassword(account.id, "hash", NOW))
    assert sorted(await asyncio.gather(*(store.apply(spend) for _ in range(8)))) == [False] * 7 + [True]
    assert await store.recovery_of(account.id) is None


async def test_a_link_is_dead_after_a_stop(store: Store, account: Account) -> None:
    """Signed out everywhere, or disabled: it is there until it expires, and opens nothing."""
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link, account.permission)))
    disabled = replace(account, standing=Standing.DISABLED, version=2)
    assert await store.apply(a_change(PutAccount(disabled)))
    assert not await store.apply(a_change(UseRecovery(account.id, link.digest)))
    assert await store.apply(a_change(PutAccount(replace(account, version=3))))
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW)))
    assert not await store.apply(a_change(UseRecovery(account.id, link.digest)))


async def test_a_raised_permission_ends_the_link(store: Store, account: Account) -> None:
    """Who was handed it, or made it, need not reach so far; other changes and a lowered permission leave it."""
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link, account.permission)))
    renamed = replace(account, display_name="Else", permission=Permission.READ, version=2)
    assert await store.apply(a_change(PutAccount(renamed)))
    assert await store.recovery_of(account.id) == link
    stale = replace(account, permission=Permission.SYSTEM_ADMIN, version=2)
    assert not await store.apply(a_change(PutAccount(stale)))
    assert await store.recovery_of(account.id) == link
    raised = replace(account, permission=Permission.SYSTEM_ADMIN, version=3)
    assert await store.apply(a_change(PutAccount(raised)))
    assert not await store.apply(a_change(UseRecovery(account.id, link.digest)))
    assert await store.recovery_of(account.id) is None


async def test_no_link_is_made_for_who_may_more_by_now(store: Store, account: Account) -> None:
    """Whoever decided on it had looked at somebody who might less."""
    raised = replace(account, permission=Permission.SYSTEM_ADMIN, version=2)
    assert await store.apply(a_change(PutAccount(raised)))
    assert not await store.apply(a_change(PutRecovery(a_recovery(account), account.permission)))
    assert await store.recovery_of(account.id) is None
    assert await store.apply(a_change(PutRecovery(a_recovery(account), raised.permission)))


async def test_every_new_password_ends_the_link(store: Store, account: Account) -> None:
    """Whoever sets it, and also where it is removed."""
    for hash_ in ("hash", None):
        assert await store.apply(a_change(PutRecovery(a_recovery(account), account.permission)))
        assert await store.apply(a_change(SetPassword(account.id, hash_, NOW)))
        assert await store.recovery_of(account.id) is None


async def test_a_link_is_taken_back_once(store: Store, account: Account) -> None:
    """The second time there is none."""
    assert await store.apply(a_change(PutRecovery(a_recovery(account), account.permission)))
    assert await store.apply(a_change(DropRecovery(account.id)))
    assert not await store.apply(a_change(DropRecovery(account.id)))


async def test_links_that_are_too_old_are_swept_away(store: Store, account: Account) -> None:
    """At their expiry and not before."""
    assert await store.apply(a_change(PutRecovery(a_recovery(account), account.permission)))
    while await store.prune(NOW + DAY - 1, 100):
        continue
    assert await store.recovery_of(account.id) is not None
    while await store.prune(NOW + DAY, 100):
        continue
    assert await store.recovery_of(account.id) is None


async def test_a_write_can_need_the_password_that_was_proved(store: Store, account: Account) -> None:
    """It fails where another one is kept by now, or none."""
    needs = a_change(NeedPassword(account.id, "first"), SetPassword(account.id, "second", NOW))
    assert not await store.apply(needs)
    assert await store.apply(a_change(SetPassword(account.id, "first", NOW)))
    assert await store.apply(needs)
    assert not await store.apply(needs)
