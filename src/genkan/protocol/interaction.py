"""The hub: a sealed authorization request and the facts as they stand, and from them the next step, decided afresh."""

from enum import StrEnum

import msgspec
from msgspec import structs

from genkan.protocol.authorize import ErrorPage, ErrorRedirect, Interaction
from genkan.protocol.env import CLOCK_LEEWAY, Env
from genkan.protocol.facts import SessionFacts
from genkan.protocol.link_wishes import may_remember
from genkan.protocol.outcomes import Change, Event, EventKind, GiveConsent, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Consent, ConsentMode, Link, LinkKind, Session, Site, Standing
from genkan.protocol.sealing import Code, Purpose, Sealer, Unsealable, new_grant_id, redirect_digest
from genkan.protocol.signin.demand import Demand, demand_of
from genkan.wire import redirects
from genkan.wire.scopes import Permission


class Decision(StrEnum):
    """What the person chose on the consent page."""

    ALLOW = "allow"
    DENY = "deny"


class AskSignIn(msgspec.Struct, frozen=True):
    """Nobody is signed in, or it must be done anew: later, in another way, or stronger."""

    link: Link


class AskConsent(msgspec.Struct, frozen=True):
    """The person must be asked. ``permission`` is what the code would carry."""

    link: Link
    permission: Permission
    account: Account


class Issue(msgspec.Struct, frozen=True):
    """A code goes to the application. ``ends_session``: the browser session was for this one sign-in only."""

    code: Code
    redirect_uri: str
    state: str | None
    ends_session: bytes | None


class HubFacts(msgspec.Struct, frozen=True):
    """The link, the person and the site's policy as they stand, and the consent remembered between the first two."""

    link: Link | None
    person: SessionFacts | None
    consent: Consent | None
    device: bytes | None
    site: Site


NextStep = AskSignIn | AskConsent | Issue | ErrorPage | ErrorRedirect


def seal_interaction(sealer: Sealer, interaction: Interaction, env: Env) -> str:
    """The interaction as it stands in a URL. ``state`` goes as bytes: it comes back whatever it holds."""
    state = None if interaction.state is None else interaction.state.encode("utf-8", "surrogatepass")
    plain = msgspec.msgpack.encode((structs.replace(interaction, state=None), state))
    return sealer.seal(Purpose.INTERACTION, plain, env)


def open_interaction(sealer: Sealer, text: str, env: Env, lifetimes: Lifetimes) -> Interaction | Refused:
    """Read it back; it expires, since what was checked when it was sealed may have changed since."""
    plain = sealer.open(Purpose.INTERACTION, text)
    if isinstance(plain, Unsealable):
        return Refused(Reason.RING_BEHIND if plain.unknown_key else Reason.INTERACTION_BROKEN)
    try:
        interaction, state = msgspec.msgpack.decode(plain, type=tuple[Interaction, bytes | None])
    except msgspec.MsgspecError:
        # Genuine, yet of another version of this program: it was updated while the person was away.
        return Refused(Reason.INTERACTION_BROKEN)
    # The node that sealed it may be a little ahead of this one.
    if not -CLOCK_LEEWAY <= env.now - interaction.started_at <= lifetimes.interaction:
        return Refused(Reason.INTERACTION_EXPIRED)
    return structs.replace(interaction, state=None if state is None else state.decode("utf-8", "surrogatepass"))


def next_step(asked: Interaction, facts: HubFacts, decision: Decision | None, env: Env) -> NextStep:
    """Decide afresh at every visit: nothing that a page said before is trusted."""
    link, refusing = facts.link, refusing_step(asked, facts.link)
    if refusing is not None or link is None:
        return refusing or ErrorPage(Refused(Reason.UNKNOWN_CLIENT))
    if decision is Decision.DENY:
        return ErrorRedirect(Refused(Reason.CONSENT_DENIED), asked.redirect_uri, asked.state)
    demand = demand_for(asked, facts.site, link)
    if asked.acrs and not demand.offered:
        # RFC 9470 5: what the policy here makes impossible is told to the application, and no weaker sign-in passed off
        # as what was asked for.
        return ErrorRedirect(Refused(Reason.AUTHENTICATION_UNMET), asked.redirect_uri, asked.state)
    if facts.person is None or not _stands(facts.person) or _must_sign_in_again(asked, demand, facts.person.session):
        return _or_error(asked, Reason.LOGIN_REQUIRED, AskSignIn(link))
    permission = min(asked.scope, link.permission)
    if decision is not Decision.ALLOW and not _remembered(asked, facts, link, permission):
        return _or_error(asked, Reason.CONSENT_REQUIRED, AskConsent(link, permission, facts.person.account))
    return _issue(asked, facts, link, facts.person, permission, env)


def refusing_step(asked: Interaction, link: Link | None) -> ErrorPage | None:
    """Why nothing may travel to the application, whatever the answer is: the link was changed meanwhile."""
    if link is None or link.standing is Standing.DELETED:
        return ErrorPage(Refused(Reason.UNKNOWN_CLIENT))
    if not link.usable:
        return ErrorPage(Refused(Reason.LINK_DISABLED))
    if redirects.find(link.redirects, asked.redirect_uri) is None:
        # RFC 9700 4.1: never answer at an address that is not registered now.
        return ErrorPage(Refused(Reason.REDIRECT_NOT_REGISTERED))
    return None


def _stands(person: SessionFacts) -> bool:
    """The gate of the last step: whatever page led here, a stopped person gets no code."""
    return person.account.standing is Standing.ACTIVE and person.session.account_stop == person.account.stop


def demand_for(asked: Interaction, site: Site, link: Link) -> Demand:
    """What the request, the link and the site ask of the sign-in, together."""
    return demand_of(site, link, asked.acrs, asked.max_age, asked.started_at)


def _must_sign_in_again(asked: Interaction, demand: Demand, session: Session) -> bool:
    """Row 6: one that is new but of another kind than asked for is no answer, and neither is a strong one of long
    ago.
    """
    return ("login" in asked.prompts and session.auth_time < asked.started_at) or not demand.met_by(session)


def _remembered(asked: Interaction, facts: HubFacts, link: Link, permission: Permission) -> bool:
    """RFC 8252 8.6: a link without a secret is asked every time; another program could claim its scheme or port."""
    if link.kind is LinkKind.NATIVE or link.consent is ConsentMode.ALWAYS or "consent" in asked.prompts:
        return False
    if not may_remember(asked.redirect_uri):
        return False
    return facts.consent is not None and facts.consent.scope is not None and facts.consent.scope >= permission


def _or_error(asked: Interaction, reason: Reason, step: AskSignIn | AskConsent) -> NextStep:
    if "none" in asked.prompts:
        return ErrorRedirect(Refused(reason), asked.redirect_uri, asked.state)
    return step


def _issue(
    asked: Interaction, facts: HubFacts, link: Link, person: SessionFacts, permission: Permission, env: Env
) -> Issue:
    code = Code(
        grant_id=new_grant_id(env),
        link_id=link.id,
        account_id=person.account.id,
        scope=permission,
        method=person.session.method,
        redirect=redirect_digest(asked.redirect_uri),
        challenge=asked.challenge,
        redirect_given=asked.redirect_given,
        auth_time=person.session.auth_time,
        account_stop=person.account.stop,
        link_stop=link.stop,
        consent_mark=facts.consent.mark if facts.consent else 0,
        issued_at=env.now,
        device=facts.device,
        certificate=person.session.certificate,
    )
    return Issue(code, asked.redirect_uri, asked.state, person.session.id if asked.ephemeral else None)


def remember_consent(step: AskConsent, known: Consent | None, env: Env, address: str = "") -> Change | None:
    """The write that lets a link skip the question next time; None where the link must always ask."""
    if step.link.kind is LinkKind.NATIVE or step.link.consent is ConsentMode.ALWAYS:
        return None
    if known is not None and known.scope is not None and known.scope >= step.permission:
        return None
    # A first consent keeps the mark that codes issued before it carry: absence counts as 0 (tokens.md 4).
    consent = Consent(step.account.id, step.link.id, known.mark if known else 0, step.permission, env.now)
    event = Event(EventKind.CONSENT_GIVEN, env.now, step.account.actor, step.account.id, step.link.id, address=address)
    return Change((GiveConsent(consent),), (event,))
