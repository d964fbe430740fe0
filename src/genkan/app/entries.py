"""What a vault promises to whoever keeps something in it, and the room that it may have for what is still to come.

Owns the protocols, which a program's own vault answers to; the vaults themselves are ``vault``'s and others'.
"""

from typing import Protocol, runtime_checkable


class Turn(Protocol):
    """The right to change one entry, held by one thread of one process at a time."""

    def take(self) -> bool: ...

    def give_back(self) -> None: ...


class Room(Protocol):
    """A place that is there already, for one text: ``fill`` puts it in the entry's place and needs no more of the disk.

    Whoever got one fills it or gives it back; giving back what was filled does nothing.
    """

    def fill(self, text: str) -> None: ...

    def give_back(self) -> None: ...


class Vault(Protocol):
    """Named texts. Names are lower-case letters, digits and hyphens; every method may raise ``VaultTrouble``."""

    @property
    def words(self) -> str: ...

    def names(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> str | None: ...

    def write(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def turn(self, name: str) -> Turn: ...


@runtime_checkable
class Reserving(Protocol):
    """A vault that can have room for a text before there is one; a program's own vault need not."""

    def reserve(self, name: str, size: int) -> Room: ...


def room_in(vault: Vault, name: str, size: int) -> Room:
    """Room for a text of ``size`` bytes, on the disk where this vault can have it there; raises ``VaultTrouble``."""
    if isinstance(vault, Reserving) and _source(type(vault), "reserve") is _source(type(vault), "write"):
        return vault.reserve(name, size)
    # A program's own kind of ours, which writes in a way of its own: what it does to a text, no room would do.
    return Writing(vault, name)


def _source(kind: type, name: str) -> type | None:
    """The class that a method comes from."""
    return next((each for each in kind.__mro__ if name in vars(each)), None)


class Writing:
    """The room of a vault that reserves none: an ordinary write."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name

    def fill(self, text: str) -> None:
        self._vault.write(self._name, text)

    def give_back(self) -> None:
        """Nothing was taken."""
