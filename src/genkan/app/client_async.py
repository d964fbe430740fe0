"""The library as a program uses it: name a site, get a session that survives, call the site's API; for tasks.

Owns the exceptions at the surface; what happens is the flows'. ``client`` is the same for threads.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

from genkan.app import following, keeping, sending
from genkan.app.agent import UserAgent
from genkan.app.connecting import APPS_OWN, Link
from genkan.app.drive import AsyncDriver
from genkan.app.entering import Entered, Entrance, Hop
from genkan.app.following import Held
from genkan.app.keeping import Keeper
from genkan.app.machine import Machine
from genkan.app.outcomes import Access, Problem
from genkan.app.reply import Reply
from genkan.app.shelter import Consent, refuse
from genkan.app.state import Account, SessionState
from genkan.app.steps import Flow
from genkan.app.vault import Vault
from genkan.wire.managed import Managed

T = TypeVar("T")


class AsyncConnection:
    """A signed-in account at one site. For the tasks of one event loop; other processes may hold the same session."""

    def __init__(self, keeper: Keeper, driver: AsyncDriver, state: SessionState) -> None:
        self._keeper = keeper
        self._driver = driver
        self.id = state.id
        self.site = state.site
        self.account = state.account
        self._left = False

    async def access(self, rejected: str | None = None) -> Access:
        """An access token with when it runs out; ``rejected`` is one that the site refused. Raises ``AppTrouble``."""
        return sending.access_in(await self._use(lambda held: keeping.access(self._keeper, held, rejected)))

    async def fresh_token(self, rejected: str | None = None) -> str:
        """An access token that can be used now, renewed first when it has to be. Raises ``AppTrouble``."""
        return (await self.access(rejected)).token

    async def headers(self) -> dict[str, str]:
        """What a request of one's own has to carry, for this moment."""
        return {"Authorization": f"Bearer {await self.fresh_token()}"}

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request of the site's API; ``path`` is below the base URL, query included. Raises ``AppTrouble``.

        Raises ``ValueError`` before anything is sent for a method, path or header that cannot be sent.
        """
        sent = sending.headers_of(headers, has_json=json is not None)
        content = body if json is None else sending.encoded(json)
        verb = sending.checked_method(method)
        found = await self._use(lambda held: keeping.call(self._keeper, held, verb, path, sent, content))
        return sending.reply_in(found, self.site)

    async def get(self, path: str) -> Reply:
        """Read something."""
        return await self.request("GET", path)

    async def post(self, path: str, json: object) -> Reply:
        """Send something new."""
        return await self.request("POST", path, json=json)

    async def put(self, path: str, json: object) -> Reply:
        """Change something."""
        return await self.request("PUT", path, json=json)

    async def delete(self, path: str) -> Reply:
        """Remove something."""
        return await self.request("DELETE", path)

    async def whoami(self) -> Account:
        """Whom the site takes this session for, by asking it. Raises ``AppTrouble``."""
        self.account = sending.account_in(await self._use(lambda held: keeping.whoami(self._keeper, held)), self.site)
        return self.account

    async def sign_out(self, *, forget: bool = False) -> None:
        """End the session at the site, then forget it here; with ``forget`` also where the site cannot be told."""
        ended = await self._driver.run(following.sign_out(self._keeper, self._held(), forget=forget))
        sending.see_ended(ended, forget=forget)
        self._left = True

    def _held(self) -> Held:
        # Somebody who signed out here is not signed in again by another program's session.
        return Held(self.id, self.site, None if self._left else self.account)

    async def _use(self, use: Callable[[str], Flow[T | Problem]]) -> T | Problem:
        self.id, outcome = await self._driver.run(following.followed(self._keeper, self._held(), use))
        return outcome

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
        in a browser session of its own, or (False) shares the browser's; MDM decides otherwise. With ``sign_in=False``
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
        return AsyncConnection(entered.keeper, driver, entered.state)


async def connect_async(
    address: str | None = None, *, account: str | None = None, link: Link = APPS_OWN, sign_in: bool = True
) -> AsyncConnection:
    """``AsyncApp().connect(...)``: the session at a site, with everything else as this machine has it."""
    return await AsyncApp().connect(address, account=account, link=link, sign_in=sign_in)
