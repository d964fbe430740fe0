"""The public clients that talk to Jira Data Center's provider, imitated request by request."""

import base64
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest

from genkan.protocol.links import NewLink
from genkan.protocol.records import ConsentMode, LinkKind
from genkan.wire import pkce
from genkan.wire.scopes import Permission
from tests.site.world import VERIFIER, SiteUnderTest, forms_of

CHALLENGE = pkce.challenge_of(VERIFIER)
TOKEN = "/rest/oauth2/latest/token"
REPLY = {"access_token", "token_type", "expires_in", "refresh_token", "created_at"}


async def _code(site: SiteUnderTest, query: dict[str, str]) -> dict[str, str]:
    """Sign in, walk the authorization request of a client, allow; the parameters that come back."""
    await site.sign_in()
    answer = await site.client.get(f"{site.base}/rest/oauth2/latest/authorize", params=query)
    while answer.status_code == 302 and answer.headers["location"].startswith(site.base):
        answer = await site.client.get(answer.headers["location"])
    if answer.status_code == 200:
        answer = await site.decide(answer)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def _confidential(site: SiteUnderTest, redirect: str, **wish: object) -> tuple[NewLink, str]:
    await site.make_account()
    made = await site.make_link(redirect, kind=LinkKind.CONFIDENTIAL, **wish)  # type: ignore[arg-type]
    assert made.secret is not None
    return made, made.secret


def _is_reply(answer: httpx2.Response) -> dict[str, object]:
    assert answer.status_code == 200, answer.text
    document = dict(answer.json())
    assert set(document) == REPLY
    assert isinstance(document["expires_in"], int)
    return document


async def test_mcp_atlassian(site: SiteUnderTest) -> None:
    """Scope WRITE, no PKCE, a state; form with secret; refresh by form without redirect_uri."""
    redirect = "http://localhost:8080/callback"
    made, secret = await _confidential(site, redirect)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code", "scope": "WRITE"}
    back = await _code(site, {**query, "state": "s1"})
    assert back["state"] == "s1"
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect, **credentials}
    reply = _is_reply(await site.token(**exchange))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    _is_reply(await site.token(**refresh))


async def test_cortex_xsoar(site: SiteUnderTest) -> None:
    """PKCE S256 without state, asked by a server without a session whose final address a person opens elsewhere."""
    redirect = "https://oproxy.demisto.ninja/authcode"
    made, secret = await _confidential(site, redirect)
    query = {
        "client_id": made.link.client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    async with site.browser(follow_redirects=True) as server:
        final = await server.get(f"{site.base}/rest/oauth2/latest/authorize", params=query)
    assert final.status_code == 200
    page = await site.client.get(str(final.url))
    action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/login"))
    filled = {**fields, "username": "alice", "password": "correct horse battery"}
    answer = await site.client.post(site.absolute(action), data=filled)
    while answer.status_code in (302, 303) and answer.headers["location"].startswith(site.base):
        answer = await site.client.get(answer.headers["location"])
    answer = await site.decide(answer)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert "state" not in back
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": redirect}
    reply = _is_reply(await site.token(**exchange, **credentials, code_verifier=VERIFIER))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    _is_reply(await site.token(**refresh))


async def test_nango(context_site: SiteUnderTest) -> None:
    """A stray grant_type in the authorization request, and a site below a context path."""
    site = context_site
    redirect = "https://api.nango.dev/oauth/callback"
    made, secret = await _confidential(site, redirect)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code", "scope": "READ"}
    back = await _code(site, {**query, "grant_type": "authorization_code", "state": "n"})
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect, **credentials}
    reply = _is_reply(await site.token(**exchange))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    _is_reply(await site.token(**refresh))


async def test_mattermost_confluence(site: SiteUnderTest) -> None:
    """Go's x/oauth2: access_type in the request, READ WRITE, HTTP Basic first and then the body."""
    redirect = "https://mattermost.example/plugins/confluence/oauth2/complete"
    made, secret = await _confidential(site, redirect)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code"}
    back = await _code(site, {**query, "scope": "READ WRITE", "access_type": "offline", "state": "m"})
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect}
    wrong = base64.b64encode(f"{made.link.client_id}:{quote('not it')}".encode()).decode()
    url = site.base + TOKEN
    failed = await site.client.post(url, data=exchange, headers={"authorization": f"Basic {wrong}"})
    assert (failed.status_code, failed.json()["error"]) == (401, "invalid_client")
    assert failed.headers["www-authenticate"].startswith("Basic")
    in_body = {**exchange, "client_id": made.link.client_id, "client_secret": secret}
    reply = _is_reply(await site.client.post(url, data=in_body))
    right = (made.link.client_id, secret)
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"])}
    _is_reply(await site.client.post(url, data=refresh, auth=right))


async def test_git_credential_manager(site: SiteUnderTest) -> None:
    """S256 and several scopes, a loopback port, redirect_uri with the refresh; and the probe of the link list."""
    made, secret = await _confidential(site, "http://localhost:34106/", permission=Permission.ADMIN)
    probe = await site.client.get(f"{site.base}/rest/oauth2/1.0/client")
    assert probe.status_code == 401
    redirect = "http://localhost:34106/"
    query = {
        "client_id": made.link.client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "READ WRITE ADMIN",
        "state": "g",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    back = await _code(site, query)
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect, **credentials}
    reply = _is_reply(await site.token(**exchange, code_verifier=VERIFIER))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    _is_reply(await site.token(**refresh, redirect_uri=redirect))


async def test_a_go_client_that_puts_the_parameters_in_the_query(site: SiteUnderTest) -> None:
    """The vendor's samples have every parameter of the POST in the query string; it works and refreshes."""
    redirect = "https://go.example/cb"
    made, secret = await _confidential(site, redirect)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code", "state": "q"}
    back = await _code(site, query)
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect, **credentials}
    reply = _is_reply(await site.client.post(site.base + TOKEN, params=exchange))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    _is_reply(await site.client.post(f"{site.base}/rest/oauth2/1.0/token", params=refresh))


@pytest.mark.parametrize("scope", ["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"])
async def test_jira_js(site: SiteUnderTest, scope: str) -> None:
    """Each scope by name; redirect_uri sent with the refresh, where it must match."""
    redirect = "https://jirajs.example/cb"
    made, secret = await _confidential(site, redirect, permission=Permission.SYSTEM_ADMIN)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code", "scope": scope}
    back = await _code(site, query)
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect, **credentials}
    reply = _is_reply(await site.token(**exchange))
    refresh = {"grant_type": "refresh_token", "refresh_token": str(reply["refresh_token"]), **credentials}
    wrong = await site.token(**refresh, redirect_uri="https://jirajs.example/other")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    _is_reply(await site.token(**refresh, redirect_uri=redirect))


async def test_backstage(site: SiteUnderTest) -> None:
    """No scope at all means the link's permission; consent may be remembered, and then nobody is asked again."""
    redirect = "https://backstage.example/api/auth/atlassian/handler/frame"
    made, secret = await _confidential(site, redirect, consent=ConsentMode.REMEMBER, permission=Permission.READ)
    query = {"client_id": made.link.client_id, "redirect_uri": redirect, "response_type": "code", "state": "b"}
    first = await _code(site, query)
    second = await site.client.get(f"{site.base}/rest/oauth2/latest/authorize", params=query)
    assert second.headers["location"].startswith(redirect)
    credentials = {"client_id": made.link.client_id, "client_secret": secret}
    exchange = {"grant_type": "authorization_code", "code": first["code"], "redirect_uri": redirect, **credentials}
    _is_reply(await site.token(**exchange))
