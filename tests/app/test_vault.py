"""The vaults: owner-only, durable, locked between threads and processes, honest when something is wrong."""

import os
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from genkan.app import keychain
from genkan.app.keychain import KeyringVault, answer_within
from genkan.app.sealed import KeyFile, Passphrase, SealedVault
from genkan.app.shelter import Kind, Shelter, shelter_of
from genkan.app.vault import FileVault, MemoryVault, Vault, VaultTrouble
from tests.app.conftest import Chance


class WorkingKeyring(KeyringBackend):
    """A keyring that keeps what it is given."""

    priority: ClassVar[float] = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class ForgetfulKeyring(WorkingKeyring):
    """A keyring that takes secrets and gives nothing back."""

    def get_password(self, service: str, username: str) -> str | None:
        return None


class HangingKeyring(WorkingKeyring):
    """A keyring behind a desktop bus that never answers."""

    def __init__(self, until: threading.Event) -> None:
        super().__init__()
        self.until = until

    def set_password(self, service: str, username: str, password: str) -> None:
        self.until.wait(30)


class RefusingKeyring(WorkingKeyring):
    """A keyring whose errors quote what they were given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


@pytest.fixture
def use_keyring() -> Iterator[Callable[[KeyringBackend], None]]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture(params=["memory", "file", "keyring", "key file", "passphrase"])
def any_vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "memory":
        return MemoryVault()
    folder = tmp_path / "sessions"
    if request.param == "key file":
        return SealedVault(folder, KeyFile(tmp_path / "key", Chance()), Chance())
    if request.param == "passphrase":
        return SealedVault(folder, Passphrase(lambda: "open sesame", Chance()), Chance())
    return FileVault(folder) if request.param == "file" else KeyringVault(folder, WorkingKeyring())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_contract(any_vault: Vault) -> None:
    """Every vault keeps, replaces, lists and forgets texts by name, and forgets twice without complaint."""
    assert any_vault.names() == ()
    assert any_vault.read("a") is None
    any_vault.write("a", "first")
    any_vault.write("b", "other é")
    any_vault.write("a", "second")
    assert any_vault.names() == ("a", "b")
    assert (any_vault.read("a"), any_vault.read("b")) == ("second", "other é")
    any_vault.remove("a")
    any_vault.remove("a")
    assert any_vault.names() == ("b",)
    assert any_vault.words


def test_turns_exclude_each_other(any_vault: Vault) -> None:
    """One name has one holder at a time; another name is free; what is given back can be taken."""
    first, second, other = any_vault.turn("a"), any_vault.turn("a"), any_vault.turn("b")
    assert first.take()
    assert not second.take()
    assert other.take()
    second.give_back()
    assert not any_vault.turn("a").take()
    first.give_back()
    assert second.take()
    second.give_back()
    other.give_back()


def test_turns_exclude_other_processes(tmp_path: Path) -> None:
    """The lock holds between processes and is free when its holder dies by SIGKILL."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from genkan.app.vault import FileVault
        turn = FileVault(Path(sys.argv[1])).turn("a")
        print(turn.take(), flush=True)
        sys.stdin.read()
        """
    )
    vault = FileVault(tmp_path / "sessions")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "sessions")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert not vault.turn("a").take()
        holder.kill()
        holder.wait()
    turn = vault.turn("a")
    assert turn.take()
    turn.give_back()


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    """Files have mode 0600 and folders 0700, whatever the umask."""
    vault = FileVault(tmp_path / "state" / "sessions")
    before = os.umask(0)
    try:
        vault.write("a", "text")
        vault.turn("a").take()
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "state" / "sessions") == 0o700
    assert mode_of(tmp_path / "state" / "sessions" / "a.json") == 0o600
    assert {mode_of(path) for path in (tmp_path / "state" / "sessions" / ".locks").iterdir()} == {0o600}


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """Listing and reading what was never kept leaves no folder behind."""
    vault = FileVault(tmp_path / "sessions")
    assert vault.names() == ()
    assert vault.read("a") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_crash_before_the_rename_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Power lost anywhere before the rename leaves the old text, whole, and the next write succeeds."""
    vault = FileVault(tmp_path / "sessions")
    vault.write("a", "old")
    with monkeypatch.context() as patch:
        crash = KeyboardInterrupt

        def die(*_args: object) -> None:
            raise crash

        patch.setattr(*((os, "fsync", die) if when == "fsync" else (Path, "replace", die)))
        with pytest.raises(KeyboardInterrupt):
            vault.write("a", "new")
    assert vault.read("a") == "old"
    assert vault.names() == ("a",)
    vault.write("a", "newer")
    assert vault.read("a") == "newer"
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["a.json"]


def test_a_write_is_synced_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced, then renamed, then the folder synced: in that order, each time."""
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    FileVault(tmp_path / "sessions").write("a", "text")
    assert steps == ["file", "rename", "folder"]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is named without quoting what was to be kept."""
    vault = FileVault(tmp_path / "sessions")
    vault.write("a", "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultTrouble, match="No space left on device") as told:
        vault.write("a", "secret-text")
    assert "secret-text" not in str(told.value)
    assert told.value.__cause__ is None
    assert vault.read("a") == "old"


def test_what_others_can_read_is_refused(tmp_path: Path) -> None:
    """A file or folder that others can read is not used, and the sentence says what to run."""
    folder = tmp_path / "sessions"
    vault = FileVault(folder)
    vault.write("a", "text")
    (folder / "a.json").chmod(0o644)
    with pytest.raises(VaultTrouble, match="chmod 600"):
        vault.read("a")
    (folder / "a.json").chmod(0o600)
    folder.chmod(0o755)
    for call in (vault.names, lambda: vault.write("b", "x")):
        with pytest.raises(VaultTrouble, match="chmod 700"):
            call()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A symbolic link in the place of a session or of the folder is not read through."""
    folder = tmp_path / "sessions"
    vault = FileVault(folder)
    vault.write("a", "text")
    (tmp_path / "other").write_text("elsewhere")
    (folder / "b.json").symlink_to(tmp_path / "other")
    with pytest.raises(VaultTrouble):
        vault.read("b")
    (tmp_path / "linked").symlink_to(folder)
    with pytest.raises(VaultTrouble, match="not a folder"):
        FileVault(tmp_path / "linked").names()


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "A", "a.json", "a\0", "é"])
def test_names_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    """A name is letters, digits and hyphens, or nothing is touched."""
    vault = FileVault(tmp_path / "sessions")
    calls: list[Callable[[], object]] = [
        lambda: vault.read(name),
        lambda: vault.write(name, "x"),
        lambda: vault.remove(name),
    ]
    for call in calls:
        with pytest.raises(VaultTrouble):
            call()
    assert list(tmp_path.iterdir()) == []


def test_a_working_keyring_is_chosen_and_remembered(
    tmp_path: Path, use_keyring: Callable[[KeyringBackend], None]
) -> None:
    """A keyring that keeps a trial secret is used for the sign-in and found again, with no secret on disk."""
    backend = WorkingKeyring()
    use_keyring(backend)
    vault = Shelter(tmp_path / "app").prepare(Chance())
    vault.write("a", "secret-text")
    assert isinstance(vault, KeyringVault)
    assert backend.kept == {(keychain.SERVICE, "a"): "secret-text"}
    again = Shelter(tmp_path / "app").find()
    assert again.read("a") == "secret-text"
    files = [path for path in (tmp_path / "app").rglob("*") if path.is_file()]
    assert all("secret-text" not in path.read_text() for path in files)


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


def test_a_keyring_error_quotes_no_secret(tmp_path: Path) -> None:
    """What a backend says of its failure is not passed on, for it may hold what it was given."""
    with pytest.raises(VaultTrouble) as told:
        KeyringVault(tmp_path, RefusingKeyring()).write("a", "secret-text")
    assert "secret-text" not in str(told.value)
    assert told.value.__cause__ is None
    assert answer_within(lambda: "through", 5) == "through"


def test_environment() -> None:
    """The folder is named, or XDG's, or the home's; a kind that is none is refused."""
    assert shelter_of({"GENKAN_APP_DIR": "/x"}) == Shelter(Path("/x"))
    assert shelter_of({"XDG_STATE_HOME": "/s"}).folder == Path("/s/genkan/app")
    assert shelter_of({"XDG_STATE_HOME": "relative"}).folder == Path.home() / ".local/state/genkan/app"
    assert shelter_of({"GENKAN_APP_DIR": "/x", "GENKAN_APP_VAULT": "keyring"}).forced is Kind.KEYRING
    with pytest.raises(VaultTrouble, match="GENKAN_APP_VAULT"):
        shelter_of({"GENKAN_APP_VAULT": "clipboard"})


def test_a_damaged_memory_of_the_choice_is_told(tmp_path: Path) -> None:
    """A file that names none of the places is a sentence."""
    folder = tmp_path / "app"
    FileVault(folder / "sessions", suffix=".choice").write("vault", "elsewhere")
    with pytest.raises(VaultTrouble, match="holds none of"):
        Shelter(folder).find()
