"""An authenticator in software, for tests: makes passkeys and uses them as WebAuthn says, and wrongly where told so."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ZERO = bytes(16)
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def base64url(raw: bytes) -> str:
    """As browsers write bytes."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """And back."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(algorithm: int = -7) -> Key:
    """A key pair of this algorithm of COSE."""
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == -35 else ec.SECP256R1())


def cose(key: Key, algorithm: int) -> bytes:
    """The public key as authenticators write it."""
    match key:
        case ed25519.Ed25519PrivateKey():
            point = {1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()}
        case rsa.RSAPrivateKey():
            numbers = key.public_key().public_numbers()
            point = {1: 3, 3: algorithm, -1: numbers.n.to_bytes(numbers.n.bit_length() // 8 + 1, "big").lstrip(b"\0"),
                     -2: numbers.e.to_bytes(3, "big")}  # fmt: skip
        case _:
            public = key.public_key().public_numbers()
            size = (key.curve.key_size + 7) // 8
            curve = {256: 1, 384: 2}[key.curve.key_size]
            point = {1: 2, 3: algorithm, -1: curve, -2: public.x.to_bytes(size, "big"),
                     -3: public.y.to_bytes(size, "big")}  # fmt: skip
    return cbor2.dumps(point, canonical=True)


def sign(key: Key, data: bytes) -> bytes:
    """The signature that belongs to the key."""
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case rsa.RSAPrivateKey():
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        case _:
            return key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass
class SoftwareKey:
    """One passkey. ``counter`` 0 keeps none, as synced passkeys do."""

    origin: str = "https://site.example"
    algorithm: int = -7
    flags: int = UP | UV
    counter: int = 0
    aaguid: bytes = ZERO
    id: bytes = b"credential-of-one"
    key: Key = field(default_factory=new_key, repr=False)
    handle: bytes = b""
    rp_id: str = ""

    def __post_init__(self) -> None:
        """The key fits the algorithm."""
        if self.algorithm != -7 and isinstance(self.key, ec.EllipticCurvePrivateKey):
            self.key = new_key(self.algorithm)

    def client_data(self, kind: str, issued: str, changes: Mapping[str, Any]) -> bytes:
        """WebAuthn 5.8.1."""
        told = {"type": kind, "challenge": issued, "origin": self.origin, "crossOrigin": False, **changes}
        return json.dumps({name: value for name, value in told.items() if value is not None}).encode()

    def data(self, *, attested: bool, flags: int | None = None, rp_id: str = "", **parts: Any) -> bytes:
        """WebAuthn 6.1: the authenticator data; ``parts`` replaces id, key, aaguid, counter, extra."""
        flags = self.flags if flags is None else flags
        counter = parts.get("counter", self.counter)
        head = hashlib.sha256((rp_id or self.rp_id).encode()).digest()
        made = head + bytes([flags | (AT if attested else 0)]) + counter.to_bytes(4, "big")
        if attested:
            number = parts.get("id", self.id)
            public = parts.get("public", cose(self.key, self.algorithm))
            made += parts.get("aaguid", self.aaguid) + len(number).to_bytes(2, "big") + number + public
        return bytes(made + parts.get("extra", b""))

    def create(
        self,
        options: Mapping[str, Any],
        *,
        client: Mapping[str, Any] | None = None,
        attest: Callable[[bytes, bytes], tuple[str, dict[str, Any]]] | None = None,
        data: Mapping[str, Any] | None = None,
        outer: Mapping[str, Any] | None = None,
    ) -> str:
        """navigator.credentials.create(): the JSON of the answer. ``client`` and ``data`` are what is done wrong."""
        public = options.get("publicKey", options)
        self.handle = from_base64url(public["user"]["id"])
        self.rp_id = self.rp_id or public["rp"]["id"]
        client_raw = self.client_data("webauthn.create", public["challenge"], client or {})
        authenticator = self.data(attested=True, **(data or {}))
        kind, statement = (attest or _none)(authenticator, hashlib.sha256(client_raw).digest())
        attestation = cbor2.dumps({"fmt": kind, "attStmt": statement, "authData": authenticator})
        response = {
            "clientDataJSON": base64url(client_raw),
            "attestationObject": base64url(attestation),
            "transports": ["internal", "hybrid"],
        }
        return self._told(response, outer)

    def get(
        self,
        options: Mapping[str, Any],
        *,
        client: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        handle: bytes | None = b"",
        signature: Callable[[bytes], bytes] | None = None,
        outer: Mapping[str, Any] | None = None,
    ) -> str:
        """navigator.credentials.get(): the JSON of the answer; a key with a counter counts on."""
        public = options.get("publicKey", options)
        if self.counter:
            self.counter += 1
        client_raw = self.client_data("webauthn.get", public["challenge"], client or {})
        authenticator = self.data(attested=False, **(data or {}))
        signed = authenticator + hashlib.sha256(client_raw).digest()
        response = {
            "clientDataJSON": base64url(client_raw),
            "authenticatorData": base64url(authenticator),
            "signature": base64url((signature or (lambda text: sign(self.key, text)))(signed)),
            "userHandle": None if handle is None else base64url(handle or self.handle),
        }
        return self._told(response, outer)

    def _told(self, response: Mapping[str, Any], outer: Mapping[str, Any] | None) -> str:
        number = base64url(self.id)
        told = {"id": number, "rawId": number, "type": "public-key", "response": dict(response),
                "clientExtensionResults": {}, "authenticatorAttachment": "platform", **(outer or {})}  # fmt: skip
        return json.dumps(told)


def _none(_: bytes, __: bytes) -> tuple[str, dict[str, Any]]:
    return "none", {}


def self_attested(key: SoftwareKey) -> Callable[[bytes, bytes], tuple[str, dict[str, Any]]]:
    """WebAuthn 8.2: the key vouches for itself."""
    return lambda data, digest: ("packed", {"alg": key.algorithm, "sig": sign(key.key, data + digest)})
