"""Renewals at a site that takes a refresh token once: nothing is asked for that could not be kept."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genkan.app import HandedAgent, vault
from genkan.app.agent import NoDoor
from genkan.app.entries import Vault, room_in
from genkan.app.flows import Wanted
from genkan.app.machine import Machine
from genkan.app.outcomes import Access, Kept, Ready, SignInAgain
from genkan.app.sealed import KeyFile, SealedVault
from genkan.app.session import Session, Sessions
from genkan.app.vault import FileVault, VaultTrouble
from genkan.testing import Profile, Setup, SiteDouble
from genkan.testing.faults import TOKEN
from tests.app.conftest import Chance, Clock

Vaults = Callable[[Path], Vault]


def sealed(folder: Path) -> Vault:
    return SealedVault(folder / "sessions", KeyFile(folder / "key", Machine().draw), Machine().draw)


def plain(folder: Path) -> Vault:
    return FileVault(folder / "sessions")


@pytest.fixture
def jira(make_genkan_site: Callable[[Setup], SiteDouble]) -> SiteDouble:
    return make_genkan_site(Setup(profile=Profile.JIRA))


def signed_in(jira: SiteDouble, sessions: Sessions) -> Session:
    found = sessions.discover(Wanted(jira.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(jira.person()).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    kept = sessions.sign_in(found.site, door)
    assert isinstance(kept, Kept)
    return sessions.open(kept.state.id)


class Disk:
    """A disk that has no block left for what is new; what has its blocks can be written over."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.full = False
        self._write_out = vault._write_out
        patch.setattr(vault, "_write_out", self)

    def __call__(self, path: Path, content: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._write_out(path, content)


def posts(site: SiteDouble) -> int:
    return len(site.faults.requests(TOKEN))


@pytest.mark.parametrize("kind", [plain, sealed])
def test_a_full_disk_spends_no_refresh_token(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance, monkeypatch: pytest.MonkeyPatch, kind: Vaults
) -> None:
    """Seen: a full disk at a site of Jira's kind; the renewal was posted, its successor lost, the person signed out."""
    with Sessions(kind(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        disk, before = Disk(monkeypatch), posts(jira)
        clock.forward(4000)
        disk.full = True
        with pytest.raises(VaultTrouble, match="No space left"):
            session.access()
        assert posts(jira) == before
        disk.full = False
        assert isinstance(session.access(), Access)
        assert posts(jira) == before + 1


@pytest.mark.parametrize("kind", [plain, sealed])
def test_a_disk_that_fills_up_during_the_renewal(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance, monkeypatch: pytest.MonkeyPatch, kind: Vaults
) -> None:
    """The successor comes to lie in the room that was written for it before the request left."""
    with Sessions(kind(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        disk = Disk(monkeypatch)
        clock.forward(4000)

        def fill_up(_asked: object) -> None:
            disk.full = True

        jira.faults.decide("token", fill_up)
        fresh = session.access()
        assert isinstance(fresh, Access)
        jira.faults.clear()
    with Sessions(kind(tmp_path), clock, chance) as later:
        # Another program finds the successor, and at the site it counts.
        assert later.open(session.id).access() == fresh
        disk.full = False
        clock.forward(4000)
        assert isinstance(later.open(session.id).access(), Access)
    assert [path.name for path in (tmp_path / "sessions").glob("*.new")] == []


def test_room_is_on_the_disk_before_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole size is written and synced, not only noted; given back it is gone."""
    synced: list[int] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    files = FileVault(tmp_path / "sessions")
    room = room_in(files, "a", 70_000)
    assert synced == [70_000]
    (left,) = (tmp_path / "sessions").iterdir()
    assert left.stat().st_size == 70_000
    assert left.stat().st_blocks * 512 >= 70_000
    assert left.stat().st_mode & 0o777 == 0o600
    # A write meanwhile leaves the room where it is.
    files.write("a", "renewing")
    room.fill("text")
    assert files.read("a") == "text"
    other = room_in(files, "a", 10)
    other.give_back()
    other.give_back()
    assert sorted(path.name for path in (tmp_path / "sessions").iterdir()) == ["a.json"]


def test_a_programs_own_kind_of_vault_is_not_passed_by(tmp_path: Path) -> None:
    """Whoever writes in a way of their own, sealed for instance, has every text written so, a successor too."""

    class Mine(FileVault):
        def write(self, name: str, text: str) -> None:
            super().write(name, text.upper())

    mine = Mine(tmp_path / "mine")
    room_in(mine, "a", 100).fill("text")
    assert mine.read("a") == "TEXT"


def test_the_mark_is_on_the_disk_before_the_request_leaves(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance
) -> None:
    """A program that dies from here on is found with its renewal under way."""
    with Sessions(plain(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        clock.forward(4000)
        seen = []

        def look(_asked: object) -> None:
            (state,) = (json.loads(path.read_text()) for path in (tmp_path / "sessions").glob(f"{session.id}.json"))
            seen.append(state["renewing"])

        jira.faults.decide("token", look)
        assert isinstance(session.access(), Access)
        assert seen == [True]


def test_a_lost_answer_at_a_strict_site_is_named(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance
) -> None:
    """Seen: the sentence blamed the token, which was good. It names the lost answer and the site's own rule."""
    with Sessions(plain(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        clock.forward(4000)
        jira.faults.lose_answer("token")
        ended = session.access()
    assert isinstance(ended, SignInAgain)
    assert "The answer to a renewal at" in ended.sentence
    assert "allows no second try" in ended.sentence


def test_a_program_that_died_during_a_renewal_is_told_of_the_lost_answer(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next start the old token is tried; a strict site refuses it, and the sentence says why."""
    with Sessions(plain(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        clock.forward(4000)
        with monkeypatch.context() as patch:

            def die(_path: Path, _content: bytes) -> None:
                raise KeyboardInterrupt

            patch.setattr(vault, "_overwrite", die)
            with pytest.raises(KeyboardInterrupt):
                session.access()
    with Sessions(plain(tmp_path), clock, chance) as later:
        ended = later.open(session.id).access()
    assert isinstance(ended, SignInAgain)
    assert "was left without an answer" in ended.sentence


def test_a_token_that_an_administrator_ended_is_not_called_a_lost_answer(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance
) -> None:
    """Where every answer came, the site's refusal is its own."""
    with Sessions(plain(tmp_path), clock, chance) as sessions:
        session = signed_in(jira, sessions)
        jira.sign_out(person="alice")
        clock.forward(4000)
        ended = session.access()
    assert isinstance(ended, SignInAgain)
    assert "was lost" not in ended.sentence
    assert "without an answer" not in ended.sentence


def test_a_full_disk_shows_no_code(
    jira: SiteDouble, tmp_path: Path, clock: Clock, chance: Chance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sign-in takes the place of the first at the site: where it could not be kept, the first one stays."""
    with Sessions(plain(tmp_path), clock, chance) as sessions:
        first = signed_in(jira, sessions)
        found = sessions.discover(Wanted(jira.base_url))
        assert isinstance(found, Ready)
        door = HandedAgent(jira.person()).open_door(found.site.redirect_uris)
        assert not isinstance(door, NoDoor)
        disk, before = Disk(monkeypatch), posts(jira)
        disk.full = True
        with pytest.raises(VaultTrouble, match="No space left"):
            sessions.sign_in(found.site, door)
        assert posts(jira) == before
        disk.full = False
        clock.forward(4000)
        assert isinstance(first.access(), Access)
        assert [phone.state for phone in jira.phones()] == ["signed_in"]
