"""Revocation, introspection, metadata and bearer tokens over HTTP: what each clause asks for, member by member."""

from base64 import b64encode
from typing import Any

import httpx2
import pytest

from genkan.protocol.env import HOUR
from genkan.protocol.links import NewLink
from genkan.protocol.records import LinkKind
from genkan.wire import metadata
from tests.site.world import START, SiteUnderTest

ENDPOINTS = ["token", "revoke", "introspect"]
HINTS = [None, "access_token", "refresh_token", "of_another_kind"]


async def signed_in(site: SiteUnderTest) -> tuple[NewLink, dict[str, Any]]:
    """A confidential link, and what its code was exchanged for."""
    await site.make_account()
    made = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    return made, await site.issue_tokens(made.link, secret=made.secret)


async def post(site: SiteUnderTest, endpoint: str, made: NewLink, **form: str) -> httpx2.Response:
    form = {"client_id": made.link.client_id, "client_secret": str(made.secret), **form}
    return await site.client.post(f"{site.base}/rest/oauth2/latest/{endpoint}", data=form)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", HINTS)
async def test_either_token_ends_the_sign_in(site: SiteUnderTest, which: str, hint: str | None) -> None:
    """RFC 7009 2: both tokens are dead after 200, and a hint that is wrong or unknown changes nothing of it."""
    made, tokens = await signed_in(site)
    form = {"token": tokens[which], **({"token_type_hint": hint} if hint else {})}
    assert (await post(site, "revoke", made, **form)).status_code == 200
    assert (await site.myself(tokens["access_token"])).status_code == 401
    refused = await site.refresh(tokens["refresh_token"], made.link, client_secret=str(made.secret))
    assert refused.json()["error"] == "invalid_grant"
    assert (await post(site, "revoke", made, **form)).status_code == 200, "asked again, it is done already"


async def test_revocation_needs_its_client(site: SiteUnderTest) -> None:
    """RFC 7009 2.1: without or with a wrong secret nothing is ended; without a token the request is not whole."""
    made, tokens = await signed_in(site)
    for secret in ("", "0" * 64):
        answer = await post(site, "revoke", made, token=tokens["refresh_token"], client_secret=secret)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await post(site, "revoke", made)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await site.myself(tokens["access_token"])).status_code == 200


async def test_introspection_tells_what_a_token_may_do(site: SiteUnderTest) -> None:
    """RFC 7662 2.2, RFC 9470 6.2: every member that the site tells, times in seconds, the scope as it counts now."""
    made, tokens = await signed_in(site)
    caller = await site.make_link("https://api.example/cb", introspect=True)
    told = await site.introspect(tokens["access_token"], caller.link, str(caller.secret))
    account = await site.store.account_by_name("alice")
    assert account is not None
    assert len(str(told.pop("sid"))) == 32
    assert told == {
        "active": True, "scope": "WRITE", "client_id": made.link.client_id, "username": "alice",
        "sub": f"{account.id:016x}", "token_type": "bearer", "iss": site.base, "iat": START // 1000,
        "exp": (START + HOUR) // 1000, "auth_time": START // 1000, "amr": ["pwd"],
        "acr": "urn:genkan:acr:password",
    }  # fmt: skip


async def test_what_is_not_good_is_inactive_and_nothing_else(site: SiteUnderTest) -> None:
    """RFC 7662 2.2: a foreign, broken, old or expired token is told as inactive, without a word about why."""
    made, tokens = await signed_in(site)
    caller = await site.make_link("https://api.example/cb", introspect=True)
    shown = [tokens["refresh_token"], "nonsense", tokens["access_token"][:-1]]
    renewed = await site.refresh(tokens["refresh_token"], made.link, client_secret=str(made.secret))
    shown.append(tokens["access_token"])
    for token in shown:
        assert await site.introspect(token, caller.link, str(caller.secret)) == {"active": False}
    site.env.advance(HOUR)
    assert await site.introspect(renewed.json()["access_token"], caller.link, str(caller.secret)) == {"active": False}


async def test_introspection_is_for_those_it_was_made_for(site: SiteUnderTest) -> None:
    """RFC 7662 2, 2.1: a caller that proves nothing, or may not introspect, learns nothing; a token must be named."""
    made, tokens = await signed_in(site)
    caller = await site.make_link("https://api.example/cb", introspect=True)
    nobody = await site.client.post(
        f"{site.base}/rest/oauth2/latest/introspect", data={"token": tokens["access_token"]}
    )
    assert nobody.status_code == 401
    for secret, status in (("0" * 64, 401), (str(caller.secret), 200)):
        answer = await post(site, "introspect", caller, token=tokens["access_token"], client_secret=secret)
        assert answer.status_code == status
    assert (await post(site, "introspect", made, token=tokens["access_token"])).status_code == 403
    assert (await post(site, "introspect", caller)).json()["error"] == "invalid_request"


async def test_the_metadata_document_is_served(site: SiteUnderTest) -> None:
    """RFC 8414 3.2: 200, JSON, the issuer that was asked for, and no member that is empty."""
    assert await documents(site) == [metadata.document(site.base)]


async def test_the_metadata_document_of_a_context_path_is_served_twice(context_site: SiteUnderTest) -> None:
    """RFC 8414 3.2: the same below the context path and at the host's root, with the whole base URL as the issuer."""
    assert await documents(context_site) == [metadata.document(context_site.base)] * 2


async def documents(site: SiteUnderTest) -> list[dict[str, Any]]:
    found = []
    for path in sorted({*metadata.well_known_paths(site.base)}):
        answer = await site.client.get(f"https://site.example{path}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "application/json")
        assert answer.json()["issuer"] == site.base
        assert not [name for name, value in answer.json().items() if value in ("", [], None)]
        assert answer.headers["access-control-allow-origin"] == "*"
        found.append(answer.json())
    return found


async def test_a_bearer_token_comes_in_its_header_alone(site: SiteUnderTest) -> None:
    """RFC 6750 2.1: in the header it opens; in the query or the body, where it would be logged, it is nothing."""
    _, tokens = await signed_in(site)
    token, url = tokens["access_token"], f"{site.base}/rest/api/2/myself"
    assert (await site.client.get(url, headers={"authorization": f"Bearer {token}"})).status_code == 200
    assert (await site.client.get(url, params={"access_token": token})).status_code == 401
    asked = await site.client.request("GET", url, data={"access_token": token})
    assert asked.status_code == 401


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_client_shows_itself_in_one_way(site: SiteUnderTest, endpoint: str) -> None:
    """RFC 6749 2.3: HTTP Basic and another secret or name in the body are refused; the same said twice is one way."""
    made, _ = await signed_in(site)
    basic = b64encode(f"{made.link.client_id}:{made.secret}".encode()).decode()
    same = {"client_id": made.link.client_id, "client_secret": str(made.secret)}
    answer = await site.client.post(
        f"{site.base}/rest/oauth2/latest/{endpoint}", data={"token": "x", **same},
        headers={"authorization": f"Basic {basic}"},
    )  # fmt: skip
    assert answer.json().get("error_description") != "The client authenticates in two ways at once."
    assert answer.status_code in (200, 400, 403)
    for extra in ({"client_secret": "0" * 64}, {"client_id": "another"}):
        form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x", **extra}
        answer = await site.client.post(
            f"{site.base}/rest/oauth2/latest/{endpoint}", data=form, headers={"authorization": f"Basic {basic}"}
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
