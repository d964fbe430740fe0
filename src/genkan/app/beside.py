"""A vault beside which others of the same folder still hold sessions: they are seen, used and ended where they lie.

Owns which of them an entry belongs to, and that one which fails stops no other; what is new goes to the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from genkan.app.entries import Room, Turn, Vault, room_in
from genkan.app.lately import Lately
from genkan.app.vault import DEVICE, Away, EntryTrouble, FileVault, VaultTrouble


@dataclass(slots=True)
class Place:
    """A kind of vault: ``listed`` name its entries without opening it, for a keyring may not answer.

    ``words`` say where it is as long as it is not open.
    """

    listed: Sequence[FileVault]
    open: Callable[[], Vault]
    words: str
    opened: Vault | None = None
    lately: Lately = field(default_factory=Lately)

    def names(self) -> set[str]:
        """What lies there."""
        return {name for vault in self.listed for name in vault.names()}

    def sessions(self) -> set[str]:
        """What lies there of sessions. The mark is each kind's own: one that cannot be opened stops no other's."""
        return self.names() - {DEVICE}

    def vault(self) -> Vault:
        """Opened once, and tried once in a while: what fails costs its time at the first entry, not at each.

        Raises ``VaultTrouble``.
        """
        if self.opened is None:
            self.lately.see("")
            try:
                self.opened = self.open()
            except VaultTrouble as trouble:
                self.lately.note("", trouble)
                raise
        return self.opened

    def remove(self, name: str) -> None:
        """Forget an entry; where the place fails, by its files alone, which are worth nothing without their key."""
        try:
            self.vault().remove(name)
        except VaultTrouble:
            for files in self.listed:
                files.remove(name)


class VaultsBeside:
    """The vault in use and the others that hold sessions."""

    def __init__(self, first: Place, others: Sequence[Place]) -> None:
        self._first = first
        self._others = others

    @property
    def words(self) -> str:
        """The place in words."""
        try:
            return self._first.vault().words
        except VaultTrouble:
            return self._first.words

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._first.names(), *(name for other in self._others for name in other.sessions())}))

    def read(self, name: str) -> str | None:
        place = self._place_of(name)
        try:
            return place.vault().read(name)
        except EntryTrouble:
            raise
        except VaultTrouble as trouble:
            # One place that does not answer keeps the sessions of the others from nobody.
            raise (Away if place is self._first else EntryTrouble)(str(trouble)) from None

    def write(self, name: str, text: str) -> None:
        # Renewed where it lies: what was sealed does not come to lie in clear by a variable of one run.
        self._place_of(name).vault().write(name, text)

    def reserve(self, name: str, size: int) -> Room:
        return room_in(self._place_of(name).vault(), name, size)

    def remove(self, name: str) -> None:
        self._place_of(name).remove(name)

    def turn(self, name: str) -> Turn:
        # The folder's: it is the same whatever kind an entry is of, and needs none of them opened.
        return self._first.listed[0].turn(name)

    def _place_of(self, name: str) -> Place:
        """Where it lies, else where it would come to lie."""
        if name not in self._first.names():
            for other in self._others:
                if name in other.sessions():
                    return other
        return self._first
