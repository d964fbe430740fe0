"""Application links by REST: each verb, its limits, and what it does to people who are signed in."""

import asyncio
from typing import Any

import httpx2
import pytest

from genkan.protocol.clients import secret_digest
from genkan.protocol.outcomes import AddApiKey, Change
from genkan.protocol.records import ApiKey
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest

KEY = "an-api-key-of-the-test"
AS_ADMIN = {"authorization": f"Bearer {KEY}"}
BODY = {"name": "Build server", "redirects": ["https://build.example/cb"], "permission": "WRITE"}


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """The site with an API key that administers it."""
    key = ApiKey(7, "deploy", secret_digest(KEY), Permission.SYSTEM_ADMIN, site.env.now, None, None)
    assert await site.store.apply(Change((AddApiKey(key),)))
    return site


async def call(site: SiteUnderTest, method: str, path: str = "", version: str = "latest", **options: Any) -> Any:
    """An administrator's call; the answer."""
    address = f"{site.base}/rest/oauth2/{version}/client{path}"
    return await site.client.request(method, address, headers=AS_ADMIN, **options)


async def create(site: SiteUnderTest, **members: Any) -> dict[str, Any]:
    answer = await call(site, "POST", json={**BODY, **members})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def problem(answer: httpx2.Response) -> str:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_request"
    return str(answer.json()["error_description"])


@pytest.mark.parametrize("version", ["latest", "1.0"])
async def test_a_confidential_link_is_made_and_told_its_secret_once(ours: SiteUnderTest, version: str) -> None:
    """32 hex digits of id, 64 of secret; every later answer is without the secret."""
    answer = await call(ours, "POST", version=version, json=BODY)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    secret = made.pop("clientSecret")
    assert (len(made["clientId"]), len(secret)) == (32, 64)
    int(made["clientId"] + secret, 16)
    assert made == {
        "id": made["id"], "name": "Build server", "clientId": made["clientId"], "kind": "confidential",
        "redirects": ["https://build.example/cb"], "permission": "WRITE", "scope": "WRITE", "consent": "always",
        "introspect": False, "pkceRequired": False, "plainPkce": False, "absoluteLifetimeSeconds": None,
        "ways": [], "maxAgeSeconds": None,
        "state": "active", "createdAt": "2027-01-15T08:00:00Z",
    }  # fmt: skip
    assert answer.headers["location"] == f"{ours.base}/rest/oauth2/1.0/client/{made['clientId']}"
    for path in (f"/{made['id']}", f"/{made['clientId']}"):
        assert (await call(ours, "GET", path)).json() == made
    assert (await call(ours, "GET", version=version)).json() == [made]


async def test_a_private_use_redirect_makes_a_native_link(ours: SiteUnderTest) -> None:
    """The redirect decides where nothing is said: no secret, PKCE required."""
    made = await create(ours, redirects=["jira-server://oauth-callback"])
    assert (made["kind"], made["pkceRequired"]) == ("native", True)
    assert "clientSecret" not in made


async def test_what_is_asked_for_is_what_is_made(ours: SiteUnderTest) -> None:
    """Every member arrives; `scope` does as well as `permission`, and a known client id is taken over."""
    asked = {
        "name": "All", "redirects": ["https://a.example/1", "https://a.example/2"], "kind": "confidential",
        "consent": "remember", "introspect": True, "pkceRequired": True, "plainPkce": True,
        "absoluteLifetimeSeconds": 86400, "clientId": "38843a89f2b02a471000bc022e4b9de8",
    }  # fmt: skip
    answer = await call(ours, "POST", json={**asked, "scope": "SYSTEM_ADMIN"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert {**told, **asked} == told
    assert told["permission"] == "SYSTEM_ADMIN"


async def test_a_client_id_that_is_taken_is_a_conflict(ours: SiteUnderTest) -> None:
    """Also one of a link that was deleted: ids are never reused."""
    made = await create(ours)
    again = {**BODY, "clientId": made["clientId"]}
    assert (await call(ours, "POST", json=again)).status_code == 409
    assert (await call(ours, "DELETE", f"/{made['id']}")).status_code == 200
    assert (await call(ours, "POST", json=again)).status_code == 409


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"redirects": []}, "redirect"),
        ({"redirects": "https://a.example"}, "redirects"),
        ({"redirects": ["javascript:alert(1)"]}, "redirect"),
        ({"redirects": ["http://a.example/cb"]}, "redirect"),
        ({"redirects": ["https://a.example/#x"]}, "redirect"),
        ({"redirects": ["https://u@a.example/"]}, "redirect"),
        ({"redirects": ["https://a.example/", "https://a.example/"]}, "redirect"),
        ({"permission": "EVERYTHING"}, "permission"),
        ({"permission": 2}, "permission"),
        ({"permission": "READ", "scope": "WRITE"}, "scope"),
        ({"kind": "other"}, "kind"),
        ({"consent": "never"}, "consent"),
        ({"consent": "remember", "kind": "native"}, "consent"),
        ({"introspect": "yes"}, "introspect"),
        ({"introspect": True, "kind": "native"}, "introspect"),
        ({"absoluteLifetimeSeconds": 0}, "absoluteLifetimeSeconds"),
        ({"clientId": "x"}, "client id"),
        ({"secret": "mine"}, "secret"),
        ({"state": "disabled"}, "state"),
    ],
)
async def test_a_bad_member_is_named_and_nothing_is_made(
    ours: SiteUnderTest, members: dict[str, Any], word: str
) -> None:
    """400 in the vocabulary of the protocol, naming the member at fault."""
    assert word in problem(await call(ours, "POST", json={**BODY, **members}))
    assert (await call(ours, "GET")).json() == []


async def test_a_sentence_is_sent_in_characters_that_programs_have(ours: SiteUnderTest) -> None:
    """RFC 6749 5.2: the description is ASCII without double quotes, and still reads as a sentence."""
    told = problem(await call(ours, "POST", json={**BODY, "redirects": ["https://a.example/#x"]}))
    assert "'#'" in told
    assert "?" not in told


async def test_a_missing_member_is_named(ours: SiteUnderTest) -> None:
    """Name, redirects and permission are what a link cannot do without."""
    for name in BODY:
        rest = {member: value for member, value in BODY.items() if member != name}
        assert name in problem(await call(ours, "POST", json=rest))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"null", 400),
        (b'"x"', 400),
        (b"x" * 70_000, 413),
        (b"[" * 60_000, 400),
    ],
)
async def test_what_is_no_json_object_is_refused(ours: SiteUnderTest, body: bytes, status: int) -> None:
    """Broken, deep or long bodies get a clear answer and change nothing."""
    address = f"{ours.base}/rest/oauth2/latest/client"
    headers = {**AS_ADMIN, "content-type": "application/json"}
    answer = await ours.client.post(address, headers=headers, content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == "invalid_request"


async def test_a_form_is_refused(ours: SiteUnderTest) -> None:
    """The API reads JSON alone."""
    assert (await call(ours, "POST", data={"name": "x"})).status_code == 415


async def test_plain_http_redirects_need_the_named_setting(ours: SiteUnderTest) -> None:
    """GENKAN_INSECURE_REDIRECTS lets them in, for creating and for changing."""
    from msgspec import structs

    made = await create(ours)
    plain = {"redirects": ["http://a.example/cb"]}
    problem(await call(ours, "PATCH", f"/{made['id']}", json=plain))
    object.__setattr__(ours.door, "settings", structs.replace(ours.settings, insecure_redirects=True))
    assert (await call(ours, "PATCH", f"/{made['id']}", json=plain)).status_code == 200
    await create(ours, **plain)


async def test_patch_changes_what_is_said_and_keeps_the_rest(ours: SiteUnderTest) -> None:
    """One member at a time, each alone."""
    before = await create(ours, consent="remember", absoluteLifetimeSeconds=86400)
    before.pop("clientSecret")
    for member, value in (
        ("name", "Renamed"), ("redirects", ["https://b.example/cb"]), ("permission", "READ"), ("introspect", True),
        ("consent", "always"), ("pkceRequired", True), ("plainPkce", True), ("absoluteLifetimeSeconds", None),
    ):  # fmt: skip
        answer = await call(ours, "PATCH", f"/{before['id']}", json={member: value})
        assert answer.status_code == 200, answer.text
        expected = {**before, member: value}
        expected["scope"] = expected["permission"]
        assert answer.json() == expected
        before = expected
    assert (await call(ours, "GET", f"/{before['id']}")).json() == before


async def test_put_writes_the_link_anew(ours: SiteUnderTest) -> None:
    """What is not said goes back to its default; id, kind and secret stay."""
    made = await create(ours, introspect=True, consent="remember")
    body = {"name": "Anew", "redirects": ["https://c.example/cb"], "permission": "ADMIN"}
    told = (await call(ours, "PUT", f"/{made['id']}", json=body)).json()
    assert {**told, **body} == told
    assert (told["introspect"], told["consent"], told["clientId"]) == (False, "always", made["clientId"])
    problem(await call(ours, "PUT", f"/{made['id']}", json={"name": "half"}))


async def test_a_link_keeps_its_kind(ours: SiteUnderTest) -> None:
    """A secret cannot be grown into phones that lack it."""
    made = await create(ours)
    assert "kind" in problem(await call(ours, "PUT", f"/{made['id']}", json={**BODY, "kind": "native"}))
    assert "kind" in problem(await call(ours, "PATCH", f"/{made['id']}", json={"kind": "native"}))


async def test_disabling_suspends_and_enabling_resumes(ours: SiteUnderTest) -> None:
    """Nobody is signed out by it; while it lasts, nobody gets in."""
    await ours.make_account()
    link = await ours.make_link()
    tokens = await ours.issue_tokens(link.link)
    path = f"/{link.link.client_id}"
    told = await call(ours, "PATCH", path, json={"state": "disabled"})
    assert told.json()["state"] == "disabled"
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert (await ours.refresh(str(tokens["refresh_token"]), link.link)).status_code == 400
    assert (await call(ours, "PATCH", path, json={"state": "active"})).status_code == 200
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 200


async def test_state_is_changed_alone_and_never_to_deleted(ours: SiteUnderTest) -> None:
    """Deleting has its own verb, and a state hidden among other members is refused."""
    made = await create(ours)
    assert "state" in problem(await call(ours, "PATCH", f"/{made['id']}", json={"state": "deleted"}))
    assert "state" in problem(await call(ours, "PATCH", f"/{made['id']}", json={"state": "disabled", "name": "x"}))
    assert (await call(ours, "GET", f"/{made['id']}")).json()["state"] == "active"


async def test_a_lowered_permission_narrows_from_the_next_request(ours: SiteUnderTest) -> None:
    """tokens.md 4: narrowing is not ending."""
    await ours.make_account()
    link = await ours.make_link()
    tokens = await ours.issue_tokens(link.link)
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    verify = f"{ours.base}/auth/verify?scope=WRITE"
    assert (await ours.client.get(verify, headers=headers)).status_code == 200
    await call(ours, "PATCH", f"/{link.link.client_id}", json={"permission": "READ"})
    assert (await ours.client.get(verify, headers=headers)).status_code == 403
    refreshed = await ours.refresh(str(tokens["refresh_token"]), link.link)
    assert refreshed.status_code == 200


async def test_a_new_secret_and_its_overlap(ours: SiteUnderTest) -> None:
    """Both secrets work until the overlap has passed, then only the new one."""
    await ours.make_account()
    made = await create(ours, introspect=True)
    link = await ours.store.link_by_client_id(made["clientId"])
    assert link is not None
    answer = await call(ours, "POST", f"/{made['id']}/secret", json={"overlapSeconds": 60})
    assert answer.status_code == 200
    new, old = answer.json()["clientSecret"], made["clientSecret"]
    assert answer.json()["previousSecretUntil"] == "2027-01-15T08:01:00Z"
    assert new != old
    for secret in (old, new):
        assert await ours.introspect("x", link, secret) == {"active": False}
    ours.env.advance(60_000)
    refused = await ours.client.post(
        f"{ours.base}/rest/oauth2/latest/introspect", data={"token": "x"}, auth=(link.client_id, old)
    )
    assert refused.status_code == 401
    assert await ours.introspect("x", link, new) == {"active": False}


@pytest.mark.parametrize("options", [{}, {"json": {}}])
async def test_without_a_word_the_overlap_is_a_day(ours: SiteUnderTest, options: dict[str, Any]) -> None:
    """An empty body and an empty object ask for the default."""
    made = await create(ours)
    told = (await call(ours, "POST", f"/{made['id']}/secret", **options)).json()
    assert told["previousSecretUntil"] == "2027-01-16T08:00:00Z"


async def test_overlap_zero_ends_the_old_secret_at_once(ours: SiteUnderTest) -> None:
    """For a secret that leaked."""
    made = await create(ours)
    told = (await call(ours, "POST", f"/{made['id']}/secret", json={"overlapSeconds": 0})).json()
    assert "previousSecretUntil" not in told
    refused = await ours.token(grant_type="x", client_id=made["clientId"], client_secret=made["clientSecret"])
    assert refused.json()["error"] == "invalid_client"


async def test_a_secret_is_refused_to_native_links_and_silly_overlaps(ours: SiteUnderTest) -> None:
    """Nothing changes."""
    native = await create(ours, redirects=["jira-server://oauth-callback"])
    problem(await call(ours, "POST", f"/{native['id']}/secret", json={}))
    made = await create(ours)
    for overlap in (-1, 10**9, "1", 1.5, None):
        problem(await call(ours, "POST", f"/{made['id']}/secret", json={"overlapSeconds": overlap}))


async def test_signing_everyone_out_leaves_the_link_usable(ours: SiteUnderTest) -> None:
    """The present sign-ins end for ever, the next one works."""
    await ours.make_account()
    link = await ours.make_link()
    tokens = await ours.issue_tokens(link.link)
    assert (await call(ours, "POST", f"/{link.link.client_id}/sign-out", json={})).status_code == 200
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert (await ours.refresh(str(tokens["refresh_token"]), link.link)).json()["error"] == "invalid_grant"
    again = await ours.issue_tokens(link.link)
    assert (await ours.myself(str(again["access_token"]))).status_code == 200


async def test_a_deleted_link_is_gone_with_everything_signed_in(ours: SiteUnderTest) -> None:
    """Its tokens are dead at once, and every route says that nothing is there."""
    await ours.make_account()
    link = await ours.make_link()
    tokens = await ours.issue_tokens(link.link)
    path = f"/{link.link.client_id}"
    assert (await call(ours, "DELETE", path)).json()["state"] == "deleted"
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert (await call(ours, "GET")).json() == []
    for method, rest, body in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("PUT", "", BODY), ("DELETE", "", None),
                               ("POST", "/secret", {}), ("POST", "/sign-out", {})):  # fmt: skip
        assert (await call(ours, method, path + rest, json=body)).status_code == 404, (method, rest)


@pytest.mark.parametrize("text", ["x", "0" * 16, "0" * 15 + "g", "%00", "..%2f", "\u00e9", "f" * 16, "0" * 500])
async def test_an_unknown_id_is_not_found(ours: SiteUnderTest, text: str) -> None:
    """Whatever is written in its place."""
    assert (await call(ours, "GET", f"/{text}")).status_code == 404


async def test_changes_at_once_all_land(ours: SiteUnderTest) -> None:
    """Who loses a race decides again on what the winner wrote: no change overwrites another."""
    made = await create(ours)
    changes: list[dict[str, Any]] = [
        {"name": "Raced"},
        {"permission": "ADMIN"},
        {"introspect": True},
        {"pkceRequired": True},
    ]
    answers = await asyncio.gather(*(call(ours, "PATCH", f"/{made['id']}", json=change) for change in changes))
    assert [answer.status_code for answer in answers] == [200] * 4
    told = (await call(ours, "GET", f"/{made['id']}")).json()
    assert all(told[member] == value for change in changes for member, value in change.items())


async def test_no_document_but_the_first_holds_a_secret(ours: SiteUnderTest) -> None:
    """Neither secret nor hash is anywhere in what is told later."""
    made = await create(ours)
    listed = (await call(ours, "GET")).text + (await call(ours, "PATCH", f"/{made['id']}", json={"name": "n"})).text
    assert made["clientSecret"] not in listed
    assert secret_digest(made["clientSecret"]).hex() not in listed
    assert "ecret" not in listed
