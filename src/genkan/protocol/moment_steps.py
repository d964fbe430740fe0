"""The step of a change that keeps a moment of the installation's own life."""

from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """Which moment is kept (records.Moments)."""

    FOUNDED = "founded"
    BACKED_UP = "backed up"
    CLOCK_ACCEPTED = "clock accepted"


@dataclass(frozen=True, slots=True)
class Mark:
    """It was now."""

    moment: Moment
    at: int
