"""Git Credential Manager's requests to a Data Center product, as its sources make them: nonce, PKCE *and* a secret in
the form, a fixed loopback address by name, and the redirect again at each refresh.
"""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from genkan.testing import Credentials, SiteDouble

REDIRECT = "http://localhost:34106/"
VERIFIER = "gcm-verifier-0123456789-0123456789-0123456789"
ACCEPT = {"Accept": "application/json"}


@pytest.fixture
def link(site: SiteDouble) -> Credentials:
    return site.links["git"]


def token(site: SiteDouble, link: Credentials, **fields: str) -> httpx2.Response:
    """Its form: client id and secret beside the grant, and no Authorization header."""
    form = {**fields, "client_id": link.client_id, "client_secret": link.client_secret or "", "redirect_uri": REDIRECT}
    return httpx2.post(f"{site.base_url}/rest/oauth2/latest/token", data=form, headers=ACCEPT, trust_env=False)


def signed_in(site: SiteDouble, link: Credentials) -> dict[str, str]:
    """Through the browser, and the code exchanged; the state must come back as the very same characters."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": link.client_id,
        "state": "bm9uY2U9PQ==",
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "redirect_uri": REDIRECT,
        "scope": "READ WRITE",
    }
    back = site.person("alice")(f"{site.base_url}/rest/oauth2/latest/authorize?{urlencode(query)}")
    assert back is not None
    assert back.startswith(f"{REDIRECT}?")
    answer = parse_qs(urlsplit(back).query)
    assert answer["state"] == [query["state"]]
    reply = token(site, link, grant_type="authorization_code", code=answer["code"][0], code_verifier=VERIFIER)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_it_signs_in_and_renews(site: SiteDouble, link: Credentials) -> None:
    """The answer has the members that it reads, and each renewal carries on from the one before."""
    first = signed_in(site, link)
    assert {"access_token", "refresh_token", "token_type", "expires_in"} <= first.keys()
    second = token(site, link, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    third = token(site, link, grant_type="refresh_token", refresh_token=second["refresh_token"]).json()
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    headers = {"Authorization": f"Bearer {third['access_token']}"}
    assert httpx2.get(f"{site.base_url}/rest/api/2/myself", headers=headers, trust_env=False).json()["name"] == "alice"


def test_a_renewal_that_it_lost_can_be_had_again(site: SiteDouble, link: Credentials) -> None:
    """It keeps the refresh token that it was told last; where that answer was lost, the old one gets the same again."""
    first = signed_in(site, link)
    site.faults.lose_answer("token")
    with pytest.raises(httpx2.HTTPError):
        token(site, link, grant_type="refresh_token", refresh_token=first["refresh_token"])
    again = token(site, link, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200
    assert site.phones()[0].generation == 1


def test_what_it_is_refused_with_can_be_read(site: SiteDouble, link: Credentials) -> None:
    """A used-up session and a wrong secret are OAuth errors in JSON, which is all that it shows a person."""
    first = signed_in(site, link)
    site.sign_out(phone=site.phones()[0].id)
    ended = token(site, link, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (ended.status_code, ended.json()["error"]) == (400, "invalid_grant")
    wrong = Credentials(link.client_id, link.redirects, link.permission, "not the secret")
    refused = token(site, wrong, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.json()["error_description"]
