"""The keyring: it keeps a key, of any length that keyrings take; what it kept in the first layout is still read."""

import threading
from collections.abc import Callable
from inspect import signature
from pathlib import Path

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from genkan.app import keychain
from genkan.app.keychain import KeyringVault, answer_within
from genkan.app.lately import Lately
from genkan.app.sealed import SealedVault, Spoilt
from genkan.app.shelter import Kind, Shelter
from genkan.app.vault import FileVault, VaultTrouble
from tests.app.conftest import Chance, Clock
from tests.app.keyrings import (
    ForgetfulKeyring,
    HangingKeyring,
    NarrowKeyring,
    RefusingKeyring,
    SilentKeyring,
    WorkingKeyring,
)


def test_a_working_keyring_is_chosen_and_remembered(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]
) -> None:
    """A keyring that keeps a trial secret is used for the sign-in and found again, with no secret on disk."""
    backend = WorkingKeyring()
    use_keyring(backend)
    vault = Shelter(tmp_path / "app").prepare(Chance())
    vault.write("a", "secret-text")
    assert isinstance(vault, KeyringVault)
    (key,) = backend.kept.values()
    assert len(bytes.fromhex(key)) == 32
    again = Shelter(tmp_path / "app").find()
    assert again.read("a") == "secret-text"
    files = [path for path in (tmp_path / "app").rglob("*") if path.is_file()]
    assert all("secret-text" not in path.read_text() and key not in path.read_text() for path in files)


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, ForgetfulKeyring])
def test_keyrings_that_keep_nothing_do_not_count(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None], backend: type[KeyringBackend]
) -> None:
    """Backends that fail, keep nothing or give nothing back lead to the encrypted file."""
    use_keyring(backend())
    vault = Shelter(tmp_path / "app").prepare(Chance())
    assert isinstance(vault, SealedVault)
    assert Shelter(tmp_path / "app").remembered() is Kind.ENCRYPTED


def test_a_forced_keyring_that_fails_is_told(tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]) -> None:
    """Asked for by name, a keyring that does not work is an error with the way out, not a silent file."""
    use_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(VaultTrouble, match="GENKAN_APP_VAULT=encrypted"):
        Shelter(tmp_path / "app", Kind.KEYRING).prepare(Chance())
    with pytest.raises(VaultTrouble):
        Shelter(tmp_path / "app", Kind.KEYRING).find()


def test_a_remembered_keyring_that_is_gone_is_told(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]
) -> None:
    """Sessions in a keyring that no longer answers are not taken for signed out."""
    use_keyring(WorkingKeyring())
    Shelter(tmp_path / "app").prepare(Chance())
    use_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(VaultTrouble, match="keyring"):
        Shelter(tmp_path / "app").find()


def test_a_forced_file_asks_no_keyring(tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]) -> None:
    """`GENKAN_APP_VAULT=file` keeps away from the keyring altogether."""
    backend = WorkingKeyring()
    use_keyring(backend)
    vault = Shelter(tmp_path / "app", Kind.FILE).prepare(Chance())
    vault.write("a", "text")
    assert isinstance(vault, FileVault)
    assert backend.kept == {}


def test_a_hanging_keyring_does_not_hang_the_app() -> None:
    """A bus that never answers costs its deadline and gives a sentence."""
    until = threading.Event()
    try:
        with pytest.raises(VaultTrouble, match="does not answer"):
            keychain.prove(HangingKeyring(until), Chance(), seconds=0.05)
    finally:
        until.set()


def test_a_person_has_time_to_unlock_it() -> None:
    """The dialog that unlocks a keyring is open during the first call; only the look for a keyring ends soon."""
    assert signature(keychain.prove).parameters["seconds"].default >= 60
    assert signature(KeyringVault).parameters["seconds"].default >= 60
    assert signature(keychain.find_backend).parameters["seconds"].default <= 10


def test_a_keyring_error_quotes_no_secret(tmp_path: Path) -> None:
    """What a backend says of its failure is not passed on, for it may hold what it was given."""
    with pytest.raises(VaultTrouble) as told:
        KeyringVault(tmp_path, RefusingKeyring(), Chance()).write("a", "secret-text")
    assert "secret-text" not in str(told.value)
    assert told.value.__cause__ is None
    assert answer_within(lambda: "through", 5) == "through"


def test_a_keyring_that_takes_little_keeps_a_long_session(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]
) -> None:
    """Windows takes 1280 characters a secret: a session with two long tokens is kept there as anywhere."""
    use_keyring(NarrowKeyring())
    vault = Shelter(tmp_path / "app").prepare(Chance())
    assert isinstance(vault, KeyringVault)
    session = "at-" + "x" * 4000
    vault.write("a", session)
    assert Shelter(tmp_path / "app").find().read("a") == session


def in_the_first_layout(folder: Path, backend: WorkingKeyring, **texts: str) -> None:
    for name, text in texts.items():
        backend.kept[keychain.SERVICE, name] = text
        FileVault(folder, suffix=".keyring").write(name, "")


def test_what_the_keyring_kept_itself_is_still_read(tmp_path: Path) -> None:
    """Sessions of the first layout are listed and read; a write moves one, and leaves nothing of it in the keyring."""
    backend = WorkingKeyring()
    in_the_first_layout(tmp_path / "sessions", backend, a="old a", b="old b")
    vault = KeyringVault(tmp_path / "sessions", backend, Chance())
    assert vault.names() == ("a", "b")
    assert (vault.read("a"), vault.read("b")) == ("old a", "old b")
    vault.write("a", "new a")
    assert "old a" not in backend.kept.values()
    again = KeyringVault(tmp_path / "sessions", backend, Chance())
    assert again.names() == ("a", "b")
    assert (again.read("a"), again.read("b")) == ("new a", "old b")
    again.remove("b")
    assert again.names() == ("a",)
    assert "old b" not in backend.kept.values()


def test_a_move_that_is_cut_short_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sealed counts from the moment that it is written, whatever becomes of the old secret."""
    backend = WorkingKeyring()
    in_the_first_layout(tmp_path / "sessions", backend, a="old")
    vault = KeyringVault(tmp_path / "sessions", backend, Chance())

    def fail(*_names: str) -> None:
        raise RuntimeError("the bus is gone")

    monkeypatch.setattr(backend, "delete_password", fail)
    vault.write("a", "new")
    assert vault.read("a") == "new"
    assert vault.names() == ("a",)


def test_a_key_that_the_keyring_lost_spoils_its_entries_alone(tmp_path: Path) -> None:
    """A keyring that was emptied costs the sessions in it a sign-in; a new one is kept with a key of its own."""
    backend = WorkingKeyring()
    vault = KeyringVault(tmp_path, backend, Chance())
    vault.write("a", "text")
    backend.kept.clear()
    chance = Chance()
    chance.drawn = 100
    again = KeyringVault(tmp_path, backend, chance)
    with pytest.raises(Spoilt, match="sign in again"):
        again.read("a")
    again.write("b", "other")
    assert KeyringVault(tmp_path, backend, chance).read("b") == "other"
    again.remove("a")
    assert again.names() == ("b",)


def test_two_programs_that_make_a_key_each(tmp_path: Path) -> None:
    """Whoever comes second overwrites no key: what either sealed can be read by both."""
    backend = WorkingKeyring()
    first, second = KeyringVault(tmp_path, backend, Chance()), KeyringVault(tmp_path, backend, Chance())
    second._draw = lambda size: b"\x07" * size
    first.write("a", "of the first")
    (tmp_path / "vault.key").unlink()
    second.write("b", "of the second")
    for vault in (first, second, KeyringVault(tmp_path, backend, Chance())):
        assert (vault.read("a"), vault.read("b")) == ("of the first", "of the second")


def test_a_key_that_was_locked_for_a_while(tmp_path: Path, clock: Clock) -> None:
    """A program that holds the vault open has its session again once the keyring is unlocked, without a new start."""
    backend = SilentKeyring()
    KeyringVault(tmp_path, backend, Chance()).write("a", "text")
    vault = KeyringVault(tmp_path, backend, Chance())
    vault._lately = Lately(clock.ticks)
    backend.locked, asked = True, backend.asked
    for _ in range(2):
        with pytest.raises(VaultTrouble, match="unlock it"):
            vault.read("a")
    backend.locked = False
    with pytest.raises(VaultTrouble, match="unlock it"):
        vault.read("a")
    assert backend.asked == asked + 1
    clock.forward(31)
    assert vault.read("a") == "text"


def test_an_entry_is_good_for_its_own_name_alone(tmp_path: Path) -> None:
    """One file put in the place of another, or changed, opens nothing."""
    vault = KeyringVault(tmp_path, WorkingKeyring(), Chance())
    vault.write("a", "text")
    whole = (tmp_path / "a.keyed").read_text()
    for name, content in (("b", whole), ("c", whole[:-1] + "!"), ("d", ""), ("e", whole.removeprefix("keyring-2 "))):
        FileVault(tmp_path, suffix=".keyed").write(name, content)
        with pytest.raises(Spoilt):
            vault.read(name)
