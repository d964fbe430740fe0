"""serverInfo and myself: what every Jira client calls first."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from genkan.protocol import accounts, links
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.records import Standing
from genkan.protocol.ring import add
from genkan.wire.scopes import Permission
from tests.site.stops import STOPS, Stop
from tests.site.world import SiteUnderTest


async def access_token(site: SiteUnderTest, **wish: Any) -> str:
    """Alice's phone is signed in; its access token."""
    await site.make_account(**wish)
    tokens = await site.issue_tokens(await site.turn_mobile_on())
    return str(tokens["access_token"])


def challenge(answer: httpx2.Response) -> str:
    return str(answer.headers["www-authenticate"])


@pytest.mark.parametrize("version", ["2", "latest"])
async def test_server_info_is_for_anybody(context_site: SiteUnderTest, version: str) -> None:
    """serverInfo answers without a credential, from the settings alone, in the shape Jira clients read."""
    answer = await context_site.client.get(f"{context_site.base}/rest/api/{version}/serverInfo")
    assert answer.status_code == 200
    told = answer.json()
    assert told["baseUrl"] == "https://site.example/jira"
    assert (told["version"], told["versionNumbers"], told["deploymentType"]) == ("10.1.0", [10, 1, 0], "Server")
    assert told["serverTitle"] == "Genkan"
    assert told["scmInfo"].startswith("genkan-")
    assert isinstance(told["buildNumber"], int)
    written = datetime.strptime(told["serverTime"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert written == datetime.fromtimestamp(context_site.env.now / 1000, UTC)


@pytest.mark.parametrize("version", ["2", "latest"])
async def test_myself_tells_whom_a_token_speaks_for(context_site: SiteUnderTest, version: str) -> None:
    """myself has every member that Jira clients read, and no cookie comes with it."""
    token = await access_token(context_site, display_name="Alice Ä.", email="a@example.com", groups=("b c", "a/1"))
    anew = context_site.browser()
    answer = await anew.get(
        f"{context_site.base}/rest/api/{version}/myself", headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    told = answer.json()
    api = "https://site.example/jira/rest/api/2"
    assert told.pop("key")
    assert told == {
        "self": f"{api}/user?username=alice",
        "name": "alice",
        "emailAddress": "a@example.com",
        "displayName": "Alice Ä.",
        "active": True,
        "timeZone": "UTC",
        "locale": "en_US",
        "groups": {
            "size": 2,
            "items": [
                {"name": "a/1", "self": f"{api}/group?groupname=a%2F1"},
                {"name": "b c", "self": f"{api}/group?groupname=b%20c"},
            ],
        },
    }
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_the_key_is_the_subject_of_introspection(site: SiteUnderTest) -> None:
    """`key` is the stable id that introspection calls `sub`."""
    token = await access_token(site)
    caller = await site.make_link("https://api.example/cb", introspect=True)
    assert caller.secret is not None
    told = await site.introspect(token, caller.link, caller.secret)
    assert (await site.myself(token)).json()["key"] == told["sub"]


async def test_without_a_token_the_challenge_names_no_error(site: SiteUnderTest) -> None:
    """RFC 6750 3.1: a request without authentication gets a bare challenge; a browser session does not count."""
    await site.make_account()
    await site.sign_in()
    answer = await site.client.get(f"{site.base}/rest/api/2/myself")
    assert answer.status_code == 401
    assert challenge(answer) == 'Bearer realm="Genkan"'


@pytest.mark.parametrize("shown", ["Bearer nonsense", "Bearer gnk_at_" + "A" * 52, "Bearer ", "bearer \u00e9"])
async def test_a_broken_token_is_told_as_invalid(site: SiteUnderTest, shown: str) -> None:
    """RFC 6750 3.1: invalid_token with 401."""
    answer = await site.client.get(
        f"{site.base}/rest/api/2/myself", headers=[(b"authorization", shown.encode("latin-1"))]
    )
    assert answer.status_code == 401
    assert 'error="invalid_token"' in challenge(answer)
    assert answer.json()["error"] == "invalid_token"


async def test_basic_credentials_open_nothing(site: SiteUnderTest) -> None:
    """A name and password are no access token, as in Jira 11 (RFC 6750 2.1)."""
    await site.make_account()
    answer = await site.client.get(f"{site.base}/rest/api/2/myself", auth=("alice", "correct horse battery"))
    assert answer.status_code == 401


async def test_two_authorization_headers_are_refused(site: SiteUnderTest) -> None:
    """RFC 6750 2: one method, once."""
    token = await access_token(site)
    headers = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    answer = await site.client.get(f"{site.base}/rest/api/2/myself", headers=headers)
    assert answer.status_code == 400


async def test_a_refresh_token_is_no_bearer_token(site: SiteUnderTest) -> None:
    """A refresh token never opens the API, and showing one there changes nothing."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    assert (await site.myself(str(tokens["refresh_token"]))).status_code == 401
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200


async def test_a_token_lives_exactly_as_long_as_it_says(site: SiteUnderTest) -> None:
    """The last millisecond passes, the next does not, and the phone is still signed in."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    token = str(tokens["access_token"])
    site.env.advance(3_600_000 - 1)
    assert (await site.myself(token)).status_code == 200
    site.env.advance(1)
    assert (await site.myself(token)).status_code == 401
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200


async def test_an_access_token_of_before_a_refresh_is_inactive_and_no_replay(site: SiteUnderTest) -> None:
    """tokens.md 2: the old access token opens nothing, and the new one still does."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    fresh = (await site.refresh(str(tokens["refresh_token"]), link)).json()
    assert (await site.myself(str(tokens["access_token"]))).status_code == 401
    assert (await site.myself(fresh["access_token"])).status_code == 200


async def test_using_the_successor_is_seen_and_closes_the_retry(site: SiteUnderTest) -> None:
    """tokens.md 3: a call with the successor's access token is a first sight, so that a late retry is a replay."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    fresh = (await site.refresh(str(tokens["refresh_token"]), link)).json()
    assert (await site.myself(fresh["access_token"])).status_code == 200
    await site.store.flush()
    site.env.advance(31_000)
    assert (await site.refresh(str(tokens["refresh_token"]), link)).json()["error"] == "invalid_grant"
    assert (await site.myself(fresh["access_token"])).status_code == 401


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
async def test_what_stops_a_sign_in_closes_the_api_on_the_next_request(site: SiteUnderTest, stop: Stop) -> None:
    """Every stop event holds for the REST API and for forward authentication from the next request on."""
    token = await access_token(site)
    headers = {"authorization": f"Bearer {token}"}
    assert (await site.myself(token)).status_code == 200
    await stop(site)
    assert (await site.myself(token)).status_code == 401
    assert (await site.client.get(f"{site.base}/auth/verify?scope=READ", headers=headers)).status_code == 401


async def test_a_disabled_link_suspends_and_resumes(site: SiteUnderTest) -> None:
    """tokens.md 4: while the link is disabled its tokens open nothing; enabled again they do."""
    token = await access_token(site)
    link = await site.store.link((await site.store.site()).mobile_link_id or 0)
    assert link is not None
    for standing, status in ((Standing.DISABLED, 401), (Standing.ACTIVE, 200)):
        change = links.set_standing(link, standing, "test", site.env())
        assert isinstance(change, Change)
        assert await site.store.apply(change)
        link = await site.store.link(link.id)
        assert link is not None
        assert (await site.myself(token)).status_code == status


async def test_a_lowered_right_counts_from_the_next_request(site: SiteUnderTest) -> None:
    """min(scope, link, person): a person who may only read any more cannot write with an old token."""
    token = await access_token(site)
    headers = {"authorization": f"Bearer {token}"}
    verify = f"{site.base}/auth/verify?scope=WRITE"
    assert (await site.client.get(verify, headers=headers)).status_code == 200
    account = await site.store.account_by_name("alice")
    assert account is not None
    change = accounts.change(account, accounts.AccountWish("alice", permission=Permission.READ), "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    assert (await site.client.get(verify, headers=headers)).status_code == 403
    assert (await site.myself(token)).status_code == 200


async def test_a_forged_token_dies_before_the_store_is_asked(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is cut off or changed in a token, no read of a grant follows."""
    token = await access_token(site)
    asked: list[bytes] = []
    real = type(site.store).grant_facts

    async def spy(store: Any, grant_id: bytes) -> Any:
        asked.append(grant_id)
        return await real(store, grant_id)

    monkeypatch.setattr(type(site.store), "grant_facts", spy)
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for forged in (token[:-1], token[1:], flipped, token.swapcase(), token + "A", token.replace("_at_", "_rt_")):
        assert (await site.myself(forged)).status_code == 401
    assert asked == []
    assert (await site.myself(token)).status_code == 200
    assert len(asked) == 1


async def test_a_node_whose_ring_is_older_than_the_store_says_judges_nobody(site: SiteUnderTest) -> None:
    """tokens.md 7: 503 with Retry-After, never "your token is bad"; with the newer ring the token works again."""
    token = await access_token(site)
    headers = {"authorization": f"Bearer {token}"}
    newer = add(site.ring[0], site.env())
    assert await site.store.apply(Change((MoveRing(newer.version, newer.fingerprint),)))
    for path in ("/rest/api/2/myself", "/auth/verify"):
        answer = await site.client.get(f"{site.base}{path}", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    site.ring.append(newer)
    site.env.advance(1000)
    assert (await site.myself(token)).status_code == 200


async def test_access_tokens_switched_off_open_nothing_and_sign_nobody_out(site: SiteUnderTest) -> None:
    """With GENKAN_ENABLE_ACCESS_TOKENS off the API says 503, which clients take as "later"."""
    token = await access_token(site)
    object.__setattr__(site.door, "settings", _without_tokens(site))
    answer = await site.myself(token)
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"


def _without_tokens(site: SiteUnderTest) -> Any:
    from msgspec import structs

    return structs.replace(site.settings, enable_access_tokens=False)


@pytest.mark.parametrize(
    "path", ["/rest/api/2/serverInfo", "/rest/api/2/myself", "/auth/verify", "/rest/oauth2/1.0/client"]
)
async def test_hostile_proxy_headers_shape_no_answer(site: SiteUnderTest, path: str) -> None:
    """Host, Forwarded and X-Forwarded-* from a stranger appear in no header and no body."""
    token = await access_token(site)
    hostile = {
        "host": "evil.example",
        "forwarded": "host=evil.example;proto=http",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "http",
        "x-forwarded-uri": "https://evil.example/",
        "authorization": f"Bearer {token}",
    }
    answer = await site.client.get(f"{site.base}{path}", headers=hostile)
    assert "evil.example" not in answer.text
    assert "evil.example" not in str(answer.headers)
    assert "access-control-allow-origin" not in answer.headers
