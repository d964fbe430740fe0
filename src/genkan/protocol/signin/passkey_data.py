"""What a browser sends after a passkey was made or used, read into values: bounded, typed, or Unreadable."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from genkan.protocol.signin.cbor import Unreadable, Value, read, read_at

__all__ = ["Asserted", "AuthenticatorData", "ClientData", "Created", "Unreadable", "read_asserted", "read_created"]

# The longest answers known are attestations with three certificates, some ten thousand characters.
MOST_CHARACTERS = 48 * 1024
MOST_CLIENT_DATA = 4 * 1024
MOST_AUTHENTICATOR_DATA = 4 * 1024
MOST_SIGNATURE = 1024
# WebAuthn 4: a credential id has 16 to 1023 bytes; 5.4.3: a user handle 1 to 64.
LEAST_ID, MOST_ID = 16, 1023
MOST_HANDLE = 64
MOST_KEY = 1024
MOST_TRANSPORTS = 8
TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
_FIXED = 37  # WebAuthn 6.1: hash of the RP ID, flags, counter


class _Response(msgspec.Struct, frozen=True, rename="camel"):
    client_data_json: str = msgspec.field(name="clientDataJSON")
    attestation_object: str = ""
    authenticator_data: str = ""
    signature: str = ""
    user_handle: str | None = None
    transports: tuple[str, ...] = ()


class _CredentialProperties(msgspec.Struct, frozen=True):
    rk: bool | None = None


class _Extensions(msgspec.Struct, frozen=True, rename="camel"):
    cred_props: _CredentialProperties | None = None


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _Response
    client_extension_results: _Extensions = _Extensions()


class ClientData(msgspec.Struct, frozen=True, rename="camel"):
    """WebAuthn 5.8.1: what the browser saw."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False
    top_origin: str | None = None


@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """WebAuthn 6.1: what the authenticator signed. The last three are there where a credential was made."""

    rp_id_hash: bytes
    flags: int
    counter: int
    aaguid: bytes = b""
    credential_id: bytes = b""
    public_key: bytes = b""

    @property
    def user_present(self) -> bool:
        """UP: somebody touched it."""
        return bool(self.flags & 0x01)

    @property
    def user_verified(self) -> bool:
        """UV: by PIN, fingerprint or face it knew whom."""
        return bool(self.flags & 0x04)

    @property
    def backup_eligible(self) -> bool:
        """BE: it may leave the device that made it."""
        return bool(self.flags & 0x08)

    @property
    def backed_up(self) -> bool:
        """BS: it has left that device."""
        return bool(self.flags & 0x10)


@dataclass(frozen=True, slots=True)
class Created:
    """A credential that was made: the raw bytes that are signed, and what they say."""

    id: bytes
    text: str = field(repr=False)
    client_raw: bytes = field(repr=False)
    client: ClientData
    attestation_raw: bytes = field(repr=False)
    authenticator_raw: bytes = field(repr=False)
    authenticator: AuthenticatorData
    format: str
    statement: Mapping[int | str, Value] = field(repr=False)
    transports: tuple[str, ...]
    discoverable: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """A credential that was used. ``user_handle`` is None where the authenticator named nobody."""

    id: bytes
    text: str = field(repr=False)
    client: ClientData
    authenticator: AuthenticatorData
    user_handle: bytes | None


def read_created(text: str) -> Created:
    """The answer of navigator.credentials.create() as JSON. Raises Unreadable."""
    credential = _credential(text)
    client_raw, client = _client_data(credential)
    whole = _bytes(credential.response.attestation_object, MOST_CHARACTERS)
    attestation = read(whole)
    if not isinstance(attestation, Mapping):
        raise Unreadable("the attestation object is no map")
    raw, kind, statement = attestation.get("authData"), attestation.get("fmt"), attestation.get("attStmt")
    if not isinstance(raw, bytes) or not isinstance(kind, str) or not isinstance(statement, Mapping):
        raise Unreadable("the attestation object lacks a part")
    data = _authenticator_data(raw)
    known = tuple(sorted(TRANSPORTS.intersection(credential.response.transports[:MOST_TRANSPORTS])))
    properties = credential.client_extension_results.cred_props
    # WebAuthn 10.1.3: only an explicit no says that it cannot be found without a name.
    discoverable = properties is None or properties.rk is not False
    return Created(
        _id(credential), text, client_raw, client, whole, raw, data, kind, statement, known, discoverable
    )  # fmt: skip


def read_asserted(text: str) -> Asserted:
    """The answer of navigator.credentials.get() as JSON. Raises Unreadable."""
    credential = _credential(text)
    _, client = _client_data(credential)
    data = _authenticator_data(_bytes(credential.response.authenticator_data, MOST_AUTHENTICATOR_DATA))
    _bytes(credential.response.signature, MOST_SIGNATURE)
    handle = credential.response.user_handle
    return Asserted(
        _id(credential), text, client, data, _bytes(handle, MOST_HANDLE) if handle is not None else None
    )  # fmt: skip


def _credential(text: str) -> _Credential:
    if len(text) > MOST_CHARACTERS:
        raise Unreadable("longer than any answer")
    try:
        credential = msgspec.json.decode(text.encode("utf-8"), type=_Credential)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Unreadable("not the JSON of a credential") from None
    # WebAuthn 5.1 with Credential Management 2.2: one type, and the id is spelled twice.
    if credential.type != "public-key" or credential.id != credential.raw_id:
        raise Unreadable("another type, or two ids")
    return credential


def _id(credential: _Credential) -> bytes:
    found = _bytes(credential.raw_id, MOST_ID)
    if len(found) < LEAST_ID:
        raise Unreadable("a credential id that is too short")
    return found


def _client_data(credential: _Credential) -> tuple[bytes, ClientData]:
    raw = _bytes(credential.response.client_data_json, MOST_CLIENT_DATA)
    try:
        return raw, msgspec.json.decode(raw, type=ClientData)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Unreadable("the client data is not JSON of its kind") from None


def _authenticator_data(raw: bytes) -> AuthenticatorData:
    if not _FIXED <= len(raw) <= MOST_AUTHENTICATOR_DATA:
        raise Unreadable("authenticator data of no length")
    flags, counter, at = raw[32], int.from_bytes(raw[33:37], "big"), _FIXED
    aaguid = credential_id = public_key = b""
    if flags & 0x40:
        # WebAuthn 6.5.1: model, length of the id, id, key.
        size = int.from_bytes(raw[at + 16 : at + 18], "big")
        aaguid, credential_id = raw[at : at + 16], raw[at + 18 : at + 18 + size]
        if len(aaguid) != 16 or not LEAST_ID <= size <= MOST_ID or len(credential_id) != size:
            raise Unreadable("attested data that is cut off")
        at, begins = (end := _end_of_map(raw, at + 18 + size)), at + 18 + size
        public_key = raw[begins:end]
    if flags & 0x80:
        at = _end_of_map(raw, at)
    if at != len(raw) or len(public_key) > MOST_KEY:
        raise Unreadable("authenticator data with more behind it")
    return AuthenticatorData(raw[:32], flags, counter, aaguid, credential_id, public_key)


def _end_of_map(raw: bytes, at: int) -> int:
    value, end = read_at(raw, at)
    if not isinstance(value, Mapping):
        raise Unreadable("no map where one belongs")
    return end


def _bytes(text: str, most: int) -> bytes:
    """base64url without padding, at least one byte of it and at most ``most``."""
    if not 0 < len(text) <= most * 4 // 3 + 2 or not _is_plain(text):
        raise Unreadable("no base64url of a length that may be")
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except Base64Error:
        raise Unreadable("no base64url") from None
    if not 0 < len(raw) <= most:
        raise Unreadable("bytes of a length that may not be")
    return raw


def _is_plain(text: str) -> bool:
    # The library skips what is foreign to the alphabet; an answer has nothing foreign in it.
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum()
