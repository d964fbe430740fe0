"""What a provider's claims say of a person, in the names that the operator gave them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genkan.protocol.directory import Person
from genkan.protocol.records import Method

MOST_GROUPS = 1_000
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which claim is what. ``trusts_email``: addresses count as verified though the provider does not say so."""

    source: str
    name: str
    display_name: str
    email: str
    groups: str
    trusts_email: bool
    strong: tuple[str, ...]


def wants_userinfo(claims: Mapping[str, Any], mapped: Mapped) -> bool:
    """Whether the ID token leaves out what is asked for."""
    wanted = [claim for claim in (mapped.name, mapped.email, mapped.groups) if claim]
    return any(claim not in claims for claim in wanted)


def joined(signed: Mapping[str, Any], told: Mapping[str, Any], mapped: Mapped) -> dict[str, Any]:
    """The ID token's claims and userinfo's as one; what is signed goes before what is only told."""
    # OpenID Connect Core 5.1: email_verified is said of the address beside it. Of an address in the other document,
    # which may be another one, it says nothing.
    source = signed if mapped.email in signed else told
    return {**told, **signed, "email_verified": source.get("email_verified")}


def person_of(subject: str, claims: Mapping[str, Any], mapped: Mapped, sealed: str) -> Person:
    """The person; what is no text counts as not there."""
    return Person(
        mapped.source,
        subject,
        _text(claims.get(mapped.name)) or subject,
        _text(claims.get(mapped.display_name)),
        _text(claims.get(mapped.email)),
        mapped.trusts_email or _says_verified(claims, mapped),
        _groups(claims.get(mapped.groups)) if mapped.groups in claims else None,
        sealed=sealed,
    )


def _says_verified(claims: Mapping[str, Any], mapped: Mapped) -> bool:
    """OpenID Connect Core 5.1: email_verified is said of the claim ``email``. Of another one with an address in it,
    which people may often fill in themselves, it says nothing.
    """
    return mapped.email == "email" and claims.get("email_verified") is True


def method_of(claims: Mapping[str, Any], mapped: Mapped) -> Method:
    """A sign-in elsewhere is FED and no more, unless the operator knows what this provider's words are worth."""
    amr = claims.get("amr")
    said = [*(amr if isinstance(amr, list) else []), claims.get("acr")]
    return (
        Method.FED | Method.MFA if any(word in mapped.strong for word in said if isinstance(word, str)) else Method.FED
    )


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _groups(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(group for group in listed[:MOST_GROUPS] if isinstance(group, str))
