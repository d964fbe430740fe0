"""Owns reading HTTP Basic client authentication (RFC 6749 2.3.1); decides nothing."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from genkan.wire.uri import form_decoded

LONGEST = 4096


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client id and the secret that came with it."""

    client_id: str
    client_secret: str = field(repr=False)


def parse_basic(header: str) -> ClientCredentials | None:
    """Read an `Authorization` value; None for every other scheme and for everything that is not well formed."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > LONGEST:
        return None
    encoded = encoded.strip(" ")
    try:
        raw = b64decode(encoded, validate=True)
        pair = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    if b64encode(raw).decode("ascii") != encoded:
        # RFC 4648 3.5: bits behind the last octet are zero, so that one pair has one spelling.
        return None
    name, colon, secret = pair.partition(":")
    decoded = (_form_decoded(name), _form_decoded(secret))
    if not colon or decoded[0] is None or decoded[1] is None or not decoded[0]:
        return None
    return ClientCredentials(decoded[0], decoded[1])


def _form_decoded(text: str) -> str | None:
    try:
        return form_decoded(text)
    except UnicodeDecodeError:
        return None
