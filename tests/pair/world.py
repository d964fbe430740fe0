"""App and site in one process: a phone whose every request goes to the real site, over a line that can be cut."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from genkan import clock
from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.drive import AsyncDriver, Door
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, Kept, Problem, Ready
from genkan.app.session import AsyncSession, AsyncSessions
from genkan.app.state import SessionState
from genkan.app.steps import Answer
from genkan.app.vault import MemoryVault, Vault
from genkan.protocol import phones
from genkan.protocol.phones import Phone as SeenPhone
from genkan.store.api import PhoneQuery
from genkan.testing.person import Browser, Person
from tests.site.world import PASSWORD, SiteUnderTest

ASGI = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
APP_REDIRECT = "jira-server://oauth-callback"
TOKEN = "/rest/oauth2/latest/token"
INFO = "/rest/nativemobile/1.1/info/login"
MYSELF = "/rest/api/2/myself"


class Line(httpx2.AsyncBaseTransport):
    """The phone's network. ``down``: nothing gets through; ``drop``: so many answers of a path are lost after the site
    acted; ``heard`` keeps every answer of the site, lost ones too.
    """

    def __init__(self, app: ASGI, address: str = "127.0.0.1") -> None:
        self._inner = httpx2.ASGITransport(app=app, client=(address, 40000))
        self.down = False
        self.drop: Counter[str] = Counter()
        self.heard: list[tuple[str, int, bytes]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.down:
            raise httpx2.ConnectError("no network")
        answer = await self._inner.handle_async_request(request)
        body = await answer.aread()
        self.heard.append((request.url.path, answer.status_code, body))
        path = next((path for path in self.drop if request.url.path.endswith(path)), "")
        if self.drop[path] > 0:
            self.drop[path] -= 1
            raise httpx2.ReadError("the tunnel")
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(body))

    def paths(self) -> list[str]:
        """The paths that were asked."""
        return [path for path, _, _ in self.heard]

    def successors(self) -> list[str]:
        """Every refresh token that the site ever told on this line, lost answers too."""
        bodies = [json.loads(body) for path, status, body in self.heard if path.endswith(TOKEN) and status == 200]
        return [str(body["refresh_token"]) for body in bodies]


class LoopBrowser:
    """A browser for a person who walks in a thread while the site answers in the event loop."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self._loop = asyncio.get_running_loop()

    def get(self, url: str) -> httpx2.Response:
        return asyncio.run_coroutine_threadsafe(self.client.get(url), self._loop).result(60)

    def post(self, url: str, fields: Mapping[str, str]) -> httpx2.Response:
        return asyncio.run_coroutine_threadsafe(self.client.post(url, data=dict(fields)), self._loop).result(60)


class Phone:
    """One phone with one app: a vault, a clock that may be wrong, and a line to the site."""

    def __init__(self, site: SiteUnderTest, vault: Vault | None = None, app: object = None) -> None:
        self.site = site
        self.vault: Vault = vault or MemoryVault()
        self.skew = 0
        self.line = Line(app or site.app)  # type: ignore[arg-type]
        self.sessions = self._started()

    def now(self) -> int:
        """What this phone takes for the time."""
        return self.site.env.now + self.skew

    def restart(self) -> None:
        """The app was ended and starts anew, with nothing but what its vault keeps."""
        self.sessions = self._started()

    def _started(self) -> AsyncSessions:
        return AsyncSessions(self.vault, self.now, self.site.env.draw, AsyncDriver(clock.ticks, transport=self.line))

    async def discover(self, address: str | None = None, **wanted: Any) -> Any:
        """What the app finds out about the site, or about an address."""
        return await self.sessions.discover(Wanted(address or self.site.base, **wanted))

    async def sign_in(
        self, found: object, walk: Callable[[str], str | None], meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> Kept | Problem:
        """Through the person's browser, with the app's own scheme as a phone has it; ``meanwhile`` happens after the
        browser's answer and before the app sees it.
        """
        assert isinstance(found, Ready), found
        loop = asyncio.get_running_loop()

        def walk_slowly(url: str) -> str | None:
            address = walk(url)
            if meanwhile is not None:
                asyncio.run_coroutine_threadsafe(_awaited(meanwhile()), loop).result(60)
            return address

        door = HandedAgent(walk_slowly).open_door(found.site.redirect_uris)
        assert not isinstance(door, NoDoor)
        return await self.sessions.sign_in(found.site, door)

    async def kept(self) -> SessionState:
        """The one session in the vault."""
        (state,) = await self.sessions.saved()
        assert isinstance(state, SessionState)
        return state

    async def session(self) -> AsyncSession:
        """The one session, opened."""
        return self.sessions.open((await self.kept()).id)

    async def access(self, rejected: str | None = None) -> Access | Problem:
        """An access token of the one session, or why there is none."""
        return await (await self.session()).access(rejected)

    async def tokens(self) -> tuple[str, str]:
        """Access and refresh token as the vault has them."""
        tokens = (await self.kept()).tokens
        assert tokens is not None
        return tokens.access, tokens.refresh or ""

    async def name(self) -> str:
        """Whom the site takes this phone for."""
        answer = await (await self.session()).whoami()
        assert isinstance(answer, Answer), answer
        assert answer.status == 200
        return str(json.loads(answer.body)["name"])


async def _awaited(coming: Awaitable[None]) -> None:
    await coming


def a_person(
    site: SiteUnderTest, *passwords: str, name: str = "alice", decision: str = "allow", browser: Browser | None = None
) -> Person:
    """Somebody in front of a browser that has never been here."""
    return Person(browser or LoopBrowser(site.browser()), name, passwords or (PASSWORD,), decision)


async def a_signed_in_phone(site: SiteUnderTest, vault: Vault | None = None) -> Phone:
    """Alice's phone, signed in by the typed address with the switch on."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site, vault)
    kept = await phone.sign_in(await phone.discover(), a_person(site))
    assert isinstance(kept, Kept), kept
    return phone


async def seen_phones(site: SiteUnderTest) -> list[SeenPhone]:
    """The rows of ``genkan phones list``, newest first."""
    await site.store.flush()
    return [phones.judge(row, site.env()) for row in await site.store.phones(PhoneQuery())]


async def state_of(site: SiteUnderTest) -> tuple[str, str]:
    """What the list of phones says of the one there is: state and reason."""
    (seen,) = await seen_phones(site)
    return seen.state.value, seen.reason


async def generation_of(site: SiteUnderTest) -> int:
    """Where the one row of the site stands."""
    (row,) = await site.store.phones(PhoneQuery())
    return row.grant.generation


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query, keep_blank_values=True).items()}


def a_door(walk: Callable[[str], str | None]) -> Door:
    """A browser hop that ends where the test says."""
    door = HandedAgent(walk, APP_REDIRECT).open_door((APP_REDIRECT,))
    assert not isinstance(door, NoDoor)
    return door
