"""The provider's metadata: what is announced, where it is found, and what a client believes."""

import json
from dataclasses import fields
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import metadata
from genkan.wire.metadata import Endpoints, MetadataProblem, ServerMetadata
from genkan.wire.oauth import GrantType
from tests.wire.strategies import any_text, base_urls, json_values

BASE = "https://jira.example.com/jira"
PROPERTIES = [name for name, value in vars(Endpoints).items() if isinstance(value, cached_property)]


def a_document(**members: object) -> bytes:
    """Our own document with some members replaced, and those set to `...` removed."""
    whole = {**metadata.document(BASE), **members}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def test_the_endpoints_are_those_of_the_vendor() -> None:
    """Every address stands below the base URL with its context path, at the path that clients know."""
    site = Endpoints(BASE)
    assert {name: getattr(site, name).removeprefix(BASE) for name in PROPERTIES} == {
        "issuer": "",
        "authorization": "/rest/oauth2/latest/authorize",
        "token": "/rest/oauth2/latest/token",
        "revocation": "/rest/oauth2/latest/revoke",
        "introspection": "/rest/oauth2/latest/introspect",
        "consent": "/plugins/servlet/oauth2/consent",
        "client": "/rest/oauth2/1.0/client",
        "info_login": "/rest/nativemobile/1.1/info/login",
        "login_options": "/rest/authconfig/1.0/login-options",
        "server_info": "/rest/api/2/serverInfo",
        "myself": "/rest/api/2/myself",
        "metadata": "/.well-known/oauth-authorization-server",
    }


@given(base_urls())
def test_a_trailing_slash_changes_no_endpoint(base: str) -> None:
    """The issuer has no trailing slash, and no address gets a double one."""
    with_slash, without = Endpoints(base + "/"), Endpoints(base)
    assert all(getattr(with_slash, name) == getattr(without, name) for name in PROPERTIES)
    assert without.issuer == base


def test_the_document_says_what_we_do_and_nothing_else() -> None:
    """Code only, two grants, S256 and never plain, `iss` promised, three ways to authenticate (RFC 8414 2, RFC
    9700 2.1.1).
    """
    document: dict[str, Any] = metadata.document(BASE)
    assert document["issuer"] == BASE
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == [grant.value for grant in GrantType]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["token_endpoint_auth_methods_supported"] == ["none", "client_secret_post", "client_secret_basic"]
    assert document["scopes_supported"] == ["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert not {"registration_endpoint", "device_authorization_endpoint", "jwks_uri"} & document.keys()
    assert "plain" not in json.dumps(document)


@pytest.mark.parametrize(
    ("base", "root", "below"),
    [
        ("https://a.b", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server"),
        ("https://a.b/", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server"),
        (
            "https://a.b:8/jira",
            "/.well-known/oauth-authorization-server/jira",
            "/jira/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.b/x/y/",
            "/.well-known/oauth-authorization-server/x/y",
            "/x/y/.well-known/oauth-authorization-server",
        ),
    ],
)
def test_the_document_is_found_in_both_places(base: str, root: str, below: str) -> None:
    """At the host's root with the context path behind it (RFC 8414 3.1), and below the base URL."""
    assert metadata.well_known_paths(base) == (root, below)


@given(base_urls())
def test_our_own_document_is_believed(base: str) -> None:
    """What the site announces is what the app reads."""
    site, read = Endpoints(base), metadata.parse(json.dumps(metadata.document(base)).encode(), issuer=base)
    assert isinstance(read, ServerMetadata)
    assert (read.authorization_endpoint, read.token_endpoint) == (site.authorization, site.token)
    assert (read.revocation_endpoint, read.introspection_endpoint) == (site.revocation, site.introspection)
    assert (read.scopes, read.code_challenge_methods) == (("READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"), ("S256",))
    assert read.iss_parameter


@pytest.mark.parametrize("issuer", [BASE + "/", BASE.upper(), "https://evil.example", "", None, ..., [BASE], 5])
def test_another_issuer_is_not_believed(issuer: object) -> None:
    """The issuer in the document is identical to the one it was asked of (RFC 8414 3.3)."""
    problem = metadata.parse(a_document(issuer=issuer), issuer=BASE)
    assert isinstance(problem, MetadataProblem)
    assert "issuer" in problem.sentence


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize(
    "address",
    [..., None, "", "/token", "http://jira.example.com/token", "app://x", "https://u@a.b/", "https://a.b/#x", 5],
)
def test_a_document_needs_two_usable_endpoints(name: str, address: object) -> None:
    """A missing, relative or plain-http endpoint of an https site makes the document useless (RFC 6749 3.1,
    3.2; RFC 8414 6.1).
    """
    assert isinstance(metadata.parse(a_document(**{name: address}), issuer=BASE), MetadataProblem)


@pytest.mark.parametrize("name", ["revocation_endpoint", "introspection_endpoint"])
@pytest.mark.parametrize("address", [..., "http://jira.example.com/x", 5])
def test_an_unusable_optional_endpoint_is_as_if_absent(name: str, address: object) -> None:
    """What need not be there may be wrong without spoiling the rest."""
    read = metadata.parse(a_document(**{name: address}), issuer=BASE)
    assert isinstance(read, ServerMetadata)
    assert getattr(read, name) is None


@pytest.mark.parametrize("promised", [..., False, None, "true", 1])
def test_only_true_promises_the_issuer_parameter(promised: object) -> None:
    """An absent or odd promise is none (RFC 9207 3), so that sites without `iss` are not refused."""
    read = metadata.parse(a_document(authorization_response_iss_parameter_supported=promised), issuer=BASE)
    assert isinstance(read, ServerMetadata)
    assert not read.iss_parameter


def test_loopback_sites_may_be_plain_http() -> None:
    """A site on the same machine announces http, and its client takes it."""
    base = "http://localhost:8080"
    assert isinstance(metadata.parse(json.dumps(metadata.document(base)).encode(), issuer=base), ServerMetadata)


members = st.dictionaries(st.sampled_from([*metadata.document(BASE), "x"]), json_values | st.just(BASE))


@given(
    st.binary(max_size=200) | (members | json_values).map(lambda value: json.dumps(value).encode()),
    any_text | st.just(BASE),
)
def test_any_document_is_judged(body: bytes, issuer: str) -> None:
    """Reading never raises, and what is believed has the types it promises."""
    read = metadata.parse(body, issuer=issuer)
    assert isinstance(read, ServerMetadata | MetadataProblem)
    if isinstance(read, ServerMetadata):
        assert all(isinstance(getattr(read, field.name), str | tuple | bool | None) for field in fields(read))
