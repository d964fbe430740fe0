"""Passkeys in the store: found by their id with their person, used only as they were seen, gone with the account."""

import asyncio
from dataclasses import replace
from typing import Any

from genkan.protocol.accounts import erase, set_standing
from genkan.protocol.entrances import Lost
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Change, NeedAdministrator, SetPassword
from genkan.protocol.passkey_steps import (
    AddPasskey,
    DropPasskeys,
    MarkCloned,
    NeedWayIn,
    RemovePasskey,
    RenamePasskey,
    UsePasskey,
)
from genkan.protocol.records import Account, Passkey, Standing
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE
from tests.store.builders import NOW, a_change, added, an_account, an_env

MOST = 3


def a_passkey(account: Account, key_id: bytes = b"k" * 16, **changes: Any) -> Passkey:
    made = Passkey(
        key_id, account.id, b"public", 7, "Laptop", b"a" * 16, ("internal", "hybrid"), "site.example", True, False,
        False, NOW,
    )  # fmt: skip
    return replace(made, **changes)


async def with_passkey(store: Store, account: Account, key_id: bytes = b"k" * 16, **changes: Any) -> Passkey:
    passkey = a_passkey(account, key_id, **changes)
    assert await store.apply(a_change(AddPasskey(passkey, MOST)))
    return passkey


async def kept(store: Store, passkey: Passkey) -> Passkey | None:
    facts = await store.passkey(passkey.id)
    return None if facts is None else facts.passkey


async def test_a_passkey_is_found_with_its_person(store: Store, account: Account) -> None:
    """By its id alone, and in the list of the person's own; exactly as it was kept."""
    passkey = await with_passkey(store, account)
    facts = await store.passkey(passkey.id)
    assert facts is not None
    assert (facts.passkey, facts.account) == (passkey, account)
    assert await store.passkeys(account.id) == [passkey]
    assert await store.passkey(b"other") is None
    assert await store.passkeys(1) == []


async def test_one_credential_is_one_account_s(store: Store, account: Account) -> None:
    """Another account, or the same once more, cannot have it too, and what was there stays."""
    other = an_account()
    assert await store.apply(added(other))
    passkey = await with_passkey(store, account)
    assert not await store.apply(a_change(AddPasskey(a_passkey(other), MOST)))
    assert not await store.apply(a_change(AddPasskey(replace(passkey, name="Mine"), MOST)))
    assert not await store.apply(a_change(AddPasskey(replace(a_passkey(other, b"x"), account_id=1), MOST)))
    assert await store.passkeys(account.id) == [passkey]


async def test_nobody_has_more_than_the_most(store: Store, account: Account) -> None:
    """Also where many are added at once; others still can."""
    adds = [a_change(AddPasskey(a_passkey(account, bytes([n])), MOST)) for n in range(6)]
    assert sum(await asyncio.gather(*(store.apply(add) for add in adds))) == MOST
    other = an_account()
    assert await store.apply(added(other))
    await with_passkey(store, other, b"o")


async def test_a_use_counts_only_as_it_was_seen(store: Store, account: Account) -> None:
    """Of two sign-ins judged by the same counter one is written; a third with the new one is."""
    passkey = await with_passkey(store, account)
    use = a_change(UsePasskey(account.id, passkey.id, 7, 9, True, NOW + HOUR))
    assert sorted(await asyncio.gather(store.apply(use), store.apply(use))) == [False, True]
    used = replace(passkey, counter=9, backed_up=True, last_used_at=NOW + HOUR)
    assert await kept(store, passkey) == used
    assert not await store.apply(a_change(UsePasskey(1, passkey.id, 9, 10, True, NOW)))
    assert await store.apply(a_change(UsePasskey(account.id, passkey.id, 9, 10, False, NOW)))


async def test_a_copied_passkey_is_used_no_more(store: Store, account: Account) -> None:
    """Once marked, no counter brings it back; the mark itself is made once."""
    passkey = await with_passkey(store, account)
    mark = a_change(MarkCloned(account.id, passkey.id, 7, NOW + 5))
    assert await store.apply(mark)
    assert not await store.apply(mark)
    assert await kept(store, passkey) == replace(passkey, cloned_at=NOW + 5)
    assert not await store.apply(a_change(UsePasskey(account.id, passkey.id, 7, 8, False, NOW + 6)))


async def test_only_its_own_person_names_and_removes_it(store: Store, account: Account) -> None:
    """By the account that the step names."""
    passkey = await with_passkey(store, account)
    for step in (RenamePasskey(1, passkey.id, "x"), RemovePasskey(1, passkey.id)):
        assert not await store.apply(a_change(step))
    assert await store.apply(a_change(RenamePasskey(account.id, passkey.id, "Phone")))
    assert await kept(store, passkey) == replace(passkey, name="Phone")
    assert await store.apply(a_change(RemovePasskey(account.id, passkey.id)))
    assert await kept(store, passkey) is None
    assert not await store.apply(a_change(RemovePasskey(account.id, passkey.id)))


async def test_a_way_in_is_a_password_or_a_passkey_without_copy(store: Store, account: Account) -> None:
    """With neither the step fails; a copied passkey is none."""
    need = a_change(NeedWayIn(account.id, NOW, HERE))
    assert await store.apply(a_change(SetPassword(account.id, None)))
    assert not await store.apply(need)
    passkey = await with_passkey(store, account)
    assert await store.apply(need)
    assert not await store.apply(a_change(RemovePasskey(account.id, passkey.id), NeedWayIn(account.id, NOW, HERE)))
    assert await store.apply(a_change(MarkCloned(account.id, passkey.id, 7, NOW)))
    assert not await store.apply(need)
    assert await store.apply(a_change(SetPassword(account.id, "hash", NOW)))
    assert await store.apply(need)


async def test_a_passkey_is_a_way_in_at_its_own_host(store: Store, account: Account) -> None:
    """One of a host that the site asks for no passkeys of lets nobody in; neither does the one that is about to go."""
    assert await store.apply(a_change(SetPassword(account.id, None)))
    passkey = await with_passkey(store, account, rp_id="old.example")
    assert not await store.has_way_in(account.id, HERE, NOW)
    assert not await store.apply(a_change(NeedWayIn(account.id, NOW, HERE)))
    moved = replace(HERE, hosts=(*HERE.hosts, "old.example"))
    assert await store.has_way_in(account.id, moved, NOW)
    assert await store.apply(a_change(NeedWayIn(account.id, NOW, moved)))
    assert not await store.has_way_in(account.id, moved, NOW, Lost(passkeys=(passkey.id,)))
    assert await store.has_way_in(account.id, moved, NOW, Lost(passkeys=(passkey.id[:-1], b"")))


async def test_an_administrator_with_a_passkey_alone_is_one(store: Store) -> None:
    """Who has no password but a passkey can go on administering, and counts for the others."""
    root, other = an_account(permission=Permission.SYSTEM_ADMIN), an_account(permission=Permission.SYSTEM_ADMIN)
    assert await store.apply(added(root, other))
    need = a_change(NeedAdministrator(Permission.SYSTEM_ADMIN, NOW, HERE))
    assert not await store.apply(need)
    assert not await store.has_other_administrator(other, HERE, NOW)
    await with_passkey(store, root)
    assert await store.apply(need)
    assert await store.has_other_administrator(other, HERE, NOW)
    assert not await store.has_other_administrator(root, HERE, NOW)


async def test_deleting_and_erasing_take_the_passkeys(store: Store) -> None:
    """Disabling keeps them for the day when the person is let in again."""
    for number, end in enumerate((Standing.DISABLED, Standing.DELETED, None)):
        account = an_account()
        assert await store.apply(added(account))
        await with_passkey(store, account, bytes([number]))
        change = erase(account, "root", an_env()) if end is None else set_standing(account, end, "root", an_env())
        assert isinstance(change, Change)
        assert await store.apply(change)
        assert len(await store.passkeys(account.id)) == (end is Standing.DISABLED)


async def test_all_of_an_account_go_at_once(store: Store, account: Account) -> None:
    """Whether there are any or not; nobody else's go."""
    other = an_account()
    assert await store.apply(added(other))
    await with_passkey(store, account)
    kept_one = await with_passkey(store, other, b"o")
    for _ in range(2):
        assert await store.apply(a_change(DropPasskeys(account.id)))
    assert await store.passkeys(account.id) == []
    assert await store.passkeys(other.id) == [kept_one]
