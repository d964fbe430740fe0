"""Owns one server during a run: its folder, its process, its site, and the browsers that are signed in there."""

from dataclasses import dataclass, field
from pathlib import Path

from bench import flow, servers
from bench.browser import Browser
from bench.flow import Client, Tokens
from bench.peers.base import Peer, Place, Site
from bench.servers import Server


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

    def browser(self) -> Browser:
        """A browser that nobody has used."""
        return Browser(self.server.base)

    def sign_in(self, browser: Browser, client: Client, person: int) -> Tokens:
        """One sign-in as a device that was never seen before."""
        self._devices += 1
        people = self.known.people
        device = f"bench-device-{self._devices:08d}"
        return flow.sign_in(browser, self.known.ends, client, people[person % len(people)], device)

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
    """Starts the peer with an empty folder and sets it up."""
    folder.mkdir(parents=True)
    place = Place(cache, folder, servers.free_port())
    peer.install(place)
    server = servers.start(peer.command(place), place.port, folder)
    try:
        return Station(peer, server, place, peer.site(place))
    except BaseException:
        server.stop()
        raise
