"""The settings of passkeys, and what is wrong with them together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from genkan.protocol.signin.passkey_attestation import ListedModels
from genkan.protocol.signin.passkey_metadata import MetadataProblem, aaguid_of, read_metadata
from genkan.protocol.signin.passkey_models import Models, NoModels
from genkan.settings_certificates import CertificateFields


class PasskeyFields(CertificateFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator may set about passkeys."""

    passkey_aaguids: Annotated[
        tuple[str, ...],
        Meta(
            description="The models of authenticators that new passkeys may be on, by AAGUID, commas between. Each key "
            "must prove its model then, so that synced passkeys, which cannot, are turned away. Needs the metadata "
            "file. Unset: any model will do, and what a key says of itself is shown."
        ),
    ] = ()
    passkey_metadata: Annotated[
        str,
        Meta(
            description="A file with what makers say of their models: FIDO's signed BLOB (MDS3), or a JSON list of "
            "metadata statements of your own choice. Read at start."
        ),
    ] = ""
    passkey_metadata_root: Annotated[
        str, Meta(description="A PEM file with the root that the metadata BLOB's signature must lead to.")
    ] = ""


def passkey_faults(settings: PasskeyFields) -> Iterator[tuple[str, str]]:
    """What no field can say alone; whether the metadata is good is found out at start, when there is a clock."""
    for text in settings.passkey_aaguids:
        if aaguid_of(text) is None:
            yield "passkey_aaguids", f"{text[:80]!r} is no AAGUID, as in 2fc0579f-8113-47ea-b116-bb5a8db9202a"
    if settings.passkey_aaguids and not settings.passkey_metadata:
        yield "passkey_metadata", "a list of AAGUIDs proves nothing without it: name the makers' metadata file"
    for name, path in (
        ("passkey_metadata", settings.passkey_metadata),
        ("passkey_metadata_root", settings.passkey_metadata_root),
    ):
        if path and not Path(path).is_file():
            yield name, f"there is no file {path}"


def passkey_models(settings: PasskeyFields, now: int) -> Models | NoModels | MetadataProblem:
    """The rule about models that the settings make."""
    if not settings.passkey_metadata:
        return NoModels()
    root = Path(settings.passkey_metadata_root).read_bytes() if settings.passkey_metadata_root else b""
    metadata = read_metadata(Path(settings.passkey_metadata).read_bytes(), root, now)
    if isinstance(metadata, MetadataProblem):
        return metadata
    allowed = [aaguid for aaguid in map(aaguid_of, settings.passkey_aaguids) if aaguid is not None]
    unknown = next((aaguid for aaguid in allowed if aaguid not in metadata.models), None)
    if unknown is not None:
        return MetadataProblem(f"does not name the model {unknown.hex()} of GENKAN_PASSKEY_AAGUIDS")
    # Metadata without a list gives models their names, and turns nobody away.
    return ListedModels(frozenset(allowed), metadata) if allowed else NoModels(metadata)
