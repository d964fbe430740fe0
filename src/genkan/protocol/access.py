"""Using and ending tokens: is an access token live, what introspection says, what revocation does (RFC 6750,
7662, 7009).
"""

from dataclasses import dataclass

from genkan.protocol.env import MINUTE, Env
from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Ended, Event, EventKind, Live, Nothing, Refused, Sighting
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Grant, GrantState, Link
from genkan.protocol.sealing import Handle, Kind
from genkan.protocol.standing import grant_fault, is_decided, missing_row, sign_in_end, store_behind

LAST_SEEN_STEP = 5 * MINUTE
_BEARER = "bearer"  # the actor where all that is known of a caller is the token


def access(handle: Handle, facts: GrantFacts, env: Env) -> Live | Refused:
    """Whether a genuine token opens the API now (tokens.md 2): one rule for REST, forward authentication,
    introspection.
    """
    if handle.kind is not Kind.ACCESS:
        # tokens.md 2: a refresh token is never accepted as a bearer token.
        return Refused(Reason.TOKEN_KIND)
    fault = _fault(handle, facts, env)
    if fault is not None:
        return fault
    grant, link, account = facts.grant, facts.link, facts.account
    if grant is None or link is None or account is None:
        return Refused(Reason.TOKEN_UNKNOWN)
    if env.now >= grant.access_expires_at:
        return Refused(Reason.TOKEN_EXPIRED)
    permission = min(grant.access_scope, link.permission, account.permission)
    return Live(grant, link, account, permission, sighting(grant, env))


def _fault(handle: Handle, facts: GrantFacts, env: Env) -> Refused | None:
    """Why a token of either kind is not the present one of a standing grant. What is over is over, ahead or not."""
    grant = facts.grant
    if grant is None:
        return missing_row(handle, facts.site, _BEARER, "", env)
    fault = grant_fault(facts)
    if fault is not None:
        return fault
    if handle.generation > grant.generation:
        if env.now < facts.site.heal_until or is_decided(facts.site, grant.rotated_at):
            # tokens.md 8: what heals is the refresh, which a client tries when its access token opens no more. What is
            # too late for it is told of there: an access token does not say whether it has expired meanwhile.
            return Refused(Reason.TOKEN_OLD)
        detail = f"generation {handle.generation} shown, row at {grant.generation}"
        lost = Event(EventKind.STORE_BEHIND, env.now, _BEARER, grant.account_id, grant.link_id, grant.id, detail=detail)
        return store_behind(lost)
    if handle.generation != grant.generation or handle.key_id != grant.key_id:
        # tokens.md 2: an old access token is inactive, never a replay.
        return Refused(Reason.TOKEN_OLD)
    return None


def sighting(grant: Grant, env: Env) -> Sighting | None:
    """What to note of a use: the first sight of a generation, then that the phone is still there every few minutes."""
    if grant.seen_generation >= grant.generation and env.now - grant.last_seen < LAST_SEEN_STEP:
        return None
    return Sighting(grant.id, grant.generation, env.now)


@dataclass(frozen=True, slots=True)
class RefreshTokenLive:
    """A refresh token that would refresh now; only its own link may know (tokens.md 6). Showing it is a sight of it."""

    grant: Grant
    link: Link
    sighting: Sighting | None = None


def introspect_refresh(handle: Handle, facts: GrantFacts, caller: Link | None, env: Env) -> RefreshTokenLive | Refused:
    """RFC 7662 2.2 for refresh tokens: inactive to everyone but their own link."""
    if handle.kind is not Kind.REFRESH:
        return Refused(Reason.TOKEN_KIND)
    if facts.grant is None or facts.link is None or caller is None or caller.id != facts.grant.link_id:
        return Refused(Reason.TOKEN_FOREIGN)
    fault = _fault(handle, facts, env)
    if fault is None and env.now >= sign_in_end(facts.grant, facts.link):
        fault = Refused(Reason.TOKEN_EXPIRED)
    return fault or RefreshTokenLive(facts.grant, facts.link, sighting(facts.grant, env))


def revoke(handle: Handle, facts: GrantFacts, caller: Link, address: str, env: Env) -> Ended | Nothing | Refused:
    """RFC 7009 2.1: any genuine token of the caller's link, of any generation, ends the sign-in."""
    grant = facts.grant
    if grant is None:
        missing = missing_row(handle, facts.site, f"link:{caller.client_id}", address, env)
        # A token whose row was lost cannot be ended here: saying 200 would promise what may not hold (RFC 7009 2.2.1).
        return missing if missing.reason is Reason.STORE_BEHIND else Nothing()
    if grant.link_id != caller.id or grant.state is GrantState.ENDED:
        # RFC 7009 2.2: a foreign or dead token is answered like a revoked one, and nothing is done.
        return Nothing()
    actor = f"link:{caller.client_id}"
    reason = EndReason.SIGNED_OUT_BY_APP
    event = Event(EventKind.GRANT_ENDED, env.now, actor, grant.account_id, grant.link_id, grant.id, address, reason)
    return Ended(grant.id, reason, env.now, event)
