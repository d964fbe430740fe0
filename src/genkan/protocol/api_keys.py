"""API keys: for automation and for callers of introspection (tokens.md 6). Told once, kept as a hash, revoked for
ever, and never more than who answers for them may do at this moment (docs/decisions/0270).
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from genkan.protocol.actors import address_of
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY, Env
from genkan.protocol.facts import KeyFacts
from genkan.protocol.key_steps import AdoptApiKey
from genkan.protocol.outcomes import AddApiKey, Change, Event, EventKind, Refused, RevokeApiKey
from genkan.protocol.reasons import Reason
from genkan.protocol.records import MACHINE, Account, ApiKey, Standing
from genkan.wire.scopes import Permission

PREFIX = "gnk_ak_"
SECRET_BYTES = 33  # a multiple of 3: no padding, one spelling a key
NAME_CHARACTERS = 100
# A key that nobody thinks of any more ends by itself.
USUAL_LIFETIME = 90 * DAY
LONGEST_LIFETIME = 365 * DAY


@dataclass(frozen=True, slots=True)
class ApiKeyWish:
    """What a key shall be. ``lifetime`` in milliseconds, a year at most; None: until it is revoked, which only the
    machine's own keys may be.
    """

    name: str
    permission: Permission
    lifetime: int | None = USUAL_LIFETIME


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key and its text, which is told this once."""

    key: ApiKey
    text: str = field(repr=False)
    change: Change = field(repr=False)


def create(wish: ApiKeyWish, known: Sequence[KeyFacts], actor: str, maker: int, env: Env) -> NewApiKey | Refused:
    """A new key, which ``maker`` answers for, an account's id or MACHINE. The audit names keys by name, so no two that
    are open share one.
    """
    fault = _wish_fault(wish, known, maker, env)
    if fault is not None:
        return fault
    text = PREFIX + urlsafe_b64encode(env.draw(SECRET_BYTES)).decode()
    expires_at = None if wish.lifetime is None else env.now + wish.lifetime
    key = ApiKey(
        env.draw_id(), wish.name.strip(), secret_digest(text), wish.permission, env.now, expires_at, None, maker
    )
    return NewApiKey(key, text, Change((AddApiKey(key),), (_event(EventKind.API_KEY_CREATED, key, actor, env),)))


def revoke(key: ApiKey, actor: str, env: Env) -> Change | Refused:
    """From the next request on the key opens nothing."""
    if key.revoked_at is not None:
        return Refused(Reason.CONFLICT, f"the API key {key.name} is revoked already")
    return Change((RevokeApiKey(key.id, env.now),), (_event(EventKind.API_KEY_REVOKED, key, actor, env),))


def adopt(facts: KeyFacts, adopter: Account, actor: str, env: Env) -> Change | Refused:
    """A system administrator answers for the key from now on: it goes on working whatever becomes of its maker, and
    falls with the adopter. One without end gets one, a year from now.
    """
    key = facts.key
    if adopter.standing is not Standing.ACTIVE or adopter.permission < Permission.SYSTEM_ADMIN:
        return Refused(Reason.ABOVE_CALLER, f"{adopter.name} is no system administrator who can sign in")
    if not is_open(key, env.now):
        return Refused(Reason.CONFLICT, f"the API key {key.name} is revoked or over: make a new one")
    if key.owner == adopter.id:
        return Refused(Reason.CONFLICT, f"{adopter.name} answers for the API key {key.name} already")
    end = env.now + LONGEST_LIFETIME if key.expires_at is None else key.expires_at
    event = _event(EventKind.API_KEY_ADOPTED, key, actor, env, adopter.id)
    return Change((AdoptApiKey(key.id, key.owner, adopter.id, env.now, end),), (event,))


def is_open(key: ApiKey, now: int) -> bool:
    """Whether the key is neither revoked nor over. Whether it opens anything also depends on who answers for it."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def right(facts: KeyFacts, now: int) -> Permission | None:
    """What the key may do at this moment: no more than who answers for it. None: nothing at all."""
    key, owner = facts.key, facts.owner
    if not is_open(key, now):
        return None
    if is_unanswered(key) or key.owner == MACHINE:
        return key.permission
    if owner is None or owner.standing is not Standing.ACTIVE:
        return None
    return min(key.permission, owner.permission)


def is_unanswered(key: ApiKey) -> bool:
    """Whether nobody is known to answer for the key. It was made before makers were kept, works as it did, and is told
    of until somebody adopts it.
    """
    return key.owner is None


def is_left(facts: KeyFacts, now: int) -> bool:
    """Whether an open key has nobody left to answer for it: it opens nothing, or nobody is known to have made it."""
    return is_open(facts.key, now) and (is_unanswered(facts.key) or right(facts, now) is None)


def _wish_fault(wish: ApiKeyWish, known: Sequence[KeyFacts], maker: int, env: Env) -> Refused | None:
    name = wish.name.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        return Refused(Reason.INVALID_VALUE, f"name: 1 to {NAME_CHARACTERS} printable characters")
    if wish.lifetime is not None and wish.lifetime <= 0:
        return Refused(Reason.INVALID_VALUE, "lifetime: more than zero, or none")
    if wish.lifetime is None and maker != MACHINE:
        return Refused(Reason.INVALID_VALUE, "lifetime: an API key has an end; only genkan api-key makes one without")
    if wish.lifetime is not None and wish.lifetime > LONGEST_LIFETIME:
        return Refused(Reason.INVALID_VALUE, f"lifetime: at most {LONGEST_LIFETIME // DAY} days")
    if any(facts.key.name == name and is_open(facts.key, env.now) for facts in known):
        return Refused(Reason.TAKEN, f"there is an API key {name} already; revoke it first, or choose another name")
    return None


def _event(kind: EventKind, key: ApiKey, actor: str, env: Env, account_id: int | None = None) -> Event:
    told = f"{key.name} ({key.permission.name})"
    return Event(kind, env.now, actor, account_id, address=address_of(actor), detail=told)
