"""One store in another's place: at every moment a whole one lies there, and no log of the old one plays into it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genkan.store.api import CannotOpen
from genkan.store.sqlite_replace import replace_database


def a_database(path: Path, content: str) -> Path:
    """A database in WAL mode with one word in it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (word TEXT)")
        db.execute("INSERT INTO t VALUES (?)", (content,))
        db.commit()
    return path


def word(path: Path) -> str:
    """The word in it."""
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("SELECT word FROM t").fetchone()[0])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The store that is to be replaced, with writes that are in its log alone."""
    path = a_database(tmp_path / "made.sqlite3", "before")
    db = sqlite3.connect(path)
    db.execute("UPDATE t SET word = 'old'")
    db.commit()
    copy = tmp_path / "genkan.sqlite3"
    shutil.copy(path, copy)
    shutil.copy(f"{path}-wal", f"{copy}-wal")
    db.close()
    assert Path(f"{copy}-wal").stat().st_size > 0
    return copy


def test_the_old_one_is_kept_with_all_that_was_in_its_log(target: Path, tmp_path: Path) -> None:
    """The fresh store reads as itself, the one aside has its last write, and no log is left."""
    fresh, aside = a_database(tmp_path / "fresh", "new"), tmp_path / "aside"
    assert replace_database(fresh, target, aside)
    assert (word(target), word(aside)) == ("new", "old")
    assert not fresh.exists()
    assert not Path(f"{target}-wal").exists()


def test_where_nothing_was_nothing_is_kept(tmp_path: Path) -> None:
    """A first store just moves in, and a log that a crash left beside the name does not play into it."""
    fresh, target, aside = a_database(tmp_path / "fresh", "new"), tmp_path / "genkan.sqlite3", tmp_path / "aside"
    Path(f"{target}-wal").write_bytes(b"of a store that is gone")
    assert not replace_database(fresh, target, aside)
    assert word(target) == "new"
    assert not aside.exists()
    assert Path(f"{aside}-wal").read_bytes() == b"of a store that is gone"


def test_a_file_system_without_links_gets_a_copy(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a second name cannot be given the old store is copied; it is never out of its place meanwhile."""

    def cannot(source: Path, name: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", cannot)
    aside = tmp_path / "aside"
    assert replace_database(a_database(tmp_path / "fresh", "new"), target, aside)
    assert (word(target), word(aside)) == ("new", "old")


def test_what_was_put_aside_before_is_never_overwritten(target: Path, tmp_path: Path) -> None:
    """A name that is taken stops the replacing, and the old store stays where it is."""
    aside = tmp_path / "aside"
    aside.write_text("of an earlier restore")
    with pytest.raises(CannotOpen, match="is there already"):
        replace_database(a_database(tmp_path / "fresh", "new"), target, aside)
    assert word(target) == "old"
    assert aside.read_text() == "of an earlier restore"


def test_the_target_is_never_missing(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step that moves or links a file a whole store lies in the place."""
    seen, move, link = [], Path.replace, os.link

    def moved(self: Path, to: Path) -> Path:
        seen.append(word(target))
        return move(self, to)

    def linked(source: Path, name: Path) -> None:
        seen.append(word(target))
        link(source, name)

    monkeypatch.setattr(Path, "replace", moved)
    monkeypatch.setattr(os, "link", linked)
    replace_database(a_database(tmp_path / "fresh", "new"), target, tmp_path / "aside")
    assert len(seen) >= 2
    assert set(seen) == {"old"}


def test_root_leaves_the_store_to_its_owner(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of another user than the fresh file's is given to that user."""
    fresh, given, stat = a_database(tmp_path / "fresh", "new"), [], Path.stat

    def of_another_user(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(self, follow_symlinks=follow_symlinks)
        owner = (4711, 4712) if self == target else (found.st_uid, found.st_gid)
        return os.stat_result((*found[:4], *owner, *found[6:10]))

    monkeypatch.setattr(Path, "stat", of_another_user)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.append((path, uid, gid)))
    replace_database(fresh, target, tmp_path / "aside")
    assert given == [(fresh, 4711, 4712)]
