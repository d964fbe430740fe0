"""API keys as the API and the commands show them: never what opens doors, but in the one answer that makes a key."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from genkan.protocol.api_keys import works
from genkan.protocol.records import ApiKey
from genkan.site.api.documents import PermissionWord, moment, permission_word, public_id


class ApiKeyDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """An API key. ``apiKey`` is there in the one answer that tells it. ``lastUsedAt`` is what the serving process has
    seen since it was started, null where that is nothing.
    """

    id: str
    name: str
    permission: PermissionWord
    created_at: str
    expires_at: str | None
    state: Literal["active", "expired", "revoked"]
    last_used_at: str | UnsetType | None = UNSET
    api_key: str | UnsetType = UNSET


def served_key_document(key: ApiKey, now: int, last_used: int | None, text: str | None = None) -> ApiKeyDocument:
    """A key as a serving process knows it."""
    return structs.replace(api_key_document(key, now, text), last_used_at=moment(last_used) if last_used else None)


def api_key_document(key: ApiKey, now: int, text: str | None = None) -> ApiKeyDocument:
    """A key as of now; ``text`` only in the answer that made it."""
    over: Literal["expired", "revoked"] = "expired" if key.revoked_at is None else "revoked"
    return ApiKeyDocument(
        id=public_id(key.id),
        name=key.name,
        permission=permission_word(key.permission),
        created_at=moment(key.created_at),
        expires_at=None if key.expires_at is None else moment(key.expires_at),
        state="active" if works(key, now) else over,
        api_key=UNSET if text is None else text,
    )
