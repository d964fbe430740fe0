"""How often something may happen to one subject, whichever process it happens in; kept in this one, in bounded
memory.
"""

from collections.abc import Hashable

MOST_SUBJECTS = 20_000


class Pace:
    """``burst`` at once, then one every ``interval`` milliseconds, for each subject. A burst of 0 is no limit.

    ``processes`` do this beside each other and know nothing of what the others count: each counts what happens here
    once for all of them, so that together they let no more happen than one would; but each lets one happen, however
    small the burst is.
    """

    def __init__(self, burst: int, interval: int, most: int = MOST_SUBJECTS) -> None:
        self._burst = burst
        self._interval = interval
        self._most = most
        self.processes = 1
        # Until when each subject's bucket drains, those that drained longest ago first.
        self._due: dict[Hashable, int] = {}

    def wait(self, subject: Hashable, now: int) -> int:
        """0 where it may happen, which is counted; else in how many milliseconds it may."""
        if not self._burst:
            return 0
        step = self._interval * self.processes
        size = max(step, self._burst * self._interval)
        level = max(0, self._due.get(subject, now) - now)
        # More than a bucket holds: the clock was set back, and nobody shall wait until it is where it was.
        level = level if level <= size else 0
        if level + step > size:
            return level + step - size
        self._due.pop(subject, None)
        self._make_room(now)
        self._due[subject] = now + level + step
        return 0

    def give_back(self, subject: Hashable) -> None:
        """What was counted last did not happen."""
        if subject in self._due:
            self._due[subject] -= self._interval * self.processes

    def _make_room(self, now: int) -> None:
        if len(self._due) < self._most:
            return
        self._due = {subject: due for subject, due in self._due.items() if due > now}
        if len(self._due) >= self._most:
            # All are busy: half of those that were counted longest ago are forgotten, so that this stays cheap.
            self._due = dict(list(self._due.items())[len(self._due) // 2 :])
