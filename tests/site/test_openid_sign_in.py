"""Signing in at the organisation's OpenID provider: the way there and back, and everything that must not pass."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from genkan.outside.openid.lane import Lane
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method
from tests.openid_provider import NEW_RSA, RSA, STRANGER, refused, told
from tests.outside.answering import http
from tests.site.openid_world import MADE, Corporate, alice, corporate, kinds, says, table


async def test_somebody_signs_in_and_has_an_account(corp: Corporate) -> None:
    """The button leads there with PKCE, state and nonce; back here there is a session, an account and a link."""
    page = await corp.site.client.get("/login")
    assert "Sign in with <bdi>Example Corp</bdi>" in page.text
    address = await corp.begin()
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) == len(query["nonce"]) == 43
    assert query["redirect_uri"] == f"{corp.site.base}/login/openid/corp/callback"
    assert corp.landed(await corp.come_back(corp.provider.sign_in(address))) == "/"
    account = await alice(corp.site)
    assert (account.display_name, account.email) == ("Alice Example", "alice@example.com")
    (session,) = await corp.site.store.sessions(account.id)
    assert (session.method, session.source, session.upstream_sid) == (Method.FED, "corp", "sid-1")
    assert "Alice Example" in (await corp.site.client.get("/")).text
    assert {EventKind.ACCOUNT_ADDED, EventKind.IDENTITY_LINKED, EventKind.SESSION_OPENED} <= set(await kinds(corp.site))
    # The second time it is the same person, whatever they are called by now.
    corp.provider.person |= {"preferred_username": "alice.smith", "name": "Alice Smith"}
    assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"
    assert (await alice(corp.site)).display_name == "Alice Smith"


async def test_the_secret_goes_in_the_header_and_the_verifier_in_the_form(corp: Corporate) -> None:
    """client_secret_basic as the provider says; nothing secret stands in an address."""
    address = await corp.begin()
    await corp.come_back(corp.provider.sign_in(address))
    seen = corp.provider.seen
    assert seen is not None
    (head,) = [head for head in seen.heads if head.startswith("POST /token")]
    basic = next(line.split(" ")[2] for line in head.splitlines() if line.lower().startswith("authorization: basic"))
    assert base64.b64decode(basic) == b"genkan:the+secret+of+the+tests"
    (asked,) = corp.provider.asked
    assert set(asked) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert asked["code_verifier"] not in address


async def test_the_phone_signs_in_through_it(corp: Corporate) -> None:
    """The authorization request survives the way there and back, its state included, and the code works."""
    link = await corp.site.turn_mobile_on()
    page = await corp.site.authorize(link, state="the app's own state " * 20)
    start = page.text.partition('href="/login/openid/corp?')[2].partition('"')[0].replace("&amp;", "&")
    sent = await corp.site.client.get(f"/login/openid/corp?{start}")
    back = await corp.come_back(corp.provider.sign_in(sent.headers["location"]))
    while back.status_code in (302, 303) and back.headers["location"].startswith(corp.site.base):
        back = await corp.site.client.get(back.headers["location"])
    answer = await corp.site.decide(back)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["the app's own state " * 20]
    assert query["code"]


async def test_answers_beyond_those_that_wait_are_sent_away(corp: Corporate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that hangs holds as many as may wait and no more. Who was sent away has spent nothing, keeps the
    cookie, and is let in by the same address once there is room.
    """
    upstream = corp.site.door.sign_on.upstreams["corp"]
    upstream.lane = Lane(at_once=1, waiting=3)
    asked, going_on, exchange = asyncio.Event(), asyncio.Event(), upstream.exchange

    async def hanging(*given: str) -> Any:
        asked.set()
        await going_on.wait()
        return await exchange(*given)

    monkeypatch.setattr(upstream, "exchange", hanging)
    browsers = [corp.site.browser() for _ in range(3)]
    answers = [corp.provider.sign_in(await corp.begin(browser)) for browser in browsers]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(corp.come_back(answers[0], browsers[0]))
        await asked.wait()
        second = group.create_task(corp.come_back(answers[1], browsers[1]))
        while not upstream.lane.is_full("127.0.0.0/24"):
            await asyncio.sleep(0)
        away = await corp.come_back(answers[2], browsers[2])
        logout = await corp.site.client.post(
            f"{corp.site.base}/login/openid/corp/backchannel-logout",
            data={"logout_token": corp.provider.logout_token()},
        )
        going_on.set()
    assert says(away, Reason.BUSY)
    assert [one.headers["retry-after"] for one in (away, logout)] == ["1", "1"]
    assert (away.status_code, logout.status_code) == (503, 503)
    for answer in (first.result(), second.result(), await corp.come_back(answers[2], browsers[2])):
        assert corp.landed(answer) == "/"


async def test_a_provider_that_hangs_is_looked_up_once(corp: Corporate, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many press the button meanwhile."""
    upstream = corp.site.door.sign_on.upstreams["corp"]
    looked, going_on, look = [], asyncio.Event(), upstream._get

    async def hanging(*given: Any) -> Any:
        looked.append(given[0])
        await going_on.wait()
        return await look(*given)

    monkeypatch.setattr(upstream, "_get", hanging)
    async with asyncio.TaskGroup() as group:
        begun = [group.create_task(corp.begin(corp.site.browser())) for _ in range(5)]
        while not looked:
            await asyncio.sleep(0)
        going_on.set()
    assert len(looked) == 1
    assert all(one.result().startswith(corp.provider.issuer) for one in begun)


async def test_a_request_that_no_cookie_holds_is_told(corp: Corporate) -> None:
    """Rather than being cut off on the way."""
    link = await corp.site.turn_mobile_on()
    page = await corp.site.authorize(link, state="x" * 4000)
    start = page.text.partition('href="/login/openid/corp?')[2].partition('"')[0].replace("&amp;", "&")
    assert says(await corp.site.client.get(f"/login/openid/corp?{start}"), Reason.TOO_LARGE)


# --- Use twice, use late, use elsewhere (row 16) ----------------------------------------------------------------------


async def test_an_answer_counts_once(corp: Corporate) -> None:
    """Twice in one browser, or at once in two requests: one session."""
    address = corp.provider.sign_in(await corp.begin())
    kept = httpx2.Cookies(corp.site.client.cookies)
    assert corp.landed(await corp.come_back(address)) == "/"
    again = corp.site.browser(cookies=kept)
    assert says(await corp.come_back(address, again), Reason.SIGN_ON_BROKEN)
    assert len(corp.provider.asked) == 1


@pytest.mark.parametrize(("minutes", "good"), [(29, True), (31, False)])
async def test_an_answer_counts_for_half_an_hour(corp: Corporate, minutes: int, good: bool) -> None:
    """Whoever comes later begins again."""
    address = corp.provider.sign_in(await corp.begin())
    corp.site.env.advance(minutes * MINUTE)
    answer = await corp.come_back(address)
    assert answer.status_code == 303 if good else says(answer, Reason.SIGN_ON_BROKEN)


async def test_an_answer_counts_in_the_browser_that_began(corp: Corporate) -> None:
    """In another one, with or without a sign-in of its own under way, it is nothing; the provider is not even asked."""
    address = corp.provider.sign_in(await corp.begin())
    other = corp.site.browser()
    assert says(await corp.come_back(address, other), Reason.SIGN_ON_BROKEN)
    await corp.begin(other)
    assert says(await corp.come_back(address, other), Reason.SIGN_ON_BROKEN)
    # The sealed cookie alone, carried to a browser with another device mark, is nothing either.
    stolen = {name: value for name, value in corp.site.client.cookies.items() if "sign-on" in name}
    thief = corp.site.browser(cookies=stolen)
    assert says(await corp.come_back(address, thief), Reason.SIGN_ON_BROKEN)
    assert corp.provider.asked == []


@pytest.mark.parametrize("change", ["state=another", "state=", "-state", "-code", "code=", "code=" + "x" * 5000])
async def test_a_changed_answer_is_nothing(corp: Corporate, change: str) -> None:
    """State and code as the provider sent them, or not at all."""
    address = corp.provider.sign_in(await corp.begin())
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    name, _, value = change.removeprefix("-").partition("=")
    if change.startswith("-"):
        query.pop(name)
    else:
        query[name] = value
    answer = await corp.come_back(f"{corp.site.base}{parts.path}?{urlencode(query)}")
    assert says(answer, Reason.SIGN_ON_BROKEN) or says(answer, Reason.SIGN_ON_INVALID)
    assert corp.provider.asked == []


async def test_answers_of_two_providers_are_not_mixed_up(tmp_path: Path) -> None:
    """An answer at the other one's address, or with the other one's name in iss, is not read any further."""
    async with corporate(tmp_path) as corp:
        file, secret = tmp_path / "sign-on.toml", tmp_path / "secret"
        two = table("evil", corp.provider.issuer, secret, MADE)
        file.write_text(file.read_text() + two)
        from genkan.site.sign_on import open_desk

        desk = open_desk(corp.site.settings.read_sign_on(), corp.site.settings.reach, corp.site.env)
        corp.site.door.sign_on.upstreams = desk.upstreams
        address = corp.provider.sign_in(await corp.begin())
        assert says(await corp.come_back(address.replace("/corp/", "/evil/")), Reason.SIGN_ON_BROKEN)
        named = address + "&" + urlencode({"iss": "https://evil.example"})
        assert says(await corp.come_back(named), Reason.SIGN_ON_INVALID)
        assert corp.provider.asked == []
        right = corp.provider.sign_in(await corp.begin()) + "&" + urlencode({"iss": corp.provider.issuer})
        assert corp.landed(await corp.come_back(right)) == "/"


async def test_a_provider_that_promises_iss_has_to_send_it(corp: Corporate) -> None:
    """RFC 9207 2.4: an answer without it could be anybody's."""
    corp.provider.document["authorization_response_iss_parameter_supported"] = True
    address = corp.provider.sign_in(await corp.begin())
    assert says(await corp.come_back(address), Reason.SIGN_ON_INVALID)


# --- What the provider says -------------------------------------------------------------------------------------------

ERRORS = [
    ("access_denied", Reason.SIGN_ON_DENIED),
    ("server_error", Reason.SIGN_ON_UNAVAILABLE),
    ("temporarily_unavailable", Reason.SIGN_ON_UNAVAILABLE),
    ("<script>alert(1)</script>", Reason.SIGN_ON_DENIED),
]


@pytest.mark.parametrize(("error", "reason"), ERRORS)
async def test_an_error_comes_back_to_the_sign_in_page(corp: Corporate, error: str, reason: Reason) -> None:
    """As a sentence of ours, with every other way still there, on behalf of the same application."""
    address = await corp.begin(next=f"{corp.site.base}/account/profile")
    state = parse_qs(urlsplit(address).query)["state"][0]
    query = urlencode({"error": error, "error_description": "<b>x</b>", "state": state})
    page = await corp.come_back(f"{corp.site.base}/login/openid/corp/callback?{query}")
    assert says(page, reason)
    assert "<b>x</b>" not in page.text
    assert "<script>alert" not in page.text
    assert "/account/profile" in page.text


FORGED: list[tuple[str, dict[str, Any]]] = [
    ("iss", {"iss": "https://evil.example"}),
    ("aud", {"aud": "another"}),
    ("azp", {"azp": "another"}),
    ("exp", {"exp": 1}),
    ("nonce", {"nonce": "another"}),
    ("at_hash", {"at_hash": "another"}),
    ("sub", {"sub": ""}),
]


@pytest.mark.parametrize(("_claim", "change"), FORGED, ids=[row[0] for row in FORGED])
async def test_a_wrong_id_token_lets_nobody_in(corp: Corporate, _claim: str, change: dict[str, Any]) -> None:
    """Row 36 through the door: no session, no account."""
    corp.provider.alter = lambda claims: claims.update(change)
    assert says(await corp.sign_in(), Reason.SIGN_ON_INVALID)
    assert await corp.site.store.account_by_name("alice") is None


async def test_a_token_by_a_strangers_key_lets_nobody_in(corp: Corporate) -> None:
    """The key is the one of the provider's set, whatever kid the token names."""
    corp.provider.signing = STRANGER
    assert says(await corp.sign_in(), Reason.SIGN_ON_INVALID)


async def test_new_keys_are_found_and_not_asked_for_without_end(corp: Corporate) -> None:
    """A token under an unknown key makes the set be read anew, at most every ten seconds."""
    assert corp.landed(await corp.sign_in()) == "/"
    seen = corp.provider.seen
    assert seen is not None

    def asked() -> int:
        return sum(head.startswith("GET /jwks") for head in seen.heads)

    assert asked() == 1
    corp.provider.keys, corp.provider.signing = [NEW_RSA], NEW_RSA
    corp.site.env.advance(11_000)
    assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"
    assert asked() == 2
    corp.provider.signing = RSA
    for _ in range(5):
        assert says(await corp.sign_in(corp.site.browser()), Reason.SIGN_ON_INVALID)
    assert asked() == 2
    corp.site.env.advance(11_000)
    assert says(await corp.sign_in(corp.site.browser()), Reason.SIGN_ON_INVALID)
    assert asked() == 3


BROKEN = [
    ("/token", refused("invalid_grant"), Reason.SIGN_ON_DENIED),
    ("/token", refused("invalid_client"), Reason.SIGN_ON_UNAVAILABLE),
    ("/token", http(b"", status="500 Oops"), Reason.SIGN_ON_UNAVAILABLE),
    ("/token", told({"access_token": "a"}), Reason.SIGN_ON_INVALID),
    ("/token", told({"id_token": 7}), Reason.SIGN_ON_INVALID),
    ("/token", told([]), Reason.SIGN_ON_INVALID),
    ("/token", http(b"x" * 600_000), Reason.SIGN_ON_UNAVAILABLE),
    ("/token", http(b"", status="302 Found", extra="Location: /elsewhere\r\n"), Reason.SIGN_ON_UNAVAILABLE),
    ("/jwks", told({"keys": []}), Reason.SIGN_ON_INVALID),
    ("/jwks", http(b"<html>"), Reason.SIGN_ON_INVALID),
]


@pytest.mark.parametrize(("path", "answer", "reason"), BROKEN)
async def test_a_broken_provider_is_a_sentence(corp: Corporate, path: str, answer: bytes, reason: Reason) -> None:
    """Whatever it answers, within bounds, the person reads what to do and nothing changed."""
    address = corp.provider.sign_in(await corp.begin())
    corp.provider.answers[path] = answer
    assert says(await corp.come_back(address), reason)


async def test_a_provider_that_is_another_one_is_never_gone_to(corp: Corporate) -> None:
    """Discovery is believed only of the very issuer that the operator wrote."""
    corp.provider.document["issuer"] = corp.provider.issuer + "/"
    answer = await corp.site.client.get("/login/openid/corp")
    assert says(answer, Reason.SIGN_ON_INVALID)


async def test_a_provider_that_is_away_leaves_the_other_ways(corp: Corporate) -> None:
    """The page says so at once, and it works as soon as the provider does."""
    corp.provider.answers["/.well-known/openid-configuration"] = http(b"", status="503 Away")
    assert says(await corp.site.client.get("/login/openid/corp"), Reason.SIGN_ON_UNAVAILABLE)
    await corp.site.make_account("bob")
    assert (await corp.site.sign_in("bob")).status_code == 303
    corp.provider.answers.clear()
    corp.site.env.advance(11_000)
    assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"


async def test_the_address_of_a_provider_is_fetched_through_the_guard(tmp_path: Path) -> None:
    """Loopback is closed unless the operator opens it (row 17)."""
    async with corporate(tmp_path, fetch_allow=()) as corp:
        assert says(await corp.site.client.get("/login/openid/corp"), Reason.SIGN_ON_UNAVAILABLE)
        assert corp.provider.seen is not None
        assert corp.provider.seen.heads == []


async def test_userinfo_is_asked_for_what_is_missing_and_must_be_about_the_same_person(tmp_path: Path) -> None:
    """Core 5.3.2; what is signed goes before what is only told."""
    async with corporate(tmp_path, MADE + '\ngroups_claim = "groups"') as corp:
        corp.provider.userinfo = {"sub": "00u1", "groups": ["staff"], "preferred_username": "mallory"}
        assert corp.landed(await corp.sign_in()) == "/"
        assert (await alice(corp.site)).groups == ("staff",)
        corp.provider.userinfo = {"sub": "00u2", "groups": ["administrators"]}
        assert says(await corp.sign_in(corp.site.browser()), Reason.SIGN_ON_INVALID)


# --- The page ---------------------------------------------------------------------------------------------------------


async def test_a_corporate_only_site_goes_straight_there(tmp_path: Path) -> None:
    """Where the operator wants it and it is the only way; ?local=1 is the way round it."""
    async with corporate(tmp_path, MADE + "\nauto = true") as corp:
        assert (await corp.site.client.get("/login")).status_code == 200
        site = corp.site
        facts = await site.store.site()
        site_of = site.store.site

        async def only_corporate() -> Any:
            from genkan.protocol.records import Way

            return replace(await site_of(), ways=Way.CORPORATE)

        site.store.site = only_corporate  # type: ignore[method-assign]
        sent = await site.client.get("/login")
        assert sent.status_code == 302
        assert sent.headers["location"].startswith(corp.provider.issuer)
        assert corp.landed(await corp.come_back(corp.provider.sign_in(sent.headers["location"]))) == "/"
        local = await site.browser().get("/login?local=1")
        assert (local.status_code, "/login/openid/corp" in local.text, "/login/recovery" in local.text) == (
            200,
            True,
            True,
        )
        corp.provider.answers["/.well-known/openid-configuration"] = http(b"", status="503 Away")
        site.env.advance(2 * HOUR)
        assert facts.version


async def test_an_unknown_provider_is_not_there(corp: Corporate) -> None:
    """Neither to go to, nor to come back from, nor to sign out by."""
    for path in ("/login/openid/other", "/login/openid/other/callback", "/login/openid/CORP"):
        assert (await corp.site.client.get(path)).status_code == 404
    answer = await corp.site.client.post("/login/openid/other/backchannel-logout", data={"logout_token": "x"})
    assert answer.status_code == 404


async def test_no_secret_of_the_way_reaches_the_log(corp: Corporate) -> None:
    """Neither code, state, verifier, tokens nor claims, whatever fails."""
    lines: list[str] = []
    object.__setattr__(
        corp.site.door, "log", lambda *words, **fields: lines.append(json.dumps([words, fields], default=str))
    )
    corp.provider.alter = lambda claims: claims.update({"aud": "another"})
    address = corp.provider.sign_in(await corp.begin())
    await corp.come_back(address)
    told_of = "\n".join(lines)
    assert "aud does not name this site" in told_of
    query = parse_qs(urlsplit(address).query)
    for secret in (*query["code"], *query["state"], corp.provider.asked[0]["code_verifier"], "alice", "access-"):
        assert secret not in told_of
