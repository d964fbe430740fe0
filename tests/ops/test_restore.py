"""Backups put back: what phones of before and after may do then, and that a fault or a crash leaves the site as it
was.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genkan.main import load_ring
from genkan.ops import restore as restoring
from genkan.ops.taking import RestoreFailed
from genkan.outside.locks import serving
from genkan.outside.ring_file import make_ring_file, replace_ring_file
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import new_ring
from genkan.store.api import CannotOpen, PhoneQuery
from genkan.store.sqlite import open_store
from tests.ops.lost_site import Lost, a_lost_site, bare, refreshed
from tests.site.world import VERIFIER, close_site, open_site

EVERY = list(Manner)


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
async def lost(tmp_path: Path) -> Lost:
    """Whose backup is a bare copy of the database."""
    return await a_lost_site(tmp_path, bare)


async def test_healing_keeps_phones_that_went_on(lost: Lost) -> None:
    """A phone ahead of its row moves it; one that stood still goes on too; a stranger to the backup signs in again."""
    done = await lost.restored(Manner.HEAL)
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (200, None)
        assert await refreshed(site, lost.newcomer, lost.link) == (400, "invalid_grant")
        lost.clock.advance(2 * DAY)
        assert (await site.store.site()).heal_until < lost.clock.now
    finally:
        await close_site(site)
    assert done.as_of <= lost.clock.now


async def test_healing_ends_after_a_day(lost: Lost) -> None:
    """The phone that comes a day later signs in again; it says nothing of the store that is not known."""
    await lost.restored(Manner.HEAL)
    lost.clock.advance(DAY)
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (400, "invalid_grant")
        assert (await site.client.get("/readyz")).status_code == 200
    finally:
        await close_site(site)


@pytest.mark.parametrize("manner", [Manner.HEAL, Manner.SIGN_OUT_ALL])
async def test_a_restored_site_is_ready_whatever_phones_show(lost: Lost, manner: Manner) -> None:
    """Phones use the access tokens that they have before they refresh. Those of after the backup are told that these
    open no more, nobody that they should wait, and the site is as ready as before.
    """
    await lost.restored(manner)
    site = await lost.opened()
    try:
        for tokens in (lost.later, lost.newcomer):
            assert (await site.myself(str(tokens["access_token"]))).status_code == 401
        assert await refreshed(site, lost.newcomer, lost.link) == (400, "invalid_grant")
        form = {"token": str(lost.newcomer["refresh_token"]), "client_id": lost.link.client_id}
        assert (await site.client.post("/rest/oauth2/latest/revoke", data=form)).status_code == 200
        expected = (200, None) if manner is Manner.HEAL else (400, "invalid_grant")
        assert await refreshed(site, lost.later, lost.link) == expected
        await site.store.flush()
        assert (await site.client.get("/readyz")).json() == {"ready": True, "reasons": []}
        assert (await site.store.site()).behind_since == 0
        assert "store.behind" not in [event.kind.value for _, event in await site.store.events()]
    finally:
        await close_site(site)


async def test_what_is_lost_after_a_restore_is_said(lost: Lost) -> None:
    """A sign-in of after the restore whose row is gone proves another loss, which nobody has decided on."""
    await lost.restored(Manner.HEAL)
    lost.clock.advance(HOUR)
    site = await lost.opened()
    link = await site.store.link(lost.link.id)
    assert link is not None
    again = await site.issue_tokens(link, "bob")
    await close_site(site)
    with closing(sqlite3.connect(lost.settings.database_path)) as db, db:
        db.execute("DELETE FROM grants WHERE id = (SELECT MAX(id) FROM grants)")
    site = await lost.opened()
    try:
        assert await refreshed(site, again, lost.link) == (503, "temporarily_unavailable")
        assert (await site.client.get("/readyz")).status_code == 503
    finally:
        await close_site(site)


async def test_a_phone_that_stood_still_goes_on(lost: Lost) -> None:
    """A token that is exactly its row's refreshes as ever, under the new key."""
    await lost.restored(Manner.HEAL)
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.at_backup, lost.link) == (200, None)
    finally:
        await close_site(site)


async def test_signing_everyone_out_does(lost: Lost) -> None:
    """Every sign-in of the backup is over, with the reason on its row, and people sign in again."""
    await lost.restored(Manner.SIGN_OUT_ALL)
    site = await lost.opened()
    try:
        for tokens in (lost.at_backup, lost.later):
            assert await refreshed(site, tokens, lost.link) == (400, "invalid_grant")
        assert (await site.myself(str(lost.at_backup["access_token"]))).status_code == 401
        assert [row.grant.reason for row in await site.store.phones(PhoneQuery())] == ["restored"]
        link = await site.store.link(lost.link.id)
        assert link is not None
        assert "access_token" in await site.issue_tokens(link)
    finally:
        await close_site(site)


async def test_a_copy_opens_no_token_of_the_original(lost: Lost) -> None:
    """In another folder and under the same ring the copy knows the people and none of the tokens; the original is
    untouched.
    """
    copy = Lost(**{**vars(lost), "folder": lost.folder.parent / "copy"})
    copy.folder.mkdir()
    make_ring_file(copy.settings.ring_path, lost.ring)
    assert (await copy.restored(Manner.AS_COPY)).aside is None
    site, original = await copy.opened(), await lost.opened()
    try:
        for tokens in (lost.at_backup, lost.later, lost.newcomer):
            assert await refreshed(site, tokens, lost.link) == (400, "invalid_grant")
        assert (await site.store.site()).site_id != (await original.store.site()).site_id
        assert await refreshed(original, lost.later, lost.link) == (200, None)
        assert (await site.sign_in()).status_code == 303
    finally:
        await close_site(site)
        await close_site(original)


@pytest.mark.parametrize("manner", EVERY)
async def test_no_code_of_before_is_taken(lost: Lost, manner: Manner) -> None:
    """A code that was issued before the restore is refused, although it has not expired."""
    await lost.restored(manner)
    site = await lost.opened()
    form = {
        "grant_type": "authorization_code",
        "code": lost.code,
        "client_id": lost.link.client_id,
        "redirect_uri": lost.link.redirects[0],
        "code_verifier": VERIFIER,
    }
    try:
        answer = await site.token(**form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    finally:
        await close_site(site)


@pytest.mark.parametrize("manner", EVERY)
async def test_what_was_there_is_kept_whole(lost: Lost, manner: Manner) -> None:
    """The replaced file is a store that holds what came after the backup, and nobody else can read it."""
    done = await lost.restored(manner)
    assert done.aside is not None
    assert done.aside.stat().st_mode & 0o777 == 0o600
    kept = open_store(done.aside, create=False, env=lost.clock())
    present = open_store(lost.settings.database_path, create=False, env=lost.clock())
    try:
        assert len(await kept.phones(PhoneQuery())) == 2
        assert len(await present.phones(PhoneQuery())) == 1
        since = [event.kind.value for _, event in await kept.events(done.last_event, 100)]
        assert "grant.signed_in" in since
        assert (await present.events(done.last_event, 100))[0][1].kind.value == "store.restored"
    finally:
        await kept.close()
        await present.close()
    left = {path.name for path in lost.folder.iterdir()}
    assert {name for name in left if not name.startswith("genkan.sqlite3.replaced")} == {
        ".restoring.lock",
        "genkan.sqlite3",
        "genkan.sqlite3.moving.lock",
        "secrets.json",
        "secrets.json.lock",
        "serve.lock",
    }


async def test_a_second_restore_within_a_second_keeps_both(lost: Lost) -> None:
    """The clock names the file aside, and a name that is taken gets a number: no restore fails for being quick."""
    names = [done.aside.name for done in [await lost.restored(Manner.HEAL) for _ in range(3)] if done.aside]
    assert names == [names[0], f"{names[0]}-2", f"{names[0]}-3"]
    assert all((lost.folder / name).is_file() for name in names)
    # A log whose file is gone is put aside under the name too, and would be played into a file of that name.
    lost.settings.database_path.unlink()
    Path(f"{lost.settings.database_path}-wal").write_bytes(b"of a store that is gone")
    assert (await lost.restored(Manner.HEAL)).aside is None
    last = (await lost.restored(Manner.HEAL)).aside
    assert last is not None
    assert last.name == f"{names[0]}-5"


async def test_a_site_starts_after_a_restore(lost: Lost) -> None:
    """The ring and the restored store agree, so that a start has nothing to mend."""
    await lost.restored(Manner.HEAL)
    store = open_store(lost.settings.database_path, create=False, env=lost.clock())
    try:
        before = await store.site()
        assert await load_ring(store, lost.settings.ring_path) == lost.ring
        assert await store.site() == before
    finally:
        await store.close()


async def test_the_very_file_that_lies_there_can_be_restored(lost: Lost) -> None:
    """A database that was put back by hand is healed by restoring it over itself."""
    shutil.copy(lost.backup, lost.settings.database_path)
    await lost.restored(Manner.HEAL, lost.settings.database_path)
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (200, None)
    finally:
        await close_site(site)


async def test_a_new_machine_needs_backup_and_ring(lost: Lost, tmp_path: Path) -> None:
    """In an empty folder with the ring put there first the site comes up; without it only a copy can."""
    fresh = Lost(**{**vars(lost), "folder": tmp_path / "fresh"})
    with pytest.raises(RestoreFailed, match="put it back from its own backup"):
        await fresh.restored(Manner.HEAL)
    assert not fresh.settings.database_path.exists()
    assert make_ring_file(fresh.settings.ring_path, lost.ring) is None
    assert (await fresh.restored(Manner.HEAL)).aside is None
    site = await fresh.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (200, None)
    finally:
        await close_site(site)


async def test_a_lost_ring_leaves_a_copy_as_the_way_back(lost: Lost) -> None:
    """With no ring at all a copy gets a new one, and the same people and client ids sign in anew."""
    lost.settings.ring_path.unlink()
    await lost.restored(Manner.AS_COPY)
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (400, "invalid_grant")
        link = await site.store.link_by_client_id(lost.link.client_id)
        assert link is not None
        assert "access_token" in await site.issue_tokens(link)
    finally:
        await close_site(site)


async def unchanged(lost: Lost, manner: Manner, backup: Path, said: str) -> None:
    """The restore fails with this sentence, and store and ring are byte for byte as they were."""
    paths = [lost.settings.database_path, lost.settings.ring_path]
    before = [path.read_bytes() if path.exists() else None for path in paths]
    with pytest.raises((RestoreFailed, CannotOpen), match=said) as failed:
        await lost.restored(manner, backup)
    assert "\n" not in str(failed.value)
    assert [path.read_bytes() if path.exists() else None for path in paths] == before
    assert not (lost.folder / ".restoring").exists()


async def test_what_is_no_backup_changes_nothing(lost: Lost, tmp_path: Path) -> None:
    """No file, a folder, rubbish, another program's database, an empty one, a cut one: each is named."""
    rubbish, other, empty, cut = (tmp_path / name for name in ("rubbish", "other.db", "empty", "cut.sqlite3"))
    rubbish.write_bytes(b"no database, but long enough to look like a file of some kind" * 20)
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE site (x)")
        db.execute("INSERT INTO site VALUES (1)")
        db.commit()
    empty.touch()
    whole = lost.backup.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    for path, said in (
        (tmp_path / "none", "there is no backup at .*none"),
        (tmp_path, "there is no backup"),
        (rubbish, "rubbish is no backup that can be read"),
        (other, "other.db is a database of another program"),
        (empty, "empty is not a Genkan store"),
        (cut, "cut.sqlite3"),
    ):
        for manner in EVERY:
            await unchanged(lost, manner, path, said)


async def test_a_backup_of_a_newer_version_changes_nothing(lost: Lost) -> None:
    """A schema that this version does not know is refused with the backup's own name."""
    with closing(sqlite3.connect(lost.backup)) as db:
        db.execute("UPDATE schema_version SET version = 99")
        db.commit()
    for manner in EVERY:
        await unchanged(lost, manner, lost.backup, r"backup\.sqlite3 has schema 99")


@pytest.mark.parametrize("manner", [Manner.HEAL, Manner.SIGN_OUT_ALL])
async def test_another_sites_backup_or_ring_changes_nothing(lost: Lost, tmp_path: Path, manner: Manner) -> None:
    """A foreign ring, a ring that cannot be read and a foreign backup are refused."""
    other = await open_site(tmp_path / "other", lost.clock, lost.ring)
    await close_site(other)
    await unchanged(lost, manner, tmp_path / "other" / "genkan.sqlite3", "of another site")
    replace_ring_file(lost.settings.ring_path, new_ring(lost.clock()))
    await unchanged(lost, manner, lost.backup, "another site")
    lost.settings.ring_path.chmod(0o644)
    await unchanged(lost, manner, lost.backup, "chmod 600")


@pytest.mark.parametrize("manner", EVERY)
async def test_nothing_is_restored_under_a_server(lost: Lost, manner: Manner) -> None:
    """While a server holds the store the restore says so and touches nothing."""
    with serving(lost.settings.database_path):
        await unchanged(lost, manner, lost.backup, "stop it first")


@pytest.mark.parametrize("manner", [Manner.HEAL, Manner.SIGN_OUT_ALL])
@pytest.mark.parametrize("step", ["_make_so", "_put_ring", "replace_database"])
async def test_a_crash_on_the_way_leaves_a_site_that_starts(
    lost: Lost, monkeypatch: pytest.MonkeyPatch, manner: Manner, step: str
) -> None:
    """Dying before any step leaves the site that was there, ready to be served and to be restored."""

    def dies(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(restoring, step, dies)
        with pytest.raises(Crash):
            await lost.restored(manner)
    store = open_store(lost.settings.database_path, create=False, env=lost.clock())
    try:
        await load_ring(store, lost.settings.ring_path)
        assert len(await store.phones(PhoneQuery())) == 2
    finally:
        await store.close()
    site = await lost.opened()
    assert await refreshed(site, lost.later, lost.link) == (200, None)
    await close_site(site)
    (lost.folder / ".restoring").mkdir()
    (lost.folder / ".restoring" / "left").write_text("by a crash")
    assert (await lost.restored(manner)).aside is not None


async def test_a_broken_site_can_be_replaced(lost: Lost) -> None:
    """A database that cannot be read is put aside as it is, and no log of it plays into the backup."""
    target = lost.settings.database_path
    target.write_bytes(b"rubbish " * 1024)
    Path(f"{target}-wal").write_bytes(b"what was in the log")
    done = await lost.restored(Manner.HEAL)
    assert done.aside is not None
    assert done.aside.read_bytes() == b"rubbish " * 1024
    assert not Path(f"{target}-wal").exists()
    site = await lost.opened()
    try:
        assert await refreshed(site, lost.later, lost.link) == (200, None)
    finally:
        await close_site(site)
