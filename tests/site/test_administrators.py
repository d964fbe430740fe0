"""Who may call the administration API: every way in, every way to be turned away, on every route of it."""

from typing import Any

import httpx2
import pytest

from genkan.protocol.clients import secret_digest
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import AddApiKey, Change, RevokeApiKey
from genkan.protocol.records import ApiKey
from genkan.site.app import API as OPERATIONS
from genkan.site.app import route_table
from genkan.site.routes import Guard, Rule, Who
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest

KEY = "an-api-key-of-the-test"
CLIENT = "/rest/oauth2/1.0/client"
API = [
    rule for rule in route_table("https://site.example")
    if rule.who is Who.ADMINISTRATOR and rule.guard is Guard.MACHINE
]  # fmt: skip


# How people sign in decides about system administrators as well, so that ADMIN is not enough for it.
HIGHER = {"PUT /rest/genkan/1.0/site/sign-in"}
# What no program's credential does, however far it reaches.
OF_PERSONS = {f"POST /rest/genkan/1.0/api-keys{rest}" for rest in ("", "/{id}/adopt")}


def named(rule: Rule) -> str:
    return f"{rule.methods[0]} {rule.path}"


def concrete(rule: Rule) -> str:
    return rule.path.replace("{id}", "0" * 16).replace("{session}", "0" * 32).replace("{link}", "0" * 16)


async def make_key(site: SiteUnderTest, permission: Permission = Permission.ADMIN, **fields: Any) -> None:
    """An API key with the value KEY."""
    row = {"created_at": site.env.now, "expires_at": None, "revoked_at": None, **fields}
    key = ApiKey(id=7, name="deploy", digest=secret_digest(KEY), permission=permission, **row)
    assert await site.store.apply(Change((AddApiKey(key),)))


async def call(site: SiteUnderTest, rule: Rule, **options: Any) -> httpx2.Response:
    return await site.client.request(rule.methods[0], f"{site.base}{concrete(rule)}", **options)


def test_the_routes_are_those_of_the_api() -> None:
    """What programs of administrators may call is what the description tells of: all that tests go through."""
    told = {named(operation.rule) for operation in OPERATIONS if operation.rule.who is Who.ADMINISTRATOR}
    assert {named(rule) for rule in API} == told
    assert f"GET {CLIENT}" in told


async def test_an_anonymous_caller_is_told_401(site: SiteUnderTest) -> None:
    """With a challenge and before anything else is looked at; Git Credential Manager probes exactly this."""
    for rule in API:
        answer = await call(site, rule)
        assert answer.status_code == 401, named(rule)
        assert answer.headers["www-authenticate"] == 'Bearer realm="Genkan"'
        assert answer.headers["cache-control"] == "no-store"


async def test_a_person_without_the_right_is_told_403(site: SiteUnderTest) -> None:
    """A token of somebody who may write, and their session, administer nothing."""
    await site.make_account()
    tokens = await site.issue_tokens((await site.make_link(permission=Permission.SYSTEM_ADMIN)).link)
    for rule in API:
        answer = await call(site, rule, headers={"authorization": f"Bearer {tokens['access_token']}"}, json={})
        assert answer.status_code == 403, named(rule)
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        assert (await call(site, rule, json={})).status_code == 403, named(rule)


async def test_every_kind_of_administrator_gets_past_the_door(site: SiteUnderTest) -> None:
    """Session, access token and API key with ADMIN reach the handler's own judgement."""
    await site.make_account("root", Permission.ADMIN)
    link = await site.make_link(permission=Permission.ADMIN)
    tokens = await site.issue_tokens(link.link, "root", scope="ADMIN")
    await make_key(site)
    anonymous = site.browser()
    shown = [{"authorization": f"Bearer {credential}"} for credential in (tokens["access_token"], KEY)]
    for rule in API:
        if named(rule) in HIGHER:
            continue
        for headers in shown:
            address = f"{site.base}{concrete(rule)}"
            answer = await anonymous.request(rule.methods[0], address, headers=headers, json={})
            assert (answer.status_code in (401, 403)) == (named(rule) in OF_PERSONS), named(rule)
            assert "set-cookie" not in answer.headers
        assert (await call(site, rule, json={})).status_code not in (401, 403), named(rule)


async def test_an_administrators_token_of_a_narrow_link_administers_nothing(site: SiteUnderTest) -> None:
    """min(scope, link, person): what the person may do is not what every app of theirs may do."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    tokens = await site.issue_tokens((await site.make_link()).link, "root")
    answer = await site.browser().get(
        f"{site.base}{CLIENT}", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert answer.status_code == 403


async def test_a_narrow_key_administers_nothing(site: SiteUnderTest) -> None:
    """An API key for introspection callers, say, with READ."""
    await make_key(site, Permission.READ)
    answer = await site.client.get(f"{site.base}{CLIENT}", headers={"authorization": f"Bearer {KEY}"})
    assert answer.status_code == 403


async def test_a_key_that_is_revoked_or_over_opens_nothing(site: SiteUnderTest) -> None:
    """Expiry counts from its very millisecond."""
    await make_key(site, expires_at=site.env.now + 1000)
    headers = {"authorization": f"Bearer {KEY}"}
    assert (await site.client.get(f"{site.base}{CLIENT}", headers=headers)).status_code == 200
    site.env.advance(1000)
    answer = await site.client.get(f"{site.base}{CLIENT}", headers=headers)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_revoked_key_opens_nothing_from_the_next_request_on(site: SiteUnderTest) -> None:
    """Revoking is the end of a key."""
    await make_key(site)
    headers = {"authorization": f"Bearer {KEY}"}
    assert (await site.client.get(f"{site.base}{CLIENT}", headers=headers)).status_code == 200
    assert await site.store.apply(Change((RevokeApiKey(7, site.env.now),)))
    assert (await site.client.get(f"{site.base}{CLIENT}", headers=headers)).status_code == 401


async def test_a_bad_credential_is_not_made_up_for_by_a_session(site: SiteUnderTest) -> None:
    """Who shows a key is judged by the key."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    assert (await site.client.get(f"{site.base}{CLIENT}")).status_code == 200
    for shown in ("no-such-key", "gnk_at_" + "A" * 52, "gnk_rt_" + "A" * 52):
        answer = await site.client.get(f"{site.base}{CLIENT}", headers={"authorization": f"Bearer {shown}"})
        assert answer.status_code == 401, shown


async def test_a_session_ends_with_sign_out_and_with_the_right(site: SiteUnderTest) -> None:
    """The next request after a change of the account is judged by the account as it is."""
    from tests.site.stops import account_disabled

    await site.make_account("alice", Permission.ADMIN)
    await site.sign_in()
    assert (await site.client.get(f"{site.base}{CLIENT}")).status_code == 200
    await account_disabled(site)
    assert (await site.client.get(f"{site.base}{CLIENT}")).status_code == 401


CHANGING = [rule for rule in API if rule.methods[0] != "GET"]


@pytest.mark.parametrize(
    "words", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
async def test_another_origin_cannot_make_a_session_change_anything(site: SiteUnderTest, words: dict[str, str]) -> None:
    """CSRF: refused although the cookie is right, and for our own origin not."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    ours = {"origin": "https://site.example", "sec-fetch-site": "same-origin"}
    for rule in CHANGING:
        refused = await call(site, rule, headers=words, json={})
        assert (refused.status_code, refused.json()["error"]) == (403, "invalid_request"), named(rule)
        let_in = await call(site, rule, headers=ours, json={})
        assert let_in.status_code not in (401, 403) or named(rule) in HIGHER, named(rule)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None]
)
async def test_what_a_form_can_send_is_not_taken_from_a_session(site: SiteUnderTest, kind: str | None) -> None:
    """The three types that a page of another site can post without asking, and none, are refused, empty or not."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    headers = {} if kind is None else {"content-type": kind}
    for rule in CHANGING:
        if rule.methods != ("DELETE",):
            for body in (b"{}", b""):
                assert (await call(site, rule, headers=headers, content=body)).status_code == 415, named(rule)


def asks_for_a_recent_sign_in(rule: Rule) -> bool:
    return rule.methods[0] != "GET" or rule.path.endswith("/export")


async def test_a_session_that_was_left_alone_changes_nothing(site: SiteUnderTest) -> None:
    """What pages ask for again is asked for here too, of browsers alone; looking goes on, and signing in helps."""
    await site.make_account("root", Permission.ADMIN)
    await make_key(site)
    await site.sign_in("root")
    site.env.advance(15 * MINUTE)
    for rule in API:
        answer = await call(site, rule, json={})
        old = asks_for_a_recent_sign_in(rule)
        assert (answer.status_code == 403) == old, named(rule)
        if old:
            assert answer.json()["error"] == "invalid_request"
            assert "Sign in again" in answer.text
        by_key = await call(site, rule, json={}, headers={"authorization": f"Bearer {KEY}"})
        assert by_key.status_code not in (401, 403) or named(rule) in HIGHER | OF_PERSONS, named(rule)
    await site.sign_in("root")
    for rule in API:
        assert (await call(site, rule, json={})).status_code not in (401, 403) or named(rule) in HIGHER, named(rule)


async def test_no_route_speaks_cors(site: SiteUnderTest) -> None:
    """No origin is ever let in with credentials, and no preflight succeeds."""
    await make_key(site)
    headers = {"origin": "https://evil.example", "authorization": f"Bearer {KEY}"}
    for rule in API:
        answer = await call(site, rule, headers=headers, json={})
        asking = {**headers, "access-control-request-method": rule.methods[0]}
        preflight = await site.client.options(f"{site.base}{concrete(rule)}", headers=asking)
        assert preflight.status_code == 405, named(rule)
        for reply in (answer, preflight):
            assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_the_audit_names_who_did_it(site: SiteUnderTest) -> None:
    """Key, token and session each leave who they are with what they changed; people by their id."""
    root = await site.make_account("root", Permission.ADMIN)
    link = await site.make_link(permission=Permission.ADMIN)
    tokens = await site.issue_tokens(link.link, "root", scope="ADMIN")
    await make_key(site)
    body = {"name": "New", "redirects": ["https://new.example/cb"], "permission": "READ"}
    for headers in ({"authorization": f"Bearer {KEY}"}, {"authorization": f"Bearer {tokens['access_token']}"}, {}):
        answer = await site.client.post(f"{site.base}{CLIENT}", headers=headers, json=body)
        assert answer.status_code == 201
    actors = [event.actor for _, event in await site.store.events() if event.kind == "link.created"]
    assert actors[-3:] == ["api-key:deploy", f"{root.actor} link:{link.link.client_id}", root.actor]
