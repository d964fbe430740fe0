"""One-time links in the store: one an account, spent once, dead with a stop and with every new password."""

import asyncio
from dataclasses import replace

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import PutAccount, RaiseStop, SetPassword, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, RecoveryLink, Standing
from genkan.protocol.recovery_steps import DropRecovery, NeedPassword, PutRecovery, UseRecovery
from genkan.store.api import Store
from tests.store.builders import NOW, a_change, added, an_account


def a_recovery(account: Account, digest: bytes = b"d" * 32, now: int = NOW) -> RecoveryLink:
    return RecoveryLink(account.id, digest, account.stop, now, now + DAY)


async def test_a_link_is_found_by_its_digest_and_by_its_person(store: Store, account: Account) -> None:
    """With the account as it is; nobody else's."""
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link)))
    facts = await store.recovery(link.digest)
    assert facts is not None
    assert (facts.link, facts.account) == (link, account)
    assert await store.recovery_of(account.id) == link
    assert await store.recovery(b"e" * 32) is None
    assert await store.recovery_of(1) is None
    assert not await store.apply(a_change(PutRecovery(replace(link, account_id=1, digest=b"f" * 32))))


async def test_a_newer_link_replaces_the_earlier(store: Store, account: Account) -> None:
    """The earlier one is found no more and cannot be spent."""
    earlier, later = a_recovery(account), a_recovery(account, b"e" * 32, NOW + 1)
    assert await store.apply(a_change(PutRecovery(earlier)))
    assert await store.apply(a_change(PutRecovery(later)))
    assert await store.recovery(earlier.digest) is None
    assert not await store.apply(a_change(UseRecovery(account.id, earlier.digest)))
    assert await store.recovery_of(account.id) == later


async def test_a_link_is_spent_once(store: Store, account: Account) -> None:
    """Of many who spend it at once, one does; and only its own person."""
    other = an_account()
    assert await store.apply(added(other))
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link)))
    assert not await store.apply(a_change(UseRecovery(other.id, link.digest)))
    spend = a_change(UseRecovery(account.id, link.digest), SetPassword(account.id, "hash", NOW))
    assert sorted(await asyncio.gather(*(store.apply(spend) for _ in range(8)))) == [False] * 7 + [True]
    assert await store.recovery_of(account.id) is None


async def test_a_link_is_dead_after_a_stop(store: Store, account: Account) -> None:
    """Signed out everywhere, or disabled: it is there until it expires, and opens nothing."""
    link = a_recovery(account)
    assert await store.apply(a_change(PutRecovery(link)))
    disabled = replace(account, standing=Standing.DISABLED, version=2)
    assert await store.apply(a_change(PutAccount(disabled)))
    assert not await store.apply(a_change(UseRecovery(account.id, link.digest)))
    assert await store.apply(a_change(PutAccount(replace(account, version=3))))
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW)))
    assert not await store.apply(a_change(UseRecovery(account.id, link.digest)))


async def test_every_new_password_ends_the_link(store: Store, account: Account) -> None:
    """Whoever sets it, and also where it is removed."""
    for hash_ in ("hash", None):
        assert await store.apply(a_change(PutRecovery(a_recovery(account))))
        assert await store.apply(a_change(SetPassword(account.id, hash_, NOW)))
        assert await store.recovery_of(account.id) is None


async def test_a_link_is_taken_back_once(store: Store, account: Account) -> None:
    """The second time there is none."""
    assert await store.apply(a_change(PutRecovery(a_recovery(account))))
    assert await store.apply(a_change(DropRecovery(account.id)))
    assert not await store.apply(a_change(DropRecovery(account.id)))


async def test_links_that_are_too_old_are_swept_away(store: Store, account: Account) -> None:
    """At their expiry and not before."""
    assert await store.apply(a_change(PutRecovery(a_recovery(account))))
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
