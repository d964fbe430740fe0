"""The life of one sign-in as a time line, from its row and what the audit tells of it; and why it is over, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from genkan.protocol.audit import Line
from genkan.protocol.ends import END_HINTS, EXPIRED_HINT, EXPIRED_SENTENCE
from genkan.protocol.outcomes import EventKind
from genkan.protocol.phones import Phone, PhoneState, sentence
from genkan.protocol.records import GrantState
from genkan.protocol.sealing import grant_time
from genkan.protocol.standing import sign_in_end

# A stop whose reason is not known any more.
STOPPED = "Its account or link was stopped."


class What(StrEnum):
    """Something that happens to a sign-in."""

    PROVED = "proved"
    ALLOWED = "allowed"
    SIGNED_IN = "signed_in"
    REFRESHED = "refreshed"
    RETRIED_ELSEWHERE = "retried_elsewhere"
    HEALED = "healed"
    SEEN = "seen"
    ENDED = "ended"
    EXPIRED = "expired"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is None where a stop ended it whose time the row does not say yet. ``actor`` and ``address`` are empty
    where nobody noted them.
    """

    at: int | None
    what: What
    actor: str = ""
    address: str = ""


_TOLD = {EventKind.GRANT_RETRIED_ELSEWHERE: What.RETRIED_ELSEWHERE, EventKind.GRANT_HEALED: What.HEALED}


def story(phone: Phone, lines: Iterable[Line] = ()) -> tuple[Moment, ...]:
    """What is known, oldest first; of many refreshes the last one. ``lines`` are what the audit tells of this grant
    and of the stop that ended it.
    """
    grant, lines = phone.row.grant, tuple(lines)
    told = [(line, _TOLD[EventKind(line.kind)]) for line in lines if line.kind in _TOLD]
    moments = [
        Moment(grant.auth_time, What.PROVED),
        Moment(grant_time(grant.id), What.ALLOWED),
        Moment(grant.created_at, What.SIGNED_IN, address=grant.address),
        *(Moment(line.at, what, line.actor, line.address) for line, what in told),
    ]
    if grant.generation:
        moments.append(Moment(grant.rotated_at, What.REFRESHED))
    if grant.last_seen > grant.rotated_at:
        moments.append(Moment(grant.last_seen, What.SEEN))
    moments.sort(key=lambda moment: moment.at or 0)
    return (*moments, *_end(phone, lines))


def _end(phone: Phone, lines: tuple[Line, ...]) -> Iterator[Moment]:
    grant = phone.row.grant
    if phone.state is PhoneState.SIGNED_OUT:
        told = next((line for line in lines if line.kind == EventKind.GRANT_ENDED or line.grant_id is None), None)
        at = grant.ended_at if grant.state is GrantState.ENDED else None
        yield Moment(at, What.ENDED, told.actor if told else "", told.address if told else "")
    else:
        expired = phone.state is PhoneState.EXPIRED
        yield Moment(sign_in_end(grant, phone.row.link), What.EXPIRED if expired else What.EXPIRES)


def why(phone: Phone) -> tuple[str, str]:
    """Why it is over and what to do next, in words; both empty while it is not."""
    if phone.state is PhoneState.EXPIRED:
        return EXPIRED_SENTENCE, EXPIRED_HINT
    if phone.state is PhoneState.SIGNED_OUT:
        return sentence(phone.reason) or STOPPED, END_HINTS.get(phone.reason, "")
    return "", ""
