"""API keys as the API and the commands show them: never what opens doors, but in the one answer that makes a key."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from genkan.protocol.api_keys import is_open, right
from genkan.protocol.facts import KeyFacts
from genkan.protocol.records import MACHINE
from genkan.site.api.documents import PermissionWord, moment, permission_word, public_id


class ApiKeyDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """An API key. ``apiKey`` is there in the one answer that tells it. ``lastUsedAt`` is what the serving process has
    seen since it was started, null where that is nothing. ``owner`` is the id of the account that answers for the key,
    ``machine`` for a command's, null where nobody is known to. The key is ``suspended`` while its owner is disabled or
    deleted, and ``effectivePermission`` is what it may do now: no more than its owner.
    """

    id: str
    name: str
    permission: PermissionWord
    created_at: str
    expires_at: str | None
    state: Literal["active", "expired", "revoked", "suspended"]
    owner: str | None
    owner_name: str | None
    adopted_at: str | None
    effective_permission: PermissionWord | None
    last_used_at: str | UnsetType | None = UNSET
    api_key: str | UnsetType = UNSET


def served_key_document(facts: KeyFacts, now: int, last_used: int | None, text: str | None = None) -> ApiKeyDocument:
    """A key as a serving process knows it."""
    return structs.replace(api_key_document(facts, now, text), last_used_at=moment(last_used) if last_used else None)


def key_state(facts: KeyFacts, now: int) -> Literal["active", "expired", "revoked", "suspended"]:
    """How the key is."""
    if facts.key.revoked_at is not None:
        return "revoked"
    if not is_open(facts.key, now):
        return "expired"
    return "active" if right(facts, now) is not None else "suspended"


def owner_id(facts: KeyFacts) -> str | None:
    """Who answers for the key, as the API names them."""
    owner = facts.key.owner
    return None if owner is None else "machine" if owner == MACHINE else public_id(owner)


def api_key_document(facts: KeyFacts, now: int, text: str | None = None) -> ApiKeyDocument:
    """A key as of now; ``text`` only in the answer that made it."""
    key, may = facts.key, right(facts, now)
    return ApiKeyDocument(
        id=public_id(key.id),
        name=key.name,
        permission=permission_word(key.permission),
        created_at=moment(key.created_at),
        expires_at=None if key.expires_at is None else moment(key.expires_at),
        state=key_state(facts, now),
        owner=owner_id(facts),
        owner_name=None if facts.owner is None else facts.owner.name,
        adopted_at=None if key.adopted_at is None else moment(key.adopted_at),
        effective_permission=None if may is None else permission_word(may),
        api_key=UNSET if text is None else text,
    )
