"""Several kinds of vault in one folder: what a run with another kind kept is seen and ended by every other run."""

from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from genkan.app import keychain
from genkan.app.sealed import Spoilt
from genkan.app.shelter import Kind, Shelter
from genkan.app.vault import FileVault, VaultTrouble
from tests.app.conftest import Chance
from tests.app.keyrings import WorkingKeyring


def test_a_kind_for_one_run_changes_no_choice(tmp_path: Path) -> None:
    """What was chosen first stays chosen, and each run sees what the others kept."""
    plain, file = Shelter(tmp_path / "app"), Shelter(tmp_path / "app", Kind.FILE)
    Shelter(tmp_path / "app", Kind.ENCRYPTED).prepare(Chance()).write("first", "sealed text")
    file.prepare(Chance()).write("second", "open text")
    assert plain.remembered() is Kind.ENCRYPTED
    for vault in (plain.find(), file.find(), plain.prepare(Chance()), file.prepare(Chance())):
        assert vault.names() == ("first", "second")
        assert (vault.read("first"), vault.read("second"), vault.read("none")) == ("sealed text", "open text", None)
    assert plain.find().words != file.find().words


def test_each_session_stays_where_it_lies(tmp_path: Path) -> None:
    """A renewal puts nothing in clear that was sealed, a sign-out removes it there, and turns are everybody's."""
    plain, file = Shelter(tmp_path / "app", Kind.ENCRYPTED), Shelter(tmp_path / "app", Kind.FILE)
    plain.prepare(Chance()).write("first", "sealed text")
    other = file.find()
    other.write("first", "renewed")
    assert FileVault(tmp_path / "app" / "sessions").names() == ()
    assert plain.find().read("first") == "renewed"
    turn, later = other.turn("first"), plain.find().turn("first")
    assert turn.take()
    try:
        assert not later.take()
    finally:
        turn.give_back()
    other.remove("first")
    assert plain.find().names() == ()


def test_the_mark_of_the_device_is_each_kinds_own(tmp_path: Path) -> None:
    """It is no session: alone it makes no second place to look, and it is read where the sign-in is kept."""
    Shelter(tmp_path / "app", Kind.ENCRYPTED).prepare(Chance()).write("device", "sealed mark")
    file = Shelter(tmp_path / "app", Kind.FILE)
    assert isinstance(file.find(), FileVault)
    Shelter(tmp_path / "app", Kind.ENCRYPTED).find().write("first", "sealed text")
    assert file.find().read("device") is None
    file.find().write("device", "open mark")
    assert Shelter(tmp_path / "app", Kind.ENCRYPTED).find().read("device") == "sealed mark"


def test_a_keyring_that_is_gone_stops_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sessions are named, each cannot be read with the reason, and the other kinds go on."""
    backend: list[KeyringBackend] = [WorkingKeyring()]

    def found(_seconds: float = 0) -> KeyringBackend:
        if not backend:
            raise VaultTrouble("The keyring is gone.")
        return backend[0]

    monkeypatch.setattr(keychain, "find_backend", found)
    Shelter(tmp_path / "app").prepare(Chance()).write("first", "text")
    file = Shelter(tmp_path / "app", Kind.FILE).prepare(Chance())
    file.write("second", "open text")
    backend.clear()
    vault = Shelter(tmp_path / "app", Kind.FILE).find()
    assert vault.names() == ("first", "second")
    assert vault.read("second") == "open text"
    with pytest.raises(Spoilt, match="The keyring is gone"):
        vault.read("first")
