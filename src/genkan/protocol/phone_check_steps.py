"""What is kept of a phone that looked at the site, and the step of a Change that keeps it."""

from dataclasses import dataclass

# A check's picture hangs on a wall for minutes; a phone that is tried again and again is one row each time.
MOST_VISITS = 10
# Each step that a phone takes is a write; a person takes a dozen.
MOST_VERSIONS = 40


@dataclass(frozen=True, slots=True)
class PhoneVisit:
    """One browser that opened a check's address. ``told`` is what the doctor keeps of it, as JSON of its own."""

    check: bytes
    id: bytes
    made_at: int
    changed_at: int
    expires_at: int
    version: int
    user_agent: str
    told: str


@dataclass(frozen=True, slots=True)
class PutPhoneVisit:
    """Keep a visit: version 1 is a new one, and fails where the check has as many as it may; a later one fails unless
    the row is at the version before.
    """

    visit: PhoneVisit
    most: int = MOST_VISITS


PhoneCheckStep = PutPhoneVisit
