"""tokens.md 3 once more, as a model to hold the rules against: what a refresh must answer, from what has happened.

It keeps its own memory of the sign-in, decides in the order in which the specification speaks, and shares no code
with the rules.
"""

from dataclasses import dataclass, field

WINDOW = 30_000
ACCESS = 3_600_000
REFRESH = 90 * 86_400_000
BURST, INTERVAL = 10, 1_000


@dataclass
class Phone:
    """One sign-in as the specification sees it. `keys` has the key of each generation of the row's present history."""

    generation: int
    keys: dict[int, int]
    ended: bool = False
    stopped: bool = False
    suspended: bool = False
    revoked: set[int] = field(default_factory=set)
    healing: bool = False
    seen_since: int | None = None
    narrow: bool = False
    access_until: int = 0
    refresh_until: int = 0
    rotations: list[int] = field(default_factory=list)

    def answer(self, generation: int, key: int, now: int, *, own: bool, scope: str | None) -> str:
        """What a genuine refresh token, shown at `now`, must get: a verdict of one word."""
        if self.ended or self.keys[self.generation] in self.revoked:
            return "over"
        if generation > self.generation:
            return self._ahead(generation, now, own=own, scope=scope)
        if generation == self.generation and key == self.keys[generation]:
            return self._fault(now, own=own, scope=scope) or ("rotated" if self._calm(now) else "slow")
        if generation == self.generation - 1 and key == self.keys.get(generation) and self._may_retry(now):
            fault = self._fault(now, own=own, scope=scope)
            return fault or ("retried" if self.narrow == (scope == "READ") else "scope")
        return "replayed"

    def _ahead(self, generation: int, now: int, *, own: bool, scope: str | None) -> str:
        if not self.healing:
            return "behind"
        return self._fault(now, own=own, scope=scope) or "rotated"

    def _fault(self, now: int, *, own: bool, scope: str | None) -> str | None:
        """What is wrong with the request or the sign-in, and changes nothing."""
        if not own:
            return "foreign"
        if self.stopped:
            return "over"
        if self.suspended:
            return "suspended"
        if now >= self.refresh_until:
            return "expired"
        return "scope" if scope == "ADMIN" else None

    def _may_retry(self, now: int) -> bool:
        """Unseen for as long as it takes; seen for the window, and before it as far as clocks may differ."""
        return self.seen_since is None or -15_000 <= now - self.seen_since <= WINDOW

    def _calm(self, now: int) -> bool:
        """Ten at once, then one a second; rotations of a clock that was set back do not count."""
        due = 0
        for at in self.rotations:
            due = (due if at <= due <= at + BURST * INTERVAL + 15_000 else at) + INTERVAL
        level = due - now if now <= due <= now + BURST * INTERVAL + 15_000 else 0
        return level + INTERVAL <= BURST * INTERVAL

    def rotated(self, generation: int, shown_key: int, key: int, now: int, scope: str | None) -> None:
        """The row moved on to the successor of what was shown."""
        self.keys = {generation: shown_key, generation + 1: key}
        self.generation = generation + 1
        self.seen_since = None
        self.narrow = scope == "READ"
        self.access_until, self.refresh_until = now + ACCESS, now + REFRESH
        self.rotations.append(now)

    def retried(self, now: int) -> None:
        """The same successor was told; half an access lifetime is the least that it says."""
        if (self.access_until - now) * 2 < ACCESS:
            self.access_until = min(now + ACCESS, self.refresh_until)

    def opens(self, generation: int, key: int, now: int) -> bool:
        """tokens.md 2: whether an access token is live."""
        if self.over or self.suspended:
            return False
        return (generation, key) == (self.generation, self.keys[self.generation]) and now < self.access_until

    @property
    def over(self) -> bool:
        """tokens.md 4: for ever."""
        return self.ended or self.stopped or self.keys[self.generation] in self.revoked
