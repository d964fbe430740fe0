"""Whether something grew over a long run: the median of a time after warming up against the median of the last one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Series = Sequence[tuple[float, float]]

# A median of fewer would be chance.
LEAST_SAMPLES = 5
# How many figures the story of a run is told in.
PARTS = 10
_BYTES = ("memory", "resident", "bytes")


@dataclass(frozen=True)
class Windows:
    """What is compared, in seconds: ``warm`` is left out, then the first ``length`` is held against the last one."""

    warm: float
    length: float

    def between(self, seconds: float) -> float:
        """Of a run so long, how much lies between the middles of both."""
        return seconds - self.warm - self.length


@dataclass(frozen=True)
class Verdict:
    """What became of one figure. ``allowed`` is how much it may grow from the first window to the last; None where it
    is only told. ``story`` are medians of equal parts of the run.
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
    """Medians, since one long answer, or one password that is hashed, holds a lot for a moment. Asserts that the run
    was long enough for both windows, and that there are samples enough in each.
    """
    begun, ended = series[0][0], series[-1][0]
    start = begun + windows.warm
    assert windows.between(ended - begun) >= windows.length, f"{name}: {ended - begun:.0f} s are too short to judge"
    first = [value for at, value in series if start <= at <= start + windows.length]
    last = [value for at, value in series if ended - windows.length <= at]
    assert min(len(first), len(last)) >= LEAST_SAMPLES, f"{name}: too few samples"
    most = max(value for _, value in series)
    return Verdict(name, median(first), median(last), most, allowed, story(series))


def story(series: Series) -> tuple[float, ...]:
    """Medians of equal parts."""
    size = max(1, -(-len(series) // PARTS))
    return tuple(median(value for _, value in series[at : at + size]) for at in range(0, len(series), size))


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
