"""Redeeming an authorization code: the decision behind grant_type=authorization_code (RFC 6749 4.1.3, tokens.md 5)."""

import hashlib
import hmac

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, Env
from genkan.protocol.facts import CodeFacts
from genkan.protocol.outcomes import Ended, Event, EventKind, Redeemed, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Grant, GrantState, Link, LinkKind, Standing
from genkan.protocol.sealing import Code, redirect_digest
from genkan.wire import pkce


class RedeemAsked(msgspec.Struct, frozen=True):
    """A code exchange by an authenticated client. ``code`` is opened: its seal held."""

    code: Code
    client: Link
    redirect_uri: str | None
    verifier: str | None
    device_id: str | None
    user_agent: str
    address: str
    network: str
    key_id: int

    def __repr__(self) -> str:
        # The verifier is a secret.
        return f"<RedeemAsked of link {self.client.client_id}>"


def redeem(asked: RedeemAsked, facts: CodeFacts | None, env: Env, lifetimes: Lifetimes) -> Redeemed | Ended | Refused:
    """Make the grant, or say why not. A wrong client, secret, verifier or redirect URI consumes nothing.

    ``facts`` None: nobody has looked. The write of what is made asks for all of them once more anyway (tokens.md 5),
    and is refused where they are not as the code says.
    """
    refusal = _request_fault(asked) or _time_fault(asked.code, env, lifetimes)
    if refusal is not None:
        return refusal
    if facts is not None and facts.existing is not None:
        return _second_redemption(asked, facts.existing, env)
    refusal = None if facts is None else _facts_fault(asked.code, facts)
    if refusal is not None:
        return refusal
    grant = _new_grant(asked, env, lifetimes)
    return Redeemed(grant, asked.code.consent_mark, _event(EventKind.SIGNED_IN, asked, grant, env))


def _request_fault(asked: RedeemAsked) -> Refused | None:
    code = asked.code
    if code.link_id != asked.client.id:
        # RFC 6749 4.1.3: the code must have been issued to the client that shows it.
        return Refused(Reason.CODE_FOREIGN)
    if not asked.redirect_uri and code.redirect_given:
        # RFC 6749 4.1.3: redirect_uri is required when the authorization request had one.
        return Refused(Reason.REDIRECT_MISMATCH)
    if asked.redirect_uri and not hmac.compare_digest(redirect_digest(asked.redirect_uri), code.redirect):
        # RFC 6749 4.1.3: and identical to it.
        return Refused(Reason.REDIRECT_MISMATCH)
    return _verifier_fault(asked.verifier, code.challenge, asked.client)


def _verifier_fault(verifier: str | None, challenge: bytes | None, client: Link) -> Refused | None:
    if challenge is None:
        if verifier is not None:
            # Also when empty. RFC 9700 4.8.2: a verifier without a challenge is what a PKCE downgrade looks like.
            return Refused(Reason.VERIFIER_UNEXPECTED)
        # RFC 9700 2.1.1: public clients must use PKCE, also when the link became native after the code was issued.
        needed = client.kind is LinkKind.NATIVE or client.pkce_required
        return Refused(Reason.PKCE_REQUIRED) if needed else None
    if verifier is None:
        # RFC 7636 4.5: the verifier must come with the code.
        return Refused(Reason.VERIFIER_MISSING)
    if not pkce.verifies(verifier, challenge):
        # RFC 7636 4.6: compare what the verifier yields with the challenge kept.
        return Refused(Reason.VERIFIER_WRONG)
    return None


def _time_fault(code: Code, env: Env, lifetimes: Lifetimes) -> Refused | None:
    if code.issued_at - env.now > CLOCK_LEEWAY:
        return Refused(Reason.CODE_FROM_FUTURE)
    if env.now - code.issued_at > lifetimes.code + CLOCK_LEEWAY:
        # RFC 6749 4.1.2: a code is short-lived, at most ten minutes.
        return Refused(Reason.CODE_EXPIRED)
    return None


def _second_redemption(asked: RedeemAsked, existing: Grant, env: Env) -> Ended | Refused:
    """RFC 6749 4.1.2: denied, and what the first one made is revoked, since everything else was right."""
    refusal = Refused(Reason.CODE_REDEEMED)
    if existing.state is GrantState.ENDED:
        return refusal
    event = _event(EventKind.GRANT_ENDED, asked, existing, env, EndReason.CODE_REPLAYED)
    return Ended(existing.id, EndReason.CODE_REPLAYED, env.now, event, refusal)


def _facts_fault(code: Code, facts: CodeFacts) -> Refused | None:
    if facts.revoked or _stopped(code, facts.account, facts.link):
        return Refused(Reason.CODE_STOPPED)
    if facts.link is None or not facts.link.usable:
        return Refused(Reason.LINK_DISABLED)
    if facts.consent_mark != code.consent_mark:
        return Refused(Reason.CODE_CONSENT_WITHDRAWN)
    return None


def _stopped(code: Code, account: Account | None, link: Link | None) -> bool:
    """tokens.md 4: both stop counters must be what they were at authorize."""
    if account is None or link is None or link.standing is Standing.DELETED:
        return True
    return account.standing is not Standing.ACTIVE or account.stop != code.account_stop or link.stop != code.link_stop


def _new_grant(asked: RedeemAsked, env: Env, lifetimes: Lifetimes) -> Grant:
    code = asked.code
    refresh_expires_at = lifetimes.refresh_end(env.now, env.now, asked.client.absolute_lifetime)
    return Grant(
        id=code.grant_id,
        account_id=code.account_id,
        link_id=code.link_id,
        scope=code.scope,
        access_scope=code.scope,
        generation=0,
        key_id=asked.key_id,
        previous_key_id=asked.key_id,
        created_at=env.now,
        rotated_at=env.now,
        access_expires_at=lifetimes.access_end(env.now, refresh_expires_at),
        refresh_expires_at=refresh_expires_at,
        account_stop=code.account_stop,
        link_stop=code.link_stop,
        method=code.method,
        auth_time=code.auth_time,
        device=device_mark(asked.device_id) if asked.device_id else code.device,
        user_agent=asked.user_agent,
        address=asked.address,
        network=asked.network,
        redirect=code.redirect[:8],
        certificate=code.certificate,
    )


def device_mark(device_id: str) -> bytes:
    """What is kept of a device's own id: 16 bytes of its SHA-256, so that the row says nothing about the device."""
    return hashlib.sha256(b"genkan device " + device_id.encode("utf-8", "surrogatepass")).digest()[:16]


def _event(kind: EventKind, asked: RedeemAsked, grant: Grant, env: Env, reason: str = "") -> Event:
    return Event(
        kind,
        env.now,
        f"link:{asked.client.client_id}",
        grant.account_id,
        grant.link_id,
        grant.id,
        asked.address,
        reason,
    )
