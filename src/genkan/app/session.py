"""The two faces of a kept session: for threads and for tasks; every method returns a value, problems included.

Only a vault that fails raises, ``VaultTrouble``. Owns nothing but the meeting of flows, vault and driver.
"""

import asyncio
from collections.abc import Callable
from typing import Self

from genkan.app import arrival, entry_turn, keeping, leaving
from genkan.app.drive import AsyncDriver, Door, Driver
from genkan.app.flows import Wanted, discover
from genkan.app.keeping import Keeper
from genkan.app.machine import Machine
from genkan.app.outcomes import Access, Discovery, Kept, Problem, SignedOut
from genkan.app.state import SessionState, Site, Unreadable
from genkan.app.steps import Answer, Call
from genkan.app.vault import Vault


class Session:
    """One signed-in account; may be shared between threads, and other processes may hold the same session."""

    def __init__(self, keeper: Keeper, driver: Driver, session_id: str) -> None:
        self._keeper = keeper
        self._driver = driver
        self.id = session_id

    def access(self, rejected: str | None = None) -> Access | Problem:
        """An access token to use now; give back one that the site refused as ``rejected``."""
        return self._driver.run(keeping.access(self._keeper, self.id, rejected))

    def call(self, asked: Call) -> Answer | Problem:
        """One request of the site's API; raises what a file says that is sent or written."""
        return self._driver.run(keeping.call(self._keeper, self.id, asked))

    def whoami(self) -> Answer | Problem:
        """The site's ``myself`` document."""
        return self._driver.run(keeping.whoami(self._keeper, self.id))

    def sign_out(self, *, forget: bool = False) -> SignedOut | Problem:
        """End the session at the site, then forget it here."""
        return self._driver.run(leaving.sign_out(self._keeper, self.id, forget=forget))


class Sessions:
    """All sessions of one vault, for threads."""

    def __init__(
        self, vault: Vault, now: Callable[[], int], draw: Callable[[int], bytes], driver: Driver | None = None
    ) -> None:
        self._keeper = Keeper(vault, now, draw)
        self._driver = driver or Driver(Machine().ticks)

    def saved(self) -> tuple[SessionState | Unreadable, ...]:
        """What is kept, readable or not."""
        return keeping.saved(self._keeper.vault)

    def open(self, session_id: str) -> Session:
        """A kept session."""
        return Session(self._keeper, self._driver, session_id)

    def discover(self, wanted: Wanted) -> Discovery:
        """Find out how to sign in at a site."""
        return self._driver.run(discover(wanted))

    def sign_in(self, site: Site, door: Door) -> Kept | Problem:
        """Sign in through an open door and keep the session."""
        flow = arrival.sign_in(self._keeper, site, door.redirect_uri)
        return self._driver.run(entry_turn.asked_for(self._keeper, site.base_url, flow), door)

    def close(self) -> None:
        """Close the connections; the sessions stay signed in."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSession:
    """One signed-in account for the tasks of one event loop."""

    def __init__(self, keeper: Keeper, driver: AsyncDriver, session_id: str) -> None:
        self._keeper = keeper
        self._driver = driver
        self.id = session_id

    async def access(self, rejected: str | None = None) -> Access | Problem:
        """An access token to use now; give back one that the site refused as ``rejected``."""
        return await self._driver.run(keeping.access(self._keeper, self.id, rejected))

    async def call(self, asked: Call) -> Answer | Problem:
        """One request of the site's API; raises what a file says that is sent or written."""
        return await self._driver.run(keeping.call(self._keeper, self.id, asked))

    async def whoami(self) -> Answer | Problem:
        """The site's ``myself`` document."""
        return await self._driver.run(keeping.whoami(self._keeper, self.id))

    async def sign_out(self, *, forget: bool = False) -> SignedOut | Problem:
        """End the session at the site, then forget it here."""
        return await self._driver.run(leaving.sign_out(self._keeper, self.id, forget=forget))


class AsyncSessions:
    """All sessions of one vault, for the tasks of one event loop."""

    def __init__(
        self, vault: Vault, now: Callable[[], int], draw: Callable[[int], bytes], driver: AsyncDriver | None = None
    ) -> None:
        self._keeper = Keeper(vault, now, draw)
        self._driver = driver or AsyncDriver(Machine().ticks)

    async def saved(self) -> tuple[SessionState | Unreadable, ...]:
        """What is kept, readable or not."""
        return await asyncio.to_thread(keeping.saved, self._keeper.vault)

    def open(self, session_id: str) -> AsyncSession:
        """A kept session."""
        return AsyncSession(self._keeper, self._driver, session_id)

    async def discover(self, wanted: Wanted) -> Discovery:
        """Find out how to sign in at a site."""
        return await self._driver.run(discover(wanted))

    async def sign_in(self, site: Site, door: Door) -> Kept | Problem:
        """Sign in through an open door and keep the session."""
        flow = arrival.sign_in(self._keeper, site, door.redirect_uri)
        return await self._driver.run(entry_turn.asked_for(self._keeper, site.base_url, flow), door)

    async def close(self) -> None:
        """Close the connections; the sessions stay signed in."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
