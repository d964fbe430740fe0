"""Whether something grew over a long run: what is held at the quiet moments of a time after warming up, and of the last
one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Series = Sequence[tuple[float, float]]

# Of fewer none may have been quiet.
LEAST_SAMPLES = 5
# How many figures the story of a run is told in.
PARTS = 10
# One sample of so many is quiet.
QUIET = 10
_BYTES = ("memory", "resident", "bytes")


@dataclass(frozen=True)
class Windows:
    """What is compared, as shares of a run: ``warm`` is left out, then the first ``length`` is held against the last
    one. Between their middles lies ``between``.
    """

    warm: float
    length: float

    @property
    def between(self) -> float:
        return 1 - self.warm - self.length


@dataclass(frozen=True)
class Verdict:
    """What became of one figure. ``allowed`` is how much it may grow from the first window to the last; None where it
    is only told. ``story`` are the levels of equal parts of the run.
    """

    name: str
    first: float
    last: float
    most: float
    allowed: float | None
    story: tuple[float, ...]

    @property
    def grew(self) -> float:
        return self.last - self.first

    @property
    def is_good(self) -> bool:
        return self.allowed is None or self.grew <= self.allowed

    def __str__(self) -> str:
        first, last, most, grew = (self._told(it) for it in (self.first, self.last, self.most, self.grew))
        may = "" if self.allowed is None else f" of {self._told(self.allowed)} allowed"
        story = " ".join(self._told(it) for it in self.story)
        fault = "" if self.is_good else ", which is TOO MUCH"
        return f"{self.name}: {first} -> {last}, grew {grew}{may}{fault}, most {most}\n    {story}"

    def _told(self, figure: float) -> str:
        return f"{figure / (1 << 20):.2f}M" if self.name.endswith(_BYTES) else f"{figure:g}"


def judge(name: str, series: Series, windows: Windows, allowed: float | None) -> Verdict:
    """Levels are compared. Asserts that there are samples enough in both windows."""
    begun, ended = series[0][0], series[-1][0]
    start, length = begun + windows.warm * (ended - begun), windows.length * (ended - begun)
    first = [value for at, value in series if start <= at <= start + length]
    last = [value for at, value in series if ended - length <= at]
    assert min(len(first), len(last)) >= LEAST_SAMPLES, f"{name}: too few samples"
    most = max(value for _, value in series)
    return Verdict(name, level(first), level(last), most, allowed, story(series))


def level(values: Sequence[float]) -> float:
    """What is held at quiet moments too, which a leak raises as well: the lower tenth. A password that is hashed takes
    19 MiB for a moment, and on a busy machine such moments are long.
    """
    return sorted(values)[len(values) // QUIET]


def story(series: Series) -> tuple[float, ...]:
    """Levels of equal parts."""
    size = max(1, -(-len(series) // PARTS))
    return tuple(level([value for _, value in series[at : at + size]]) for at in range(0, len(series), size))


def judge_all(
    samples: Sequence[tuple[float, Mapping[str, float]]], windows: Windows, allowed: Mapping[str, float]
) -> list[Verdict]:
    """Every figure of the samples, those that nothing is allowed for only told. Of what a sample lacks, as a kind of
    open file, there was none.
    """
    names = sorted({name for _, figures in samples for name in figures} | set(allowed))
    return [
        judge(name, [(at, figures.get(name, 0.0)) for at, figures in samples], windows, allowed.get(name))
        for name in names
    ]
