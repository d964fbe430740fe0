"""What the API tells of passkeys."""

from msgspec import Struct

from genkan.protocol.records import Passkey
from genkan.protocol.signin.passkey import public_id
from genkan.site.api.documents import moment


class PasskeyDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A passkey of a person. ``synced``: it is on more than one device; ``maySync``: it can be. ``aaguid`` is null
    where the key told no model; ``modelProved``: its maker vouched for it, else it is what the key says of itself.
    ``refusedSince``: when it counted backwards, as a copy would; it opens nothing since then.
    """

    id: str
    name: str
    host: str
    synced: bool
    may_sync: bool
    aaguid: str | None
    model: str | None
    model_proved: bool
    transports: tuple[str, ...]
    created_at: str
    last_used_at: str | None
    refused_since: str | None


def passkey_document(passkey: Passkey, model: str = "") -> PasskeyDocument:
    """One passkey; its id here is part of a hash of its own, and opens nothing."""
    return PasskeyDocument(
        id=public_id(passkey),
        name=passkey.name,
        host=passkey.rp_id,
        synced=passkey.backed_up,
        may_sync=passkey.backup_eligible,
        aaguid=aaguid_text(passkey.aaguid) or None,
        model=model or None,
        model_proved=passkey.attested,
        transports=passkey.transports,
        created_at=moment(passkey.created_at),
        last_used_at=moment(passkey.last_used_at) if passkey.last_used_at else None,
        refused_since=moment(passkey.cloned_at) if passkey.cloned_at else None,
    )


def aaguid_text(aaguid: bytes) -> str:
    """As makers write it; empty for sixteen bytes of zero, which name no model (WebAuthn 6.5.1)."""
    text = aaguid.hex()
    parts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
    return "-".join(parts) if any(aaguid) else ""
