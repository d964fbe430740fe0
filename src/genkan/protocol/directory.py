"""People of an organisation's directory: which account somebody is who comes from there, and what keeps them out. How a
directory is asked is not known here.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from msgspec import structs

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.actors import Actor, address_of
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.identity_steps import AddIdentity, PutIdentity, RemoveIdentity
from genkan.protocol.outcomes import Change, Event, EventKind, PutAccount, Refused
from genkan.protocol.passkey_steps import NeedWayIn
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Identity, Method, Standing, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession
from genkan.wire.scopes import Permission

ACTOR = "directory"
SUBJECT_CHARACTERS = 255
LABEL_CHARACTERS = 100


class Match(StrEnum):
    """By what somebody who comes for the first time finds an account that is there already."""

    NONE = "none"
    NAME = "name"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class SourceRule:
    """What an operator decided about the people of one directory; times in milliseconds, ``kept`` 0 is for ever.
    ``most_permission`` is the highest right that the directory has a say in.
    """

    name: str
    match: Match = Match.NONE
    match_administrators: bool = False
    create: bool = False
    permission: Permission = Permission.WRITE
    sync: bool = True
    email_domains: tuple[str, ...] = ()
    check_every: int = 15 * 60_000
    kept: int = 24 * 3_600_000
    most_permission: Permission = Permission.WRITE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the directory describes them. ``groups`` or ``permission`` None: it says nothing of them. ``sealed``
    is what it gave for asking after them later, sealed.
    """

    source: str
    subject: str
    name: str
    display_name: str = ""
    email: str = ""
    email_verified: bool = False
    groups: tuple[str, ...] | None = None
    permission: Permission | None = None
    sealed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ArrivalFacts:
    """What a sign-in by a directory depends on. ``candidates`` are the accounts that the rule finds, asked for only
    where there is no ``known`` link; ``taken``: a candidate is linked to somebody else of this directory, or the user
    name belongs to an account.
    """

    known: IdentityFacts | None
    candidates: tuple[Account, ...] = ()
    taken: bool = False

    @property
    def whose(self) -> Account | None:
        """The account that is linked, or would be."""
        if self.known is not None:
            return self.known.account
        return self.candidates[0] if len(self.candidates) == 1 else None


@dataclass(frozen=True, slots=True)
class Came:
    """How somebody came: by which method, when they proved it (milliseconds), the ways that are taken where they go (as
    of the gate), and the directory's own session.
    """

    method: Method
    auth_time: int
    ways: Way
    upstream_sid: str = ""


# --- Signing in -------------------------------------------------------------------------------------------------------


def match_key(person: Person, rule: SourceRule) -> str:
    """What to look accounts up by, as the rule says: a folded name, an e-mail address in small letters, or nothing."""
    if rule.match is Match.NAME:
        return accounts.fold(person.name) or ""
    return email_key(trusted_email(person, rule)) if rule.match is Match.EMAIL else ""


def email_key(email: str) -> str:
    """The one spelling of an e-mail address by which accounts are found; empty for one that has several."""
    # Beyond ASCII, programs differ about which addresses are the same: none of them finds anybody.
    return email.lower() if email.isascii() else ""


def trusted_email(person: Person, rule: SourceRule) -> str:
    """The address, if the directory may vouch for it and does; else empty."""
    domain = person.email.rpartition("@")[2].lower()
    allowed = not rule.email_domains or domain in rule.email_domains
    well_formed = (
        len(person.email) <= accounts.TEXT_CHARACTERS and person.email.isprintable() and " " not in person.email
    )
    return person.email if person.email_verified and allowed and well_formed and "@" in person.email[1:-1] else ""


def arrive(
    person: Person, came: Came, facts: ArrivalFacts, rule: SourceRule, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    """A session for the account that this person is, or one answer for whatever keeps them out.

    The account is linked, made, freed and brought up to date in the very write that opens the session.
    """
    if not _is_subject(person.subject):
        return _refused(person, "no usable subject", browser, env)
    if facts.known is not None:
        return _arrive_known(person, came, facts.known, rule, browser, env, lifetimes)
    found = _found(person, facts, rule, Actor(ACTOR, browser.address), env)
    if isinstance(found, str):
        return _refused(person, found, browser, env)
    account, change = found
    linked = link(account, person, Actor(ACTOR, browser.address), env)
    opened = _open(account, person, came, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return opened
    return opened.after((*change.steps, *linked.steps), (*change.events, *linked.events))


def _arrive_known(
    person: Person, came: Came, known: IdentityFacts, rule: SourceRule, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    identity, account = known.identity, known.account
    freed = is_held(known)
    if account.standing is not Standing.ACTIVE and not freed:
        return _refused(person, "the account is not active", browser, env)
    brought = brought_up(account, person, rule, freed, Actor(ACTOR, browser.address), env)
    seen = replace(
        identity, label=_label(person), seen_at=env.now, checked_at=env.now, missed_since=None, held=None,
        sealed=person.sealed or identity.sealed,
    )  # fmt: skip
    opened = _open(replace(account, standing=Standing.ACTIVE), person, came, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return opened
    return opened.after((*brought.steps, PutIdentity(identity, seen)), brought.events)


def _found(person: Person, facts: ArrivalFacts, rule: SourceRule, actor: str, env: Env) -> tuple[Account, Change] | str:
    """The account of somebody who comes for the first time and what makes or changes it, or why there is none."""
    if len(facts.candidates) > 1:
        return "several accounts match"
    if facts.candidates:
        (account,) = facts.candidates
        fault = _candidate_fault(account, facts, rule)
        return fault or (account, brought_up(account, person, rule, False, actor, env))
    if not rule.create:
        return "not linked"
    if facts.taken:
        return "the user name belongs to another account"
    groups = _groups(person.groups or ())
    permission = rule.permission if person.permission is None else min(person.permission, rule.most_permission)
    wish = AccountWish(person.name, _text(person.display_name), trusted_email(person, rule), permission, groups)
    made = accounts.create(wish, actor, env)
    return "the user name cannot be one" if isinstance(made, Refused) else (made.account, made.change)


def _candidate_fault(account: Account, facts: ArrivalFacts, rule: SourceRule) -> str:
    if account.standing is not Standing.ACTIVE:
        return "the account is not active"
    if facts.taken:
        return "the account is linked to somebody else"  # A name or an address that the directory gave away again.
    if account.permission >= Permission.ADMIN and not rule.match_administrators:
        return "the account administers: an administrator links it"
    return ""


def _open(
    account: Account, person: Person, came: Came, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    opened = enter(account, came.method, came.ways, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return opened
    session = structs.replace(
        opened.session, auth_time=min(came.auth_time, env.now), source=person.source, upstream_sid=came.upstream_sid
    )
    return opened.with_session(session)


def brought_up(account: Account, person: Person, rule: SourceRule, freed: bool, actor: str, env: Env) -> Change:
    """The account as the directory describes it now, where the rule says so; active again where it was held."""
    wanted = replace(account, standing=Standing.ACTIVE, permission=_permission(account, person, rule))
    if rule.sync:
        wanted = replace(
            wanted,
            display_name=_text(person.display_name) or account.display_name,
            email=trusted_email(person, rule) or account.email,
            groups=account.groups if person.groups is None else _groups(person.groups),
        )
    if wanted == account:
        return Change(())
    kind = EventKind.ACCOUNT_ENABLED if freed else EventKind.ACCOUNT_CHANGED
    return Change(
        (PutAccount(replace(wanted, version=account.version + 1)),), (event(kind, account, rule, actor, env),)
    )


def _permission(account: Account, person: Person, rule: SourceRule) -> Permission:
    """What the account may do now. What an administrator gave beyond the reach of the directory stays as it is."""
    if person.permission is None or account.permission > rule.most_permission:
        return account.permission
    return min(person.permission, rule.most_permission)


def _refused(person: Person, why: str, browser: Browser, env: Env) -> Refused:
    """One answer, whether there is no account or one that may not be used; operators are told which."""
    event = Event(EventKind.SIGN_ON_REFUSED, env.now, ACTOR, address=browser.address, detail=f"{person.source}: {why}")
    return Refused(Reason.SIGN_ON_REFUSED, why, event=event)


def is_held(facts: IdentityFacts) -> bool:
    """Whether the account is disabled only until its directory knows the person again, and nobody has touched it
    since.
    """
    return facts.account.standing is Standing.DISABLED and facts.identity.held == facts.account.version


# --- Linking by hand --------------------------------------------------------------------------------------------------


def link(account: Account, person: Person, actor: str, env: Env) -> Change:
    """Say who an account is in a directory."""
    identity = Identity(
        person.source, person.subject, account.id, _label(person), env.now, env.now, env.now, sealed=person.sealed
    )
    event = Event(
        EventKind.IDENTITY_LINKED, env.now, actor, account.id, address=address_of(actor), detail=person.source
    )
    return Change((AddIdentity(identity),), (event,))


def link_by_hand(account: Account, source: str, subject: str, label: str, actor: str, env: Env) -> Change | Refused:
    """An administrator knows who it is; that the person was ever there is not known yet."""
    if account.standing is Standing.DELETED:
        return Refused(Reason.NOT_FOUND)
    if not _is_subject(subject):
        return Refused(Reason.INVALID_VALUE, f"subject: 1 to {SUBJECT_CHARACTERS} printable characters")
    return link(account, Person(source, subject, label or subject), actor, env)


def unlink(identity: Identity, other_ways: bool, here: Entrances, actor: str, env: Env) -> Change | Refused:
    """Take a link away. ``other_ways``: the person can sign in without it."""
    if not other_ways:
        return Refused(Reason.LAST_WAY_IN)
    change = unlinked(identity, actor, env)
    # Of two ways that are taken away at once, the second one stays.
    return replace(change, steps=(*change.steps, NeedWayIn(identity.account_id, env.now, here)))


def unlinked(identity: Identity, actor: str, env: Env) -> Change:
    event = Event(
        EventKind.IDENTITY_UNLINKED, env.now, actor, identity.account_id, address=address_of(actor),
        detail=identity.source,
    )  # fmt: skip
    return Change((RemoveIdentity(identity.source, identity.subject, identity.account_id),), (event,))


# --- What directories write -------------------------------------------------------------------------------------------


def _is_subject(text: str) -> bool:
    return 0 < len(text) <= SUBJECT_CHARACTERS and text.isprintable()


def _label(person: Person) -> str:
    return _text(person.name)[:LABEL_CHARACTERS]


def _text(text: str) -> str:
    """A text of a directory as an account may have it; what nobody can read is left out, not refused."""
    return "".join(c for c in text[: 2 * accounts.TEXT_CHARACTERS] if c.isprintable()).strip()[
        : accounts.TEXT_CHARACTERS
    ]


def _groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """The groups that an account can have: a name with a comma cannot travel in Remote-Groups."""
    good = {g.strip() for g in groups if g.strip() and g.isprintable() and "," not in g}
    return tuple(sorted(g for g in good if len(g) <= accounts.NAME_CHARACTERS)[: accounts.MOST_GROUPS])


def event(kind: EventKind, account: Account, rule: SourceRule, actor: str, env: Env, why: str = "") -> Event:
    reason = EndReason.DIRECTORY if kind in (EventKind.ACCOUNT_DISABLED, EventKind.ACCOUNT_HELD) else ""
    detail = f"{rule.name}: {why}" if why else rule.name
    return Event(kind, env.now, actor, account.id, address=address_of(actor), reason=reason, detail=detail)
