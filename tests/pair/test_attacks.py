"""Answers that are not ours, end to end: another's code, wrong state, wrong issuer, a site that mixes another up."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest

from genkan.app.outcomes import Kept, Problem, SignInAgain, WrongAddress
from genkan.app.steps import Answer
from genkan.protocol.records import Link
from genkan.wire import login_info, metadata
from genkan.wire.login_info import LoginInfo
from tests.pair.gateway import answer as answer_asgi
from tests.pair.world import APP_REDIRECT, TOKEN, LoopBrowser, Phone, a_person, query_of, seen_phones
from tests.site.world import SiteUnderTest

NOT_OURS = "What the browser brought back is not the answer to this sign-in: "


@pytest.fixture
async def link(site: SiteUnderTest) -> Link:
    """The app's link; alice and mallory have accounts."""
    await site.make_account()
    await site.make_account("mallory")
    return await site.turn_mobile_on()


def changed(address: str | None, **parameters: str | None) -> str:
    """The address with some of its parameters replaced, or left out (None)."""
    query = {**query_of(address or ""), **parameters}
    return f"{APP_REDIRECT}?{urlencode({name: value for name, value in query.items() if value is not None})}"


async def sign_in_through(phone: Phone, tamper: Callable[[str], str | None], name: str = "alice") -> Kept | Problem:
    """A sign-in whose answer somebody changes on its way from the browser to the app."""
    person = a_person(phone.site, name=name)
    return await phone.sign_in(await phone.discover(), lambda url: tamper(person(url) or ""))


async def answer_to(site: SiteUnderTest, name: str) -> str:
    """A whole answer of the site to another phone, of this person, which does not get it."""
    caught: list[str] = []

    def catch(address: str) -> None:
        caught.append(address)

    other = Phone(site)
    assert isinstance(await sign_in_through(other, catch, name), SignInAgain)
    return caught[0]


async def nothing_came_of_it(phone: Phone) -> bool:
    """No session is kept, the code was not sent anywhere, and the site shows nobody as signed in."""
    asked = [path for path in phone.line.paths() if path.endswith(TOKEN)]
    return asked == [] and await phone.sessions.saved() == () and await seen_phones(phone.site) == []


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"state": "another"}, "the state is not the one of this sign-in."),
        ({"state": ""}, "the state is not the one of this sign-in."),
        ({"state": None}, "the state is not the one of this sign-in."),
        ({"iss": "https://evil.example"}, "the answer comes from another issuer."),
        ({"iss": "https://site.example/"}, "the answer comes from another issuer."),
        ({"iss": None}, "the answer names no issuer."),
        ({"code": None}, "the answer has neither a code nor an error."),
        ({"error": "access_denied"}, "the answer has a code and an error."),
    ],
)
async def test_a_changed_answer(site: SiteUnderTest, link: Link, parameters: dict[str, str | None], why: str) -> None:
    """RFC 6749 10.12, RFC 9207 2.4: a changed state or issuer, or half an answer, ends the sign-in with a sentence."""
    phone = Phone(site)
    refused = await sign_in_through(phone, lambda address: changed(address, **parameters))
    assert refused == SignInAgain(NOT_OURS + why)
    assert await nothing_came_of_it(phone)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda address: address + "&state=twice",
        lambda address: address.replace("jira-server://oauth-callback", "jira-server://evil"),
        lambda address: address.replace("jira-server://", "https://"),
        lambda address: address.replace("code=", "code=%ff"),
        lambda _address: "jira-server://oauth-callback",
        lambda _address: "not an address",
    ],
)
async def test_an_answer_that_cannot_be_ours(site: SiteUnderTest, link: Link, spoil: Callable[[str], str]) -> None:
    """Repeated parameters, another place, broken escapes, nothing at all: a sentence, and no code leaves the phone."""
    phone = Phone(site)
    refused = await sign_in_through(phone, spoil)
    assert isinstance(refused, SignInAgain)
    assert refused.sentence.startswith(NOT_OURS)
    assert await nothing_came_of_it(phone)


async def test_a_whole_answer_of_another_sign_in(site: SiteUnderTest, link: Link) -> None:
    """Mallory brings alice's phone her own answer, to have alice work in her account: its state is not alice's."""
    mallorys = await answer_to(site, "mallory")
    phone = Phone(site)
    assert await sign_in_through(phone, lambda _address: mallorys) == SignInAgain(
        f"{NOT_OURS}the state is not the one of this sign-in."
    )
    assert await nothing_came_of_it(phone)


async def test_anothers_code_under_the_right_state(site: SiteUnderTest, link: Link) -> None:
    """Even with alice's state mallory's code does not fit alice's verifier (RFC 7636 4.6); nobody is signed in."""
    mallorys = query_of(await answer_to(site, "mallory"))
    phone = Phone(site)
    refused = await sign_in_through(phone, lambda address: changed(address, code=mallorys["code"]))
    assert isinstance(refused, SignInAgain)
    assert refused.sentence.startswith(f"{site.base} did not accept the sign-in code: sign in again.")
    assert await phone.sessions.saved() == ()
    assert await seen_phones(site) == []


async def test_a_thief_of_the_code_is_first_and_gets_nothing(site: SiteUnderTest, link: Link) -> None:
    """Who reads the answer on its way cannot redeem it, with no verifier or one of their own, and spoils nothing."""
    loop = asyncio.get_running_loop()
    refusals: list[str] = []

    async def redeem(code: str) -> None:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": link.client_id,
            "redirect_uri": APP_REDIRECT,
        }
        for more in ({}, {"code_verifier": "v" * 43}, {"code_verifier": ""}, {"client_secret": "guessed"}):
            answer = await site.token(**form, **more)
            refusals.append(answer.json()["error"])
            assert answer.status_code in (400, 401)

    def steal(address: str) -> str:
        asyncio.run_coroutine_threadsafe(redeem(query_of(address)["code"]), loop).result(60)
        return address

    phone = Phone(site)
    assert isinstance(await sign_in_through(phone, steal), Kept)
    assert set(refusals) <= {"invalid_grant", "invalid_client", "invalid_request"}
    assert len(refusals) == 4
    answer = await (await phone.session()).whoami()
    assert isinstance(answer, Answer)
    assert answer.status == 200


async def test_the_code_shown_a_second_time_ends_the_sign_in(site: SiteUnderTest, link: Link) -> None:
    """RFC 6749 4.1.2: somebody who has code and verifier and comes second is refused, and the first one's sign-in ends
    with the reason in the list of phones.
    """
    phone = Phone(site)
    exchanged: list[dict[str, str]] = []
    handle = phone.line.handle_async_request

    async def listen(request: Any) -> Any:
        if request.url.path.endswith(TOKEN):
            exchanged.append(query_of("?" + (await request.aread()).decode()))
        return await handle(request)

    phone.line.handle_async_request = listen  # type: ignore[method-assign]
    assert isinstance(await phone.sign_in(await phone.discover(), a_person(site)), Kept)
    again = await site.token(**exchanged[0])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    told = await (await phone.session()).whoami()
    assert isinstance(told, SignInAgain)
    assert [(seen.state.value, seen.reason) for seen in await seen_phones(site)] == [("signed_out", "code_replayed")]


class EvilSite:
    """A site that somebody was led to add: it sends the person on to the honest one and waits for the code."""

    base = "https://evil.example"

    def __init__(self, honest: SiteUnderTest, client_id: str, *, described: bool, points_away: bool = False) -> None:
        self._honest = honest
        self._client_id = client_id
        self._described = described
        self._points_away = points_away
        self.stolen: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode()
        if host == urlsplit(self._honest.base).netloc:
            await self._honest.app(scope, receive, send)  # type: ignore[operator]
            return
        path = scope["path"]
        if path.endswith("/info/login"):
            authorize = f"{self._honest.base}/rest/oauth2/latest/authorize" if self._points_away else None
            info = LoginInfo(True, self._client_id, (APP_REDIRECT,), "WRITE", authorize)
            await _document(send, login_info.render(info))
        elif path.startswith("/.well-known/") and self._described:
            await _document(send, metadata.document(self.base))
        elif path.endswith("/authorize"):
            location = f"{self._honest.base}{path}?{scope['query_string'].decode()}"
            await answer_asgi(send, 302, b"", (b"location", location.encode()))
        elif path.endswith("/token"):
            self.stolen.append((await receive())["body"])
            await answer_asgi(send, 400, b'{"error":"invalid_grant"}', (b"content-type", b"application/json"))
        else:
            await answer_asgi(send, 404, b"")


async def _document(send: Any, document: dict[str, Any]) -> None:
    await answer_asgi(send, 200, json.dumps(document).encode(), (b"content-type", b"application/json"))


@pytest.mark.parametrize("described", [True, False])
async def test_a_site_that_mixes_up_another(site: SiteUnderTest, link: Link, described: bool) -> None:
    """RFC 9207: signed in at the honest site by way of an evil one, whether or not that one describes itself: the
    answer names the honest issuer, so its code never reaches the evil token endpoint.
    """
    evil = EvilSite(site, link.client_id, described=described)
    phone = Phone(site, app=evil)
    browser = LoopBrowser(httpx2.AsyncClient(transport=httpx2.ASGITransport(app=evil)))
    person = a_person(site, browser=browser)
    refused = await phone.sign_in(await phone.discover(evil.base), lambda url: person(person(url) or ""))
    assert [url.partition("?")[0] for url in person.visited] == [
        f"{evil.base}/rest/oauth2/latest/authorize",
        f"{site.base}/rest/oauth2/latest/authorize",
    ]
    assert refused == SignInAgain(f"{NOT_OURS}the answer comes from another issuer.")
    assert evil.stolen == []
    assert await seen_phones(site) == []


async def test_a_site_that_names_anothers_endpoint(site: SiteUnderTest, link: Link) -> None:
    """An info/login whose endpoints lie at the honest site is not signed in to; the honest address is suggested."""
    evil = EvilSite(site, link.client_id, described=False, points_away=True)
    refused = await Phone(site, app=evil).discover(evil.base)
    assert isinstance(refused, WrongAddress)
    assert refused.suggestion == site.base
