"""Walking the audit of a real file: what somebody who can write to the database changes is found and named."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from genkan.main import load_ring
from genkan.ops.ring_change import RingAtSite, activate_key, add_key, drop_key, revoke_key
from genkan.outside.ring_file import read_ring
from genkan.protocol.audit import AuditKeys, Segment
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.ring import Ring
from genkan.store.api import Store
from genkan.store.audit_rounds import NODE, drop_step, seal_all
from genkan.store.audit_walk import MOST_FAULTS, Verdict, Walk, resumed, verify, walk_on
from genkan.store.migration import migrations
from genkan.store.sqlite import open_store
from genkan.store.sqlite_open import MIGRATIONS, connect, migrate
from tests.store.builders import NOW, an_env, an_event


@dataclass
class Site:
    """A store with its ring, and somebody who can write to the file."""

    path: Path
    store: Store
    ring_path: Path

    async def keys(self) -> AuditKeys:
        """The keys of the ring as it lies there."""
        ring = read_ring(self.ring_path)
        assert isinstance(ring, Ring)
        return AuditKeys(ring, (await self.store.site()).site_id)

    async def tell(self, *details: str) -> None:
        """So many lines."""
        events = tuple(
            an_event(EventKind.LINK_CHANGED, NOW, actor="command:root", address="192.0.2.7", detail=detail)
            for detail in details
        )
        assert await self.store.apply(Change((), events))

    async def sealed(self, now: int = NOW) -> list[Segment]:
        """What waits, sealed."""
        return await seal_all(self.store, await self.keys(), NODE, now)

    async def verdict(self, head: bytes | None = None) -> Verdict:
        """What a walk finds."""
        return await verify(self.store, await self.keys(), NODE, head)

    async def tamper(self, script: str) -> None:
        """Past the store, as a thief of the file would."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.executescript(script)
        # What was read before was read under the snapshot of its turn.
        await asyncio.sleep(0)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Three segments of three lines, and two lines that wait."""
    store = open_store(tmp_path / "genkan.sqlite3", create=True, env=an_env())
    await load_ring(store, tmp_path / "secrets.json")
    site = Site(tmp_path / "genkan.sqlite3", store, tmp_path / "secrets.json")
    for number in range(3):
        await site.tell(*(f"{number}{letter}" for letter in "abc"))
        await site.sealed(NOW + number)
    await site.tell("x", "y")
    yield site
    await store.close()


async def test_an_honest_audit_is_verified(site: Site) -> None:
    """Through the newest segment; what waits is counted, and since when."""
    verdict = await site.verdict()
    assert verdict.good
    assert (verdict.segments, verdict.lines, verdict.dropped) == (3, 9, 0)
    assert verdict.through == verdict.newest == await site.store.last_segment(NODE)
    assert (verdict.unsealed, verdict.unsealed_since) == (2, NOW)


async def test_nothing_sealed_is_nothing_wrong(tmp_path: Path, site: Site) -> None:
    """A site that has just been brought to this version waits for its first seal."""
    await site.tamper("DELETE FROM segments")
    verdict = await site.verdict()
    assert (verdict.good, verdict.segments, verdict.through, verdict.unsealed) == (True, 0, None, 11)


@pytest.mark.parametrize("most", [1, 2, 3, 50])
async def test_a_walk_in_steps_finds_what_one_walk_finds(site: Site, most: int) -> None:
    """Whether it is carried on in memory or begun anew behind the last segment that was looked at."""
    await site.tamper("UPDATE audit SET detail = 'x' WHERE id = 5")
    keys, whole = await site.keys(), await site.verdict()
    carried = anew = Walk()
    faults: list[str] = []
    while not (carried.over and anew.over):
        carried = carried if carried.over else await walk_on(site.store, keys, NODE, carried, most)
        if not anew.over:
            behind = anew.place.segment.sequence if anew.place.segment else 0
            anew = await walk_on(site.store, keys, NODE, await resumed(site.store, NODE, behind), most)
            faults += anew.verdict.faults
    assert carried.verdict == whole
    assert tuple(faults) == whole.faults == ("line 5: changed (segment 2)",)
    assert (anew.verdict.newest, anew.verdict.unsealed) == (whole.newest, 2)


async def test_a_walk_from_a_segment_that_is_not_there_begins_at_the_beginning(site: Site) -> None:
    """Nothing is passed over because somebody named a place that never was."""
    for sequence in (-1, 0, 4, 1 << 40):
        assert await resumed(site.store, NODE, sequence) == Walk()


SWAP = """
    UPDATE audit SET id = 100 WHERE id = 4;
    UPDATE audit SET id = 4 WHERE id = 6;
    UPDATE audit SET id = 6 WHERE id = 100
"""
COPY = """
    INSERT INTO audit SELECT -3, kind, at, actor, account_id, link_id, grant_id, address, reason, detail FROM audit
    WHERE id = 1
"""
TAMPERED = {
    "a line changed": ("UPDATE audit SET detail = 'x' WHERE id = 5", ["line 5: changed (segment 2)"]),
    "a time changed": ("UPDATE audit SET at = at + 1 WHERE id = 9", ["line 9: changed (segment 3)"]),
    "bytes that are no text": (
        "UPDATE audit SET detail = CAST(x'ff' AS TEXT) WHERE id = 5", ["line 5: changed (segment 2)"],
    ),
    "an address that is none": ("UPDATE audit SET address = 7 WHERE id = 2", ["line 2: changed (segment 1)"]),
    "half an address": ("UPDATE audit SET address = x'01' WHERE id = 2", ["line 2: changed (segment 1)"]),
    "an actor renamed": (
        "UPDATE texts SET text = 'nobody' WHERE text = 'command:root'",
        [f"lines {n * 3 + 1} to {n * 3 + 3}: changed (segment {n + 1})" for n in range(3)],
    ),
    "a kind that never was": (
        "UPDATE texts SET text = CAST(x'80' AS TEXT) WHERE text = 'link.changed'",
        [f"lines {n * 3 + 1} to {n * 3 + 3}: changed (segment {n + 1})" for n in range(3)],
    ),
    "a text gone": (
        "DELETE FROM texts WHERE text = 'command:root'",
        [f"lines {n * 3 + 1} to {n * 3 + 3}: changed (segment {n + 1})" for n in range(3)],
    ),
    "a line removed": ("DELETE FROM audit WHERE id = 5", ["line 5: removed (segment 2)"]),
    "lines removed": ("DELETE FROM audit WHERE id IN (5, 6)", ["lines 5 to 6: removed (segment 2)"]),
    "lines swapped": (SWAP, ["lines 4 to 6: reordered (segment 2)"]),
    "a line inserted": (
        COPY, ["line -3: inserted, or the segment that sealed it was removed, before segment 1"],
    ),
    "a segment removed": (
        "DELETE FROM segments WHERE sequence = 2",
        [
            "lines 4 to 6: inserted, or the segment that sealed it was removed, before segment 3",
            "segment 2: removed",
        ],
    ),
    "a segment removed with its lines": (
        "DELETE FROM segments WHERE sequence < 3; DELETE FROM audit WHERE id < 7", ["segments 1 to 2: removed"],
    ),
    "a segment changed": (
        "UPDATE segments SET sealed_at = sealed_at + 1 WHERE sequence = 2",
        ["segment 2: its record was changed, or it was sealed by somebody without the key"],
    ),
    "a retention that never was": (
        "UPDATE segments SET dropped_at = 1, dropped = x'00' WHERE sequence = 1; DELETE FROM audit WHERE id < 4",
        ["segment 1: its record was changed, or it was sealed by somebody without the key"],
    ),
    "a key that never was": (
        "UPDATE segments SET key_id = 70000 WHERE sequence = 1",
        ["segment 1: sealed under key 11170, which this ring has never held"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(TAMPERED))
async def test_what_was_tampered_with_is_named(site: Site, what: str) -> None:
    """One sentence for each change, and the walk tells through where all holds."""
    script, sentences = TAMPERED[what]
    await site.tamper(script)
    verdict = await site.verdict()
    assert list(verdict.faults) == sentences
    assert not verdict.good
    assert verdict.newest is not None
    assert verdict.through is None or verdict.through.sequence < 3


async def test_a_tail_cut_off_is_found_by_its_head(site: Site) -> None:
    """Newest segments deleted with their lines leave a whole chain; the head that the log told is not in it."""
    newest = await site.store.last_segment(NODE)
    assert newest is not None
    assert (await site.verdict(newest.head)).good
    await site.tamper("DELETE FROM segments WHERE sequence = 3; DELETE FROM audit WHERE id > 6")
    assert (await site.verdict()).good
    verdict = await site.verdict(newest.head)
    assert [fault.split(":")[0] for fault in verdict.faults] == [f"the head {newest.head.hex()} is not in the chain"]


async def test_faults_are_counted_beyond_a_bound(site: Site) -> None:
    """A file full of faults makes no endless list."""
    for number in range(MOST_FAULTS + 20):
        await site.tell(str(number))
        await site.sealed(NOW + number)
    await site.tamper("UPDATE audit SET detail = 'x'")
    verdict = await site.verdict()
    assert len(verdict.faults) == MOST_FAULTS
    assert verdict.more == 3 + 20


async def test_retention_is_no_fault(site: Site) -> None:
    """What was dropped after its time is told, and the chain holds back to its beginning."""
    keys = await site.keys()
    assert await drop_step(site.store, keys, NODE, NOW + 1, NOW + DAY)
    verdict = await site.verdict()
    assert (verdict.good, verdict.dropped, verdict.segments, verdict.lines) == (True, 1, 3, 6)


async def test_retention_beside_a_walk_is_no_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that is dropped between its record and its lines being read is looked at once more."""
    keys, read = await site.keys(), type(site.store).audit_lines
    steps = [1]

    async def slow(store: Store, *asked: int | None) -> object:
        if steps and steps.pop():
            assert await drop_step(store, keys, NODE, NOW + 1, NOW + DAY)
        return await read(store, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.store), "audit_lines", slow)
    verdict = await site.verdict()
    assert (verdict.faults, verdict.dropped) == ((), 1)


async def test_keys_come_and_go_and_the_audit_stays_whole(site: Site) -> None:
    """Through rotation, dropping and revoking; a revocation leaves nothing that its key sealed unvouched for."""
    at = RingAtSite(site.ring_path, site.store, "test", an_env())
    first = (await site.keys()).active_id
    second = await add_key(at)
    await activate_key(at, second, now=True)
    await site.sealed()
    await drop_key(at, first)
    assert (await site.verdict()).good
    await site.sealed()
    await revoke_key(at, second)
    verdict = await site.verdict()
    assert (verdict.faults, verdict.unsealed) == ((), 0)
    assert verdict.newest is not None
    assert verdict.newest.key_id not in (first, second)


async def test_a_schema_down_and_up_again_seals_anew(site: Site) -> None:
    """Going down loses the seals and no line; the next start seals everything from the beginning."""
    await site.store.close()
    known = migrations(MIGRATIONS)
    with closing(connect(site.path)) as db:
        migrate(db, site.path, known, 1)
        assert db.execute("SELECT 1 FROM sqlite_master WHERE name LIKE 'segments%'").fetchall() == []
        assert db.execute("SELECT COUNT(*) FROM audit").fetchone() == (11,)
    site.store = open_store(site.path, create=False, env=an_env())
    assert (await site.verdict()).unsealed == 11
    (segment,) = await site.sealed()
    assert (segment.first, segment.last, (await site.verdict()).good) == (1, 11, True)
