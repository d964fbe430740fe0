"""Signing in and registering with passkeys (WebAuthn level 3) as decisions over what the browser sent, what the store
knows, and the challenge that both belong to.
"""

import hashlib
from dataclasses import dataclass, field

from genkan.protocol.actors import address_of
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.facts import PasskeyFacts
from genkan.protocol.outcomes import Change, Event, EventKind, NeedAdministrator, Refused, Step
from genkan.protocol.passkey_steps import AddPasskey, MarkCloned, NeedWayIn, RemovePasskey, RenamePasskey, UsePasskey
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method, Passkey, Standing, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.passkey_checks import (
    Check,
    asserted_fault,
    counts_backwards,
    created_fault,
    ownership_fault,
)
from genkan.protocol.signin.passkey_data import Asserted, Created, Unreadable, read_asserted, read_created
from genkan.protocol.signin.passkey_library import DECOY, is_signed
from genkan.protocol.signin.passkey_models import Attested, Models, NoModels
from genkan.protocol.signin.passkey_ticket import Ticket, spend
from genkan.protocol.signin.session import Browser, NewSession
from genkan.wire.scopes import Permission

MOST_PASSKEYS = 20
NAME_CHARACTERS = 60
NOTHING = Change(())


@dataclass(frozen=True, slots=True)
class Turned:
    """The passkey opens nothing. ``check`` is for the log; ``change`` is empty but where a copy was found."""

    refused: Refused
    check: Check
    change: Change = NOTHING


def read_answer(text: str) -> Asserted | Turned:
    """The browser's answer to a sign-in, or a refusal like any other."""
    try:
        return read_asserted(text)
    except Unreadable:
        return Turned(Refused(Reason.PASSKEY_REFUSED), Check.UNREADABLE)


def sign_in(
    facts: PasskeyFacts | None,
    asserted: Asserted,
    ticket: Ticket,
    origin: str,
    ways: Way,
    browser: Browser,
    env: Env,
    lifetimes: Lifetimes,
) -> NewSession | Turned:
    """Open a session, or one answer for everything that can be wrong. Whatever the store knows, exactly one signature
    is verified, so that nothing can be learned from how long it takes. ``ways``: as of the gate.
    """
    key = facts.passkey.public_key if facts is not None else DECOY
    signed = is_signed(asserted, ticket.challenge, ticket.rp_id, key)
    check = asserted_fault(asserted, ticket, origin)
    if check is None:
        check = Check.UNKNOWN if facts is None else _facts_fault(facts, asserted, ticket, signed)
    if check is not None or facts is None:
        return Turned(Refused(Reason.PASSKEY_REFUSED), check or Check.UNKNOWN)
    passkey, account = facts.passkey, facts.account
    if passkey.cloned_at or counts_backwards(asserted, passkey):
        return _cloned(passkey, account, ticket, browser, env)
    data = asserted.authenticator
    # WebAuthn 7.2 step 25: the counter and the backup state as they are now.
    used = UsePasskey(account.id, passkey.id, passkey.counter, data.counter, data.backed_up, env.now)
    opened = enter(account, method_of(passkey.attested, data.backup_eligible), ways, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return Turned(opened, Check.POLICY)
    return opened.after((spend(ticket), used))


def _facts_fault(facts: PasskeyFacts, asserted: Asserted, ticket: Ticket, signed: bool) -> Check | None:
    """Who shows no right signature is told nothing else, so the order of the rest tells nobody anything."""
    check = ownership_fault(asserted, facts.passkey, ticket)
    if not signed:
        return Check.SIGNATURE
    return check or (None if facts.account.standing is Standing.ACTIVE else Check.ACCOUNT)


def _cloned(passkey: Passkey, account: Account, ticket: Ticket, browser: Browser, env: Env) -> Turned:
    """WebAuthn 6.1.1: two hold the key. It stays refused, since nobody knows which of them is the person; the first
    time is told to the audit.
    """
    refused = Refused(Reason.PASSKEY_CLONED)
    if passkey.cloned_at:
        return Turned(refused, Check.CLONED)
    event = Event(
        EventKind.PASSKEY_CLONED, env.now, account.actor, account.id, address=browser.address, detail=public_id(passkey)
    )  # fmt: skip
    mark = MarkCloned(account.id, passkey.id, passkey.counter, env.now)
    return Turned(refused, Check.CLONED, Change((spend(ticket), mark), (event,)))


def method_of(attested: bool, backup_eligible: bool) -> Method:
    """RFC 8176 2: somebody was there and known by a second factor. The key counts as one in hardware where its maker
    has proved the model and it may not be copied: what an authenticator says of itself, any software can say.
    """
    return Method.USER | Method.MFA | (Method.HWK if attested and not backup_eligible else Method.SWK)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey to keep, with the steps and the event that go into one write with whatever it is made for."""

    passkey: Passkey
    steps: tuple[Step, ...]
    event: Event = field(repr=False)

    @property
    def change(self) -> Change:
        """Adding it and nothing else."""
        return Change(self.steps, (self.event,))

    @property
    def method(self) -> Method:
        """How somebody is signed in who made it a moment ago."""
        return method_of(self.passkey.attested, self.passkey.backup_eligible)


def register(
    text: str, ticket: Ticket, origin: str, name: str, models: Models | NoModels, actor: str, env: Env
) -> NewPasskey | Turned:
    """A new passkey of the account that the challenge was issued for."""
    try:
        created = read_created(text)
        fault = created_fault(created, ticket, origin)
        judged = fault or models.judge(created, ticket.challenge, ticket.rp_id, env)
    except Unreadable:
        return Turned(Refused(Reason.PASSKEY_UNFIT), Check.UNREADABLE)
    if isinstance(judged, Check):
        reason = Reason.PASSKEY_MODEL if judged is Check.MODEL else Reason.PASSKEY_UNFIT
        return Turned(Refused(reason), judged)
    return _new(created, judged, ticket, name, actor, env)


def _new(created: Created, judged: Attested, ticket: Ticket, name: str, actor: str, env: Env) -> NewPasskey:
    data = created.authenticator
    passkey = Passkey(
        id=data.credential_id,
        account_id=ticket.account_id,
        public_key=data.public_key,
        counter=data.counter,
        name=name,
        aaguid=data.aaguid,
        transports=created.transports,
        rp_id=ticket.rp_id,
        backup_eligible=data.backup_eligible,
        backed_up=data.backed_up,
        attested=judged.proved,
        created_at=env.now,
    )
    event = Event(
        EventKind.PASSKEY_ADDED, env.now, actor, ticket.account_id, address=address_of(actor), detail=public_id(passkey)
    )
    return NewPasskey(passkey, (spend(ticket), AddPasskey(passkey, MOST_PASSKEYS)), event)


def public_id(passkey: Passkey) -> str:
    """How a passkey is named in addresses, by the API and in the audit, where its own name would tell of its person."""
    return hashlib.sha256(passkey.id).hexdigest()[:16]


def clean_name(text: str, otherwise: str) -> str:
    """What a passkey is called: as typed, on one line, or else as the browser is."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:NAME_CHARACTERS].strip()
    return shown or otherwise


def rename(passkey: Passkey, name: str) -> Change:
    """Call it something else; no line in the audit, since nothing else changes."""
    return Change((RenamePasskey(passkey.account_id, passkey.id, name),))


def remove(
    passkey: Passkey, here: Entrances, actor: str, env: Env, *, last_too: bool, needs: Permission | None = None
) -> Change:
    """It opens nothing from the next request on. Without ``last_too``: not where nothing else lets its person in.
    ``needs``: not where nobody with this permission could sign in any more.
    """
    event = Event(
        EventKind.PASSKEY_REMOVED, env.now, actor, passkey.account_id, address=address_of(actor),
        detail=public_id(passkey),
    )  # fmt: skip
    steps: tuple[Step, ...] = (RemovePasskey(passkey.account_id, passkey.id),)
    if not last_too:
        steps += (NeedWayIn(passkey.account_id, env.now, here),)
    if needs is not None:
        steps += (NeedAdministrator(needs, env.now, here),)
    return Change(steps, (event,))


def needed_after(account: Account) -> Permission | None:
    """The permission that somebody must be left with when this account loses its way in."""
    administers = account.permission >= Permission.ADMIN and account.standing is Standing.ACTIVE
    return account.permission if administers else None
