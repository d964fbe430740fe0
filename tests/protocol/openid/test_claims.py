"""What is believed of a provider's two documents, the ID token and userinfo, taken together."""

from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol.openid.claims import Mapped, joined, person_of

MAPPED = Mapped("corp", "preferred_username", "name", "email", "", trusts_email=False, strong=())


@pytest.mark.parametrize(
    ("signed", "told", "email", "verified"),
    [
        ({"email": "a@x"}, {"email": "b@x", "email_verified": True}, "a@x", False),
        ({"email": "a@x"}, {"email_verified": True}, "a@x", False),
        ({"email": "a@x", "email_verified": True}, {"email": "b@x", "email_verified": False}, "a@x", True),
        ({"email_verified": True}, {"email": "b@x"}, "b@x", False),
        ({"email_verified": True}, {"email": "b@x", "email_verified": False}, "b@x", False),
        ({"email_verified": False}, {"email": "b@x", "email_verified": True}, "b@x", True),
        ({}, {"email": "b@x", "email_verified": "true"}, "b@x", False),
    ],
)
def test_an_address_is_verified_by_its_own_document_alone(
    signed: dict[str, Any], told: dict[str, Any], email: str, verified: bool
) -> None:
    """What the other document says is said of another address."""
    person = person_of("00u1", joined(signed, told, MAPPED), MAPPED, "")
    assert (person.email, person.email_verified) == (email, verified)


@pytest.mark.parametrize(("claim", "trusts", "verified"), [
    ("email", False, True), ("upn", False, False), ("upn", True, True), ("email", True, True),
])  # fmt: skip
def test_an_address_of_another_claim_is_verified_by_the_operator_alone(
    claim: str, trusts: bool, verified: bool
) -> None:
    """OpenID Connect Core 5.1: email_verified is about ``email``, which may be another address than this one."""
    mapped = replace(MAPPED, email=claim, trusts_email=trusts)
    claims = {"email": "own@x.example", "email_verified": True, claim: "boss@x.example"}
    for told in (claims, joined(claims, {}, mapped), joined({}, claims, mapped), joined({"sub": "1"}, claims, mapped)):
        person = person_of("00u1", told, mapped, "")
        assert (person.email, person.email_verified) == ("boss@x.example", verified)
