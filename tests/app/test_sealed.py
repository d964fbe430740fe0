"""Encrypted files: worth nothing without their key, tied to their name, and asked for before they are used."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from genkan.app import App, HandedAgent, Machine, arrival, keeping
from genkan.app.keeping import Keeper
from genkan.app.keychain import KeyringVault
from genkan.app.outcomes import Access, SignInAgain
from genkan.app.sealed import SALT_BYTES, KeyFile, Passphrase, SealedVault, Spoilt
from genkan.app.shelter import Kind, Shelter, agree, refuse, shelter_of
from genkan.app.state import SessionState, Tokens, Unreadable, encode
from genkan.app.vault import FileVault, Vault, VaultTrouble
from genkan.testing import SiteDouble
from tests.app.by_hand import APP, a_site, drive
from tests.app.conftest import Chance, Clock
from tests.app.keyrings import WorkingKeyring

SECRET = "rt-very-secret"


def sealed(tmp_path: Path, key: str = "key") -> SealedVault:
    return SealedVault(tmp_path / "sessions", KeyFile(tmp_path / key, Chance()), Chance())


def a_state(name: str, clock: Clock) -> SessionState:
    tokens = Tokens("at-very-secret", SECRET, clock(), clock() + 3_600_000)
    return SessionState(name, a_site(), APP, clock(), tokens=tokens)


def test_no_file_shows_what_is_kept(tmp_path: Path) -> None:
    """Neither the texts nor their key are found in the files, and a copy without the key stays shut."""
    vault = sealed(tmp_path)
    vault.write("a", f"{SECRET} {SECRET}")
    for path in (tmp_path / "sessions").rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(tmp_path / "sessions", tmp_path / "elsewhere" / "sessions")
    with pytest.raises(VaultTrouble, match="is gone"):
        sealed(tmp_path / "elsewhere").read("a")


def test_a_text_is_sealed_anew_each_time(tmp_path: Path) -> None:
    """The same text never gives the same file: a nonce used twice would open both."""
    vault = sealed(tmp_path)
    file = tmp_path / "sessions" / "a.sealed"
    seen = set()
    for _ in range(3):
        vault.write("a", SECRET)
        seen.add(file.read_bytes())
    assert len(seen) == 3


@pytest.mark.parametrize("spoil", ["truncate", "flip", "swap", "foreign", "empty"])
def test_what_was_changed_is_not_opened(tmp_path: Path, spoil: str) -> None:
    """A file that was cut, changed, put in another's place or written by something else is refused, with a sentence."""
    vault = sealed(tmp_path)
    vault.write("a", SECRET)
    vault.write("b", SECRET)
    file, other = tmp_path / "sessions" / "a.sealed", tmp_path / "sessions" / "b.sealed"
    text = file.read_bytes()
    changed = {
        "truncate": text[:-8],
        "flip": text[:-6] + bytes([text[-6] ^ 1]) + text[-5:],
        "swap": other.read_bytes(),
        "foreign": b'{"version": 1}',
        "empty": b"",
    }[spoil]
    file.write_bytes(changed)
    with pytest.raises(Spoilt, match="cannot be opened") as told:
        vault.read("a")
    assert told.value.__cause__ is None
    assert vault.read("b") == SECRET


def test_one_spoilt_session_keeps_no_other_from_being_used(tmp_path: Path, clock: Clock, chance: Chance) -> None:
    """It is listed with its sentence, its program is told to sign in again, and the session beside it goes on."""
    vault = sealed(tmp_path)
    for name in ("a", "b"):
        vault.write(name, encode(a_state(name, clock)))
    (tmp_path / "sessions" / "a.sealed").write_text("sealed-1 AAAA")
    first, second = keeping.saved(vault)
    assert isinstance(first, Unreadable)
    assert isinstance(second, SessionState)
    keeper = Keeper(vault, clock, chance)
    no_network = lambda step: pytest.fail(f"asked {step}")  # noqa: E731
    assert isinstance(drive(keeping.access(keeper, "a"), no_network), SignInAgain)
    assert isinstance(drive(keeping.access(keeper, "b"), no_network), Access)


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """Two programs that start at the same moment end with one key: the second takes the first's."""
    one, two = Chance(), Chance()
    two.drawn = 100
    first = KeyFile(tmp_path / "key", one).key(tmp_path / "sessions")
    assert KeyFile(tmp_path / "key", two).key(tmp_path / "sessions") == first
    assert one.drawn == 1
    assert two.drawn == 100


def test_a_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    """Another file under the key's name, or one that others can read, is a sentence that says what to do."""
    (tmp_path / "key").write_text("not a key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(VaultTrouble, match=r"holds no key: .*, or remove it and sign in again"):
        sealed(tmp_path).write("a", SECRET)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(VaultTrouble, match="chmod 600"):
        sealed(tmp_path).write("a", SECRET)


def test_what_a_damaged_key_is_told_leads_out(tmp_path: Path) -> None:
    """Where something was sealed, removing the key alone would help nobody; who does as told can sign in again."""
    sealed(tmp_path).write("a", SECRET)
    (tmp_path / "key").write_text("")
    with pytest.raises(VaultTrouble, match="holds no key") as told:
        sealed(tmp_path).read("a")
    assert f"remove it, and the files in {tmp_path / 'sessions'}, and sign in again" in str(told.value)
    shutil.rmtree(tmp_path / "sessions")
    (tmp_path / "key").unlink()
    sealed(tmp_path).write("a", SECRET)


@pytest.mark.parametrize("kind", ["sealed", "keyed", "inner"])
def test_a_later_layout_is_told_as_one(tmp_path: Path, kind: str) -> None:
    """Another key would not help with what a later version sealed in a form of its own, and is not asked for."""
    if kind == "sealed":
        vault: Vault = sealed(tmp_path)
        suffix, earlier, later = "sealed", "sealed-1 ", "sealed-2 "
    else:
        vault = KeyringVault(tmp_path / "sessions", WorkingKeyring(), Chance())
        suffix, earlier = "keyed", "keyring-2 " if kind == "keyed" else " sealed-1 "
        later = "keyring-3 " if kind == "keyed" else " sealed-10 "
    vault.write("a", SECRET)
    file = tmp_path / "sessions" / f"a.{suffix}"
    text = file.read_text()
    assert earlier in text
    file.write_text(text.replace(earlier, later, 1))
    with pytest.raises(Spoilt, match=f"another version of the app .layout {later.strip()}.: update it"):
        vault.read("a")


def test_a_passphrase_is_asked_once_and_must_be_right(tmp_path: Path) -> None:
    """The same words open it again in another program, others do not, and nobody is asked twice in one."""
    asked: list[str] = []

    def ask(words: str) -> str:
        asked.append(words)
        return words

    def vault(words: str) -> SealedVault:
        return SealedVault(tmp_path, Passphrase(lambda: ask(words), Chance()), Chance())

    first = vault("open sesame")
    first.write("a", SECRET)
    assert first.read("a") == SECRET
    assert asked == ["open sesame"]
    assert vault("open sesame").read("a") == SECRET
    with pytest.raises(VaultTrouble, match="type the right one") as told:
        vault("open barley").read("a")
    assert not isinstance(told.value, Spoilt)
    with pytest.raises(VaultTrouble, match="type the right one"):
        vault("open barley").write("b", SECRET)
    assert vault("open sesame").names() == ("a",)
    # One that was sealed before there was a check is known by its entries.
    (tmp_path / "vault.check").unlink()
    with pytest.raises(VaultTrouble, match="type the right one"):
        vault("open barley").unlock()
    vault("open sesame").unlock()
    assert (tmp_path / "vault.check").exists()


def test_a_passphrase_is_asked_once_by_many_threads(tmp_path: Path) -> None:
    """Who comes while it is being typed waits for it, and opens everything with it."""
    SealedVault(tmp_path, Passphrase(lambda: "open sesame", Chance()), Chance()).write("a", SECRET)
    waiting, asked, read = threading.Barrier(4), [], []

    def ask() -> str:
        asked.append(1)
        threading.Event().wait(0.2)
        return "open sesame"

    vault = SealedVault(tmp_path, Passphrase(ask, Chance()), Chance())

    def use() -> None:
        waiting.wait(20)
        read.append(vault.read("a"))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (asked, read) == ([1], [SECRET] * 4)


def test_a_wrong_passphrase_stops_before_the_browser(tmp_path: Path, genkan_site: SiteDouble, clock: Clock) -> None:
    """It is the vault's trouble, not a matter of signing in again, and the right one finds all as it was."""

    def app(words: str, visits: list[str]) -> App:
        vault = SealedVault(tmp_path, Passphrase(lambda: words, draw), draw)
        machine = Machine({}, clock, draw, lambda: 0.0, lambda _: None)

        def walk(url: str) -> str | None:
            visits.append(url)
            return genkan_site.person("alice")(url)

        return App(vault=vault, agent=HandedAgent(walk), machine=machine, examine=False)

    draw = Chance()
    visits: list[str] = []
    app("right", visits).connect(genkan_site.base_url).close()
    for sign_in in (True, False):
        with pytest.raises(VaultTrouble, match="type the right one"):
            app("wrong", visits).connect(genkan_site.base_url, sign_in=sign_in)
    with app("right", visits).connect(genkan_site.base_url, sign_in=False) as again:
        again.whoami()
        again.sign_out()
    with pytest.raises(VaultTrouble, match="type the right one"):
        app("wrong", visits).connect(genkan_site.base_url)
    assert len(visits) == 1


def test_the_salt_is_made_once(tmp_path: Path) -> None:
    """Programs that start at the same moment with one passphrase end with one key."""
    together = threading.Barrier(4)
    keys: set[bytes] = set()

    def draw(size: int) -> bytes:
        # All have seen that there is no salt before any of them makes one.
        if size == SALT_BYTES:
            together.wait()
        return os.urandom(size)

    def start() -> None:
        keys.add(Passphrase(lambda: "open sesame", draw).key(tmp_path / "sessions"))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


def test_a_spoilt_device_mark_stays(tmp_path: Path, clock: Clock, chance: Chance) -> None:
    """It may be opened again with the right key, as what lies beside it; alone it is made anew."""
    vault = sealed(tmp_path)
    keeper = Keeper(vault, clock, chance)
    vault.write("a", encode(a_state("a", clock)))
    mark = tmp_path / "sessions" / "device.sealed"
    mark.write_text("sealed-1 AAAA")
    mark.chmod(0o600)
    flow = arrival._device_id  # the mark itself is internal; what becomes of it is not
    made = drive(flow(keeper, a_site()), lambda _: None)
    assert isinstance(made, str)
    assert len(made) == 32
    assert mark.read_text() == "sealed-1 AAAA"
    vault.remove("a")
    drive(flow(keeper, a_site()), lambda _: None)
    assert vault.read("device")


def test_without_consent_there_is_no_file(tmp_path: Path, no_keyring: None) -> None:
    """No keyring and nobody who agreed: refused before the sign-in, with the variable that agrees; nothing is made."""
    with pytest.raises(VaultTrouble, match="GENKAN_APP_VAULT=encrypted"):
        Shelter(tmp_path / "app").prepare(Chance(), refuse)
    assert list(tmp_path.iterdir()) == []


def test_consent_is_asked_with_both_places_and_remembered(tmp_path: Path, no_keyring: None) -> None:
    """The question names the files and the key; once agreed it is not asked again, by the next program either."""
    questions: list[str] = []

    def consent(question: str) -> bool:
        questions.append(question)
        return True

    shelter = Shelter(tmp_path / "app", key_file=tmp_path / "config" / "app.key")
    shelter.prepare(Chance(), consent).write("a", SECRET)
    assert len(questions) == 1
    assert str(tmp_path / "app" / "sessions") in questions[0]
    assert str(tmp_path / "config" / "app.key") in questions[0]
    assert shelter.prepare(Chance(), refuse).read("a") == SECRET
    assert shelter.find().read("a") == SECRET
    assert shelter.remembered() is Kind.ENCRYPTED


def test_the_variable_is_consent(tmp_path: Path) -> None:
    """`GENKAN_APP_VAULT=encrypted` asks neither a keyring nor a person."""
    shelter = shelter_of({"GENKAN_APP_DIR": str(tmp_path / "app"), "GENKAN_APP_VAULT": "encrypted"})
    assert isinstance(shelter.prepare(Chance(), refuse), SealedVault)
    assert agree("?")


def test_the_key_lies_away_from_the_sessions() -> None:
    """By default in the folder of configuration, which a copy of the state leaves behind; else where it is told."""
    assert shelter_of({"XDG_CONFIG_HOME": "/c"}).key_file == Path("/c/genkan/app.key")
    assert shelter_of({}).key_file == Path.home() / ".config/genkan/app.key"
    assert shelter_of({"GENKAN_APP_DIR": "/x"}).key_file is None
    assert shelter_of({"GENKAN_APP_DIR": "/x", "GENKAN_APP_KEY_FILE": "/k"}).key_file == Path("/k")


FIRST_RUN = """
import os, sys
from pathlib import Path
from genkan.app.shelter import Kind, Shelter
from genkan.app.troubles import VaultTrouble
import cryptography.hazmat.primitives.ciphers.aead
me = sys.argv[1]
print("ready", flush=True)
for folder in sys.stdin:
    shelter = Shelter(Path(folder.strip()), forced=Kind.ENCRYPTED)
    try:
        shelter.prepare(os.urandom).write(me, "text of " + me)
        print(shelter.find().read(me), flush=True)
    except VaultTrouble as trouble:
        print(trouble, flush=True)
"""


def test_first_runs_at_once(tmp_path: Path) -> None:
    """Programs that start from nothing at the same moment all get a vault, the same one, and nothing is left lying."""
    names = ("a", "b", "c", "d")
    run = [sys.executable, "-c", FIRST_RUN]
    with ExitStack() as stack:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        programs = [stack.enter_context(subprocess.Popen([*run, name], **pipes)) for name in names]  # type: ignore[call-overload]
        _race(programs, tmp_path, names)
        for program in programs:
            program.communicate()
            assert program.returncode == 0


def _race(programs: "list[subprocess.Popen[str]]", tmp_path: Path, names: tuple[str, ...]) -> None:
    assert {_told(program) for program in programs} == {"ready"}
    for turn in range(12):
        for program in programs:
            assert program.stdin is not None
            program.stdin.write(f"{tmp_path / str(turn)}\n")
            program.stdin.flush()
        assert [_told(program) for program in programs] == [f"text of {name}" for name in names]
        shelter = Shelter(tmp_path / str(turn))
        assert shelter.find().names() == names
        assert [path.name for path in shelter.sessions.iterdir() if path.name.endswith(".new")] == []


def _told(program: "subprocess.Popen[str]") -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def test_the_first_choice_counts(tmp_path: Path, no_keyring: None) -> None:
    """Another program chose a place while this one asked its person: both use that one."""
    shelter = Shelter(tmp_path / "app")

    def consent(_question: str) -> bool:
        Shelter(tmp_path / "app", forced=Kind.FILE).prepare(Chance(), refuse)
        return True

    assert isinstance(shelter.prepare(Chance(), consent), FileVault)
    assert shelter.remembered() is Kind.FILE
