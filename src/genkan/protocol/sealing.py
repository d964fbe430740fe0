"""Sealed handles and envelopes: mint and open tokens, codes, interactions and page tokens under the key ring
(tokens.md 2, 5).
"""

import hashlib
import hmac
import struct
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from genkan.protocol.env import Env
from genkan.protocol.records import Method
from genkan.protocol.ring import AUDIT as AUDIT_PURPOSE
from genkan.protocol.ring import Ring, RingKey, derive
from genkan.wire.oauth import ACCESS_PREFIX, CODE_PREFIX, REFRESH_PREFIX
from genkan.wire.scopes import Permission

VERSION = 1
MAC_BYTES = 16
_HEAD = struct.Struct(">BH16sI")
_HEAD_BYTES = _HEAD.size
_CODE = struct.Struct(">16sQQBBH?32s?32sQIIQQ16sI")
_TOKEN_CHARACTERS = 52
_NONCE_BYTES = 12
NO_DEVICE = bytes(16)
Value = TypeVar("Value")
# RFC 4648 5: the alphabet for URLs. What belongs to the other alphabet alone becomes what neither has.
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/!!!")


class Purpose(StrEnum):
    """One derived key each, so that nothing sealed for one purpose opens as another."""

    ACCESS = "access"
    REFRESH = "refresh"
    CODE = "code"
    INTERACTION = "interaction"
    PAGE = "page"
    HANDOVER = "hand-over"
    TYPED = "typed"
    ONCE = "shown once"
    TRIAL = "trial"
    SIGN_ON = "sign-on"
    UPSTREAM = "upstream token"
    PASSKEY = "passkey"
    CERTIFICATE_TICKET = "certificate ticket"
    CERTIFICATE = "certificate hand-over"
    DEVICE = "second device"
    PHONE_CHECK = "phone check"
    PHONE_VISIT = "phone visit"
    PHONE_SHOWN = "phone certificate"
    AUDIT = AUDIT_PURPOSE


class Kind(StrEnum):
    """The two kinds of token; the value is the prefix."""

    ACCESS = ACCESS_PREFIX
    REFRESH = REFRESH_PREFIX


class Handle(msgspec.Struct, frozen=True):
    """A genuine token, opened: which grant and generation it names. Whether it is still good is for the rules to
    say.
    """

    kind: Kind
    key_id: int
    grant_id: bytes
    generation: int


class Unsealable(msgspec.Struct, frozen=True):
    """It does not open. ``unknown_key``: it names a key that this ring does not hold, perhaps a newer ring does."""

    unknown_key: bool = False


class Code(msgspec.Struct, frozen=True):
    """What an authorization code carries (tokens.md 5). ``redirect`` and ``challenge`` are SHA-256; ids as in the
    records.
    """

    grant_id: bytes
    link_id: int
    account_id: int
    scope: Permission
    method: Method
    redirect: bytes
    challenge: bytes | None
    redirect_given: bool
    auth_time: int
    account_stop: int
    link_stop: int
    consent_mark: int
    issued_at: int
    device: bytes | None
    certificate: int = 0


class Sealer:
    """Seals under the ring's active key, opens under any key that still opens, for one site (a copy is another
    site).
    """

    def __init__(self, ring: Ring, site_id: bytes) -> None:
        self.ring = ring
        self.active_id = ring.active.id
        self._keys = {k.id: _Keys(k, site_id) for k in ring.keys if k.opens}
        # The keys under which tokens can be minted and opened here.
        self.known_keys = frozenset(self._keys)
        # The keys that were revoked or dropped: what they sealed is dead, which no newer ring will change.
        self.retired_keys = frozenset(k.id for k in ring.keys if not k.opens)

    def __repr__(self) -> str:
        return f"<Sealer ring version {self.ring.version}>"

    def token(self, kind: Kind, key_id: int, grant_id: bytes, generation: int) -> str:
        """Mint: the same arguments give the same string for ever, so a successor can be told again (tokens.md 3)."""
        head = _HEAD.pack(VERSION, key_id, grant_id, generation)
        sealed = b2a_base64(head + self._keys[key_id].macs[kind](head)[:MAC_BYTES], newline=False)
        return kind + sealed.translate(_TO_URL_SAFE).decode()

    def open_token(self, text: str) -> Handle | Unsealable:
        """Open an access or refresh token; a forged one dies here, before any store is asked."""
        kind = _KINDS.get(text[:7])
        if kind is None or len(text) != 7 + _TOKEN_CHARACTERS:
            return Unsealable()
        try:
            # Four characters for three bytes, nothing left over: what this takes has no second spelling.
            raw = a2b_base64(text[7:].encode("ascii", "replace").translate(_FROM_URL_SAFE), strict_mode=True)
        except Base64Error:
            return Unsealable()
        version, key_id, grant_id, generation = _HEAD.unpack_from(raw)
        if version != VERSION:
            return Unsealable()
        keys = self._keys.get(key_id)
        if keys is None:
            return Unsealable(unknown_key=self.ring.key(key_id) is None)
        if not hmac.compare_digest(raw[_HEAD_BYTES:], keys.macs[kind](raw[:_HEAD_BYTES])[:MAC_BYTES]):
            return Unsealable()
        return Handle(kind, key_id, grant_id, generation)

    def code(self, code: Code, env: Env) -> str:
        """Seal an authorization code; nothing is written anywhere."""
        plain = _CODE.pack(
            code.grant_id, code.link_id, code.account_id, code.scope, 0, code.method, code.challenge is not None,
            code.challenge or bytes(32), code.redirect_given, code.redirect, code.auth_time, code.account_stop,
            code.link_stop, code.consent_mark, code.issued_at, code.device or NO_DEVICE, code.certificate,
        )  # fmt: skip
        return CODE_PREFIX + self._seal(Purpose.CODE, plain, env)

    def open_code(self, text: str) -> Code | Unsealable:
        """Open a code. One under a key silenced by a restore does not open any more (tokens.md 8)."""
        if not text.startswith(CODE_PREFIX):
            return Unsealable()
        plain = self._open(Purpose.CODE, text[len(CODE_PREFIX) :])
        if isinstance(plain, Unsealable):
            return plain
        if len(plain) != _CODE.size:
            return Unsealable()
        (grant_id, link_id, account_id, scope, _, method, challenged, challenge, given, redirect, auth_time,
         account_stop, link_stop, mark, issued_at, device, certificate) = _CODE.unpack(plain)  # fmt: skip
        return Code(
            grant_id, link_id, account_id, Permission(scope), Method(method), redirect,
            challenge if challenged else None, given, auth_time, account_stop, link_stop, mark, issued_at,
            None if device == NO_DEVICE else device, certificate,
        )  # fmt: skip

    def seal(self, purpose: Purpose, plain: bytes, env: Env) -> str:
        """An AEAD envelope for a URL or a hidden field: interactions, page tokens, hand-overs."""
        return self._seal(purpose, plain, env)

    def open(self, purpose: Purpose, text: str) -> bytes | Unsealable:
        """Open such an envelope; any other purpose's, site's or key's is Unsealable."""
        return self._open(purpose, text)

    def seal_value(self, purpose: Purpose, value: msgspec.Struct, env: Env) -> str:
        """A record in such an envelope."""
        return self._seal(purpose, msgspec.msgpack.encode(value), env)

    def open_value(self, purpose: Purpose, text: str | None, kind: type[Value]) -> Value | None:
        """The record in such an envelope; None for whatever was not sealed here for this."""
        plain = self._open(purpose, text) if text else None
        if plain is None or isinstance(plain, Unsealable):
            return None
        try:
            return msgspec.msgpack.decode(plain, type=kind)
        except msgspec.MsgspecError:
            # Genuine, yet of another version of this program: it was updated meanwhile.
            return None

    def _seal(self, purpose: Purpose, plain: bytes, env: Env) -> str:
        nonce, seal = env.draw(_NONCE_BYTES), self._keys[self.active_id].seal_for(purpose)
        sealed = seal.aead.encrypt(nonce, plain, seal.associated)
        return b2a_base64(seal.head + nonce + sealed, newline=False).translate(_TO_URL_SAFE, b"=").decode()

    def _open(self, purpose: Purpose, text: str) -> bytes | Unsealable:
        raw = _strict_base64(text)
        if raw is None or len(raw) < 3 + _NONCE_BYTES + 16 or raw[0] != VERSION:
            return Unsealable()
        key_id = int.from_bytes(raw[1:3], "big")
        keys = self._keys.get(key_id)
        if keys is None:
            return Unsealable(unknown_key=self.ring.key(key_id) is None)
        if purpose is Purpose.CODE and not keys.codes:
            return Unsealable()
        seal = keys.seal_for(purpose)
        try:
            return seal.aead.decrypt(raw[3:15], raw[15:], seal.associated)
        except InvalidTag:
            return Unsealable()


class _Seal(msgspec.Struct, frozen=True):
    """What seals for one purpose under one key: ``head`` goes before what is sealed, ``associated`` is sealed in."""

    aead: AESGCM
    head: bytes
    associated: bytes


class _Keys:
    """The HKDF children of one ring key, derived when first needed (RFC 5869)."""

    __slots__ = ("_key", "_seals", "_site_id", "codes", "macs")

    def __init__(self, key: RingKey, site_id: bytes) -> None:
        self.codes = key.codes
        self._key = key
        self._site_id = site_id
        self._seals: dict[Purpose, _Seal] = {}
        label = b"genkan token\0" + site_id
        self.macs = {
            Kind.ACCESS: labelled_mac(derive(key.secret, Purpose.ACCESS), label + Kind.ACCESS.encode()),
            Kind.REFRESH: labelled_mac(derive(key.secret, Purpose.REFRESH), label + Kind.REFRESH.encode()),
        }

    def seal_for(self, purpose: Purpose) -> _Seal:
        known = self._seals.get(purpose)
        if known is None:
            head = struct.pack(">BH", VERSION, self._key.id)
            associated = b"genkan " + purpose.encode() + b"\0" + self._site_id + head
            known = _Seal(AESGCM(derive(self._key.secret, purpose)), head, associated)
            self._seals[purpose] = known
        return known


def labelled_mac(key: bytes, label: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 (RFC 2104 4) over a fixed label and what follows, with key and label hashed ahead once.

    hmac.digest costs five times as much here, and gives up the interpreter to the writer thread at every token.
    """
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    begun = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + label)
    around = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(message: bytes) -> bytes:
        inner, outer = begun.copy(), around.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    return mac


_KINDS = {kind.value: kind for kind in Kind}


def _strict_base64(text: str) -> bytes | None:
    """Decode base64url so that one value has one spelling: no padding, no spare bits, no foreign characters."""
    plain, rest = text.encode("ascii", "replace").translate(_FROM_URL_SAFE), len(text) % 4
    try:
        raw = a2b_base64(plain + b"=" * (-rest % 4), strict_mode=True)
    except Base64Error:
        return None
    # RFC 4648 3.5: bits of the last character that belong to no byte are zero.
    spare = rest and b2a_base64(raw[1 - rest :], newline=False)[:rest] != plain[-rest:]
    return None if spare else raw


def redirect_digest(redirect: str) -> bytes:
    """What a code keeps of a redirect URI."""
    # Lone surrogates come from broken input: they match nothing, but they must not raise either.
    return hashlib.sha256(redirect.encode("utf-8", "surrogatepass")).digest()


def new_grant_id(env: Env) -> bytes:
    """A UUIDv7-shaped id (RFC 9562 5.7): 48 bits of milliseconds, then random bits, so that inserts append."""
    random = bytearray(env.draw(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return env.now.to_bytes(6, "big") + bytes(random)


def grant_time(grant_id: bytes) -> int:
    """When a grant id was chosen, in milliseconds since the Unix epoch."""
    return int.from_bytes(grant_id[:6], "big")
