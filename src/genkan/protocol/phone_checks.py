"""Checks from a phone: the sealed address that an administrator hands out, the visit that a browser makes of it, and
what is kept. Who has the address may tell something of a phone, and nothing else.
"""

import hashlib
from dataclasses import dataclass, field, replace

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, DAY, MINUTE, Env
from genkan.protocol.outcomes import Change
from genkan.protocol.phone_check_steps import MOST_VERSIONS, PhoneVisit, PutPhoneVisit
from genkan.protocol.sealing import Purpose, Sealer

# How long the address opens, and how long what came of it can be read.
LIFE, KEPT = 15 * MINUTE, DAY
ID_BYTES = 16
LONGEST_USER_AGENT = 300


class Check(msgspec.Struct, array_like=True, frozen=True):
    """What an administrator hands out. Making one writes nothing."""

    id: bytes
    made_at: int

    @property
    def expires_at(self) -> int:
        """Until then a phone may open it."""
        return self.made_at + LIFE


class Visit(msgspec.Struct, array_like=True, frozen=True):
    """One browser's way through a check, as its forms and addresses carry it."""

    check: Check
    id: bytes


class Shown(msgspec.Struct, array_like=True, frozen=True):
    """What the certificate origin found for a visit: a word of the doctor's, and the name of a fault."""

    visit: Visit
    state: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """The check in the open, and as it stands in its address."""

    check: Check
    sealed: str = field(repr=False)


def issue(sealer: Sealer, env: Env) -> Issued:
    """A new check."""
    check = Check(env.draw(ID_BYTES), env.now)
    return Issued(check, reseal_check(check, sealer, env))


def reseal_check(check: Check, sealer: Sealer, env: Env) -> str:
    """The same check once more, as it stands in an address."""
    return sealer.seal_value(Purpose.PHONE_CHECK, check, env)


def open_check(text: str, sealer: Sealer, env: Env, life: int = LIFE) -> Check | None:
    """Read it back while it is good: ``LIFE`` for a phone, ``KEPT`` for who reads what came."""
    check = sealer.open_value(Purpose.PHONE_CHECK, text, Check)
    return check if check is not None and _is_in_time(check, env, life) else None


def begin(check: Check, sealer: Sealer, env: Env) -> str:
    """A visit of this browser. It is kept once the browser tells something."""
    return reseal_visit(Visit(check, env.draw(ID_BYTES)), sealer, env)


def reseal_visit(visit: Visit, sealer: Sealer, env: Env) -> str:
    """The same visit once more, as it stands in forms and addresses."""
    return sealer.seal_value(Purpose.PHONE_VISIT, visit, env)


def open_visit(text: str, sealer: Sealer, env: Env) -> Visit | None:
    """Read it back for as long as what it tells would be kept twice as long as the check opens."""
    visit = sealer.open_value(Purpose.PHONE_VISIT, text, Visit)
    return visit if visit is not None and _is_in_time(visit.check, env, 2 * LIFE) else None


def seal_shown(shown: Shown, sealer: Sealer, env: Env) -> str:
    """On its way back from the certificate origin."""
    return sealer.seal_value(Purpose.PHONE_SHOWN, shown, env)


def open_shown(text: str, sealer: Sealer, env: Env) -> Shown | None:
    """What the certificate origin said, and nobody else could."""
    shown = sealer.open_value(Purpose.PHONE_SHOWN, text, Shown)
    return shown if shown is not None and _is_in_time(shown.visit.check, env, 2 * LIFE) else None


def put(kept: PhoneVisit | None, visit: Visit, told: str, user_agent: str, env: Env) -> Change | None:
    """Keep what a browser told now; None where it has told as often as one may."""
    if kept is None:
        expires = visit.check.made_at + KEPT
        new = PhoneVisit(visit.check.id, visit.id, env.now, env.now, expires, 1, user_agent[:LONGEST_USER_AGENT], told)
        return Change((PutPhoneVisit(new),))
    if kept.version >= MOST_VERSIONS:
        return None
    return Change((PutPhoneVisit(replace(kept, changed_at=env.now, version=kept.version + 1, told=told)),))


def number(visit_id: bytes) -> str:
    """A short name by which people tell two phones of one check apart; it says nothing of the address."""
    return hashlib.sha256(b"genkan phone visit " + visit_id).hexdigest()[:6]


def _is_in_time(check: Check, env: Env, life: int) -> bool:
    return -CLOCK_LEEWAY <= env.now - check.made_at <= life
