"""Refreshing: rotation, the retry that tells the same successor again, replay, healing (RFC 6749 6, RFC 9700
4.14, tokens.md 3 and 8).
"""

import msgspec
from msgspec.structs import replace

from genkan.protocol.env import CLOCK_LEEWAY, Env
from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Ended, Event, EventKind, Refused, Retried, Rotated
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Grant, GrantState, Link
from genkan.protocol.sealing import Handle, Kind, redirect_digest
from genkan.protocol.standing import grant_fault, is_decided, missing_row, sign_in_end, store_behind
from genkan.wire.scopes import Permission

LAST_GENERATION = 2**31 - 1


class RefreshAsked(msgspec.Struct, frozen=True):
    """A refresh by an authenticated client. ``handle`` is the opened refresh token; ``scope`` None means unchanged.
    ``known_keys`` and ``retired_keys`` are the ring's as it stands when this is decided. ``clock_is_wrong``: the time
    is known not to be (tokens.md 8), so that nothing is over for ever by it.
    """

    handle: Handle
    client: Link
    scope: Permission | None
    redirect_uri: str | None
    user_agent: str
    address: str
    network: str
    active_key: int
    known_keys: frozenset[int]
    retired_keys: frozenset[int] = frozenset()
    clock_is_wrong: bool = False


RefreshOutcome = Rotated | Retried | Ended | Refused


def refresh(asked: RefreshAsked, facts: GrantFacts, env: Env, lifetimes: Lifetimes) -> RefreshOutcome:
    """Decide from the token's generation and the row's: current rotates, the one before may retry, older is a
    replay.
    """
    grant, link = facts.grant, facts.link
    if asked.handle.kind is not Kind.REFRESH:
        return Refused(Reason.TOKEN_KIND)
    if grant is None:
        return missing_row(asked.handle, facts.site, f"link:{asked.client.client_id}", asked.address, env)
    if grant.state is GrantState.ENDED:
        # tokens.md 3: ended beats retry, always.
        return Refused(Reason.GRANT_ENDED, grant.reason)
    if link is None:
        return Refused(Reason.GRANT_STOPPED)
    if grant.key_id not in asked.known_keys:
        return _unknown_key(asked, grant)
    shown = asked.handle.generation
    if shown > grant.generation:
        return _ahead(asked, facts, grant, env, lifetimes)
    if shown < grant.generation:
        return _behind(asked, facts, grant, env, lifetimes)
    if asked.handle.key_id != grant.key_id:
        # Genuine and of this generation, yet under another key: a second history of the same row. Two holders.
        return _replayed(asked, grant, env)
    return _request_fault(asked, facts, grant, env) or _rotate(asked, grant, link, env, lifetimes)


def _unknown_key(asked: RefreshAsked, grant: Grant) -> Refused:
    """tokens.md 7: revoking a key ends everything under it, also before the row itself was reached. A key that this
    ring never held is a newer ring's: another node rotated under it, and this one must not sign the phone out.
    """
    if grant.key_id in asked.retired_keys:
        return Refused(Reason.GRANT_ENDED, EndReason.KEY_REVOKED)
    return Refused(Reason.RING_BEHIND, retry_after=1)


def _behind(asked: RefreshAsked, facts: GrantFacts, grant: Grant, env: Env, lifetimes: Lifetimes) -> RefreshOutcome:
    is_predecessor = asked.handle.generation == grant.generation - 1 and asked.handle.key_id == grant.previous_key_id
    if not is_predecessor:
        return _replayed(asked, grant, env)
    if not _may_retry(grant, env, lifetimes):
        # With no window at all it is one at any time.
        return (_by_time(asked) if lifetimes.retry_window > 0 else None) or _replayed(asked, grant, env)
    fault = _request_fault(asked, facts, grant, env)
    return fault or _retry(asked, grant, env, lifetimes)


def _by_time(asked: RefreshAsked) -> Refused | None:
    """Instead of what the time alone would end: a process whose clock is wrong may still be asked for a while."""
    return Refused(Reason.BUSY, "clock", retry_after=10) if asked.clock_is_wrong else None


def _may_retry(grant: Grant, env: Env, lifetimes: Lifetimes) -> bool:
    """tokens.md 3: while the successor was not seen, and for the retry window after it was first seen: perhaps by a
    node whose clock is ahead of ours, or while this was on its way to the row. An age is negative only beyond that.
    """
    if lifetimes.retry_window <= 0:
        return False
    if grant.seen_generation < grant.generation:
        return True
    return -CLOCK_LEEWAY <= env.now - grant.seen_at <= lifetimes.retry_window


def _request_fault(asked: RefreshAsked, facts: GrantFacts, grant: Grant, env: Env) -> Refused | None:
    """What may be wrong with a refresh that the row would allow; nothing of it changes the row."""
    if asked.client.id != grant.link_id:
        # RFC 6749 6: a refresh token is bound to the client it was issued to.
        return Refused(Reason.TOKEN_FOREIGN)
    fault = grant_fault(facts)
    if fault is not None:
        return fault
    if facts.link is None or env.now >= sign_in_end(grant, facts.link):
        return _by_time(asked) or Refused(Reason.TOKEN_EXPIRED)
    if asked.redirect_uri is not None and redirect_digest(asked.redirect_uri)[:8] != grant.redirect:
        return Refused(Reason.REDIRECT_MISMATCH)
    if asked.scope is not None and asked.scope > grant.scope:
        # RFC 6749 6: the scope must not include any that was not granted.
        return Refused(Reason.REFRESH_SCOPE_CHANGED)
    return None


def _rotate(asked: RefreshAsked, grant: Grant, link: Link, env: Env, lifetimes: Lifetimes) -> RefreshOutcome:
    if grant.generation >= LAST_GENERATION:
        return _exhausted(asked, grant, env)
    wait = _rotation_due(grant, env, lifetimes) - env.now - lifetimes.rotation_interval * (lifetimes.rotation_burst - 1)
    if lifetimes.rotation_interval and wait > 0:
        return Refused(Reason.ROTATING_TOO_FAST, retry_after=-(-wait // 1000))
    return Rotated(grant, _successor(asked, grant, link, grant.generation + 1, env, lifetimes))


def _rotation_due(grant: Grant, env: Env, lifetimes: Lifetimes) -> int:
    """When the burst is whole again. More than a burst ahead means that the clock was set back: a phone that did
    nothing wrong shall not wait until it is where it was.
    """
    ahead = grant.rotation_due - env.now
    plausible = lifetimes.rotation_interval * lifetimes.rotation_burst + CLOCK_LEEWAY
    return grant.rotation_due if 0 <= ahead <= plausible else env.now


def _exhausted(asked: RefreshAsked, grant: Grant, env: Env) -> Ended:
    event = _event(EventKind.GRANT_ENDED, asked, grant, env, EndReason.EXHAUSTED)
    return Ended(grant.id, EndReason.EXHAUSTED, env.now, event, Refused(Reason.GENERATIONS_EXHAUSTED))


def _successor(asked: RefreshAsked, grant: Grant, link: Link, generation: int, env: Env, lifetimes: Lifetimes) -> Grant:
    refresh_expires_at = lifetimes.refresh_end(env.now, grant.created_at, link.absolute_lifetime)
    if asked.clock_is_wrong:
        # It may be behind, and a process with a right clock would find this over.
        refresh_expires_at = max(refresh_expires_at, grant.refresh_expires_at)
    return replace(
        grant,
        generation=generation,
        key_id=asked.active_key,
        previous_key_id=asked.handle.key_id,
        access_scope=asked.scope or grant.scope,
        rotated_at=env.now,
        access_expires_at=lifetimes.access_end(env.now, refresh_expires_at),
        refresh_expires_at=refresh_expires_at,
        rotation_due=_rotation_due(grant, env, lifetimes) + lifetimes.rotation_interval,
        user_agent=asked.user_agent,
        network=asked.network,
    )


def _retry(asked: RefreshAsked, grant: Grant, env: Env, lifetimes: Lifetimes) -> Retried | Refused:
    if (asked.scope or grant.scope) != grant.access_scope:
        # tokens.md 3: a retry must ask the same scope, or it would not be the same successor.
        return Refused(Reason.REFRESH_SCOPE_CHANGED)
    left = grant.access_expires_at - env.now
    restarts = left * 2 < lifetimes.access
    restarted = lifetimes.access_end(env.now, grant.refresh_expires_at) if restarts else grant.access_expires_at
    elsewhere = (asked.network, asked.user_agent) != (grant.network, grant.user_agent)
    event = _event(EventKind.GRANT_RETRIED_ELSEWHERE, asked, grant, env) if elsewhere else None
    return Retried(replace(grant, access_expires_at=restarted, retries=grant.retries + 1), event)


def _replayed(asked: RefreshAsked, grant: Grant, env: Env) -> Ended:
    """RFC 9700 4.14.2: an old refresh token has two holders; nobody knows which is the thief, so the sign-in ends."""
    event = _event(EventKind.GRANT_ENDED, asked, grant, env, EndReason.REPLAYED)
    return Ended(grant.id, EndReason.REPLAYED, env.now, event, Refused(Reason.REFRESH_REPLAYED))


def _ahead(asked: RefreshAsked, facts: GrantFacts, grant: Grant, env: Env, lifetimes: Lifetimes) -> RefreshOutcome:
    """tokens.md 8: a genuine token ahead of its row proves that the store lost writes; it is never a replay. Where that
    was decided on and healing is over, its person signs in again; aloud, since a row that has not moved since does not
    tell whether it was lost before the restore or now.
    """
    if env.now >= facts.site.heal_until or facts.link is None:
        if is_decided(facts.site, grant.rotated_at):
            unknown = Refused(Reason.TOKEN_UNKNOWN, event=_event(EventKind.GRANT_NOT_HEALED, asked, grant, env))
            return _request_fault(asked, facts, grant, env) or _by_time(asked) or unknown
        return store_behind(_event(EventKind.STORE_BEHIND, asked, grant, env))
    fault = _request_fault(asked, facts, grant, env)
    if fault is not None:
        return fault
    if asked.handle.generation >= LAST_GENERATION:
        return _exhausted(asked, grant, env)
    healed = _successor(asked, grant, facts.link, asked.handle.generation + 1, env, lifetimes)
    return Rotated(grant, healed, _event(EventKind.GRANT_HEALED, asked, grant, env))


def _event(kind: EventKind, asked: RefreshAsked, grant: Grant, env: Env, reason: str = "") -> Event:
    detail = f"generation {asked.handle.generation} shown, row at {grant.generation}"
    actor = f"link:{asked.client.client_id}"
    return Event(kind, env.now, actor, grant.account_id, grant.link_id, grant.id, asked.address, reason, detail)
