"""The key ring as a value: which keys exist, which one seals, and how add, activate, revoke and drop change it
(tokens.md 7).
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genkan.protocol.env import Env

KEY_BYTES = 32
AUDIT = "audit"
FINGERPRINT_BYTES = 16
SITE_ID_BYTES = 16


class KeyState(StrEnum):
    """``verify`` opens what it sealed, ``active`` seals too; ``revoked`` and ``dropped`` keep only the id, so
    that it is never reused.
    """

    VERIFY = "verify"
    ACTIVE = "active"
    REVOKED = "revoked"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key: a 16-bit random id, 32 secret bytes (empty once revoked), and whether codes under it still open.

    ``audit`` is what stays of a key that was revoked or dropped: the child that checks old segments of the audit.
    """

    id: int
    state: KeyState
    created_at: int
    codes: bool
    secret: bytes = field(repr=False)
    audit: bytes = field(default=b"", repr=False)

    @property
    def opens(self) -> bool:
        """Whether tokens under it are still genuine."""
        return self.state in (KeyState.VERIFY, KeyState.ACTIVE)


@dataclass(frozen=True, slots=True)
class RingProblem:
    """Why a ring cannot be read or changed, as one sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys and a version that rises with every change. ``fingerprint`` names the ring's lineage and never
    changes. ``site_id``: which site it served last, empty where it does not remember; it is the same ring whichever.
    """

    version: int
    fingerprint: bytes
    keys: tuple[RingKey, ...]
    site_id: bytes = field(default=b"", compare=False)

    @property
    def active(self) -> RingKey:
        """The one key that seals."""
        return next(k for k in self.keys if k.state is KeyState.ACTIVE)

    def key(self, key_id: int) -> RingKey | None:
        """The key with this id, whatever its state."""
        return next((k for k in self.keys if k.id == key_id), None)


def new_ring(env: Env, site_id: bytes = b"") -> Ring:
    """A ring with one active key, for this site."""
    first = _new_key(env, (), KeyState.ACTIVE)
    lineage = hashlib.sha256(b"genkan ring" + env.draw(KEY_BYTES)).digest()[:FINGERPRINT_BYTES]
    return Ring(1, lineage, (first,), site_id)


def may_adopt(ring: Ring, site_id: bytes) -> bool:
    """Whether a store that knows no ring yet takes this one without being told to: it was made for this very store, by
    a start that died before it could say so. Any other may have served a site whose store is away just now.
    """
    return ring.site_id == site_id


def add(ring: Ring, env: Env) -> Ring:
    """A new key that only verifies yet, so that every node can learn it before it seals anything."""
    return replace(ring, version=ring.version + 1, keys=(*ring.keys, _new_key(env, ring.keys, KeyState.VERIFY)))


def activate(ring: Ring, key_id: int) -> Ring | RingProblem:
    """Let a verifying key seal from now on; the one before it verifies."""
    key = ring.key(key_id)
    if key is None or not key.opens:
        return RingProblem(f"key {key_id:04x} cannot be activated: {'unknown' if key is None else key.state.value}")
    if not key.codes:
        # Codes sealed under it would not open, so nobody could sign in any more.
        return RingProblem(f"key {key_id:04x} cannot be activated: a restore silenced its codes; add a new key")
    return replace(ring, version=ring.version + 1, keys=tuple(_reseat(k, key_id) for k in ring.keys))


def revoke(ring: Ring, key_id: int, env: Env) -> Ring | RingProblem:
    """Forget a compromised key's secret: nothing under it is genuine any more. An active one is replaced at once."""
    key = ring.key(key_id)
    if key is None or key.state is KeyState.REVOKED:
        return RingProblem(
            f"key {key_id:04x} cannot be revoked: {'unknown' if key is None else 'it is revoked already'}"
        )
    if key.state is KeyState.ACTIVE:
        ring = replace(ring, keys=(*ring.keys, _new_key(env, ring.keys, KeyState.ACTIVE)))
    return _retire(ring, key_id, KeyState.REVOKED)


def drop(ring: Ring, key_id: int) -> Ring | RingProblem:
    """Forget an old key that no live row names (the caller has asked the store)."""
    key = ring.key(key_id)
    if key is None or key.state is not KeyState.VERIFY:
        return RingProblem(f"key {key_id:04x} cannot be dropped: only a key that verifies and is not active can")
    return _retire(ring, key_id, KeyState.DROPPED)


def renew_for_restore(ring: Ring, env: Env) -> Ring:
    """After a restore no code of before may open: the store may have forgotten that it was redeemed (tokens.md 8)."""
    silenced = tuple(replace(k, codes=False, state=KeyState.VERIFY if k.opens else k.state) for k in ring.keys)
    return replace(ring, version=ring.version + 1, keys=(*silenced, _new_key(env, ring.keys, KeyState.ACTIVE)))


def derive(secret: bytes, purpose: str) -> bytes:
    """The child of a key for one purpose (RFC 5869); it tells nothing of its parent or of other children."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"genkan v1 " + purpose.encode()).derive(secret)


def audit_key(key: RingKey) -> bytes:
    """What seals and checks the audit under this key; empty where an old ring kept nothing of it."""
    return derive(key.secret, AUDIT) if key.secret else key.audit


def _retire(ring: Ring, key_id: int, state: KeyState) -> Ring:
    return replace(
        ring, version=ring.version + 1, keys=tuple(_retired(k, state) if k.id == key_id else k for k in ring.keys)
    )


def _retired(key: RingKey, state: KeyState) -> RingKey:
    return replace(key, state=state, secret=b"", codes=False, audit=audit_key(key))


def _reseat(key: RingKey, active_id: int) -> RingKey:
    if key.id == active_id:
        return replace(key, state=KeyState.ACTIVE)
    return replace(key, state=KeyState.VERIFY) if key.state is KeyState.ACTIVE else key


def _new_key(env: Env, existing: tuple[RingKey, ...], state: KeyState) -> RingKey:
    taken = {k.id for k in existing} | {0}
    while (key_id := int.from_bytes(env.draw(2), "big")) in taken:
        continue
    return RingKey(key_id, state, env.now, True, env.draw(KEY_BYTES))


class _KeyDocument(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    id: str
    state: KeyState
    created_at: int
    codes: bool
    secret: bytes
    audit: bytes = b""


class _RingDocument(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    format: int
    version: int
    fingerprint: bytes
    keys: list[_KeyDocument]
    site: bytes = b""


def render(ring: Ring) -> bytes:
    """The ring as the JSON text of its file."""
    keys = [_KeyDocument(f"{k.id:04x}", k.state, k.created_at, k.codes, k.secret, k.audit) for k in ring.keys]
    document = _RingDocument(1, ring.version, ring.fingerprint, keys, ring.site_id)
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def parse(text: bytes) -> Ring | RingProblem:
    """Read a ring's file; anything that is not exactly a ring is a RingProblem."""
    try:
        document = msgspec.json.decode(text, type=_RingDocument)
        keys = tuple(RingKey(_key_id(k.id), k.state, k.created_at, k.codes, k.secret, k.audit) for k in document.keys)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return RingProblem("the file is not a Genkan key ring")
    if document.format != 1:
        return RingProblem(f"the key ring has format {document.format}, which this version does not know")
    if [k.state for k in keys].count(KeyState.ACTIVE) != 1 or len({k.id for k in keys}) != len(keys):
        return RingProblem("the key ring must have exactly one active key and no id twice")
    sized = len(document.fingerprint) == FINGERPRINT_BYTES and len(document.site) in (0, SITE_ID_BYTES)
    if document.version < 1 or not sized or not all(map(_is_whole, keys)):
        return RingProblem("the key ring is damaged: put back the copy that was kept of it")
    return Ring(document.version, document.fingerprint, keys, document.site)


def _key_id(text: str) -> int:
    """One spelling an id, as it is rendered: ``int`` would also take a sign, spaces and other digits."""
    key_id = int(text, 16)
    if f"{key_id:04x}" != text or not 0 < key_id < 1 << 16:
        raise ValueError("not a key id")
    return key_id


def _is_whole(key: RingKey) -> bool:
    if key.state is KeyState.ACTIVE and not key.codes:
        return False
    # A ring that an early version wrote keeps nothing of a retired key.
    if len(key.audit) not in ((0,) if key.opens else (0, KEY_BYTES)):
        return False
    return len(key.secret) == (KEY_BYTES if key.opens else 0) and (key.opens or not key.codes)
