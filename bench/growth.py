"""S8: S1 and S4 with few and with many grants in the store, the limit on rotations of one grant kept."""

from pathlib import Path

from bench.outcome import Outcome


def measure(outcome: Outcome, grants: int, cache: Path, folder: Path) -> None:
    raise NotImplementedError
