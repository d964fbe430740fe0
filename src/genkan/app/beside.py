"""A vault beside which others of the same folder still hold sessions: they are seen, used and ended where they lie.

Owns which of them an entry belongs to; what is new goes to the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from genkan.app.sealed import Spoilt
from genkan.app.vault import FileVault, Turn, Vault, VaultTrouble

DEVICE = "device"
"""Each kind has its own: a mark that cannot be opened elsewhere must not stop a sign-in here."""


@dataclass(slots=True)
class Other:
    """Another kind of vault: ``listed`` name its entries without opening it, for a keyring may not answer."""

    listed: Sequence[FileVault]
    open: Callable[[], Vault]
    _opened: Vault | None = field(default=None, init=False)

    def names(self) -> set[str]:
        """The sessions that lie there."""
        return {name for vault in self.listed for name in vault.names() if name != DEVICE}

    def vault(self) -> Vault:
        """Opened once; raises ``VaultTrouble``."""
        if self._opened is None:
            self._opened = self.open()
        return self._opened


class VaultsBeside:
    """The vault in use and the others that hold sessions."""

    def __init__(self, first: Vault, others: Sequence[Other]) -> None:
        self._first = first
        self._others = others

    @property
    def words(self) -> str:
        """The place in words."""
        return self._first.words

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._first.names(), *(name for other in self._others for name in other.names())}))

    def read(self, name: str) -> str | None:
        for other in self._holding(name):
            try:
                return other.vault().read(name)
            except VaultTrouble as trouble:
                # One place that does not answer keeps the sessions of the others from nobody.
                raise Spoilt(str(trouble)) from None
        return self._first.read(name)

    def write(self, name: str, text: str) -> None:
        # Renewed where it lies: what was sealed does not come to lie in clear by a variable of one run.
        place = next((other.vault() for other in self._holding(name)), self._first)
        place.write(name, text)

    def remove(self, name: str) -> None:
        for other in self._holding(name):
            other.vault().remove(name)
        self._first.remove(name)

    def turn(self, name: str) -> Turn:
        return self._first.turn(name)

    def _holding(self, name: str) -> list[Other]:
        """The others that have it, none where the first does."""
        if name in self._first.names():
            return []
        return [other for other in self._others if name in other.names()]
