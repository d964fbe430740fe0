"""Whether the processor is shared, as the system counts it, and what the writer makes of it."""

import asyncio
from pathlib import Path

import pytest

from genkan.store.contended import Contended
from genkan.store.sqlite import open_store
from genkan.store.sqlite_writer import QUIET_PASSES
from tests.store.builders import added, an_account, an_env


def counted(path: Path, ran: int, waited: int) -> Path:
    """The system's file, as it stands."""
    path.write_text(f"{ran} {waited} 17\n")
    return path


def test_each_look_is_about_the_time_since_the_last(tmp_path: Path) -> None:
    """A thread that had to wait for much of its time shares its processor; one that mostly ran does not."""
    file = counted(tmp_path / "schedstat", 1_000, 9_000)
    contended = Contended(file)
    looks = ((2_000, 9_100, False), (3_000, 10_000, True), (4_000, 10_170, False), (4_000, 10_170, False))
    for ran, waited, is_so in looks:
        counted(file, ran, waited)
        assert contended.look() is is_so
    contended.close()
    contended.close()


@pytest.mark.parametrize("text", [None, "", "of another system"])
def test_where_nothing_is_counted_it_is_said_to_be_so(tmp_path: Path, text: str | None) -> None:
    """Whoever asks does then what harms nobody."""
    file = tmp_path / "schedstat"
    if text is not None:
        file.write_text(text)
    contended = Contended(file)
    assert contended.look()
    contended.close()


def test_a_file_is_let_go_of(tmp_path: Path) -> None:
    """Each store opens one, and a process opens many stores in its life."""
    before = set(Path("/proc/self/fd").iterdir())
    contended = Contended(counted(tmp_path / "schedstat", 1, 1))
    assert len(set(Path("/proc/self/fd").iterdir()) - before) == 1
    contended.close()
    assert set(Path("/proc/self/fd").iterdir()) <= before


@pytest.mark.parametrize(("crowded", "batches"), [(False, 1), (True, 2)])
async def test_a_batch_waits_for_more_only_where_the_processor_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crowded: bool, batches: int
) -> None:
    """Two writes, the second one a few passes of the loop after the first."""
    monkeypatch.setattr(Contended, "look", lambda _: crowded)
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    first = asyncio.ensure_future(store.apply(added(an_account())))
    for _ in range(QUIET_PASSES // 2):
        await asyncio.sleep(0)
    assert await store.apply(added(an_account()))
    assert await first
    assert sum(store.figures().lanes[0].batches) == batches
    await store.close()


async def test_a_batch_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing more comes, it begins after some passes of the loop, whatever else the loop does."""
    monkeypatch.setattr(Contended, "look", lambda _: False)
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    alone = asyncio.ensure_future(store.apply(added(an_account())))
    passes = 0
    while not store._writer.figures.commands:
        await asyncio.sleep(0)
        passes += 1
    assert QUIET_PASSES < passes < 3 * QUIET_PASSES
    assert await alone
    await store.close()
