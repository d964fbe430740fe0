"""The vaults: owner-only, durable, locked between threads and processes, honest when something is wrong."""

import os
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from genkan.app import owned
from genkan.app import vault as vault_module
from genkan.app.keychain import KeyringVault
from genkan.app.sealed import KeyFile, Passphrase, SealedVault
from genkan.app.shelter import Kind, Shelter, shelter_of
from genkan.app.vault import FileVault, MemoryVault, Vault, VaultTrouble, write_new
from tests.app.conftest import Chance
from tests.app.keyrings import WorkingKeyring


@pytest.fixture(params=["memory", "file", "keyring", "key file", "passphrase"])
def any_vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "memory":
        return MemoryVault()
    folder = tmp_path / "sessions"
    if request.param == "key file":
        return SealedVault(folder, KeyFile(tmp_path / "key", Chance()), Chance())
    if request.param == "passphrase":
        return SealedVault(folder, Passphrase(lambda: "open sesame", Chance()), Chance())
    return FileVault(folder) if request.param == "file" else KeyringVault(folder, WorkingKeyring(), Chance())


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


def in_a_fork(look: Callable[[], bool]) -> bool:
    """What ``look`` says in a forked child, as a server with several processes or a test runner makes them."""
    process = os.fork()
    if process == 0:
        seen = 2
        try:
            seen = 0 if look() else 1
        finally:
            os._exit(seen)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_a_fork_keeps_no_turn(tmp_path: Path) -> None:
    """A child made while somebody has a turn neither has it nor keeps it from others, once it was given back."""
    vault, other = FileVault(tmp_path / "s"), FileVault(tmp_path / "s")
    turn = vault.turn("a")
    assert turn.take()
    assert in_a_fork(lambda: not vault.turn("a").take()), "the parent has it"
    begun, end = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begun[1], b"x")
        os.read(end[0], 1)
        os._exit(0)
    try:
        os.read(begun[0], 1)
        turn.give_back()
        theirs = other.turn("a")
        assert theirs.take(), "the child lives on"
        theirs.give_back()
        # The thread that had the gate is not in the child.
        gate = vault.turn("b")
        assert gate.take()
        gate_free = in_a_fork(lambda: vault._gates == {})
        gate.give_back()
        assert gate_free
    finally:
        os.write(end[1], b"x")
        os.waitpid(child, 0)
        for handle in (*begun, *end):
            os.close(handle)


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


@pytest.mark.parametrize(
    "denied", [PermissionError(13, "denied"), OSError(95, "not supported"), AttributeError("link")]
)
def test_a_new_file_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, denied: Exception) -> None:
    """Where the system denies links (Android, some network file systems) a new file is whole, durable and the first
    one all the same.
    """
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    def deny(*_paths: object) -> None:
        raise denied

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", deny)
    path = tmp_path / "key"
    write_new(path, b"first")
    assert synced == ["file", "folder"]
    write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert mode_of(path) == 0o600
    assert not list(tmp_path.glob(".*.new"))


def test_many_make_one_file_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many that make a file at once without links one wins, and nobody ever sees a part of it."""

    def deny(*_paths: object) -> None:
        raise PermissionError(1, "denied")

    monkeypatch.setattr(os, "link", deny)
    path = tmp_path / "key"
    seen: list[bytes] = []

    def make(number: int) -> None:
        write_new(path, str(number).encode() * 1000)
        seen.append(path.read_bytes())

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(seen[0]) == 1000


def test_a_lock_that_is_never_given_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the lock for ever keeps nobody waiting for ever."""

    def deny(*_paths: object) -> None:
        raise PermissionError(1, "denied")

    monkeypatch.setattr(os, "link", deny)
    monkeypatch.setattr(vault_module, "LOCK_POLLS", 2)
    held = os.open(tmp_path / ".key.lock", owned.LOCK, 0o600)
    try:
        assert owned.lock(held)
        with pytest.raises(VaultTrouble, match="another program"):
            write_new(tmp_path / "key", b"x")
    finally:
        os.close(held)
    assert not (tmp_path / "key").exists()


def test_what_killed_programs_left_is_swept(tmp_path: Path) -> None:
    """A file that a program was writing when it was killed is gone with the next write of anybody, of any entry."""
    vault = FileVault(tmp_path / "sessions")
    vault.write("a", "text")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = {
        "dead": f".b.json.{dead.pid}.7.new",
        "a program of before that had this number": f".b.json.{os.getpid()}.1.new",
        "alive": f".b.json.{os.getppid()}.7.new",
        "our own thread": f".b.json.{os.getpid()}.{threading.get_ident()}.new",
        "somebody else's file": ".b.new",
    }
    for name in left.values():
        (tmp_path / "sessions" / name).write_text("secret")
    vault.write("a", "newer")
    kept = {path.name for path in (tmp_path / "sessions").glob(".*.new")}
    assert kept == {left["alive"], left["our own thread"], left["somebody else's file"]}
    assert vault.names() == ("a",)


def test_what_is_swept_too_early_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of another machine takes this one for dead: the write succeeds all the same."""
    vault = FileVault(tmp_path / "sessions")
    real, tries = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        tries.append(self.name)
        if len(tries) == 1:
            self.unlink()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    vault.write("a", "text")
    assert vault.read("a") == "text"
    assert len(tries) == 2
    tries.clear()
    monkeypatch.delattr(os, "link")
    write_new(tmp_path / "key", b"whole")
    assert (tmp_path / "key").read_bytes() == b"whole"
    assert len(tries) == 2


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


def test_environment() -> None:
    """The folder is named, or XDG's, or the home's; a kind that is none is refused."""
    assert shelter_of({"GENKAN_APP_DIR": "/x"}) == Shelter(Path("/x"))
    assert shelter_of({"XDG_STATE_HOME": "/s"}).folder == Path("/s/genkan/app")
    assert shelter_of({"XDG_STATE_HOME": "relative"}).folder == Path.home() / ".local/state/genkan/app"
    assert shelter_of({"GENKAN_APP_DIR": "/x", "GENKAN_APP_VAULT": "keyring"}).forced is Kind.KEYRING
    with pytest.raises(VaultTrouble, match="GENKAN_APP_VAULT"):
        shelter_of({"GENKAN_APP_VAULT": "clipboard"})
    on_a_phone = shelter_of({}, "ios")
    own = Path.home() / "Library" / "Application Support" / "genkan"
    assert (on_a_phone.folder, on_a_phone.key_file) == (own / "app", own / "app.key")


def test_a_damaged_memory_of_the_choice_is_told(tmp_path: Path) -> None:
    """A file that names none of the places is a sentence."""
    folder = tmp_path / "app"
    FileVault(folder / "sessions", suffix=".choice").write("vault", "elsewhere")
    with pytest.raises(VaultTrouble, match="holds none of"):
        Shelter(folder).find()
