"""Outcome -> HTTP answer: JSON for clients, redirects for browsers, and every refusal by its row in the table of
reasons.
"""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from msgspec import structs

from genkan.protocol.authorize import ErrorRedirect
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.wire import redirects
from genkan.wire.oauth import ErrorCode

Headers = tuple[tuple[bytes, bytes], ...]
JSON: Headers = ((b"content-type", b"application/json;charset=UTF-8"), (b"cache-control", b"no-store"))
# RFC 6749 5.1: token answers are never stored; Pragma for the oldest of caches.
TOKEN: Headers = (*JSON, (b"pragma", b"no-cache"))
CONFLICT = 409  # RFC 9110 15.5.10
NO_CONTENT = 204  # RFC 9110 15.3.5, 8.6: no body, and no word about its length
# Our sentences are set for people; a program is sent what a keyboard has.
_TYPED = str.maketrans({"“": "'", "”": "'", "’": "'", "…": "...", "–": "-"})
# What an address keeps as it is, the percent sign of what is encoded already among it.
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_encoder = msgspec.json.Encoder()


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, whole; or with ``parts``, which are made while they are sent because nobody knows how many there
    will be.
    """

    status: int
    headers: Headers
    body: bytes = b""
    parts: AsyncGenerator[bytes, None] | None = None

    def __repr__(self) -> str:
        # Body and headers carry secrets.
        return f"<Answer {self.status}>"

    def plus(self, *headers: tuple[bytes, bytes]) -> "Answer":
        """The same answer with more headers."""
        return structs.replace(self, headers=(*self.headers, *headers))


@dataclass(frozen=True, slots=True)
class Constant:
    """A document that is the same for everybody as long as the process runs: its bytes are made once."""

    whole: Answer
    unchanged: Answer
    tag: bytes

    @classmethod
    def of(cls, body: bytes, media_type: bytes) -> "Constant":
        """With a strong validator (RFC 9110 8.8.3) and an hour in any cache."""
        tag = b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()
        kept = ((b"etag", tag), (b"cache-control", b"public, max-age=3600"), (b"x-content-type-options", b"nosniff"))
        return cls(Answer(200, ((b"content-type", media_type), *kept), body), Answer(304, kept), tag)

    def to(self, known: str | None) -> Answer:
        """The answer to who has these validators already (RFC 9110 13.1.2: compared weakly)."""
        tags = [one.strip().removeprefix("W/") for one in (known or "").split(",")]
        return self.unchanged if "*" in tags or self.tag.decode() in tags else self.whole


def json(value: object, status: int = 200, headers: Headers = JSON) -> Answer:
    """A JSON document."""
    return Answer(status, headers, _encoder.encode(value))


def token(access: str, refresh: str, expires_in: int, scope: str | None, created_at: int) -> Answer:
    """RFC 6749 5.1, with ``created_at`` in seconds as Jira answers; ``expires_in`` says what is left."""
    told: dict[str, object] = {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": expires_in,
        "refresh_token": refresh,
        "created_at": created_at,
    }
    if scope is not None:
        told["scope"] = scope
    return json(told, headers=TOKEN)


def error(refused: Refused, *, basic: bool = False) -> Answer:
    """RFC 6749 5.2: an OAuth error for a client. ``basic``: it tried HTTP Basic and is shown the challenge."""
    row = entry(refused.reason)
    headers = TOKEN
    if row.status == 401 and basic:
        headers = (*headers, (b"www-authenticate", b'Basic realm="Genkan"'))
    if refused.retry_after is not None:
        headers = (*headers, (b"retry-after", str(refused.retry_after).encode()))
    return json(error_document(error_body(refused), refused.reason), row.status, headers)


def error_body(refused: Refused) -> dict[str, str]:
    """The error document: code and public sentence, never the operator's hint."""
    row = entry(refused.reason)
    public = row.public if not _tells_detail(refused) else f"{row.public} ({refused.detail})"
    return {"error": row.wire.value, "error_description": _description(public)}


def error_document(body: Mapping[str, str], reason: Reason | None = None) -> dict[str, object]:
    """The error with what clients of a Jira look for: its sentence as ``errorMessages``, and ``errors`` of fields,
    which are not told apart here. Of a conflict ``code`` says which it is.
    """
    told: dict[str, object] = {**body, "errorMessages": [body["error_description"]], "errors": {}}
    if reason is not None and entry(reason).status == CONFLICT:
        told["code"] = reason.value
    return told


def busy(retry_after: int = 1) -> Answer:
    """503: the race was lost too often, or a queue is full."""
    return error(Refused(Reason.BUSY, retry_after=retry_after))


def bearer_error(
    refused: Refused, realm: str, scope: str | None = None, needs: Mapping[str, str] | None = None
) -> Answer:
    """RFC 6750 3: the challenge that tells an app whether to refresh, to sign in or to give up. ``needs`` are the
    acr_values and max_age of RFC 9470 3, for a sign-in that was too weak.
    """
    row = entry(refused.reason)
    if row.status in (503, 429):
        return error(refused)
    status = 403 if row.wire is ErrorCode.INSUFFICIENT_SCOPE else 400 if refused.reason is Reason.BEARER_TWICE else 401
    parts = [f'Bearer realm="{realm}"']
    if refused.reason is not Reason.BEARER_MISSING:
        # RFC 6750 3.1: no error code for a request without any authentication.
        code = {403: "insufficient_scope", 400: "invalid_request", 401: "invalid_token"}[status]
        if row.wire is ErrorCode.INSUFFICIENT_USER_AUTHENTICATION:
            code = row.wire.value
        parts += [f'error="{code}"', f'error_description="{_description(_public(refused))}"']
    if scope is not None and status == 403:
        parts.append(f'scope="{scope}"')
    parts += [f'{name}="{value}"' for name, value in (needs or {}).items()]
    body = {
        "error": parts[1].split('"')[1] if len(parts) > 1 else "invalid_token",
        "error_description": _public(refused),
    }
    return json(
        error_document(body), status, (*JSON, (b"www-authenticate", ", ".join(parts).encode("ascii", "replace")))
    )


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect that is never stored (RFC 9700 4.12: 303 after a form, so that no body is sent on). What a person
    typed may be part of the address: a line end in it must not end the header (RFC 9110 5.5).
    """
    if not (location.isascii() and location.isprintable()):
        location = quote(location, safe=_VISIBLE)
    return Answer(
        status,
        (
            (b"location", location.encode("ascii")),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
        ),
    )


def redirect_parameters(parameters: Mapping[str, str], state: str | None, issuer: str) -> dict[str, str]:
    """What goes back to the application: ``state`` as sent (RFC 6749 4.1.2) and ``iss`` (RFC 9207 2)."""
    return {**parameters, **({} if state is None else {"state": state}), "iss": issuer}


def error_location(outcome: ErrorRedirect, issuer: str) -> str:
    """RFC 6749 4.1.2.1: where an error goes once client and redirect URI are known to be good."""
    return redirects.with_answer(
        outcome.redirect_uri, redirect_parameters(error_body(outcome.refused), outcome.state, issuer)
    )


def _public(refused: Refused) -> str:
    """The public sentence. Of a certificate it is the fault's own, told to whoever proved to have its key."""
    if refused.reason is Reason.CERTIFICATE_REFUSED and refused.detail:
        return refused.detail
    return entry(refused.reason).public


def _tells_detail(refused: Refused) -> bool:
    told = (Reason.MISSING_PARAMETER, Reason.REPEATED_PARAMETER, Reason.INVALID_VALUE, Reason.WRONG_CONTENT_TYPE)
    return bool(refused.detail) and refused.reason in told


def _description(text: str) -> str:
    """RFC 6749 5.2: visible ASCII without quotes and backslashes."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in text.translate(_TYPED))
