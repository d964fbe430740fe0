"""Owns the reading of the address that the browser brings back (RFC 6749 4.1.2, RFC 9207); exchanges nothing."""

import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from genkan.wire import uri
from genkan.wire.jsontext import shown

LONGEST = 16384
MOST_PARAMETERS = 64


@dataclass(frozen=True, slots=True)
class CallbackCode:
    """The authorization code of an answer that is ours."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """The site's refusal, in an answer that is ours."""

    error: str
    description: str | None


@dataclass(frozen=True, slots=True)
class CallbackWrong:
    """An address that is not the answer to our request, and why; no part of it is to be used."""

    why: str


def parse_callback(
    url: str, *, state: str, redirect_uri: str, issuer: str | None
) -> CallbackCode | CallbackRefused | CallbackWrong:
    """Judge the address that came back.

    `redirect_uri` is the one that was asked, port included. `issuer` is the site's issuer where its metadata promises
    `iss`, None where it promises nothing: then `iss` is not looked at. Never raises.
    """
    pairs = _answer_pairs(url, redirect_uri)
    if isinstance(pairs, CallbackWrong):
        return pairs
    answer = dict(pairs)
    if len(answer) != len(pairs):
        # RFC 6749 3.1: response parameters are not included more than once
        return CallbackWrong("a parameter is repeated")
    if issuer is not None and answer.get("iss") != issuer:
        # RFC 9207 2.4: compared as simple strings, and a promised one may not be missing
        return CallbackWrong(
            "the answer comes from another issuer" if "iss" in answer else "the answer names no issuer"
        )
    if not _same(answer.get("state", ""), state):
        # RFC 6749 10.12, before anything else is believed
        return CallbackWrong("the state is not the one of this sign-in")
    return _verdict(answer)


def _verdict(answer: dict[str, str]) -> CallbackCode | CallbackRefused | CallbackWrong:
    code, error = answer.get("code"), answer.get("error")
    if code and error is None:
        return CallbackCode(code)
    if error and code is None:
        return CallbackRefused(shown(error, 80) or "", shown(answer.get("error_description")))
    return CallbackWrong(
        "the answer has neither a code nor an error" if not code else "the answer has a code and an error"
    )


def _same(given: str, expected: str) -> bool:
    # An empty expected state would let any address without one through
    return bool(expected) and hmac.compare_digest(_octets(given), _octets(expected))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _answer_pairs(url: str, redirect_uri: str) -> list[tuple[str, str]] | CallbackWrong:
    if len(url) > LONGEST:
        return CallbackWrong("the address is too long")
    came, asked = uri.split(url), uri.split(redirect_uri)
    if came is None or asked is None or _place(came) != _place(asked):
        return CallbackWrong("the address is not the redirect address of this sign-in")
    pairs, own = _pairs(came.query), _pairs(asked.query)
    if pairs is None or own is None or len(pairs) > MOST_PARAMETERS:
        return CallbackWrong("the query of the address cannot be read")
    if pairs[: len(own)] != own:
        return CallbackWrong("the address lacks the query of the redirect address")
    return pairs[len(own) :]


def _place(parts: uri.URI) -> tuple[str, str | None, str]:
    # RFC 3986 6.2.2.1, 6.2.3: on the way through a browser scheme and host lose their case and an empty path becomes
    # a slash. A fragment is no part of the place: some providers append one, and browsers carry it along.
    authority = None if parts.authority is None else parts.authority.lower()
    return parts.scheme.lower(), authority, parts.path or "/"


def _pairs(query: str | None) -> list[tuple[str, str]] | None:
    pairs: list[tuple[str, str]] = []
    for piece in (query or "").split("&"):
        name, _, value = piece.partition("=")
        decoded = (_decoded(name), _decoded(value))
        if decoded[0] is None or decoded[1] is None:
            return None
        if piece:
            pairs.append((decoded[0], decoded[1]))
    return pairs


def _decoded(text: str) -> str | None:
    if not uri.escapes_hold(text):
        return None
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except ValueError:
        return None
