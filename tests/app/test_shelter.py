"""The place of a sign-in: proved with as much as a session is long, and chosen once, whatever its file holds."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genkan.app.shelter import Kind, Shelter
from genkan.app.vault import FileVault, VaultTrouble, make_private, write_new
from tests.app.conftest import Chance


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """As on a disk that is almost full: a short file still finds a place. The limit is the kernel's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.ENCRYPTED])
def test_a_disk_that_takes_a_key_but_no_session(tmp_path: Path, kind: Kind) -> None:
    """It is found out before the browser opens, and nothing of the trial stays."""
    place = Shelter(tmp_path / "app", kind)
    place.prepare(Chance())
    before = sorted(place.sessions.iterdir())
    with files_end_at(1000), pytest.raises(VaultTrouble, match="cannot be written: File too large"):
        place.prepare(Chance())
    assert sorted(place.sessions.iterdir()) == before
    place.prepare(Chance())


def test_a_disk_that_gives_back_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is read again, as with a keyring."""
    monkeypatch.setattr(FileVault, "read", lambda _vault, _name: "x")
    with pytest.raises(VaultTrouble, match="does not keep what it is given"):
        Shelter(tmp_path / "app", Kind.FILE)._prove_folder(Chance())
    assert not list((tmp_path / "app" / "sessions").glob("trial-*"))


@pytest.mark.parametrize("text", ["", " \n", "clipboard"])
def test_a_choice_that_is_none(tmp_path: Path, no_keyring: None, text: str) -> None:
    """A damaged file is told by its name, an empty one as well; looking for sessions says the same."""
    place = Shelter(tmp_path / "app")
    make_private(place.sessions)
    choice = place.sessions / "vault.choice"
    choice.write_text(text)
    choice.chmod(0o600)
    for look in (place.prepare, place.find):
        with pytest.raises(VaultTrouble, match=r"vault.choice holds none of .*: correct it"):
            look(Chance())


def test_a_choice_that_does_not_last(tmp_path: Path, no_keyring: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something removes what was written down, that is told, and nothing goes on for ever."""
    monkeypatch.setattr("genkan.app.shelter.write_new", lambda *_: None)
    with pytest.raises(VaultTrouble, match=r"vault.choice changes while it is read"):
        Shelter(tmp_path / "app").prepare(Chance())


def test_a_choice_of_another_program_counts(tmp_path: Path, no_keyring: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chosen elsewhere at the same moment is what both go by."""

    def too_late(path: Path, _content: bytes) -> None:
        write_new(path, Kind.FILE.encode())

    monkeypatch.setattr("genkan.app.shelter.write_new", too_late)
    assert isinstance(Shelter(tmp_path / "app").prepare(Chance()), FileVault)
