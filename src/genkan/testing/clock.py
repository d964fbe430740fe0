"""The site's clock in a test: this machine's, and as far ahead as the test says. It never runs backwards."""

from genkan import clock
from genkan.protocol.env import Env


class SiteClock:
    """Callable as the site wants it; safe to move while the site runs."""

    def __init__(self, ahead_seconds: float = 0) -> None:
        self._ahead = int(ahead_seconds * 1000)

    def __call__(self) -> Env:
        return Env(clock.now_ms() + self._ahead, clock.draw)

    @property
    def ahead(self) -> float:
        """Seconds that the site is ahead of this machine."""
        return self._ahead / 1000

    def advance(self, seconds: float) -> None:
        """Let time pass at the site; the app's clock stays where it is."""
        if seconds < 0:
            raise ValueError("the site's clock never runs backwards; a clock_skew below zero starts it in the past")
        self._ahead += int(seconds * 1000)
