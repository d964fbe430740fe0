"""The server seals its audit beside the requests, tells each head to the log, and lets go of what is too old."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol import ring as rings
from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import DAY, SECOND
from genkan.protocol.outcomes import Change, Event, EventKind, MoveRing
from genkan.site import keeper as keeping
from genkan.site.keeper import Keeper
from genkan.store.audit_rounds import NODE, seal_all
from genkan.store.audit_walk import verify
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


class Kept:
    """A site with its keeper, and what it logged."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site
        self.logged: list[dict[str, Any]] = []
        door = replace(site.door, log=self._log)
        self.keeper = Keeper(door, NODE, lambda: site.env.now)

    def _log(self, level: str, event: str, **fields: Any) -> None:
        self.logged.append({"level": level, "event": event, **fields})

    def heads(self, event: str = "audit sealed") -> list[str]:
        """The heads that the log was told."""
        return [line["head"] for line in self.logged if line["event"] == event]

    async def tell(self, count: int) -> None:
        """So many lines of the audit."""
        events = tuple(
            Event(EventKind.LINK_CHANGED, self.site.env.now, "test", detail=str(number)) for number in range(count)
        )
        assert await self.site.store.apply(Change((), events))

    async def round(self, number: int) -> None:
        """The round of that number."""
        self.keeper._rounds = number
        await self.keeper.round()


@pytest.fixture
async def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    """Audit of a day is kept, and no pause between steps."""
    monkeypatch.setattr(keeping, "PAUSE_SECONDS", 0)
    site = await open_site(tmp_path / "data", TestClock(), audit_days=1)
    yield Kept(site)
    await close_site(site)


async def test_what_waits_is_sealed_once_a_minute_and_its_head_is_told(kept: Kept) -> None:
    """All of it, in bounded segments; rounds between seal nothing, and nothing new makes no segment."""
    await kept.tell(150)
    await kept.round(1)
    assert kept.heads() == []
    await kept.round(60)
    segments = await kept.site.store.segments(NODE)
    assert [segment.count for segment in segments] == [128, 22]
    assert kept.heads() == [segment.head.hex() for segment in segments]
    assert {line["level"] for line in kept.logged} == {"info"}
    await kept.round(120)
    assert len(kept.heads()) == 2


async def test_the_first_round_seals_what_a_crash_left(kept: Kept) -> None:
    """What waited while no server ran does not wait for another minute."""
    await kept.tell(1)
    await kept.round(0)
    assert len(kept.heads()) == 1


async def test_what_a_command_sealed_is_told_too(kept: Kept) -> None:
    """A head that no server has told, once: so the log has it even if nothing is sealed upon it for long."""
    await kept.tell(1)
    keys = AuditKeys(kept.site.ring[-1], (await kept.site.store.site()).site_id)
    (segment,) = await seal_all(kept.site.store, keys, NODE, kept.site.env.now)
    for number in (0, 60):
        await kept.round(number)
    assert kept.heads() == [segment.head.hex()]


async def test_old_segments_go_and_the_chain_holds(kept: Kept) -> None:
    """After the days that the setting says, each with a line in the log; the newest stays."""
    for _ in range(3):
        await kept.tell(2)
        await kept.round(0)
        kept.site.env.advance(DAY)
    await kept.round(0)
    keys = AuditKeys(kept.site.ring[-1], (await kept.site.store.site()).site_id)
    verdict = await verify(kept.site.store, keys, NODE)
    assert (verdict.faults, verdict.segments, verdict.dropped) == ((), 3, 2)
    assert kept.heads("audit dropped after its time") == kept.heads()[:2]


async def test_zero_days_keep_everything(tmp_path: Path) -> None:
    """GENKAN_AUDIT_DAYS=0 is for ever."""
    site = await open_site(tmp_path / "data", TestClock(), audit_days=0)
    kept = Kept(site)
    for _ in range(2):
        await kept.tell(1)
        await kept.round(0)
        site.env.advance(5_000 * DAY)
    await kept.round(0)
    assert [segment.dropped_at for segment in await site.store.segments(NODE)] == [None, None]
    await close_site(site)


async def test_a_segment_that_is_not_ours_is_told_at_once(kept: Kept) -> None:
    """An error in the log each minute; sealing goes on, and retention keeps the evidence."""
    for _ in range(2):
        await kept.tell(1)
        await kept.round(0)
    with closing(sqlite3.connect(kept.site.settings.database_path)) as db, db:
        db.execute("UPDATE segments SET sealed_at = 0")
    await kept.tell(1)
    await kept.round(0)
    (error,) = [line for line in kept.logged if line["level"] == "error"]
    assert (error["segment"], error["see"]) == (2, "genkan audit verify")
    assert len(kept.heads()) == 3
    assert [segment.dropped_at for segment in await kept.site.store.segments(NODE)] == [None] * 3


@pytest.mark.parametrize("sequence", [-1, 0, (1 << 63) - 1])
async def test_numbers_that_no_segment_has_break_nothing(kept: Kept, sequence: int) -> None:
    """A record that somebody invented stops neither the keeper nor the pruning after it."""
    await kept.tell(1)
    await kept.round(0)
    with closing(sqlite3.connect(kept.site.settings.database_path)) as db, db:
        db.execute("UPDATE segments SET sequence = ?, key_id = -1, first = ?", (sequence, 1 << 62))
    await kept.tell(1)
    kept.site.env.advance(9 * DAY)
    await kept.round(0)
    assert "error" in {line["level"] for line in kept.logged}


async def test_nothing_is_sealed_under_a_ring_that_is_behind(kept: Kept) -> None:
    """Its active key may be the one that was revoked; with the newest ring in place sealing goes on."""
    site = kept.site
    newer = rings.revoke(site.ring[-1], site.ring[-1].active.id, site.env())
    assert not isinstance(newer, rings.RingProblem)
    await kept.tell(1)
    assert await site.store.apply(Change((MoveRing(newer.version, newer.fingerprint),)))
    await kept.keeper.seal()
    assert kept.heads() == []
    site.ring.append(newer)
    site.env.advance(SECOND)
    await kept.keeper.seal()
    (segment,) = await site.store.segments(NODE)
    assert segment.key_id == newer.active.id
