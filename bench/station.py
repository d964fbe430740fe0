"""Owns one server during a run: its folder, its process, its site, and the browsers that are signed in there."""

from dataclasses import dataclass, field
from pathlib import Path

from bench import flow, servers
from bench.browser import Browser
from bench.flow import Client, Tokens
from bench.peers.base import Peer, Place, Site, Unavailable
from bench.postgres import Cluster, NoPostgres
from bench.servers import Server
from bench.wrk import Target


@dataclass
class Station:
    """A running server under test."""

    peer: Peer
    server: Server
    place: Place
    site: Site | None
    _browsers: dict[str, list[Browser]] = field(default_factory=dict)
    _devices: int = 0

    @property
    def known(self) -> Site:
        """The site of a provider; a floor peer has none."""
        if self.site is None:
            raise LookupError(f"{self.peer.name} is no provider")
        return self.site

    @property
    def target(self) -> Target:
        """What a load of this station is sent to."""
        return Target((self.server.port,), (self.server.pid,), self.place.database)

    def versions(self) -> dict[str, str]:
        """Of the peer and what was started for it."""
        database = self.place.database
        return {**self.peer.versions(), **({"PostgreSQL": database.version} if database else {})}

    def stop(self) -> None:
        """Ends the server and what was started for it."""
        self.server.stop()
        if self.place.database:
            self.place.database.stop()

    def browser(self) -> Browser:
        """A browser that nobody has used."""
        return Browser(self.server.base)

    def sign_in(self, browser: Browser, client: Client, person: int) -> Tokens:
        """One sign-in as a device that was never seen before."""
        self._devices += 1
        people = self.known.people
        who = people[person % len(people)]
        if self.known.enter and not browser.cookies:
            self.known.enter(browser, client, who)
        return flow.sign_in(browser, self.known.ends, client, who, f"bench-device-{self._devices:08d}")

    def signed_in(self, client: Client, count: int) -> list[Browser]:
        """Browsers in which people are signed in and have consented to the client once; kept for the whole run."""
        ready = self._browsers.setdefault(client.id, [])
        ready += self.fresh_browsers(client, count - len(ready), first=len(ready))
        return ready[:count]

    def fresh_browsers(self, client: Client, count: int, first: int = 0) -> list[Browser]:
        """As `signed_in`, for a load that changes the cookies on its way: nobody else uses these."""
        made = [self.browser() for _ in range(count)]
        for number, browser in enumerate(made):
            self.sign_in(browser, client, first + number)
            browser.close()
        return made

    def sign_ins(self, client: Client, count: int, browsers: int = 8) -> list[Tokens]:
        """Fresh sign-ins through the client, spread over a few signed-in browsers."""
        known = self.signed_in(client, min(count, browsers))
        return [self.sign_in(known[index % len(known)], client, index % len(known)) for index in range(count)]


def start(peer: Peer, cache: Path, folder: Path) -> Station:
    """Starts the peer with an empty folder, and a database of its own where it wants one, and sets it up."""
    folder.mkdir(parents=True)
    peer.install(Place(cache, folder, 0))
    place = Place(cache, folder, servers.free_port(), _database() if peer.postgres else None)
    try:
        peer.prepare(place)
        server = servers.start(peer.command(place), place.port, folder)
    except BaseException:
        if place.database:
            place.database.stop()
        raise
    started = Station(peer, server, place, None)
    try:
        started.site = peer.site(place)
    except BaseException:
        started.stop()
        raise
    return started


def _database() -> Cluster:
    try:
        return Cluster()
    except NoPostgres as fault:
        raise Unavailable(f"PostgreSQL: {fault}") from fault
