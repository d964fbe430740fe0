"""An API key as the pages of the console show it."""

from genkan.protocol.api_keys import is_left, is_open
from genkan.protocol.facts import KeyFacts
from genkan.site.api.documents import public_id
from genkan.site.api.key_documents import key_state, owner_id
from genkan.site.door import Door

PATH = "/admin/api-keys"


def key_row(facts: KeyFacts, door: Door, now: int) -> dict[str, object]:
    """A key as pages show it."""
    key, state, here = facts.key, key_state(facts, now), f"{door.public.path}{PATH}/{public_id(facts.key.id)}"
    return {
        "name": key.name,
        "url": here,
        "owner": owner_id(facts) or "",
        "owner_name": "" if facts.owner is None else facts.owner.name,
        "is_adopted": key.adopted_by is not None,
        "is_left": is_left(facts, now),
        "permission": key.permission.name,
        "state": state,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used": door.measures.key_last_used(key.id),
        "revoke_url": f"{here}/revoke" if state != "revoked" else "",
        "adopt_url": f"{here}/adopt" if is_open(key, now) else "",
    }
