"""People who leave: what follows when a directory says that somebody is disabled or gone, or gives no answer."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from genkan.protocol.directory import ACTOR, Person, SourceRule, brought_up, event, is_held, unlinked
from genkan.protocol.env import Env
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.identity_steps import PutIdentity
from genkan.protocol.outcomes import Change, EventKind, PutAccount, RaiseStop, Step, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Identity, Standing


class Presence(StrEnum):
    """What a directory says of somebody who is linked. LAPSED: it cannot say more until they sign in there again."""

    PRESENT = "present"
    DISABLED = "disabled"
    GONE = "gone"
    LAPSED = "lapsed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer of a directory. ``person``: as it describes somebody who is there, None where it does not say.
    ``sealed`` is the new thing to ask with, None where it stays as it is.
    """

    presence: Presence
    sealed: str | None = field(default=None, repr=False)
    person: Person | None = None


def judge(checked: Checked, facts: IdentityFacts, others: bool, rule: SourceRule, env: Env) -> Change:
    """What follows from a directory's answer about somebody who is linked. ``others``: another directory has them
    too.
    """
    identity = facts.identity
    asked = replace(identity, checked_at=env.now, sealed=identity.sealed if checked.sealed is None else checked.sealed)
    match checked.presence:
        case Presence.PRESENT:
            return _present(replace(asked, missed_since=None, held=None), checked.person, facts, rule, env)
        case Presence.UNREACHABLE:
            missed = env.now if identity.missed_since is None else identity.missed_since
            return hold_missed(replace(asked, missed_since=missed), facts, rule, missed, env)
        case Presence.LAPSED:
            return _hold(replace(asked, missed_since=None), facts, rule, "no sign-in there for too long", env)
        case Presence.GONE if others:
            return unlinked(identity, ACTOR, env)
        case Presence.GONE | Presence.DISABLED:
            return _disabled(replace(asked, missed_since=None, held=None), facts, checked.presence, rule, env)


def hold_missed(asked: Identity, facts: IdentityFacts, rule: SourceRule, since: int, env: Env) -> Change:
    """Nobody answered: kept for a while, and then held."""
    if rule.kept and env.now - since >= rule.kept:
        return _hold(asked, facts, rule, "not reachable for too long", env)
    return Change((PutIdentity(facts.identity, asked),))


def _present(asked: Identity, person: Person | None, facts: IdentityFacts, rule: SourceRule, env: Env) -> Change:
    """Still there: freed where they were held, and brought up to date, so that a right that was taken is gone here."""
    put, freed = PutIdentity(facts.identity, asked), is_held(facts)
    if facts.account.standing is not Standing.ACTIVE and not freed:
        return Change((put,))
    if person is None:
        person = Person(rule.name, asked.subject, asked.label)
    brought = brought_up(facts.account, person, rule, freed, ACTOR, env)
    return Change((*brought.steps, put), brought.events)


def _hold(asked: Identity, facts: IdentityFacts, rule: SourceRule, why: str, env: Env) -> Change:
    """Disabled until the directory knows them again; an account that is not active stays as it is."""
    account = facts.account
    if account.standing is not Standing.ACTIVE:
        return Change((PutIdentity(facts.identity, asked),))
    held = replace(account, standing=Standing.DISABLED, version=account.version + 1)
    told = event(EventKind.ACCOUNT_HELD, held, rule, ACTOR, env, why)
    put = PutIdentity(facts.identity, replace(asked, held=held.version))
    return Change((*_stopped(held, env), put), (told,))


def _disabled(asked: Identity, facts: IdentityFacts, presence: Presence, rule: SourceRule, env: Env) -> Change:
    """Disabled for good: an administrator enables the account if the person comes back."""
    account, put = facts.account, PutIdentity(facts.identity, asked)
    if account.standing is not Standing.ACTIVE:
        # What was held is now known to be over: it is not freed by itself any more.
        return Change((put,))
    disabled = replace(account, standing=Standing.DISABLED, version=account.version + 1)
    told = event(EventKind.ACCOUNT_DISABLED, disabled, rule, ACTOR, env, presence)
    return Change((*_stopped(disabled, env), put), (told,))


def _stopped(account: Account, env: Env) -> tuple[Step, ...]:
    return PutAccount(account), RaiseStop(Subject.ACCOUNT, account.id, EndReason.DIRECTORY, env.now)
