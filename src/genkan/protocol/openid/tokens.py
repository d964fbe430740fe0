"""A provider's signed tokens: the ID token that says who signed in, and the logout token that says who signed out. Each
check of OpenID Connect is made, none is skipped where a claim is missing.
"""

import hashlib
import hmac
import warnings
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.openid.faults import Fault, invalid
from genkan.protocol.openid.keys import Key, key_for
from genkan.wire import jsontext
from genkan.wire.budget import DOCUMENT

LONGEST_TOKEN = 64 * 1024
LONGEST_SUBJECT = 255
OLDEST_ISSUED = 10 * MINUTE
BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_HASHES: Mapping[str, str] = {
    "RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "RS384": "sha384", "PS384": "sha384", "ES384": "sha384",
    "RS512": "sha512", "PS512": "sha512", "ES512": "sha512", "EdDSA": "sha512", "Ed25519": "sha512",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens count, and for whom: from our own settings, never from a token. ``leeway`` in milliseconds."""

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    leeway: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What this very sign-in asked for. ``max_age`` in milliseconds, None where an old sign-in would do."""

    nonce: str
    access_token: str
    max_age: int | None


@dataclass(frozen=True, slots=True)
class IdToken:
    """A good ID token. ``auth_time`` in milliseconds, None where the provider does not say."""

    subject: str
    auth_time: int | None
    sid: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """A good logout token: the subject, the provider's session, or both."""

    subject: str
    sid: str
    jti: str
    expires_at: int


def read_id_token(text: str, keys: Sequence[Key], trust: Trust, asked: Asked, now: int) -> IdToken | Fault:
    """OpenID Connect Core 3.1.3.7, all of it."""
    opened = _opened(text, keys, trust, ("", "JWT"))
    if isinstance(opened, Fault):
        return opened
    algorithm, claims = opened
    fault = (
        _party_fault(claims, trust)
        or _time_fault(claims, trust, now)
        or _nonce_fault(claims, asked)
        or _hash_fault(claims, algorithm, asked)
        or _age_fault(claims, trust, asked, now)
    )
    if fault:
        return invalid(fault)
    return IdToken(claims["sub"], _moment(claims.get("auth_time")), _text(claims.get("sid")), claims)


def read_logout_token(text: str, keys: Sequence[Key], trust: Trust, now: int) -> LogoutToken | Fault:
    """OpenID Connect Back-Channel Logout 1.0 2.6."""
    opened = _opened(text, keys, trust, ("", "JWT", "logout+jwt"))
    if isinstance(opened, Fault):
        return opened
    _, claims = opened
    fault = _issuer_fault(claims, trust) or _time_fault(claims, trust, now) or _logout_fault(claims)
    if fault:
        return invalid(fault)
    expires_at = _moment(claims["exp"]) or now
    return LogoutToken(_text(claims.get("sub")), _text(claims.get("sid")), claims["jti"], expires_at + trust.leeway)


# --- The envelope -----------------------------------------------------------------------------------------------------


def _opened(text: str, keys: Sequence[Key], trust: Trust, types: tuple[str, ...]) -> tuple[str, dict[str, Any]] | Fault:
    """The algorithm and the claims of a token that the provider signed."""
    if len(text) > LONGEST_TOKEN or not text.isascii() or text.count(".") != 2:
        return invalid("the token is not a signed one")
    try:
        header = jws.extract_compact(text.encode(), registry=_registry(trust.algorithms)).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return invalid("the token's header cannot be read")
    algorithm, kid, kind = header.get("alg"), header.get("kid", ""), header.get("typ", "")
    # RFC 8725 3.1, 3.11: algorithm and type are what we expect, not what the token says of itself.
    if not isinstance(algorithm, str) or algorithm not in trust.algorithms:
        return invalid("alg is not one that counts")
    if not isinstance(kid, str) or not isinstance(kind, str) or kind.removeprefix("application/") not in types:
        return invalid("typ or kid is not what it should be")
    key = key_for(keys, algorithm, kid)
    if isinstance(key, str):
        return replace(invalid(key), names_unknown_key=True)
    claims = _verified(text, key, algorithm)
    return invalid("the signature or the claims are not right") if claims is None else (algorithm, claims)


def _registry(algorithms: Sequence[str]) -> jws.JWSRegistry:
    # RFC 7515 4: a header that is not understood is ignored, unless crit says that it must be.
    return jws.JWSRegistry(strict_check_header=False, algorithms=list(algorithms))


def _verified(text: str, key: Key, algorithm: str) -> dict[str, Any] | None:
    try:
        with warnings.catch_warnings():
            # The name EdDSA has a successor (RFC 9864), which few providers write yet; the signature is the same.
            warnings.simplefilter("ignore", SecurityWarning)
            opened = jws.deserialize_compact(text, key.key, registry=_registry([algorithm]))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return jsontext.decode_object(opened.payload, DOCUMENT)


# --- The claims -------------------------------------------------------------------------------------------------------


def _issuer_fault(claims: Mapping[str, Any], trust: Trust) -> str:
    """Who wrote it and for whom."""
    if claims.get("iss") != trust.issuer:
        return "iss is another one"
    audience = _audience(claims)
    return "" if trust.client_id in audience else "aud does not name this site"


def _party_fault(claims: Mapping[str, Any], trust: Trust) -> str:
    fault = _issuer_fault(claims, trust)
    if fault:
        return fault
    if not (isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= LONGEST_SUBJECT):
        return "sub is missing or too long"
    # Core 3.1.3.7 3 to 5: further audiences count only where azp says that it was made for us.
    if len(_audience(claims)) > 1 and "azp" not in claims:
        return "azp is missing beside several audiences"
    return "" if claims.get("azp", trust.client_id) == trust.client_id else "azp is another one"


def _audience(claims: Mapping[str, Any]) -> list[str]:
    audience = claims.get("aud")
    listed: list[Any] = audience if isinstance(audience, list) else [audience]
    return listed if listed and all(isinstance(one, str) for one in listed) else []


def _time_fault(claims: Mapping[str, Any], trust: Trust, now: int) -> str:
    expires, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if expires is None or issued is None:
        return "exp or iat is missing"
    if now - trust.leeway >= expires:
        return "exp has passed"
    if issued > now + trust.leeway:
        return "iat is in the future: compare the clocks"
    if issued < now - trust.leeway - OLDEST_ISSUED:
        return "iat is long ago: compare the clocks"
    if "nbf" in claims:
        since = _moment(claims["nbf"])
        if since is None or since > now + trust.leeway:
            return "nbf is in the future: compare the clocks"
    return ""


def _nonce_fault(claims: Mapping[str, Any], asked: Asked) -> str:
    nonce = claims.get("nonce")
    good = isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), asked.nonce.encode())
    return "" if good else "nonce is another one"


def _hash_fault(claims: Mapping[str, Any], algorithm: str, asked: Asked) -> str:
    """Core 3.1.3.8. Where it is there it must be right: one that cannot be computed is not right."""
    if "at_hash" not in claims:
        return ""
    digest = hashlib.new(_HASHES[algorithm], asked.access_token.encode()).digest()
    wanted = jws_base64(digest[: len(digest) // 2])
    given = claims["at_hash"]
    return "" if isinstance(given, str) and hmac.compare_digest(given.encode(), wanted) else "at_hash is another one"


def jws_base64(value: bytes) -> bytes:
    """base64url without padding, as JOSE writes it."""
    return b2a_base64(value, newline=False).rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_"))


def _age_fault(claims: Mapping[str, Any], trust: Trust, asked: Asked, now: int) -> str:
    """Core 3.1.3.7 13: a fresh sign-in was asked for, so the token must say when it was."""
    at = _moment(claims.get("auth_time"))
    if "auth_time" in claims and (at is None or at > now + trust.leeway):
        return "auth_time is in the future: compare the clocks"
    if asked.max_age is None:
        return ""
    if at is None:
        return "auth_time is missing, though a fresh sign-in was asked for"
    return "" if at >= now - asked.max_age - trust.leeway else "auth_time is older than was asked for"


def _logout_fault(claims: Mapping[str, Any]) -> str:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_EVENT), dict):
        return "events does not say that this is a sign-out"
    # Back-Channel Logout 2.4: an ID token must never pass for one.
    if "nonce" in claims:
        return "nonce stands in a logout token"
    if not (isinstance(claims.get("jti"), str) and 0 < len(claims["jti"]) <= LONGEST_SUBJECT):
        return "jti is missing or too long"
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    good = named and all(isinstance(one, str) and 0 < len(one) <= LONGEST_SUBJECT for one in named)
    return "" if good else "sub and sid are missing or too long"


def _moment(value: object) -> int | None:
    """Seconds since the epoch as milliseconds; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**11:
        return None
    return int(value * SECOND)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_SUBJECT else ""
