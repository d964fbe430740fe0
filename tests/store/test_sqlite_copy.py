"""Copies of a live database: consistent while others write, durable, private; and a copy as a site of its own."""

import asyncio
import stat
from pathlib import Path

import pytest

from genkan.protocol.env import HOUR
from genkan.store.api import CannotOpen, PhoneQuery
from genkan.store.sqlite import open_store
from genkan.store.sqlite_copy import copy_database, fault_of, renew_site_id
from tests.store.builders import NOW, a_change, a_grant, a_link, added, an_account, an_env, an_event, redeemed


async def test_a_copy_is_the_site_of_one_moment(tmp_path: Path) -> None:
    """Taken while sign-ins go on: each of them is in it with its event, or neither is; what was acknowledged is."""
    source, target = tmp_path / "genkan.db", tmp_path / "copy.db"
    store = open_store(source, create=True, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    acknowledged = 0

    async def sign_in() -> None:
        nonlocal acknowledged
        assert await store.apply(redeemed(a_grant(account, link)))
        acknowledged += 1

    await asyncio.gather(*(sign_in() for _ in range(100)))
    signing_in = [asyncio.create_task(sign_in()) for _ in range(400)]
    await asyncio.sleep(0)
    before = acknowledged
    await asyncio.to_thread(copy_database, source, target)
    await asyncio.gather(*signing_in)
    await store.close()
    assert fault_of(target) is None
    copy = open_store(target, create=False, env=an_env())
    found = await copy.phones(PhoneQuery(limit=1_000))
    assert before <= len(found) <= 500
    assert len(await copy.events(limit=1_000)) == len(found)
    await copy.close()


async def test_a_copy_is_private_and_whole_in_one_file(tmp_path: Path) -> None:
    """Mode 0600, nothing beside it, and what stood there before is replaced in one move."""
    source, target = tmp_path / "genkan.db", tmp_path / "copy.db"
    store = open_store(source, create=True, env=an_env())
    assert await store.apply(a_change(events=(an_event(),)))
    target.write_bytes(b"an older backup")
    copy_database(source, target)
    await store.close()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {file.name for file in tmp_path.iterdir()} == {"genkan.db", "copy.db"}
    assert fault_of(target) is None


def test_what_is_not_there_is_not_copied(tmp_path: Path) -> None:
    """Said in one sentence; neither source nor target come to be."""
    with pytest.raises(CannotOpen, match="there is no database at"):
        copy_database(tmp_path / "nothing.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_fails_leaves_the_older_one(tmp_path: Path) -> None:
    """What cannot be read is not put in the place of a good backup."""
    source, target = tmp_path / "broken.db", tmp_path / "copy.db"
    source.write_bytes(b"this is no database" * 1_000)
    target.write_bytes(b"an older backup")
    with pytest.raises(CannotOpen, match="could not be copied"):
        copy_database(source, target)
    assert target.read_bytes() == b"an older backup"
    assert {file.name for file in tmp_path.iterdir()} == {"broken.db", "copy.db"}


async def test_damage_is_found(tmp_path: Path) -> None:
    """A file with its middle overwritten is not taken for a good one."""
    path = tmp_path / "genkan.db"
    store = open_store(path, create=True, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    assert all(await asyncio.gather(*(store.apply(redeemed(a_grant(account, link))) for _ in range(500))))
    await store.close()
    assert fault_of(path) is None
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 8192] = bytes(8192)
    path.write_bytes(whole)
    assert fault_of(path) is not None


async def test_a_copy_becomes_another_site(tmp_path: Path) -> None:
    """A new identity: no token of the one it was copied from opens there; a running process notices."""
    source, target = tmp_path / "genkan.db", tmp_path / "copy.db"
    store = open_store(source, create=True, env=an_env())
    assert await store.apply(added(an_account()))
    copy_database(source, target)
    copy = open_store(target, create=False, env=an_env(NOW + HOUR))
    assert (await copy.site()).site_id == (await store.site()).site_id
    renew_site_id(target, b"another identity")
    await asyncio.sleep(0)  # a turn of the loop reads under one snapshot
    assert (await copy.site()).site_id == b"another identity"
    assert (await store.site()).site_id != b"another identity"
    assert len(await copy.accounts()) == 1
    await copy.close()
    await store.close()
