"""One phone in full, as the API shows it: the traces of the device, and its life as a time line in words."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, structs

from genkan.protocol.phones import Phone, PhoneState, sentence
from genkan.protocol.records import GrantState
from genkan.site.documents import PermissionWord, PhoneDocument, moment, permission_word, phone_document


class TimeLineEntry(Struct, frozen=True):
    """Something that happened to a sign-in, or will. ``at`` is null where only the order is known."""

    at: str | None
    what: Literal["signed_in", "refreshed", "seen", "ended", "expired", "expires"]
    sentence: str


class PhoneDetails(PhoneDocument, frozen=True, rename="camel", kw_only=True):
    """A sign-in in full. ``retries``: how often an answer was told again."""

    permission: PermissionWord
    user_agent: str
    address: str
    network: str
    refreshes: int
    retries: int
    expires_at: str
    time_line: tuple[TimeLineEntry, ...]


class SignedOutDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How many sign-ins were live and have ended; ``complete`` False: there were more than were counted."""

    signed_out: int
    complete: bool


def phone_details(phone: Phone, *, possibly_same: bool) -> PhoneDetails:
    """Everything about one sign-in; where the row has not been told of its stop, the reason is the stop's."""
    grant = phone.row.grant
    short = phone_document(phone, {grant.id} if possibly_same else frozenset())
    return PhoneDetails(
        **structs.asdict(short),
        permission=permission_word(grant.scope),
        user_agent=grant.user_agent,
        address=grant.address,
        network=grant.network,
        refreshes=grant.generation,
        retries=grant.retries,
        expires_at=moment(grant.refresh_expires_at),
        time_line=tuple(_time_line(phone)),
    )


def _time_line(phone: Phone) -> Iterator[TimeLineEntry]:
    grant, link = phone.row.grant, phone.row.link
    ways = " and ".join(grant.method.references()) or "an unknown method"
    yield TimeLineEntry(moment(grant.created_at), "signed_in", f"Signed in to {link.name} with {ways}.")
    if grant.generation:
        times = "once" if grant.generation == 1 else f"{grant.generation} times"
        yield TimeLineEntry(moment(grant.rotated_at), "refreshed", f"Refreshed {times}, the last time then.")
    if grant.last_seen > grant.rotated_at:
        yield TimeLineEntry(moment(grant.last_seen), "seen", "Last seen.")
    yield _end(phone)


def _end(phone: Phone) -> TimeLineEntry:
    grant = phone.row.grant
    if phone.state is PhoneState.SIGNED_OUT:
        at = moment(grant.ended_at) if grant.state is GrantState.ENDED else None
        return TimeLineEntry(at, "ended", sentence(phone.reason) or "Its account or link was stopped.")
    if phone.state is PhoneState.EXPIRED:
        return TimeLineEntry(moment(grant.refresh_expires_at), "expired", "Not used for too long.")
    return TimeLineEntry(moment(grant.refresh_expires_at), "expires", "Signs itself out then unless it is used.")
