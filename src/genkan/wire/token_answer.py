"""Owns the token endpoint's answer (RFC 6749 5): how it is written and read, and what a failure asks of a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from genkan.wire.jsontext import decode_object, integer, shown, text

BEARER = "bearer"
DEFAULT_EXPIRES_IN = 3600  # what the vendor documents; RFC 6749 5.1 lets a provider leave the value out
LONGEST_LIFE = 2**31 - 1
INVALID_RESPONSE = "invalid_response"  # ours, for an answer that is no answer: it never travels


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """RFC 6749 5.1 with the vendor's `created_at` (seconds since 1970)."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scope: str | None = None
    created_at: int | None = None
    token_type: str = BEARER

    def encode(self) -> dict[str, str | int]:
        """The JSON object, without what is absent."""
        members: dict[str, str | int | None] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "created_at": self.created_at,
            "scope": self.scope,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OAuthFailure:
    """A refusal as a client has to take it: sign in again, try again later, or tell what is set up wrongly."""

    kind: Literal["sign_in_again", "retry", "configuration"]
    error: str
    description: str | None
    status: int
    retry_after: int | None = None


def parse_token_answer(status: int, body: bytes, *, retry_after: str | None = None) -> TokenAnswer | OAuthFailure:
    """Read the answer to a code exchange or refresh; `retry_after` is the header of that name. Never raises."""
    members = decode_object(body)
    error = shown(members.get("error"), 80) if members is not None else None
    if not 200 <= status <= 299 or error is not None:
        return _failure(status, error, members or {}, retry_after)
    answer = _answer(members or {})
    if answer is None:
        # A proxy's page or a captive portal's: the session may be in good order, so nobody is told to sign in again
        return OAuthFailure("configuration", INVALID_RESPONSE, "The answer is not a token answer.", status)
    return answer


def parse_revocation_answer(status: int, body: bytes, *, retry_after: str | None = None) -> OAuthFailure | None:
    """Read the answer to a revocation: None when the token is gone. Never raises."""
    # RFC 7009 2.2: 200 whether or not the token was known, and the body means nothing
    if 200 <= status <= 299:
        return None
    members = decode_object(body) or {}
    return _failure(status, shown(members.get("error"), 80), members, retry_after)


def _failure(status: int, error: str | None, members: Mapping[str, object], retry_after: str | None) -> OAuthFailure:
    description = shown(members.get("error_description"))
    if status in {408, 429} or status >= 500:
        # The status outweighs the body: what stands between may answer for a provider that is down
        return OAuthFailure("retry", error or "", description, status, seconds_in(retry_after))
    # RFC 6749 5.2: invalid_grant is the one code that says the sign-in itself is over
    kind: Literal["sign_in_again", "configuration"] = "sign_in_again" if error == "invalid_grant" else "configuration"
    return OAuthFailure(kind, error or "", description, status)


def seconds_in(header: str | None) -> int | None:
    """The seconds that a ``Retry-After`` header names, None where it names a date or nothing."""
    seconds = integer(header.strip()) if header is not None else None
    return None if seconds is None else min(seconds, LONGEST_LIFE)


def _answer(members: Mapping[str, object]) -> TokenAnswer | None:
    access, refresh = text(members.get("access_token")), text(members.get("refresh_token"))
    token_type = members.get("token_type", BEARER)
    # RFC 6749 7.1: a client does not use a token of a type that it does not know; 5.1: the type is case-insensitive
    if access is None or not isinstance(token_type, str) or token_type.lower() != BEARER:
        return None
    if not _is_token(access) or (refresh is not None and not _is_token(refresh)):
        return None
    life, scope = integer(members.get("expires_in")), text(members.get("scope"))
    return TokenAnswer(
        access,
        refresh,
        DEFAULT_EXPIRES_IN if life is None else max(0, min(life, LONGEST_LIFE)),
        scope,
        integer(members.get("created_at")),
    )


def _is_token(token: str) -> bool:
    # RFC 6749 A.12, A.17: visible characters and space only, so a token never ends a header line
    return token.isascii() and token.isprintable()
