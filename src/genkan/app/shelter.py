"""Which vault to use: what the environment says, else what was used before, else what this system has.

Owns the choice and its memory; the vaults themselves are elsewhere.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from genkan.app import keychain
from genkan.app.beside import Place, VaultsBeside
from genkan.app.keychain import KeyringVault
from genkan.app.machine import Machine, home
from genkan.app.sealed import KeyFile, SealedVault
from genkan.app.vault import FileVault, Vault, VaultTrouble, make_private, write_new

FOLDER_VARIABLE = "GENKAN_APP_DIR"
KIND_VARIABLE = "GENKAN_APP_VAULT"
KEY_VARIABLE = "GENKAN_APP_KEY_FILE"

SYSTEM = Machine()
TRIAL_BYTES = 16 * 1024
CHOICES = 3
"""How often a choice is looked at that other programs make meanwhile. It is made once; somebody may remove it."""

Draw = Callable[[int], bytes]
Consent = Callable[[str], bool]
"""Asked with one sentence that says where sessions would be kept and who could use them; True agrees."""


def agree(_question: str) -> bool:
    """For a program whose person has asked for the session to be kept."""
    return True


def refuse(_question: str) -> bool:
    """For a program that has not asked anybody."""
    return False


class Kind(StrEnum):
    """The places that last."""

    FILE = "file"
    ENCRYPTED = "encrypted"
    KEYRING = "keyring"


SUFFIXES = {Kind.FILE: (".json",), Kind.ENCRYPTED: (".sealed",), Kind.KEYRING: (".keyed", ".keyring")}
"""What the entries of each are called, so that they can be counted without opening it."""


@dataclass(frozen=True, slots=True)
class Shelter:
    """A folder and perhaps a kind that was asked for. Looking makes nothing; the first sign-in does."""

    folder: Path
    forced: Kind | None = None
    key_file: Path | None = None

    @property
    def sessions(self) -> Path:
        """Where sessions lie."""
        return self.folder / "sessions"

    @property
    def _choice(self) -> FileVault:
        return FileVault(self.sessions, suffix=".choice")

    def find(self, draw: Draw = SYSTEM.draw, *, forgetting: bool = False) -> Vault:
        """The vault with what was kept before; raises ``VaultTrouble`` when it is a keyring that there is no more.

        Where other kinds hold sessions as well nothing is raised: theirs can be read all the same. Nor is it where all
        is to be forgotten: for that a keyring is not needed.
        """
        return self._beside(self.forced or self.remembered() or Kind.FILE, draw, lazily=forgetting)

    def _open(self, kind: Kind, draw: Draw, seconds: float) -> Vault:
        if kind is Kind.KEYRING:
            return KeyringVault(self.sessions, keychain.find_backend(), draw, seconds=seconds)
        return self._sealed(draw) if kind is Kind.ENCRYPTED else FileVault(self.sessions)

    def _beside(self, kind: Kind, draw: Draw, proved: Vault | None = None, *, lazily: bool = False) -> Vault:
        """With the other kinds that hold sessions here: one that nobody looks for would stay signed in for ever."""
        # A program waits for the person who unlocks what it works with, and not for another kind that it only looks at.
        others = [self._place(other, draw, keychain.LOOK_SECONDS) for other in Kind if other is not kind]
        holding = [other for other in others if other.sessions()]
        first = self._place(kind, draw, keychain.ANSWER_SECONDS, proved)
        return VaultsBeside(first, holding) if holding or lazily else first.vault()

    def _place(self, kind: Kind, draw: Draw, seconds: float, opened: Vault | None = None) -> Place:
        listed = [FileVault(self.sessions, suffix) for suffix in SUFFIXES[kind]]
        words = keychain.place_in(self.sessions) if kind is Kind.KEYRING else f"files in {self.sessions}"
        return Place(listed, partial(self._open, kind, draw, seconds), words, opened)

    def prepare(self, draw: Draw, consent: Consent = agree) -> Vault:
        """The vault for a sign-in, proved to keep things before anybody is asked to sign in; the choice is kept.

        A keyring that works, else encrypted files if ``consent`` agrees, else ``VaultTrouble``.
        """
        for _ in range(CHOICES):
            proved = self._proved(draw, consent)
            if proved is not None:
                kind, vault = proved
                return self._beside(kind, draw, vault)
        raise VaultTrouble(f"{self.sessions / 'vault.choice'} changes while it is read: try again.")

    def _proved(self, draw: Draw, consent: Consent) -> tuple[Kind, Vault] | None:
        """None where another program has chosen otherwise meanwhile: then it is looked at anew."""
        kind = self.forced or self.remembered()
        if kind is Kind.FILE or kind is Kind.ENCRYPTED:
            return self._proved_files(kind, draw)
        try:
            backend = keychain.find_backend()
            keychain.prove(backend, draw)
        except VaultTrouble as trouble:
            return self._without_keyring(trouble, kind, draw, consent)
        self._prove_folder(draw)
        return (Kind.KEYRING, KeyringVault(self.sessions, backend, draw)) if self._remember(Kind.KEYRING) else None

    def _without_keyring(
        self, trouble: VaultTrouble, kind: Kind | None, draw: Draw, consent: Consent
    ) -> tuple[Kind, Vault] | None:
        if kind is Kind.KEYRING:
            raise VaultTrouble(f"{trouble} Or set {KIND_VARIABLE}=encrypted to use an encrypted file.") from None
        place = self._sealed(draw).words
        if not consent(f"{trouble} May the session be kept in {place}? Whoever can read both can use it."):
            raise VaultTrouble(f"{trouble} Set {KIND_VARIABLE}=encrypted to agree to {place}.") from None
        return self._proved_files(Kind.ENCRYPTED, draw)

    def remembered(self) -> Kind | None:
        """What was chosen at the first sign-in."""
        text = self._choice.read("vault")
        try:
            return Kind(text.strip()) if text is not None else None
        except ValueError:
            raise VaultTrouble(
                f"{self.sessions / 'vault.choice'} holds none of {', '.join(Kind)}: correct it."
            ) from None

    def _sealed(self, draw: Draw) -> SealedVault:
        return SealedVault(self.sessions, KeyFile(self.key_file or self.folder / "sessions.key", draw), draw)

    def _proved_files(self, kind: Kind, draw: Draw) -> tuple[Kind, Vault] | None:
        self._prove_folder(draw)
        vault: Vault = FileVault(self.sessions)
        if kind is Kind.ENCRYPTED:
            sealed = self._sealed(draw)
            sealed.unlock()
            vault = sealed
        return (kind, vault) if self._remember(kind) else None

    def _prove_folder(self, draw: Draw) -> None:
        trial = FileVault(self.sessions, suffix=".trial")
        # As long as a session with long tokens: on a full disk an empty file still finds a place.
        text = draw(TRIAL_BYTES // 2).hex()
        # Another program may be at the same trial: each has its own file.
        name = f"trial-{text[:16]}"
        trial.write(name, text)
        kept = trial.read(name)
        trial.remove(name)
        if kept != text:
            raise VaultTrouble(f"{self.sessions} does not keep what it is given.")

    def _remember(self, kind: Kind) -> bool:
        """Keep the first choice; False where another program has chosen otherwise meanwhile, which counts for both.

        What was forced for one run takes the place of no choice: the next run without it would find other sessions.
        """
        if self.remembered() is None:
            make_private(self.sessions)
            write_new(self.sessions / "vault.choice", kind.value.encode())
        return self.forced is kind or self.remembered() is kind


def shelter_of(environ: Mapping[str, str], platform: str = sys.platform) -> Shelter:
    """Read the environment; raises ``VaultTrouble`` for a value that is none."""
    forced = environ.get(KIND_VARIABLE, "").strip().lower()
    if forced and forced not in set(Kind):
        raise VaultTrouble(f"{KIND_VARIABLE} is “{forced}”: write keyring, encrypted or file.")
    return Shelter(_folder(environ, platform), Kind(forced) if forced else None, _key_file(environ, platform))


def _folder(environ: Mapping[str, str], platform: str) -> Path:
    if named := environ.get(FOLDER_VARIABLE):
        return _whole(named, FOLDER_VARIABLE)
    return _base(environ, "XDG_STATE_HOME", ".local/state", platform) / "genkan" / "app"


def _key_file(environ: Mapping[str, str], platform: str) -> Path | None:
    """Away from the sessions, so that a copy of their folder is worth nothing; beside them in a folder of one's own."""
    if named := environ.get(KEY_VARIABLE):
        return _whole(named, KEY_VARIABLE)
    if environ.get(FOLDER_VARIABLE):
        return None
    return _base(environ, "XDG_CONFIG_HOME", ".config", platform) / "genkan" / "app.key"


def _base(environ: Mapping[str, str], variable: str, below_home: str, platform: str) -> Path:
    # XDG Base Directory: a relative path there is to be ignored
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named
    own = home()
    if own is None:
        raise VaultTrouble(f"This account has no home folder: set {FOLDER_VARIABLE} to a folder for its sessions.")
    # An app writes nowhere else in its container but there, in Documents and in what is temporary.
    return own / "Library" / "Application Support" if platform == "ios" else own / below_home


def _whole(named: str, variable: str) -> Path:
    try:
        return Path(named).expanduser().absolute()
    except (RuntimeError, OSError):
        # Nobody has that home, or the folder that this program runs in is gone.
        raise VaultTrouble(f"{variable} is “{named}”, which leads nowhere here: write the whole path.") from None
