"""API keys: for automation and for callers of introspection (tokens.md 6). Told once, kept as a hash, revoked for
ever.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from genkan.protocol.actors import address_of
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY, Env
from genkan.protocol.outcomes import AddApiKey, Change, Event, EventKind, Refused, RevokeApiKey
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ApiKey
from genkan.wire.scopes import Permission

PREFIX = "gnk_ak_"
SECRET_BYTES = 33  # a multiple of 3: no padding, one spelling a key
NAME_CHARACTERS = 100
# A key that nobody thinks of any more ends by itself; one without end is asked for by name.
USUAL_LIFETIME = 90 * DAY


@dataclass(frozen=True, slots=True)
class ApiKeyWish:
    """What a key shall be. ``lifetime`` in milliseconds; None: until it is revoked."""

    name: str
    permission: Permission
    lifetime: int | None = USUAL_LIFETIME


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key and its text, which is told this once."""

    key: ApiKey
    text: str = field(repr=False)
    change: Change = field(repr=False)


def create(wish: ApiKeyWish, known: Sequence[ApiKey], actor: str, env: Env) -> NewApiKey | Refused:
    """A new key. The audit names keys by name, so no two that work share one."""
    fault = _wish_fault(wish, known, env)
    if fault is not None:
        return fault
    text = PREFIX + urlsafe_b64encode(env.draw(SECRET_BYTES)).decode()
    expires_at = None if wish.lifetime is None else env.now + wish.lifetime
    key = ApiKey(
        env.draw_id(), wish.name.strip(), secret_digest(text), wish.permission, env.now, expires_at, revoked_at=None
    )
    return NewApiKey(key, text, Change((AddApiKey(key),), (_event(EventKind.API_KEY_CREATED, key, actor, env),)))


def revoke(key: ApiKey, actor: str, env: Env) -> Change | Refused:
    """From the next request on the key opens nothing."""
    if key.revoked_at is not None:
        return Refused(Reason.CONFLICT, f"the API key {key.name} is revoked already")
    return Change((RevokeApiKey(key.id, env.now),), (_event(EventKind.API_KEY_REVOKED, key, actor, env),))


def works(key: ApiKey, now: int) -> bool:
    """Whether the key opens anything at this moment."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def _wish_fault(wish: ApiKeyWish, known: Sequence[ApiKey], env: Env) -> Refused | None:
    name = wish.name.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        return Refused(Reason.INVALID_VALUE, f"name: 1 to {NAME_CHARACTERS} printable characters")
    if wish.lifetime is not None and wish.lifetime <= 0:
        return Refused(Reason.INVALID_VALUE, "lifetime: more than zero, or none")
    if any(key.name == name and works(key, env.now) for key in known):
        return Refused(Reason.CONFLICT, f"there is an API key {name} already; revoke it first, or choose another name")
    return None


def _event(kind: EventKind, key: ApiKey, actor: str, env: Env) -> Event:
    return Event(kind, env.now, actor, address=address_of(actor), detail=f"{key.name} ({key.permission.name})")
