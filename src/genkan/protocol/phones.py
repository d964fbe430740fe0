"""Signed-in phones as people see them: state, reason as a sentence, and signing one out."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from genkan.protocol.actors import address_of
from genkan.protocol.devices import device_name
from genkan.protocol.ends import END_SENTENCES, OWN_END_SENTENCES, EndReason
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, EndGrant, EndGrantsUnder, Event, EventKind, WithdrawConsent
from genkan.protocol.records import Account, Grant, GrantState, Link, LinkKind, Standing
from genkan.protocol.standing import sign_in_end


class PhoneState(StrEnum):
    """What a list shows."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A grant with what a list needs. ``stop_reason``: the stop that reached it, where its row does not say so yet."""

    grant: Grant
    link: Link
    account: Account
    stop_reason: str


@dataclass(frozen=True, slots=True)
class Phone:
    """One row of the list, judged at one moment."""

    row: PhoneRow
    state: PhoneState
    reason: str
    never_used: bool

    @property
    def is_application(self) -> bool:
        """Sign-ins of confidential links are shown as applications (tokens.md 1)."""
        return self.row.link.kind is LinkKind.CONFIDENTIAL


def judge(row: PhoneRow, env: Env) -> Phone:
    """The state as of now: a stop counts before its rows are reached."""
    grant = row.grant
    never_used = grant.generation == 0 and grant.seen_generation < 0
    if grant.state is GrantState.ENDED:
        return Phone(row, PhoneState.SIGNED_OUT, grant.reason, never_used)
    if _stopped(row):
        return Phone(row, PhoneState.SIGNED_OUT, row.stop_reason, never_used)
    if env.now >= sign_in_end(grant, row.link):
        return Phone(row, PhoneState.EXPIRED, "", never_used)
    return Phone(row, PhoneState.SIGNED_IN, "", never_used)


def _stopped(row: PhoneRow) -> bool:
    gone = row.link.standing is Standing.DELETED or row.account.standing is not Standing.ACTIVE
    return gone or row.link.stop != row.grant.link_stop or row.account.stop != row.grant.account_stop


def is_unmarked(phone: Phone) -> bool:
    """Whether a live sign-in came without a device mark, so that it could not replace an earlier one."""
    return phone.state is PhoneState.SIGNED_IN and not phone.is_application and phone.row.grant.device is None


def possibly_same(phones: Iterable[Phone]) -> frozenset[bytes]:
    """The grants without a device mark beside which another one lives, of the same person, link and device name: they
    may be of one phone (tokens.md 1). Two marks need no such word; they are of two phones.
    """
    alike: dict[tuple[int, int, str], list[Phone]] = defaultdict(list)
    for phone in phones:
        if phone.state is PhoneState.SIGNED_IN:
            grant = phone.row.grant
            alike[grant.account_id, grant.link_id, device_name(grant.user_agent)].append(phone)
    several = (found for found in alike.values() if len(found) > 1)
    return frozenset(phone.row.grant.id for found in several for phone in found if is_unmarked(phone))


def sentence(reason: str) -> str:
    """The reason in words."""
    return END_SENTENCES.get(reason, "")


def own_sentence(reason: str) -> str:
    """The reason in words for the person whose sign-in it was."""
    return OWN_END_SENTENCES.get(reason) or sentence(reason)


def sign_out(grant: Grant, reason: EndReason, actor: str, env: Env) -> Change:
    """End one sign-in, from the next request on."""
    event = Event(
        EventKind.GRANT_ENDED, env.now, actor, grant.account_id, grant.link_id, grant.id, address_of(actor), reason
    )
    return Change((EndGrant(grant.id, reason, env.now),), (event,))


def withdraw_consent(account: Account, link: Link, actor: str, env: Env) -> Change:
    """Take back what a person allowed a link: its sign-ins end in the same transaction (tokens.md 4)."""
    steps = (
        WithdrawConsent(account.id, link.id, env.draw_id(), env.now),
        EndGrantsUnder(account.id, link.id, EndReason.CONSENT_WITHDRAWN, env.now),
    )
    event = Event(EventKind.CONSENT_WITHDRAWN, env.now, actor, account.id, link.id, address=address_of(actor))
    return Change(steps, (event,))
