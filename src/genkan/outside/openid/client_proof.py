"""How this site proves to a provider's token endpoint that it is itself."""

from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from genkan.protocol.env import MINUTE, SECOND, Env
from genkan.protocol.openid.discovery import Provider
from genkan.sources.openid import OpenIDSource

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = MINUTE
_KINDS: tuple[tuple[type, type[jwk.RSAKey | jwk.ECKey | jwk.OKPKey]], ...] = (
    (RSAPrivateKey, jwk.RSAKey), (EllipticCurvePrivateKey, jwk.ECKey), (Ed25519PrivateKey, jwk.OKPKey),
)  # fmt: skip
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class BadCredential(Exception):
    """The secret or key cannot be used: one sentence."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret, a private key, or neither."""

    secret: str = field(default="", repr=False)
    key: jwk.Key | None = field(default=None, repr=False)


def read_credential(source: OpenIDSource) -> Credential:
    """From the files that the table names. Raises BadCredential."""
    if source.client_secret_file:
        secret = _read(source.client_secret_file).decode("utf-8", "replace").strip()
        if not secret:
            raise BadCredential(f"{source.client_secret_file}: the file is empty")
        return Credential(secret=secret)
    if not source.private_key_file:
        return Credential()
    pem = _read(source.private_key_file)
    try:
        key = load_pem_private_key(pem, None)
        kind = next((jose for known, jose in _KINDS if isinstance(key, known)), None)
        made = kind.import_key(pem) if kind else None
        if made is not None and (not isinstance(made, jwk.ECKey) or made.curve_name in _BY_CURVE):
            return Credential(key=made)
    except (JoseError, ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise BadCredential(
        f"{source.private_key_file}: it is no unencrypted private key in PEM (RSA, P-256, P-384, P-521 or Ed25519)"
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise BadCredential(f"{path} cannot be read: {problem.strerror}") from None


def proof(
    source: OpenIDSource, credential: Credential, provider: Provider, env: Env
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The form fields and headers that go with a request to the token endpoint, as the provider takes them."""
    if credential.key is not None:
        assertion = _assertion(source, credential.key, provider, env)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}, []
    if not credential.secret:
        return {"client_id": source.client_id}, []
    if "client_secret_basic" in provider.client_authentication:
        # RFC 6749 2.3.1: both halves are form-encoded before they are joined.
        pair = f"{quote_plus(source.client_id)}:{quote_plus(credential.secret)}"
        return {}, [("authorization", "Basic " + b64encode(pair.encode()).decode())]
    return {"client_id": source.client_id, "client_secret": credential.secret}, []


def _assertion(source: OpenIDSource, key: jwk.Key, provider: Provider, env: Env) -> str:
    """RFC 7523 3: short, for one reader, never twice the same."""
    by_issuer = source.assertion_audience == "issuer"
    claims = {
        "iss": source.client_id,
        "sub": source.client_id,
        "aud": provider.issuer if by_issuer else provider.token_endpoint,
        "jti": env.draw(16).hex(),
        "iat": env.now // SECOND,
        "exp": (env.now + LIFE) // SECOND,
    }
    algorithm = _algorithm(key)
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


def _algorithm(key: jwk.Key) -> str:
    if isinstance(key, jwk.RSAKey):
        return "RS256"
    return _BY_CURVE[key.curve_name] if isinstance(key, jwk.ECKey) else "Ed25519"
