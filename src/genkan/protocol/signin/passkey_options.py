"""What browsers are asked for: the options of navigator.credentials.create() and get() as JSON documents, and the hosts
that passkeys of this site belong to.
"""

from collections.abc import Iterable, Sequence

from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey_checks import base64url, user_handle
from genkan.protocol.signin.passkey_library import ALGORITHMS
from genkan.protocol.signin.passkey_ticket import LIFE, Ticket
from genkan.wire import uri
from genkan.wire.urls import BaseURL

Document = dict[str, object]


def rp_id_of(public: BaseURL) -> str | None:
    """WebAuthn 5.1.2: the host of our pages. None where browsers know no passkeys: an IP address, or plain http."""
    is_name = not uri.is_ipv4(public.host) and not public.host.startswith("[") and ":" not in public.host
    return public.host if is_name and (public.secure or public.is_loopback) else None


def rp_ids(public: BaseURL, former: Iterable[BaseURL]) -> tuple[str, ...]:
    """The host of our pages first, then the hosts that the site had before (WebAuthn 5.11, related origins)."""
    found = [rp_id_of(public), *(rp_id_of(base) for base in former)] if rp_id_of(public) else []
    return tuple(dict.fromkeys(host for host in found if host is not None))


def related_origins(public: BaseURL, former: Iterable[BaseURL]) -> list[str]:
    """WebAuthn 5.11: where passkeys of a former host may be used, told at that host's root."""
    return list(dict.fromkeys([public.origin, *(base.origin for base in former)]))


def creation(
    ticket: Ticket, site_title: str, account: Account | None, known: Sequence[Passkey], *, prove_model: bool
) -> Document:
    """Options for a new passkey. Of an account that is yet to be made the page itself fills in the names."""
    return {
        "rp": {"id": ticket.rp_id, "name": site_title},
        "user": {
            "id": base64url(user_handle(ticket.account_id)),
            "name": account.name if account else "",
            "displayName": account.display_name if account else "",
        },
        "challenge": base64url(ticket.challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
        "timeout": LIFE,
        "excludeCredentials": _descriptors(known, ticket.rp_id),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "direct" if prove_model else "none",
        "extensions": {"credProps": True},
    }


def request(ticket: Ticket, allowed: Sequence[Passkey]) -> Document:
    """Options for using a passkey; whose it is comes with the answer where none are named."""
    return {
        "rpId": ticket.rp_id,
        "challenge": base64url(ticket.challenge),
        "timeout": LIFE,
        "allowCredentials": _descriptors(allowed, ticket.rp_id),
        "userVerification": "required",
    }


def _descriptors(passkeys: Sequence[Passkey], rp_id: str) -> list[Document]:
    return [
        {"type": "public-key", "id": base64url(passkey.id), "transports": list(passkey.transports)}
        for passkey in passkeys
        if passkey.rp_id == rp_id
    ]
