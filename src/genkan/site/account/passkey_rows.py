"""Passkeys as pages show them: what each is called, when it was used, where it is, and what is known of its model."""

from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import MOST_PASSKEYS, public_id
from genkan.protocol.signin.passkey_checks import base64url, user_handle
from genkan.protocol.signin.passkey_models import NoModels
from genkan.protocol.signin.passkey_options import rp_id_of
from genkan.site.api.passkey_documents import aaguid_text
from genkan.site.door import Door

SIGN_IN = "/account/sign-in"
PASSKEYS = "/account/passkeys"
CREATE = f"{PASSKEYS}/create"


def passkey_row(passkey: Passkey, path: str, door: Door) -> dict[str, object]:
    """One of them; ``path`` is where it is dealt with, with the base URL's path."""
    return {
        "name": passkey.name,
        "action": f"{path}/{public_id(passkey)}",
        "created_at": passkey.created_at,
        "last_used": passkey.last_used_at,
        "cloned_at": passkey.cloned_at,
        "synced": passkey.backed_up,
        "may_sync": passkey.backup_eligible,
        "aaguid": aaguid_text(passkey.aaguid),
        "model": door.models.name_of(passkey.aaguid),
        "proved": passkey.attested,
        "host": "" if passkey.rp_id == rp_id_of(door.public) else passkey.rp_id,
    }


async def passkeys_shown(account: Account, door: Door) -> dict[str, object]:
    """A person's own, with what browsers are told so that those that are gone leave their lists."""
    known = await door.store.passkeys(account.id)
    path = door.public.path + PASSKEYS
    return {
        "passkeys": [passkey_row(passkey, path, door) for passkey in known],
        "passkeys_work": rp_id_of(door.public) is not None,
        "passkeys_full": len(known) >= MOST_PASSKEYS,
        "create_url": door.public.path + CREATE,
        "only_certain_models": not isinstance(door.models, NoModels),
        "signals": {
            "host": rp_id_of(door.public) or "",
            "person": base64url(user_handle(account.id)),
            "accepted": [base64url(passkey.id) for passkey in known if passkey.rp_id == door.public.host],
            "name": account.name,
            "displays": account.display_name or account.name,
        },
    }
