"""The one place where py_webauthn is called, and only where its answer depends on nothing but its input: signatures of
a passkey that is used, and of one that was made without attestation or with its own.

Certificates are never given to it, since it would ask the clock of the machine about them.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from genkan.protocol.signin.cbor import Value, read
from genkan.protocol.signin.passkey_data import Asserted, Created

# WebAuthn 5.3 with the registry of COSE: ES256, EdDSA (Ed25519) and RS256, which is what platforms make.
ALGORITHMS = (-8, -7, -257)
# RS1, which the library knows for the sake of old keys.
_RSA_WITH_SHA1 = -65535
_LEAST_MODULUS, _MOST_MODULUS, _MOST_EXPONENT = 256, 512, 4
# Verified against where there is no such passkey, so that an unknown one costs what a known one costs. Nobody has its
# private half: x is the first that is on the curve from the SHA-256 of "nobody has this passkey" on.
DECOY = bytes.fromhex(
    "a5010203262001"
    "2158209ab6a94d24dd3aaaa433bed90efdda57b32f81b2cff0725edddd728c059a63f4"
    "225820af293e166d2efc9c77fa1507f073f5d3b3a6e681960f156260d6a0601f03484d"
)


def is_signed(asserted: Asserted, challenge: bytes, rp_id: str, public_key: bytes) -> bool:
    """WebAuthn 7.2 steps 21 to 23: the key signed this authenticator data and this client data."""
    # Here and not above: what it loads takes a tenth of a second, which only the first passkey waits for.
    from webauthn import verify_authentication_response  # noqa: PLC0415

    try:
        verify_authentication_response(
            credential=asserted.text,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=asserted.client.origin,
            credential_public_key=public_key,
            # The counter is judged by our own rule, which knows what to do about it.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - whatever its parsers raise, it did not say yes
        return False
    return True


def is_self_consistent(created: Created, challenge: bytes, rp_id: str) -> bool:
    """WebAuthn 7.1 steps 19 to 22 without certificates: the statement is empty (none) or signed by the key itself
    (packed), the key is of an algorithm that was asked for, and of a size that is safe and quick.
    """
    if created.format not in ("none", "packed") or "x5c" in created.statement or not has_fit_key(created):
        return False
    from webauthn import verify_registration_response  # noqa: PLC0415 as above
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415

    try:
        verify_registration_response(
            credential=created.text,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=created.client.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        )
    except Exception:  # noqa: BLE001 as above
        return False
    return True


def has_fit_key(created: Created) -> bool:
    """WebAuthn 7.1 step 20 with 6.5.6: an algorithm that was asked for, with a key that can be loaded and is neither
    weak nor slow.
    """
    key = read(created.authenticator.public_key)
    if not isinstance(key, Mapping):
        return False
    kind, algorithm = key.get(1), key.get(3)
    match algorithm:
        case -7:
            return kind == 2 and key.get(-1) == 1 and key_of(created) is not None
        case -8:
            return kind == 1 and key.get(-1) == 6 and key_of(created) is not None
        case -257:
            return kind == 3 and _is_fit_rsa(key) and key_of(created) is not None
        case _:
            return False


def _is_fit_rsa(key: Mapping[int | str, Value]) -> bool:
    modulus, exponent = key.get(-1), key.get(-2)
    if not isinstance(modulus, bytes) or not isinstance(exponent, bytes):
        return False
    return _LEAST_MODULUS <= len(modulus) <= _MOST_MODULUS and 0 < len(exponent) <= _MOST_EXPONENT


def verifies(public_key: PublicKeyTypes, algorithm: Value, signature: Value, data: bytes) -> bool:
    """Whether this is the key's signature over the data, by an algorithm of COSE."""
    from webauthn.helpers import verify_signature  # noqa: PLC0415 as above
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415

    try:
        if not isinstance(signature, bytes) or not isinstance(algorithm, int):
            return False
        known = COSEAlgorithmIdentifier(algorithm)
        verify_signature(public_key=public_key, signature_alg=known, signature=signature, data=data)
    except Exception:  # noqa: BLE001 as above
        return False
    return algorithm != _RSA_WITH_SHA1


def is_signed_by_tpm(created: Created) -> bool:
    """WebAuthn 8.3: the TPM certified this very key. It is given no roots and asks no clock: whether its certificate
    leads anywhere is judged by our own chain check.
    """
    from webauthn.helpers.parse_attestation_statement import parse_attestation_statement  # noqa: PLC0415 as above
    from webauthn.registration.formats.tpm import verify_tpm  # noqa: PLC0415

    try:
        return created.statement.get("alg") != _RSA_WITH_SHA1 and verify_tpm(
            attestation_statement=parse_attestation_statement(
                {str(name): value for name, value in created.statement.items()}
            ),
            attestation_object=created.attestation_raw,
            client_data_json=created.client_raw,
            credential_public_key=created.authenticator.public_key,
            pem_root_certs_bytes=[],
        )
    except Exception:  # noqa: BLE001 as above
        return False


def key_of(created: Created) -> PublicKeyTypes | None:
    """The credential's public key."""
    from webauthn.helpers import (  # noqa: PLC0415 as above
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
    )

    try:
        return decoded_public_key_to_cryptography(decode_credential_public_key(created.authenticator.public_key))
    except Exception:  # noqa: BLE001 as above
        return None
