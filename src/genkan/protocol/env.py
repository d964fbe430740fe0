"""The only door to time and chance: both are values that a caller hands in."""

from collections.abc import Callable

import msgspec

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CLOCK_LEEWAY = 15 * SECOND  # how far the clocks of two nodes may differ (tokens.md 8: at 10 s a node is not ready)


class Env(msgspec.Struct, frozen=True):
    """What a decision may know of the world outside its arguments.

    ``now`` is milliseconds since the Unix epoch and never runs backwards within a process; ``draw(n)`` gives n
    unpredictable bytes.
    """

    now: int
    draw: Callable[[int], bytes]

    def drawn(self, size: int) -> "Env":
        """The same Env, whose first ``size`` bytes are drawn now. Asking the system lets other threads run, so a
        decision that draws twice asks once.
        """
        left, draw = self.draw(size), self.draw

        def next_bytes(wanted: int) -> bytes:
            nonlocal left
            if wanted > len(left):
                return draw(wanted)
            found, left = left[:wanted], left[wanted:]
            return found

        return Env(self.now, next_bytes)

    def draw_id(self) -> int:
        """A random positive 62-bit id for accounts, links and keys: fits every database's signed 64-bit integer."""
        return (int.from_bytes(self.draw(8), "big") >> 2) or 1
