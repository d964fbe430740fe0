"""Which keys and signatures still count: SHA-2 with RSA from 2048 bits, NIST curves from 256 bits, Edwards curves."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

LEAST_RSA_BITS = 2048
MOST_RSA_BITS = 8192  # beyond, one signature costs more than all else of a request
MOST_RSA_EXPONENT_BITS = 64
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_SIGNATURES = frozenset(
    {
        Signature.RSA_WITH_SHA256,
        Signature.RSA_WITH_SHA384,
        Signature.RSA_WITH_SHA512,
        Signature.RSASSA_PSS,
        Signature.ECDSA_WITH_SHA256,
        Signature.ECDSA_WITH_SHA384,
        Signature.ECDSA_WITH_SHA512,
        Signature.ED25519,
        Signature.ED448,
    }
)
_WITHOUT_HASH = frozenset({Signature.ED25519, Signature.ED448})


def key_fault(key: object) -> str:
    """Why a key does not count; empty where it does."""
    match key:
        case rsa.RSAPublicKey():
            return _rsa_fault(key)
        case ec.EllipticCurvePublicKey():
            known = isinstance(key.curve, _CURVES)
            return "" if known else f"a key on the curve {key.curve.name}"
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return ""
        case _:
            return f"a key of the kind {type(key).__name__.removesuffix('PublicKey')}"


def _rsa_fault(key: rsa.RSAPublicKey) -> str:
    if key.key_size < LEAST_RSA_BITS:
        return f"an RSA key of {key.key_size} bits"
    exponent = key.public_numbers().e
    if key.key_size > MOST_RSA_BITS or exponent.bit_length() > MOST_RSA_EXPONENT_BITS:
        return f"an RSA key of {key.key_size} bits with an exponent of {exponent.bit_length()} bits"
    return "" if exponent >= 3 else "an RSA key with the exponent 1"


def signature_fault(oid: x509.ObjectIdentifier, algorithm: hashes.HashAlgorithm | None) -> str:
    """Why a signature of this algorithm does not count; empty where it does."""
    if oid in _WITHOUT_HASH:
        return ""
    if oid in _SIGNATURES and isinstance(algorithm, _HASHES):
        return ""
    return f"a signature with {algorithm.name}" if algorithm else f"a signature of the kind {oid.dotted_string}"
