"""Owns the RFC 7636 vocabulary: methods, verifiers, challenges, comparison; not who must use it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from enum import StrEnum

from genkan.wire.uri import DIGITS, LETTERS, is_unreserved

_BASE64URL = LETTERS | DIGITS | frozenset("-_")
# 43 characters carry 258 bits, a SHA-256 has 256: these leave the two spare bits zero, so one digest has one spelling
_LAST_OF_43 = frozenset("AEIMQUYcgkosw048")


class Method(StrEnum):
    """RFC 7636 4.3: how a challenge was made from its verifier."""

    S256 = "S256"
    PLAIN = "plain"


_METHODS = {"S256": Method.S256, "sha256": Method.S256, "plain": Method.PLAIN}


def parse_method(text: str | None) -> Method | None:
    """Read `code_challenge_method`; absent means plain, `sha256` is the vendor's word for S256, unknown gives None."""
    # RFC 7636 4.3: defaults to plain when absent
    return Method.PLAIN if text is None else _METHODS.get(text)


def is_verifier(text: str) -> bool:
    """RFC 7636 4.1: 43 to 128 unreserved characters."""
    return 43 <= len(text) <= 128 and is_unreserved(text)


def is_challenge(text: str, method: Method) -> bool:
    """RFC 7636 4.2: for S256 the canonical base64url of 32 bytes, for plain the verifier itself."""
    if method is Method.PLAIN:
        return is_verifier(text)
    return len(text) == 43 and _BASE64URL.issuperset(text) and text[-1] in _LAST_OF_43


def challenge_of(verifier: str) -> str:
    """RFC 7636 4.2: the S256 challenge of a verifier, unpadded."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def digest(challenge: str, method: Method) -> bytes | None:
    """The 32 bytes to keep of a challenge: for either method the SHA-256 of the one verifier that answers it. None for
    what is no challenge of this method.
    """
    if not is_challenge(challenge, method):
        return None
    if method is Method.PLAIN:
        return hashlib.sha256(challenge.encode("ascii")).digest()
    return a2b_base64(challenge.replace("-", "+").replace("_", "/") + "=")


def verifies(verifier: str, kept: bytes) -> bool:
    """Whether a verifier answers the challenge that `kept` is the digest of; compared in constant time."""
    # RFC 7636 4.6; a verifier outside the grammar never verifies, whatever was kept
    return is_verifier(verifier) and hmac.compare_digest(hashlib.sha256(verifier.encode("ascii")).digest(), kept)
