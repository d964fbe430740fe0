"""Promises across the whole door: durable answers, one successor, declared routes, nothing secret in logs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.logs import make_log
from genkan.outside import outlet
from genkan.protocol.links import NewLink
from genkan.protocol.records import Link, LinkKind
from genkan.site.app import route_table
from genkan.site.metrics import exposition, families
from genkan.site.routes import Guard, Undeclared, Who, checked
from genkan.store.api import PhoneQuery, QueueFull, StoreUnavailable
from tests.site.world import PASSWORD, VERIFIER, SiteUnderTest, TestClock, close_site, open_site


class FaultyStore:
    """A store that stops answering at the call that a test names."""

    def __init__(self, store: Any, fails: str, fault: Exception) -> None:
        self._store = store
        self._fails = fails
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        if name != self._fails:
            return getattr(self._store, name)

        async def fail(*arguments: object) -> None:
            raise self._fault

        return fail


async def _signed_in(site: SiteUnderTest) -> tuple[Link, dict[str, Any]]:
    await site.make_account()
    link = await site.turn_mobile_on()
    return link, dict(await site.issue_tokens(link))


@pytest.mark.parametrize("call", ["apply", "grant_facts", "link_by_client_id"])
@pytest.mark.parametrize("fault", [StoreUnavailable("gone"), QueueFull("full")], ids=["lost", "full"])
async def test_revocation_says_200_only_when_it_is_durable(site: SiteUnderTest, call: str, fault: Exception) -> None:
    """RFC 7009 2.2.1: whatever the store fails at, the answer is 503, and the phone is ended by asking again."""
    link, tokens = await _signed_in(site)
    good = site.door.store
    form = {"token": tokens["refresh_token"], "client_id": link.client_id}
    url = f"{site.base}/rest/oauth2/latest/revoke"
    object.__setattr__(site.door, "store", FaultyStore(good, call, fault))
    failed = await site.client.post(url, data=form)
    object.__setattr__(site.door, "store", good)
    assert failed.status_code == 503
    assert failed.headers["retry-after"]
    assert (await site.myself(tokens["access_token"])).status_code == 200
    assert (await site.client.post(url, data=form)).status_code == 200
    assert (await site.myself(tokens["access_token"])).status_code == 401


@pytest.mark.parametrize("fault", [StoreUnavailable("gone"), QueueFull("full")], ids=["lost", "full"])
async def test_a_store_that_fails_loses_no_refresh(site: SiteUnderTest, fault: Exception) -> None:
    """503 and Retry-After; the same refresh token works afterwards."""
    link, tokens = await _signed_in(site)
    good = site.door.store
    object.__setattr__(site.door, "store", FaultyStore(good, "apply", fault))
    assert (await site.refresh(tokens["refresh_token"], link)).status_code == 503
    object.__setattr__(site.door, "store", good)
    assert (await site.refresh(tokens["refresh_token"], link)).status_code == 200


async def test_sixty_four_refreshes_at_once_give_one_successor(site: SiteUnderTest) -> None:
    """Check and update are one statement: everybody who asks with the predecessor is told the same string."""
    link, tokens = await _signed_in(site)
    answers = await asyncio.gather(*(site.refresh(tokens["refresh_token"], link) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    rows = await site.store.phones(PhoneQuery())
    assert (len(rows), rows[0].grant.generation) == (1, 1)


async def test_sixty_four_redemptions_at_once_make_one_grant(site: SiteUnderTest) -> None:
    """At most one 200; the others are denied, and since everything else was right they end what it made."""
    await site.make_account()
    link = await site.turn_mobile_on()
    form = {
        "grant_type": "authorization_code",
        "code": await site.get_code(link),
        "client_id": link.client_id,
        "redirect_uri": link.redirects[0],
        "code_verifier": VERIFIER,
    }
    answers = await asyncio.gather(*(site.token(**form) for _ in range(64)))
    assert [answer.status_code for answer in answers].count(200) <= 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    rows = await site.store.phones(PhoneQuery())
    assert [row.grant.reason for row in rows] == ["code_replayed"]


async def test_tokens_and_codes_of_one_client_are_nothing_to_another(site: SiteUnderTest) -> None:
    """Only the diagonal of clients by tokens works, for refreshing, redeeming and revoking."""
    await site.make_account()
    redirects = ("https://a.example/cb", "https://b.example/cb", "https://c.example/cb")
    made: list[NewLink] = [await site.make_link(r, kind=LinkKind.CONFIDENTIAL) for r in redirects]
    for owner in made:
        site.client.cookies.delete("__Host-genkan-device")
        tokens = await site.issue_tokens(owner.link, secret=owner.secret)
        refresh = str(tokens["refresh_token"])
        for other in made:
            if other is not owner:
                answer = await site.refresh(refresh, other.link, client_secret=str(other.secret))
                assert answer.json()["error"] == "invalid_grant"
                form = {"token": refresh, "client_id": other.link.client_id, "client_secret": str(other.secret)}
                foreign = await site.client.post(f"{site.base}/rest/oauth2/latest/revoke", data=form)
                assert foreign.status_code == 200
        assert (await site.refresh(refresh, owner.link, client_secret=str(owner.secret))).status_code == 200


def test_every_route_declares_who_may_call_it() -> None:
    """The table of the site is whole, and a rule without a declaration, or a form without its guard, does not start."""
    table = route_table("https://site.example")
    assert checked(table) == table
    undeclared: list[Callable[[], Any]] = [
        lambda: replace(table[0], who=None),  # type: ignore[arg-type]
        lambda: replace(table[0], guard=None),  # type: ignore[arg-type]
        lambda: replace(table[0], about=""),
        lambda: replace(table[0], methods=()),
        lambda: replace(table[0], guard=Guard.PAGE, methods=("GET", "POST")),
        lambda: replace(table[0], guard=Guard.FORM, methods=("GET", "POST")),
    ]
    for broken in undeclared:
        with pytest.raises(Undeclared):
            checked((broken(),))
    with pytest.raises(Undeclared):
        checked((table[0], table[0]))


async def test_routes_for_signed_in_people_turn_strangers_away(site: SiteUnderTest) -> None:
    """Default deny: each route for persons, bearers, administrators and clients refuses a caller who proved nothing."""
    closed = {
        Who.CLIENT: {400, 401},
        Who.BEARER: {401},
        Who.PERSON: {302, 303, 400, 401, 403},
        Who.ADMINISTRATOR: {302, 401, 403},
    }
    for rule in route_table(site.base):
        for method in rule.methods if rule.who in closed else ():
            path = rule.path.replace("{id}", "00").replace("{interaction}", "x").replace("{link_id}", "00")
            answer = await site.client.request(method, site.base + path)
            assert answer.status_code in closed[rule.who], (method, rule.path, answer.status_code)


async def test_no_answer_has_credentialed_cors(site: SiteUnderTest) -> None:
    """Nothing reflects an origin or allows credentials; only anonymous documents are open to all."""
    for rule in route_table(site.base):
        for method in rule.methods:
            answer = await site.client.request(
                method, site.base + rule.path, headers={"origin": "https://evil.example"}
            )
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.headers.get("access-control-allow-origin", "*") == "*"


async def test_nothing_secret_reaches_logs_metrics_or_pages(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Passwords, codes, verifiers, tokens, secrets and cookies appear in no log line of any level and in no metric."""
    site = await open_site(tmp_path, TestClock(), log_level="debug")
    object.__setattr__(site.door, "log", make_log("json", "debug"))
    await site.make_account()
    made = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    code = await site.get_code(made.link)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/cb"}
    credentials = {"client_id": made.link.client_id, "client_secret": str(made.secret)}
    query = await site.client.post(
        f"{site.base}/rest/oauth2/latest/token", params={**form, **credentials, "code_verifier": VERIFIER}
    )
    tokens = query.json()
    await site.refresh(tokens["refresh_token"], made.link, client_secret="f" * 64)
    await site.myself(tokens["access_token"])
    await site.sign_in("alice", "wrong " + PASSWORD)
    await close_site(site)
    outlet.flush()
    logged = capfd.readouterr().err + exposition(await families(site.door)).decode()
    assert '"status": 200' in logged
    secrets = [PASSWORD, code, VERIFIER, str(made.secret), "f" * 64, *site.client.cookies.values()]
    for secret in [*secrets, tokens["access_token"], tokens["refresh_token"]]:
        assert secret not in logged
    assert str(made.secret) not in repr(made)
    assert tokens["access_token"] not in repr(site.door)
