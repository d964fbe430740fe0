"""What the audit's chain says after a restore: the same site goes on from its backup, a copy begins its own chain."""

from pathlib import Path

import pytest

from genkan.main import load_ring
from genkan.ops.restore import Asked, restore
from genkan.outside.ring_file import read_ring
from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Change
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import Ring
from genkan.settings import Settings
from genkan.store.audit_rounds import NODE, seal_all
from genkan.store.audit_walk import Verdict, verify
from genkan.store.sqlite import open_store
from genkan.store.sqlite_copy import copy_database
from tests.store.builders import NOW, an_env, an_event


async def seal_and_verify(settings: Settings, *details: str, head: bytes | None = None) -> Verdict:
    """Write lines, seal all that waits, walk the chain, with the store and the ring that lie there."""
    store = open_store(settings.database_path, create=True, env=an_env())
    try:
        await load_ring(store, settings.ring_path)
        ring = read_ring(settings.ring_path)
        assert isinstance(ring, Ring)
        keys = AuditKeys(ring, (await store.site()).site_id)
        assert await store.apply(Change((), tuple(an_event(detail=detail) for detail in details)))
        await seal_all(store, keys, NODE, NOW)
        return await verify(store, keys, NODE, head)
    finally:
        await store.close()


def head_of(verdict: Verdict) -> bytes:
    assert verdict.newest is not None
    return verdict.newest.head


@pytest.mark.parametrize("manner", list(Manner))
async def test_the_chain_after_a_restore(tmp_path: Path, manner: Manner) -> None:
    """The present is whole again in every manner; which heads of before are in it says what was lost; and what was put
    aside is still whole under the same ring.
    """
    settings, backup = Settings(data_dir=str(tmp_path / "data")), tmp_path / "backup.sqlite3"
    (tmp_path / "data").mkdir()
    before = head_of(await seal_and_verify(settings, "before"))
    copy_database(settings.database_path, backup)
    lost = head_of(await seal_and_verify(settings, "lost"))
    done = await restore(settings, Asked(backup, None, manner, "test"), an_env(NOW + HOUR))
    assert done.aside is not None

    is_same = manner is not Manner.AS_COPY
    present = await seal_and_verify(settings, "after", head=before)
    assert present.good is is_same
    assert present.segments == (2 if is_same else 1)
    assert (present.lines, present.unsealed) == (3, 0)
    assert (await seal_and_verify(settings)).good
    assert not (await seal_and_verify(settings, head=lost)).good

    aside = Settings(data_dir=str(tmp_path / "data"), database_url=f"sqlite:///{done.aside}")
    store = open_store(aside.database_path, create=False, env=an_env())
    ring = read_ring(settings.ring_path)
    assert isinstance(ring, Ring)
    kept = await verify(store, AuditKeys(ring, (await store.site()).site_id), NODE, lost)
    await store.close()
    assert (kept.faults, kept.lines) == ((), 2)


async def test_a_chain_of_the_original_is_no_chain_of_the_copy(tmp_path: Path) -> None:
    """The same ring, another site: a segment carried over from one to the other does not fit."""
    settings, backup = Settings(data_dir=str(tmp_path / "data")), tmp_path / "backup.sqlite3"
    (tmp_path / "data").mkdir()
    await seal_and_verify(settings, "before")
    copy_database(settings.database_path, backup)
    original = open_store(settings.database_path, create=False, env=an_env())
    (segment,) = await original.segments(NODE)
    await original.close()
    await restore(settings, Asked(backup, None, Manner.AS_COPY, "test"), an_env(NOW + HOUR))
    copy = open_store(settings.database_path, create=False, env=an_env())
    ring = read_ring(settings.ring_path)
    assert isinstance(ring, Ring)
    keys = AuditKeys(ring, (await copy.site()).site_id)
    assert await copy.seal(segment)
    assert [fault.split(":")[1] for fault in (await verify(copy, keys, NODE)).faults] == [
        " its record was changed, or it was sealed by somebody without the key"
    ]
    await copy.close()
