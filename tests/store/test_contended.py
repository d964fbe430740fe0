"""Whether the processor is shared, as the system counts it."""

from pathlib import Path

import pytest

from genkan.store.contended import Contended


def counted(path: Path, ran: int, waited: int) -> Path:
    """The system's file, as it stands."""
    path.write_text(f"{ran} {waited} 17\n")
    return path


def test_each_look_is_about_the_time_since_the_last(tmp_path: Path) -> None:
    """A thread that had to wait for much of its time shares its processor; one that mostly ran does not. The first look
    is about all of its life.
    """
    file = counted(tmp_path / "schedstat", 500, 8_000)
    contended = Contended(file)
    looks = (
        (1_000, 9_000, True),
        (2_000, 9_100, False),
        (3_000, 10_000, True),
        (4_000, 10_170, False),
        (4_000, 10_170, False),
    )
    for ran, waited, is_so in looks:
        counted(file, ran, waited)
        assert contended.look() is is_so
    contended.close()
    contended.close()


@pytest.mark.parametrize("text", [None, "", "of another system", "0 0 0\n"])
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
