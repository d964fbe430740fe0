"""A provider's discovery document: where it is asked, and how it wants to be."""

from dataclasses import dataclass
from typing import Any

from genkan.protocol.openid.faults import Fault, invalid
from genkan.wire import jsontext, urls
from genkan.wire.budget import DOCUMENT

LONGEST_DOCUMENT = 256 * 1024
PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Provider:
    """What of it we use; addresses are empty where the provider has none. ``tells_iss``: its answers carry its name
    (RFC 9207 3).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    client_authentication: tuple[str, ...]
    tells_iss: bool
    prompts: tuple[str, ...]
    signs_out_by_back_channel: bool
    scopes: tuple[str, ...]


def address_of(issuer: str) -> str:
    """OpenID Connect Discovery 4.1: the path is appended; a slash at the issuer's end is taken away for that alone."""
    return issuer.rstrip("/") + PATH


def read_provider(body: bytes, issuer: str) -> Provider | Fault:
    """The document, if it is this issuer's own."""
    document = jsontext.decode(body, DOCUMENT)
    if isinstance(document, jsontext.NotJSON):
        return invalid("the discovery document is not JSON")
    if not isinstance(document, dict):
        return invalid("the discovery document is not an object")
    # Discovery 4.3: byte for byte, or somebody else's document would speak for this issuer.
    if document.get("issuer") != issuer:
        return invalid("the discovery document is of another issuer; copy the issuer exactly as the provider writes it")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not _is_good(document.get(name), issuer):
            return invalid(f"{name} is missing in the discovery document, or not https")
    return Provider(
        issuer,
        document["authorization_endpoint"],
        document["token_endpoint"],
        document["jwks_uri"],
        _optional(document, "userinfo_endpoint", issuer),
        _words(document.get("token_endpoint_auth_methods_supported")) or ("client_secret_basic",),
        document.get("authorization_response_iss_parameter_supported") is True,
        _words(document.get("prompt_values_supported")),
        document.get("backchannel_logout_supported") is True,
        _words(document.get("scopes_supported")),
    )


def _optional(document: dict[str, Any], name: str, issuer: str) -> str:
    return document[name] if _is_good(document.get(name), issuer) else ""


def _is_good(address: object, issuer: str) -> bool:
    """Codes and tokens travel over TLS; only a provider on this very machine may do without."""
    if not isinstance(address, str) or not urls.is_endpoint(address):
        return False
    return address.startswith("https://") or issuer.startswith("http://")


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in value[:100] if isinstance(word, str)) if isinstance(value, list) else ()
