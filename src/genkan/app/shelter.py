"""Which vault to use: what the environment says, else what was used before, else what this system has.

Owns the choice and its memory; the vaults themselves are elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from genkan.app import keychain
from genkan.app.keychain import KeyringVault
from genkan.app.vault import FileVault, Vault, VaultTrouble

FOLDER_VARIABLE = "GENKAN_APP_DIR"
KIND_VARIABLE = "GENKAN_APP_VAULT"


class Kind(StrEnum):
    """The places that last."""

    FILE = "file"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class Shelter:
    """A folder and perhaps a kind that was asked for. Looking makes nothing; the first sign-in does."""

    folder: Path
    forced: Kind | None = None

    @property
    def sessions(self) -> Path:
        """Where sessions, or the names of those in a keyring, lie."""
        return self.folder / "sessions"

    @property
    def _choice(self) -> FileVault:
        return FileVault(self.sessions, suffix=".choice")

    def find(self) -> Vault:
        """The vault with what was kept before; raises ``VaultTrouble`` when it is a keyring that does not answer."""
        kind = self.forced or self.remembered()
        if kind is Kind.KEYRING:
            return KeyringVault(self.sessions, keychain.find_backend())
        return FileVault(self.sessions)

    def prepare(self, draw: Callable[[int], bytes]) -> Vault:
        """The vault for a sign-in, proved to keep things before anybody is asked to sign in; the choice is kept."""
        kind = self.forced or self.remembered()
        if kind is Kind.FILE:
            return self._proved_file()
        try:
            backend = keychain.find_backend()
            keychain.prove(backend, draw)
        except VaultTrouble as trouble:
            if kind is Kind.KEYRING:
                raise VaultTrouble(f"{trouble} Or set {KIND_VARIABLE}=file to use an owner-only file.") from None
            return self._proved_file()
        self._remember(Kind.KEYRING)
        return KeyringVault(self.sessions, backend)

    def remembered(self) -> Kind | None:
        """What was chosen at the first sign-in."""
        text = self._choice.read("vault")
        try:
            return Kind(text.strip()) if text else None
        except ValueError:
            raise VaultTrouble(
                f"{self.sessions / 'vault.choice'} holds neither “file” nor “keyring”: correct it."
            ) from None

    def _proved_file(self) -> Vault:
        trial = FileVault(self.sessions, suffix=".trial")
        trial.write("trial", "")
        trial.remove("trial")
        self._remember(Kind.FILE)
        return FileVault(self.sessions)

    def _remember(self, kind: Kind) -> None:
        if self.remembered() is not kind:
            self._choice.write("vault", kind.value)


def shelter_of(environ: Mapping[str, str]) -> Shelter:
    """Read the environment; raises ``VaultTrouble`` for a value that is none."""
    forced = environ.get(KIND_VARIABLE, "").strip().lower()
    if forced and forced not in set(Kind):
        raise VaultTrouble(f"{KIND_VARIABLE} is “{forced}”: write file or keyring.")
    return Shelter(_folder(environ), Kind(forced) if forced else None)


def _folder(environ: Mapping[str, str]) -> Path:
    if named := environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    # XDG Base Directory: a relative path there is to be ignored
    state = Path(environ.get("XDG_STATE_HOME", ""))
    base = state if state.is_absolute() else Path.home() / ".local" / "state"
    return base / "genkan" / "app"
