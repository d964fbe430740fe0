"""Several kinds of vault in one folder: what a run with another kind kept is seen and ended by every other run."""

from collections.abc import Callable
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from genkan.app import keychain
from genkan.app.beside import VaultsBeside
from genkan.app.lately import Lately
from genkan.app.shelter import Kind, Shelter
from genkan.app.vault import Away, EntryTrouble, FileVault, VaultTrouble
from tests.app.conftest import Chance, Clock
from tests.app.keyrings import SilentKeyring, WorkingKeyring


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
    with pytest.raises(EntryTrouble, match="The keyring is gone"):
        vault.read("first")
    vault.remove("first")
    assert vault.names() == ("second",)


def in_keyring_and_files(folder: Path, use_keyring: Callable[[KeyringBackend], None], backend: KeyringBackend) -> None:
    """Three entries of a keyring, and one in clear."""
    use_keyring(backend)
    keyring = Shelter(folder, Kind.KEYRING).prepare(Chance())
    for name in ("a", "b", "c"):
        keyring.write(name, f"text of {name}")
    Shelter(folder, Kind.FILE).prepare(Chance()).write("d", "open text")


@pytest.mark.parametrize("in_use", [Kind.KEYRING, Kind.FILE])
def test_a_keyring_that_does_not_answer_costs_one_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use_keyring: Callable[[KeyringBackend], None], in_use: Kind
) -> None:
    """Not one for each entry, nor for each look of a program; when it answers again, its entries are as they were."""
    backend = SilentKeyring()
    in_keyring_and_files(tmp_path / "app", use_keyring, backend)
    monkeypatch.setattr(keychain, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(keychain, "ANSWER_SECONDS", 0.2 if in_use is Kind.KEYRING else 60)
    backend.silent, asked = True, backend.asked
    for _ in range(2):
        vault = Shelter(tmp_path / "app", in_use).find()
        assert vault.read("d") == "open text"
        for name in ("a", "b", "c"):
            with pytest.raises(EntryTrouble, match="does not answer"):
                vault.read(name)
    assert backend.asked == asked + 1
    backend.speak()
    assert Shelter(tmp_path / "app", in_use).find().read("a") == "text of a"


def test_a_dialog_that_is_closed_comes_once(tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]) -> None:
    """Whoever closes the dialog that unlocks a keyring is not shown it for each entry."""
    backend = SilentKeyring()
    in_keyring_and_files(tmp_path / "app", use_keyring, backend)
    backend.locked, asked = True, backend.asked
    vault = Shelter(tmp_path / "app", Kind.KEYRING).find()
    for name in ("a", "b", "c"):
        with pytest.raises(EntryTrouble, match="unlock it"):
            vault.read(name)
    assert backend.asked == asked + 1


def test_a_keyring_that_comes_back(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None], no_keyring: None, clock: Clock
) -> None:
    """What a program holds open asks again after a while: nobody starts it anew for a keyring that was not there."""
    none, backend = keyring.get_keyring(), SilentKeyring()
    in_keyring_and_files(tmp_path / "app", use_keyring, backend)
    vault = Shelter(tmp_path / "app", Kind.FILE).find()
    assert isinstance(vault, VaultsBeside)
    vault._others[0].lately = Lately(clock.ticks)
    use_keyring(none)
    with pytest.raises(EntryTrouble, match="no keyring"):
        vault.read("a")
    use_keyring(backend)
    with pytest.raises(EntryTrouble, match="no keyring"):
        vault.read("b")
    clock.forward(31)
    assert vault.read("b") == "text of b"


def test_the_keyring_in_use_is_gone(tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]) -> None:
    """The sessions of the other kinds are there all the same, and what is new is refused as before."""
    in_keyring_and_files(tmp_path / "app", use_keyring, SilentKeyring())
    assert "(silent)" in Shelter(tmp_path / "app").find().words
    use_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    vault = Shelter(tmp_path / "app").find()
    assert vault.names() == ("a", "b", "c", "d")
    assert vault.read("d") == "open text"
    assert "the keyring of this system" in vault.words
    with pytest.raises(Away, match="no keyring"):
        vault.read("a")
    turn = vault.turn("d")
    assert turn.take()
    turn.give_back()
    with pytest.raises(VaultTrouble, match="no keyring"):
        vault.write("e", "new")
    with pytest.raises(VaultTrouble, match="no keyring"):
        Shelter(tmp_path / "app").prepare(Chance())
