"""A provider's key set, and the one key of it that a token's signature is verified with."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwk
from joserfc.errors import JoseError, SecurityWarning

from genkan.wire import jsontext
from genkan.wire.budget import DOCUMENT

LONGEST_SET = 512 * 1024
MOST_KEYS = 100
# RFC 7518 3.3 and 3.4: which kind of key an algorithm is for; an elliptic one is for exactly one curve.
_KIND: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""), "RS384": ("RSA", ""), "RS512": ("RSA", ""),
    "PS256": ("RSA", ""), "PS384": ("RSA", ""), "PS512": ("RSA", ""),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"),
}  # fmt: skip
LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Key:
    """One public key. ``kid`` and ``algorithm`` are empty where the set does not say."""

    kid: str
    algorithm: str
    kind: str
    curve: str
    key: jwk.Key


def read_keys(body: bytes) -> tuple[Key, ...] | str:
    """The public signature keys of a JWK set; what else is in it is passed over (RFC 7517 5). Else what is wrong."""
    document = jsontext.decode(body, DOCUMENT)
    if isinstance(document, jsontext.NotJSON):
        return "the key set is not JSON"
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return "the key set has no list of keys"
    found = [key for entry in listed[:MOST_KEYS] if isinstance(entry, dict) and (key := _key(entry)) is not None]
    return tuple(found) or "the key set has no key for signatures"


def _key(entry: dict[str, Any]) -> Key | None:
    # A symmetric key in a public set is known to everybody; an encryption key signs nothing (RFC 7517 4.2).
    if entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use", "sig") != "sig":
        return None
    public = {name: value for name, value in entry.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    if not all(isinstance(value, str) for value in public.values()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # what it warns of is refused below
            key = jwk.import_key(public)
        small = isinstance(key, jwk.RSAKey) and key.public_key.key_size < LEAST_RSA_BITS
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    kid, algorithm = entry.get("kid", ""), entry.get("alg", "")
    if small or not isinstance(kid, str) or not isinstance(algorithm, str):
        return None
    return Key(kid, algorithm, str(entry["kty"]), str(entry.get("crv", "")), key)


def key_for(keys: Sequence[Key], algorithm: str, kid: str) -> Key | str:
    """The key of that id that is for this algorithm. Without an id the set must leave no choice (OpenID Connect Core
    10.1). The token's header never brings a key or an address of one (RFC 8725 3.10).
    """
    wanted = _KIND.get(algorithm)
    fitting = [
        key for key in keys
        if (key.kind, key.curve) == wanted and key.algorithm in ("", algorithm) and (not kid or key.kid == kid)
    ]  # fmt: skip
    if not fitting:
        return "no key of the provider fits the token"
    return fitting[0] if len(fitting) == 1 else "several keys of the provider fit the token"
