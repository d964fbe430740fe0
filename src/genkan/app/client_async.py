"""The library as a program uses it: name a site, get a session that survives, call the site's API; for tasks.

Owns that face alone: what is done is ``conversation``'s and ``entering``'s. ``client`` is the same for threads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

from genkan.app import undo
from genkan.app.agent import UserAgent
from genkan.app.connecting import APPS_OWN, Link
from genkan.app.conversation import Conversation
from genkan.app.drive import AsyncDriver
from genkan.app.entering import Entered, Entrance
from genkan.app.hop import Hop
from genkan.app.machine import Machine
from genkan.app.outcomes import Access
from genkan.app.reply import Reply
from genkan.app.sending import Given, taker_of
from genkan.app.shelter import Consent, refuse
from genkan.app.state import Account, SessionState, Site
from genkan.app.steps import Flow
from genkan.app.vault import Vault
from genkan.wire.managed import Managed

T = TypeVar("T")


class AsyncConnection:
    """A signed-in account at one site. For the tasks of one event loop; other processes may hold the same session."""

    def __init__(self, conversation: Conversation, driver: AsyncDriver) -> None:
        self._talk = conversation
        self._driver = driver

    @property
    def id(self) -> str:
        """What the session is called where it is kept; another one after a new sign-in."""
        return self._talk.id

    @property
    def site(self) -> Site:
        """Where it is."""
        return self._talk.site

    @property
    def account(self) -> Account | None:
        """Whose it is, as far as that is known."""
        return self._talk.account

    async def access(self, rejected: str | None = None) -> Access:
        """An access token with when it runs out; ``rejected`` is one that the site refused. Raises ``AppTrouble``."""
        return await self._do(lambda hop: self._talk.access(hop, rejected))

    async def fresh_token(self, rejected: str | None = None) -> str:
        """An access token that can be used now, renewed first when it has to be. Raises ``AppTrouble``."""
        return (await self.access(rejected)).token

    async def headers(self) -> dict[str, str]:
        """What a request of one's own has to carry, for this moment."""
        return await self._do(self._talk.headers)

    async def is_refused(self, token: str, url: str, headers: Mapping[str, str]) -> bool:
        """Whether a 401 to a request of one's own, with these headers, says that the site does not take this token.

        If not, something else is asked for, such as a password typed once more, and no other token helps. Found out by
        asking the site, unless the headers tell. Raises ``ValueError`` for an address that is not the site's.
        """
        return await self._driver.run(self._talk.is_refused(token, url, headers))

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """One request of the site's API; ``path`` is below the base URL, query included. Raises ``AppTrouble``.

        A body that is a ``Path`` is read while it is sent; a pipe before, and it may keep us waiting for ``timeout``,
        too. ``timeout`` is the most seconds from the connection to the answer's last byte, anew where it is sent once
        more; renewing a token has times of its own. Without it the site may be silent for 20 seconds at a time, and has
        a minute for the whole, and a second more for each 64 KiB that get on. Raises
        ``ValueError`` before anything is sent for a method, path, header or timeout that cannot be, and ``OSError`` for
        a file that cannot be read.
        """
        given = Given(method, path, json, body, headers, timeout)
        return await self._do(lambda hop: self._talk.request(hop, given))

    async def download(
        self,
        path: str,
        to: Path | Callable[[bytes], Awaitable[object]],
        *,
        method: str = "GET",
        json: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Have an answer of any length in a file, or else what is awaited with each piece of it as it comes.

        The file appears when it is whole, for its owner alone to read, or with the rights of the one that was there;
        that one stays where the download fails. Raises as ``request`` does, ``OSError`` where the file cannot be
        written, and ``ApiRefused`` for an answer that is none: a refusal, a redirect, a page that nobody attached.
        A pipe or a device is written to at once; it has to find a reader within ``timeout``. Any kind of content is
        asked for where the headers name none. The reply has status and headers; its body is empty.
        """
        given = Given(method, path, json, None, headers, timeout)
        taker = taker_of(to, waits=False)
        return await self._do(lambda hop: self._talk.download(hop, given, taker))

    async def get(self, path: str, *, timeout: float | None = None) -> Reply:
        """Read something."""
        return await self.request("GET", path, timeout=timeout)

    async def post(self, path: str, json: object, *, timeout: float | None = None) -> Reply:
        """Send something new."""
        return await self.request("POST", path, json=json, timeout=timeout)

    async def put(self, path: str, json: object, *, timeout: float | None = None) -> Reply:
        """Change something."""
        return await self.request("PUT", path, json=json, timeout=timeout)

    async def delete(self, path: str, *, timeout: float | None = None) -> Reply:
        """Remove something."""
        return await self.request("DELETE", path, timeout=timeout)

    async def whoami(self) -> Account:
        """Whom the site takes this session for, by asking it. Raises ``AppTrouble``."""
        return await self._do(self._talk.whoami)

    async def sign_out(self, *, forget: bool = False) -> None:
        """End the session at the site, then forget it here; with ``forget`` also where the site cannot be told."""
        await self._driver.run(self._talk.sign_out(forget=forget))

    async def _do(self, wanted: Callable[[Hop], Flow[T]]) -> T:
        hop = Hop()
        try:
            return await self._driver.run(wanted(hop), hop)
        finally:
            if hop.is_open:
                await asyncio.to_thread(hop.close)
            undo.let_go()

    async def close(self) -> None:
        """Close the network connections; the session stays signed in."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncApp:
    """One program's sessions. Everything has a default: the keyring, the person's browser, no managed configuration.

    ``consent`` is asked before sessions are kept in an encrypted file, where there is no keyring; without it that is
    refused. ``allow_http`` lets plain http leave this machine. ``examine`` has the doctor look at a site that refuses.
    """

    def __init__(
        self,
        *,
        vault: Vault | None = None,
        agent: UserAgent | None = None,
        managed: Managed | None = None,
        consent: Consent = refuse,
        allow_http: bool = False,
        examine: bool = True,
        machine: Machine | None = None,
    ) -> None:
        self._entrance = Entrance(vault, agent, managed, consent, allow_http, examine, machine or Machine())

    async def connect(
        self,
        address: str | None = None,
        *,
        account: str | None = None,
        link: Link = APPS_OWN,
        private: bool | None = None,
        sign_in: bool = True,
    ) -> AsyncConnection:
        """The session at a site: the kept one, without any request while its token holds, else by signing in.

        Without ``address`` the only kept session or the only managed site is meant. ``private`` asks for a new sign-in
        in a browser session of its own, as MDM may (False does not undo that). With ``sign_in=False``
        no browser is opened. Raises ``AppTrouble``.
        """
        hop = Hop()
        flow = self._entrance.connect(hop, address, account, link, private=private, sign_in=sign_in)
        return await self._connected(flow, hop)

    async def sign_in(
        self, address: str | None = None, *, link: Link = APPS_OWN, private: bool | None = None
    ) -> AsyncConnection:
        """A new sign-in through the browser; it replaces an earlier one of the same account. Raises ``AppTrouble``."""
        hop = Hop()
        return await self._connected(self._entrance.enter(hop, address, link, private=private), hop)

    async def saved(self) -> tuple[SessionState, ...]:
        """Every kept session that can be read, the ended ones too. Raises ``AppTrouble``."""
        return await AsyncDriver(self._entrance.machine.ticks).run(self._entrance.saved())

    async def sign_out_everywhere(self, *, forget: bool = False) -> dict[str, str]:
        """End every kept session; by their labels the sentences of those that could not be ended."""
        driver = AsyncDriver(self._entrance.machine.ticks)
        try:
            return await driver.run(self._entrance.leave_all(forget=forget))
        finally:
            await driver.close()

    async def _connected(self, flow: Flow[Entered], hop: Hop) -> AsyncConnection:
        driver = AsyncDriver(self._entrance.machine.ticks)
        try:
            entered = await driver.run(flow, hop)
        except BaseException:
            await driver.close()
            raise
        finally:
            await asyncio.to_thread(hop.close)
            undo.let_go()
        return AsyncConnection(entered.conversation(), driver)


async def connect_async(
    address: str | None = None, *, account: str | None = None, link: Link = APPS_OWN, sign_in: bool = True
) -> AsyncConnection:
    """``AsyncApp().connect(...)``: the session at a site, with everything else as this machine has it."""
    return await AsyncApp().connect(address, account=account, link=link, sign_in=sign_in)
