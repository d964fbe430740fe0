"""One phone in full, as the API shows it: the traces of the device, and its life as a time line in words."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, structs

from genkan.protocol.certificate_records import KnownCertificate
from genkan.protocol.phone_story import What, story, why
from genkan.protocol.phones import Phone
from genkan.site.api.documents import PermissionWord, PhoneDocument, moment, permission_word, phone_document

TimeLineWord = Literal["signed_in", "refreshed", "seen", "ended", "expired", "expires"]
_WORDS: dict[What, TimeLineWord] = {
    What.SIGNED_IN: "signed_in",
    What.REFRESHED: "refreshed",
    What.SEEN: "seen",
    What.ENDED: "ended",
    What.EXPIRED: "expired",
    What.EXPIRES: "expires",
}
_SENTENCES = {
    What.SEEN: "Last seen.",
    What.EXPIRED: "Not used for too long.",
    What.EXPIRES: "Signs itself out then unless it is used.",
}


class TimeLineEntry(Struct, frozen=True):
    """Something that happened to a sign-in, or will. ``at`` is null where only the order is known."""

    at: str | None
    what: TimeLineWord
    sentence: str


class PhoneDetails(PhoneDocument, frozen=True, rename="camel", kw_only=True):
    """A sign-in in full. ``retries``: how often an answer was told again; ``certificate``: the SHA-256 of the client
    certificate that it was signed in with, if any.
    """

    permission: PermissionWord
    user_agent: str
    address: str
    network: str
    refreshes: int
    retries: int
    expires_at: str
    certificate: str | None
    time_line: tuple[TimeLineEntry, ...]


class SignedOutDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How many sign-ins were live and have ended; ``complete`` False: there were more than were counted."""

    signed_out: int
    complete: bool


def phone_details(phone: Phone, known: KnownCertificate | None, *, possibly_same: bool) -> PhoneDetails:
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
        certificate=None if known is None else known.fingerprint.hex(),
        time_line=tuple(_time_line(phone)),
    )


def _time_line(phone: Phone) -> Iterator[TimeLineEntry]:
    for happened in story(phone):
        word = _WORDS.get(happened.what)
        if word is not None:
            at = None if happened.at is None else moment(happened.at)
            yield TimeLineEntry(at, word, _sentence(happened.what, phone))


def _sentence(what: What, phone: Phone) -> str:
    grant, link = phone.row.grant, phone.row.link
    if what is What.SIGNED_IN:
        return f"Signed in to {link.name} with {' and '.join(grant.method.references()) or 'an unknown method'}."
    if what is What.REFRESHED:
        times = "once" if grant.generation == 1 else f"{grant.generation} times"
        return f"Refreshed {times}, the last time then."
    if what is What.ENDED:
        return why(phone)[0]
    return _SENTENCES[what]
