"""Backups as one sealed file: made beside a running site, restored where nothing else is left, and never by halves."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from genkan.ops import backup as backing
from genkan.ops.archive import BadArchive, write_archive
from genkan.ops.backup import BackupFailed, backup
from genkan.ops.restore import Asked, restore
from genkan.ops.sealed_file import SealedWriter
from genkan.ops.taking import RestoreFailed
from genkan.outside.ring_file import make_ring_file, read_ring, replace_ring_file
from genkan.protocol.env import HOUR
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import add
from genkan.settings import Settings
from tests.ops.lost_site import Lost, a_lost_site, refreshed
from tests.protocol.builders import a_ring, an_env
from tests.site.world import close_site

PASS = b"correct horse battery"


async def sealed(settings: Settings) -> Path:
    """A backup of the site that somebody serves just now."""
    made = await backup(settings, Path(settings.data_dir).parent / "site.backup", PASS, an_env())
    assert made.database
    assert made.size == made.file.stat().st_size
    return made.file


@pytest.fixture
async def lost(tmp_path: Path) -> Lost:
    """Whose backup is what genkan backup makes."""
    return await a_lost_site(tmp_path, sealed)


async def test_the_file_alone_brings_the_site_back(lost: Lost, tmp_path: Path) -> None:
    """On a machine where neither store nor ring is left, phones that went on after the backup go on; whoever signed in
    after it is told to sign in again.
    """
    fresh = Lost(**{**vars(lost), "folder": tmp_path / "fresh"})
    assert (await fresh.restored(Manner.HEAL, passphrase=PASS)).aside is None
    assert fresh.ring.fingerprint == lost.ring.fingerprint
    site = await fresh.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (200, None)
        assert await refreshed(site, lost.newcomer, lost.link) == (400, "invalid_grant")
    finally:
        await close_site(site)
    assert {path.stat().st_mode & 0o077 for path in fresh.folder.iterdir() if path.suffix != ".lock"} == {0}


async def test_settings_that_are_the_same_are_not_told_of(lost: Lost) -> None:
    """Only others than the present ones are laid beside the data, lists among them."""
    given = Settings(data_dir=str(lost.folder), trusted_proxies=("127.0.0.1",))
    other = Settings(data_dir=str(lost.folder), trusted_proxies=("127.0.0.2",))
    made = (await backup(given, lost.folder.parent / "second", PASS, lost.clock())).file
    asked = Asked(made, PASS, Manner.HEAL, "test")
    assert (await restore(given, asked, lost.clock())).settings is None
    lost.clock.advance(HOUR)
    laid = (await restore(other, asked, lost.clock())).settings
    assert laid is not None
    assert tomllib.loads(laid.read_text())["trusted_proxies"] == ["127.0.0.1"]


async def test_the_newer_ring_of_the_two_counts(lost: Lost, tmp_path: Path) -> None:
    """A ring that was rotated after the backup stays; an older one that lies there gives way to the backup's."""
    old = lost.ring
    newer = add(old, an_env(seed="newer"))
    assert replace_ring_file(lost.settings.ring_path, newer) is None
    second = (await backup(lost.settings, tmp_path / "second", PASS, an_env())).file
    await lost.restored(Manner.HEAL, passphrase=PASS)
    assert {key.id for key in newer.keys} < {key.id for key in lost.ring.keys}
    fresh = Lost(**{**vars(lost), "folder": tmp_path / "fresh"})
    fresh.folder.mkdir()
    assert make_ring_file(fresh.settings.ring_path, old) is None
    await fresh.restored(Manner.HEAL, second, PASS)
    assert {key.id for key in newer.keys} < {key.id for key in fresh.ring.keys}


async def test_another_sites_ring_is_never_overwritten(lost: Lost) -> None:
    """What lies there and belongs to another site stops the restore, although the backup has the right one."""
    other = a_ring("another")
    assert replace_ring_file(lost.settings.ring_path, other) is None
    with pytest.raises(RestoreFailed, match="belongs to another site"):
        await lost.restored(Manner.HEAL, passphrase=PASS)
    assert read_ring(lost.settings.ring_path) == other


@pytest.mark.parametrize("manner", list(Manner))
async def test_what_does_not_open_changes_nothing(lost: Lost, tmp_path: Path, manner: Manner) -> None:
    """No passphrase, a wrong one, a cut file: the site is byte for byte what it was."""
    cut = tmp_path / "cut"
    cut.write_bytes(lost.backup.read_bytes()[:-100])
    paths = [lost.settings.database_path, lost.settings.ring_path]
    before = [path.read_bytes() for path in paths]
    for path, passphrase, said in (
        (lost.backup, None, "is encrypted"),
        (lost.backup, b"correct horse batterz", "passphrase is another one"),
        (cut, PASS, "cut short"),
    ):
        with pytest.raises((RestoreFailed, BadArchive), match=said):
            await lost.restored(manner, path, passphrase)
    assert [path.read_bytes() for path in paths] == before
    assert not (lost.folder / ".restoring").exists()


async def test_a_backup_is_made_whole_or_not_at_all(
    lost: Lost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full in the middle leaves no file; one that is there is not touched; nothing else stays."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    target = tmp_path / "another"
    with monkeypatch.context() as patch:
        patch.setattr(SealedWriter, "finish", full)
        with pytest.raises(BadArchive, match="No space left"):
            await backup(lost.settings, target, PASS, lost.clock())
    assert not target.exists()
    target.write_text("mine")
    with pytest.raises(BadArchive, match="overwrites nothing"):
        await backup(lost.settings, target, PASS, lost.clock())
    assert target.read_text() == "mine"
    assert not (lost.folder / ".backing-up").exists()


async def test_a_site_without_its_ring_is_not_backed_up(lost: Lost, tmp_path: Path) -> None:
    """A backup that could not be restored is none: a ring that is missing or another site's is told now."""
    kept = lost.settings.ring_path.read_bytes()
    lost.settings.ring_path.unlink()
    with pytest.raises(BackupFailed, match="is not there"):
        await backup(lost.settings, tmp_path / "a", PASS, lost.clock())
    lost.settings.ring_path.write_bytes(kept)
    lost.settings.ring_path.chmod(0o600)
    replace_ring_file(lost.settings.ring_path, a_ring("another"))
    with pytest.raises(BackupFailed, match="another site"):
        await backup(lost.settings, tmp_path / "a", PASS, lost.clock())
    assert not (tmp_path / "a").exists()


async def test_what_was_written_is_read_back_and_goes_where_it_is_no_backup(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that keeps something else than it was given: no file is left that somebody would take for a backup, and
    that of before is as it was.
    """
    before = lost.backup.read_bytes()
    target = lost.folder.parent / "second"

    def spoilt(place: Path, *rest: Any) -> int:
        size = write_archive(place, *rest)
        with place.open("r+b") as file:
            file.seek(size // 2)
            file.write(b"\xa5" * 16)
        return size

    monkeypatch.setattr(backing, "write_archive", spoilt)
    with pytest.raises(BackupFailed, match="the new file is gone again"):
        await backup(lost.settings, target, PASS, lost.clock())
    assert not target.exists()
    assert lost.backup.read_bytes() == before
