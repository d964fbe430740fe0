"""What failed a moment ago: not tried again for a while, since each try may cost a wait or a dialog. Owns how long."""

from collections.abc import Callable

from genkan.app.machine import Machine
from genkan.app.troubles import VaultTrouble

SECONDS = 30.0
"""More than a look through all entries takes, and little enough that who has unlocked a keyring sees it work."""

_SYSTEM = Machine()


class Lately:
    """By what was tried, when it failed and how."""

    def __init__(self, ticks: Callable[[], float] = _SYSTEM.ticks) -> None:
        self._ticks = ticks
        self._failed: dict[str, tuple[float, str]] = {}

    def see(self, what: str) -> None:
        """Raise ``VaultTrouble`` with the sentence of before where it failed lately."""
        at, sentence = self._failed.get(what, (0.0, ""))
        if sentence and self._ticks() - at < SECONDS:
            raise VaultTrouble(sentence)

    def note(self, what: str, trouble: VaultTrouble) -> None:
        """It has failed just now."""
        self._failed[what] = self._ticks(), str(trouble)
