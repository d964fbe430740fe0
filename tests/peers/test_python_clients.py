"""Authlib and requests-oauthlib sign in at our site, renew by themselves, ask about a token, and sign out."""

from collections.abc import Iterator
from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError  # type: ignore[import-untyped]
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

from tests.peers.conftest import Registered

VERIFIER = "a verifier for these tests, as long as it has to be".replace(" ", "-").replace(",", ".")


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both libraries want to be told that loopback needs no TLS."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def endpoint(client: Registered, name: str) -> str:
    return f"{client.site.base_url}/rest/oauth2/latest/{name}"


@pytest.fixture
def authlib(registered: Registered) -> Iterator[Any]:
    """A session that keeps every token it is given in ``kept``."""
    kept: list[dict[str, Any]] = []
    session = AuthlibSession(
        client_id=registered.link.client_id,
        client_secret=registered.link.client_secret,
        token_endpoint_auth_method="client_secret_basic" if registered.link.client_secret else "none",
        revocation_endpoint_auth_method="client_secret_basic" if registered.link.client_secret else "none",
        redirect_uri=registered.redirect,
        scope="WRITE",
        code_challenge_method="S256",
        token_endpoint=endpoint(registered, "token"),
        update_token=lambda token, refresh_token=None, access_token=None: kept.append(token),
    )
    session.kept = kept
    session.trust_env = False
    yield session
    session.close()


def test_authlib_is_served(authlib: Any, registered: Registered) -> None:
    """An expired token is renewed in the middle of a call, and a refused refresh says invalid_grant."""
    address, state = authlib.create_authorization_url(endpoint(registered, "authorize"), code_verifier=VERIFIER)
    assert create_s256_code_challenge(VERIFIER) in address
    back = registered.site.person("alice")(address)
    first = authlib.fetch_token(
        endpoint(registered, "token"), authorization_response=back, code_verifier=VERIFIER, state=state
    )
    assert authlib.get(f"{registered.site.base_url}/rest/api/2/myself").json()["name"] == "alice"
    authlib.token = {**first, "expires_at": 1}
    assert authlib.get(f"{registered.site.base_url}/rest/api/2/myself").json()["name"] == "alice"
    assert [token["refresh_token"] != first["refresh_token"] for token in authlib.kept] == [True]
    if registered.introspects:
        said = authlib.introspect_token(endpoint(registered, "introspect"), authlib.token["access_token"])
        assert said.json()["active"] is True
    refresh = authlib.token["refresh_token"]
    assert authlib.revoke_token(endpoint(registered, "revoke"), refresh).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        authlib.refresh_token(endpoint(registered, "token"), refresh_token=refresh)
    assert registered.site.phones()[0].reason == "signed_out_by_app"


@pytest.fixture
def requests_oauthlib(registered: Registered) -> Iterator[Any]:
    """A session as its manual shows it."""
    session = OAuth2Session(registered.link.client_id, redirect_uri=registered.redirect, scope=["WRITE"], pkce="S256")
    session.trust_env = False
    yield session
    session.close()


def test_requests_oauthlib_is_served(requests_oauthlib: Any, registered: Registered) -> None:
    """Its reader of redirects takes the app's scheme, its scope check finds what it asked for, and refreshes rotate."""
    session, secret = requests_oauthlib, registered.link.client_secret
    address, _ = session.authorization_url(endpoint(registered, "authorize"))
    back = registered.site.person("alice")(address)
    first = session.fetch_token(
        endpoint(registered, "token"), authorization_response=back, client_secret=secret, include_client_id=True
    )
    assert first.scope_changed is False
    who = {"client_id": registered.link.client_id, **({"client_secret": secret} if secret else {})}
    second = session.refresh_token(endpoint(registered, "token"), **who)
    assert second["refresh_token"] != first["refresh_token"]
    assert session.get(f"{registered.site.base_url}/rest/api/2/myself").json()["name"] == "alice"
    registered.site.sign_out(phone=registered.site.phones()[0].id)
    with pytest.raises(InvalidGrantError):
        session.refresh_token(endpoint(registered, "token"), **who)
