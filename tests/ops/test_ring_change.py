"""Changing the ring of a site: file first, then store, and what a crash between them leaves is mended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.main import CannotServe
from genkan.main import load_ring as load_at_start
from genkan.ops import ring_change
from genkan.ops.ring_change import (
    RingAtSite,
    RingUnchanged,
    activate_key,
    add_key,
    create_ring,
    drop_key,
    load_ring,
    revoke_key,
)
from genkan.outside.ring_file import make_ring_file, read_ring, replace_ring_file
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change
from genkan.protocol.records import GrantState
from genkan.protocol.ring import KeyState, Ring, new_ring
from genkan.store.api import NodeReport, PhoneQuery, Store
from genkan.store.sqlite import open_store
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A fresh store."""
    opened = open_store(tmp_path / "genkan.sqlite3", create=True, env=an_env())
    yield opened
    await opened.close()


@pytest.fixture
async def at(store: Store, tmp_path: Path) -> RingAtSite:
    """A site with its first ring."""
    path = tmp_path / "secrets.json"
    await load_at_start(store, path)
    return RingAtSite(path, store, "test", an_env())


def ring(at: RingAtSite) -> Ring:
    """The ring in the file."""
    found = read_ring(at.path)
    assert isinstance(found, Ring)
    return found


def state(at: RingAtSite, key_id: int) -> KeyState:
    """A key's state in the file."""
    key = ring(at).key(key_id)
    assert key is not None
    return key.state


async def agree(at: RingAtSite) -> bool:
    """Whether file and store name the same ring."""
    site = await at.store.site()
    return (site.ring_version, site.ring_fingerprint) == (ring(at).version, ring(at).fingerprint)


async def test_a_ring_is_made_once_for_a_site_that_has_none(store: Store, tmp_path: Path) -> None:
    """The file is there before the store names it, a server takes it, and no second one is ever made."""
    at = RingAtSite(tmp_path / "lent" / "secrets.json", store, "test", an_env())
    made = await create_ring(at)
    assert (made, await agree(at)) == (ring(at), True)
    assert await load_at_start(store, at.path) == made
    with pytest.raises(RingUnchanged, match="already"):
        await create_ring(at)
    at.path.unlink()
    with pytest.raises(RingUnchanged, match="put its file there"):
        await create_ring(at)
    assert not at.path.exists()


async def test_a_file_that_is_there_is_no_place_for_a_ring(store: Store, tmp_path: Path) -> None:
    """Whatever it is, it stays as it was, and the store names none."""
    at = RingAtSite(tmp_path / "secrets.json", store, "test", an_env())
    at.path.write_text("mine")
    with pytest.raises(RingUnchanged, match="already") as told:
        await create_ring(at)
    assert told.value.broken
    assert at.path.read_text() == "mine"
    assert not (await store.site()).ring_fingerprint


async def test_a_server_that_was_first_keeps_its_ring(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that make the first ring at once one does, and the other leaves no file that is of no site."""
    at = RingAtSite(tmp_path / "second.json", store, "test", an_env())
    first = await load_at_start(store, tmp_path / "first.json")
    seen = await store.site()

    async def as_it_was() -> Any:
        return replace(seen, ring_fingerprint=b"", ring_version=0)

    with monkeypatch.context() as patch:
        patch.setattr(store, "site", as_it_was)
        with pytest.raises(RingUnchanged, match="meanwhile"):
            await create_ring(at)
    assert not at.path.exists()
    assert (await store.site()).ring_fingerprint == first.fingerprint


async def kinds(store: Store) -> list[str]:
    """What the audit tells of."""
    return [event.kind.value for _, event in await store.events(0, 100)]


async def sign_in(store: Store, key_id: int, previous: int | None = None, **changes: Any) -> bytes:
    """A signed-in phone under this key: its id."""
    account, link = an_account(), a_link()
    grant = a_grant(account, link, key_id=key_id, previous_key_id=key_id if previous is None else previous, **changes)
    assert await store.apply(added(link, account))
    assert await store.apply(redeemed(grant))
    return grant.id


async def test_a_key_goes_through_its_life(at: RingAtSite) -> None:
    """Added it verifies, activated it seals and the one before verifies, dropped it is forgotten; each step is in
    the store and the audit.
    """
    first = ring(at).active.id
    second = await add_key(at)
    assert (state(at, second), state(at, first)) == (KeyState.VERIFY, KeyState.ACTIVE)
    await activate_key(at, second, now=False)
    assert (state(at, second), state(at, first)) == (KeyState.ACTIVE, KeyState.VERIFY)
    await drop_key(at, first)
    assert state(at, first) is KeyState.DROPPED
    assert await agree(at)
    assert ring(at).version == 4
    assert await kinds(at.store) == ["key.added", "key.activated", "key.dropped"]


async def test_activating_twice_changes_nothing(at: RingAtSite) -> None:
    """The active key can be activated; no new version, no event."""
    before = ring(at)
    await activate_key(at, before.active.id, now=False)
    assert ring(at) == before
    assert await kinds(at.store) == []


async def test_activation_waits_for_running_nodes(at: RingAtSite) -> None:
    """A node that was heard of lately and has an older ring holds activation up; --now, silence or the newest ring
    do not.
    """
    key_id = await add_key(at)
    await at.store.report(NodeReport("n1", 1, NOW - MINUTE))
    with pytest.raises(RingUnchanged, match="n1 has not read the newest key ring yet"):
        await activate_key(at, key_id, now=False)
    assert state(at, key_id) is KeyState.VERIFY
    await at.store.report(NodeReport("n1", 2, NOW - MINUTE))
    await at.store.report(NodeReport("long-gone", 1, NOW - 3 * MINUTE))
    await activate_key(at, key_id, now=False)
    assert state(at, key_id) is KeyState.ACTIVE
    third = await add_key(at)
    await activate_key(at, third, now=True)
    assert state(at, third) is KeyState.ACTIVE


@pytest.mark.parametrize("off", [-5 * MINUTE, 5 * MINUTE])
async def test_reports_are_judged_by_the_stores_clock(
    at: RingAtSite, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    """Where it has one: a command whose own is off waits for a node that lives, and for none that was killed."""

    async def clock(_: Store) -> int:
        return NOW + off

    monkeypatch.setattr(type(at.store), "clock", clock)
    key_id = await add_key(at)
    await at.store.report(NodeReport("n1", 1, NOW + off - MINUTE))
    with pytest.raises(RingUnchanged, match="n1 has not read"):
        await activate_key(at, key_id, now=False)
    await at.store.report(NodeReport("n1", 1, NOW + off - 3 * MINUTE))
    await activate_key(at, key_id, now=False)
    assert state(at, key_id) is KeyState.ACTIVE


async def test_a_key_in_use_is_not_dropped(at: RingAtSite) -> None:
    """While a live row names a key, as its present or its previous one, or a node may still seal with it, it stays."""
    first = ring(at).active.id
    second = await add_key(at)
    await activate_key(at, second, now=False)
    await at.store.report(NodeReport("n1", 2, NOW))
    with pytest.raises(RingUnchanged, match="n1 may still seal with it"):
        await drop_key(at, first)
    await at.store.report(NodeReport("n1", 3, NOW))
    await sign_in(at.store, second, previous=first)
    with pytest.raises(RingUnchanged, match="still names sign-ins"):
        await drop_key(at, first)
    with pytest.raises(RingUnchanged, match="cannot be dropped"):
        await drop_key(at, second)
    assert state(at, first) is KeyState.VERIFY


async def test_revoking_ends_everything_under_the_key(at: RingAtSite) -> None:
    """Rows under it end with the reason, others stay; an active key is replaced by a new one at once."""
    first = ring(at).active.id
    second = await add_key(at)
    theirs, ours = await sign_in(at.store, first), await sign_in(at.store, second)
    await revoke_key(at, first)
    rows = {row.grant.id: row.grant for row in await at.store.phones(PhoneQuery())}
    assert (rows[theirs].state, rows[theirs].reason) == (GrantState.ENDED, "key_revoked")
    assert rows[ours].state is GrantState.LIVE
    assert state(at, first) is KeyState.REVOKED
    assert ring(at).active.id not in (first, second)
    assert await agree(at)
    assert (await kinds(at.store))[-1] == "key.revoked"


async def test_revoking_what_is_revoked_or_unknown(at: RingAtSite) -> None:
    """Both are refused once nothing is left to do, and nothing changes."""
    first = ring(at).active.id
    await revoke_key(at, first)
    before = ring(at)
    for key_id, said in ((first, "revoked already"), (0xFFFF ^ before.active.id, "unknown")):
        with pytest.raises(RingUnchanged, match=said):
            await revoke_key(at, key_id)
    assert ring(at) == before


async def test_the_file_comes_first(at: RingAtSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the file is replaced leaves all as it was: the store never names a ring that nobody has."""
    before = ring(at)

    def dies(path: Path, changed: Ring) -> None:
        raise Crash

    monkeypatch.setattr(ring_change, "replace_ring_file", dies)
    for change in (add_key(at), revoke_key(at, before.active.id)):
        with pytest.raises(Crash):
            await change
    assert ring(at) == before
    assert await agree(at)


def dying(at: RingAtSite) -> RingAtSite:
    """The same site, where the process dies before the store is told."""

    class Dying:
        """A store that cannot be written to."""

        def __getattr__(self, name: str) -> object:
            return getattr(at.store, name)

        async def apply(self, _: Change) -> bool:
            """Die instead."""
            raise Crash

    return replace(at, store=Dying())  # type: ignore[arg-type]


async def test_a_crash_between_file_and_store_is_mended_by_a_start(at: RingAtSite) -> None:
    """After each kind of half-done change a start reads the newer ring and tells the store."""
    for change in (add_key(dying(at)), revoke_key(dying(at), ring(at).active.id)):
        with pytest.raises(Crash):
            await change
        assert not await agree(at)
        assert await load_at_start(at.store, at.path) == ring(at)
        assert await agree(at)


async def test_a_crash_between_file_and_store_is_mended_by_the_next_command(at: RingAtSite) -> None:
    """A command goes on from the newer ring."""
    with pytest.raises(Crash):
        await add_key(dying(at))
    lost = ring(at).keys[-1].id
    second = await add_key(at)
    assert await agree(at)
    await activate_key(at, lost, now=False)
    assert state(at, second) is KeyState.VERIFY


async def test_asking_again_ends_what_a_crashed_revocation_left(at: RingAtSite) -> None:
    """The key's secret is gone with the file; asking again raises the stop and tells the store, start in between or
    not.
    """
    for start_between in (False, True):
        key_id = ring(at).active.id
        grant_id = await sign_in(at.store, key_id)
        with pytest.raises(Crash):
            await revoke_key(dying(at), key_id)
        assert state(at, key_id) is KeyState.REVOKED
        if start_between:
            await load_at_start(at.store, at.path)
        await revoke_key(at, key_id)
        row = await at.store.phone(grant_id)
        assert row is not None
        assert row.grant.reason == "key_revoked"
        assert await agree(at)
        with pytest.raises(RingUnchanged, match="revoked already"):
            await revoke_key(at, key_id)


async def test_two_commands_at_once_lose_no_key(at: RingAtSite, tmp_path: Path) -> None:
    """Changes from several processes follow one another: every key that was told of is on the ring."""

    def add() -> int:
        async def alone() -> int:
            store = open_store(tmp_path / "genkan.sqlite3", create=False, env=an_env())
            try:
                return await add_key(replace(at, store=store, env=an_env()))
            finally:
                await store.close()

        return asyncio.run(alone())

    added_keys = await asyncio.gather(*(asyncio.to_thread(add) for _ in range(4)))
    assert set(added_keys) <= {key.id for key in ring(at).keys}
    assert ring(at).version == 5
    assert await agree(at)


async def test_a_ring_that_does_not_belong_is_not_touched(at: RingAtSite) -> None:
    """Absent, foreign and outdated rings are each refused in a sentence, by commands and by a start."""
    first = ring(at)
    await add_key(at)
    newest = ring(at)
    for wrong, said in ((new_ring(an_env()), "belongs to another site"), (first, "older than the store says")):
        replace_ring_file(at.path, wrong)
        with pytest.raises(RingUnchanged, match=said) as refused:
            await add_key(at)
        assert refused.value.broken
        with pytest.raises(CannotServe, match=said):
            await load_at_start(at.store, at.path)
        assert ring(at) == wrong
    at.path.unlink()
    with pytest.raises(RingUnchanged, match="is not there"):
        await load_ring(at)
    with pytest.raises(CannotServe, match="is not there"):
        await load_at_start(at.store, at.path)
    assert not at.path.exists()
    assert make_ring_file(at.path, newest) is None
    assert await load_at_start(at.store, at.path) == newest


async def test_a_first_start_adopts_a_ring_that_was_made_for_it(store: Store, tmp_path: Path) -> None:
    """A start that died between ring and store is mended by the next one."""
    path, brought = tmp_path / "secrets.json", new_ring(an_env(), (await store.site()).site_id)
    make_ring_file(path, brought)
    assert await load_at_start(store, path) == brought
    assert (await store.site()).ring_fingerprint == brought.fingerprint
