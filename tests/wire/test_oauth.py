"""The requests of a client: what they carry, and what they never show."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import oauth
from genkan.wire.oauth import (
    AuthorizationRequest,
    CodeExchange,
    ErrorCode,
    GrantType,
    RefreshRequest,
    RevocationRequest,
)

texts = st.text(max_size=20)
SECRETS = ["the-code", "the-secret", "the-verifier", "the-state", "the-token", "the-challenge"]


def test_an_authorization_request_carries_what_it_was_given() -> None:
    """Every parameter of RFC 6749 4.1.1 and RFC 7636 4.3 has its name and its place."""
    request = AuthorizationRequest("id", "app://cb", "WRITE", "s", "c", "S256", "none", (("extra", "1"),))
    assert list(request.to_query().items()) == [
        ("response_type", "code"),
        ("client_id", "id"),
        ("redirect_uri", "app://cb"),
        ("scope", "WRITE"),
        ("state", "s"),
        ("code_challenge", "c"),
        ("code_challenge_method", "S256"),
        ("prompt", "none"),
        ("extra", "1"),
    ]


def test_absent_parameters_are_left_out() -> None:
    """None is not sent; an empty text is, since it was given."""
    assert AuthorizationRequest("id", "app://cb", state="").to_query() == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": "app://cb",
        "state": "",
    }


def test_extra_parameters_replace_none_of_ours() -> None:
    """What a caller adds cannot turn the request into another one."""
    extra = (("client_id", "other"), ("response_type", "token"), ("audience", "x"))
    query = AuthorizationRequest("id", "app://cb", extra=extra).to_query()
    assert (query["client_id"], query["response_type"], query["audience"]) == ("id", "code", "x")


@given(texts, texts, texts)
def test_the_address_reads_back_as_the_request(client_id: str, redirect: str, state: str) -> None:
    """The address that the browser opens says what the request says, behind the endpoint's own query (RFC 6749 3.1)."""
    request = AuthorizationRequest(client_id, redirect, state=state)
    address = request.to_url("https://h.example/authorize?tenant=1")
    read = parse_qsl(address.partition("?")[2], keep_blank_values=True, strict_parsing=True)
    assert read == [("tenant", "1"), *request.to_query().items()]


def test_a_code_exchange_is_a_form() -> None:
    """RFC 6749 4.1.3 with RFC 7636 4.5, and the device's mark where there is one."""
    assert CodeExchange("c", "app://cb", "id", "s", "v", "d").to_form() == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "app://cb",
        "client_id": "id",
        "client_secret": "s",
        "code_verifier": "v",
        "device_id": "d",
    }
    assert CodeExchange("c", "app://cb", "id").to_form().keys() == {"grant_type", "code", "redirect_uri", "client_id"}


def test_a_refresh_is_a_form() -> None:
    """RFC 6749 6, with the vendor's redirect URI where it is wanted."""
    assert RefreshRequest("t", "id").to_form() == {
        "grant_type": "refresh_token",
        "refresh_token": "t",
        "client_id": "id",
    }
    assert RefreshRequest("t", "id", "s", "READ", "app://cb").to_form() == {
        "grant_type": "refresh_token",
        "refresh_token": "t",
        "client_id": "id",
        "client_secret": "s",
        "scope": "READ",
        "redirect_uri": "app://cb",
    }


def test_a_revocation_is_a_form() -> None:
    """RFC 7009 2.1."""
    assert RevocationRequest("t", "id", "s", "refresh_token").to_form() == {
        "token": "t",
        "token_type_hint": "refresh_token",
        "client_id": "id",
        "client_secret": "s",
    }


@pytest.mark.parametrize(
    "request_",
    [
        AuthorizationRequest("id", "app://cb", "WRITE", "the-state", "the-challenge", "S256"),
        CodeExchange("the-code", "app://cb", "id", "the-secret", "the-verifier"),
        RefreshRequest("the-token", "id", "the-secret"),
        RevocationRequest("the-token", "id", "the-secret"),
        oauth.TokenAnswer("the-token", "the-token", 60),
        oauth.CallbackCode("the-code"),
    ],
)
def test_no_secret_is_shown(request_: object) -> None:
    """A request that ends up in a log or a traceback shows no secret, token, code, verifier or state."""
    assert not [secret for secret in SECRETS if secret in repr(request_) + str(request_)]


def test_prefixes_tell_tokens_and_codes_apart() -> None:
    """No prefix begins another, so that a kind is known from its first characters."""
    prefixes = [oauth.ACCESS_PREFIX, oauth.REFRESH_PREFIX, oauth.CODE_PREFIX]
    assert prefixes == ["gnk_at_", "gnk_rt_", "gnk_ac_"]


def test_names_are_those_of_the_specifications() -> None:
    """Error codes are words that may stand in a header and a query (RFC 6749 5.2), and grants are two."""
    assert {code.value for code in ErrorCode} == {code.name.lower() for code in ErrorCode}
    assert [grant.value for grant in GrantType] == ["authorization_code", "refresh_token"]
