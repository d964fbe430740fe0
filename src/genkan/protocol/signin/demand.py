"""What a sign-in must be like: which ways are taken, how strong one must be (acr) and how recent (max_age)."""

from collections.abc import Collection, Mapping

import msgspec
from msgspec import structs

from genkan.protocol.records import ALL_WAYS, Link, Method, Session, Site, Way
from genkan.protocol.signin.ways import allowed_ways, way_of
from genkan.wire.acr import CORPORATE, HARDWARE, PASSWORD, PHISHING_RESISTANT

# By the strength that is told of a sign-in: the first that it satisfies.
_BY_STRENGTH = (HARDWARE, PHISHING_RESISTANT, CORPORATE, PASSWORD)
_WAYS: Mapping[str, Way] = {
    HARDWARE: Way.PASSKEY,
    PHISHING_RESISTANT: Way.PASSKEY | Way.CERTIFICATE,
    CORPORATE: Way.CORPORATE,
    PASSWORD: Way.PASSWORD | Way.PASSKEY | Way.CERTIFICATE,
}


def satisfies(method: Method, acr: str) -> bool:
    """Whether a sign-in is of this class. What another provider says of its own methods proves none of ours, and a
    one-time link or code proves none at all.
    """
    if way_of(method) not in _WAYS.get(acr, Way.NONE) or way_of(method) is Way.NONE:
        return False
    # A passkey that is copied between devices is a key in software, whatever the device that it was used on.
    return acr != HARDWARE or (Method.HWK in method and Method.SWK not in method)


def acr_of(method: Method) -> str | None:
    """The strongest class that a sign-in satisfies (RFC 9470 6.2: ``acr``); None for a one-time link or code."""
    return next((acr for acr in _BY_STRENGTH if satisfies(method, acr)), None)


def known_acrs(asked: Collection[str]) -> tuple[str, ...]:
    """The classes of a request that we know; OpenID Connect Core 3.1.2.1: the others are a wish that is left open."""
    return tuple(dict.fromkeys(acr for acr in asked if acr in _WAYS)) if asked else ()


class Demand(msgspec.Struct, frozen=True):
    """``ways`` may be used; ``acrs``: one of these classes must be reached (none: any); ``max_age`` in milliseconds
    counts back from ``since``, the moment of the request: a sign-in made after it is never too old.
    """

    ways: Way = ALL_WAYS
    acrs: tuple[str, ...] = ()
    max_age: int | None = None
    since: int = 0

    @property
    def offered(self) -> Way:
        """The ways that can meet it."""
        if not self.acrs:
            return self.ways
        reach = Way.NONE
        for acr in self.acrs:
            reach |= _WAYS[acr]
        return self.ways & reach

    def admits(self, method: Method) -> bool:
        """Whether a sign-in went a way that is taken, and is strong enough. What a one-time link or code opens is taken
        where a password would be: it is no stronger.
        """
        way = way_of(method) or Way.PASSWORD
        return way in self.ways and (not self.acrs or any(satisfies(method, acr) for acr in self.acrs))

    def is_recent(self, auth_time: int) -> bool:
        """OpenID Connect Core 3.1.2.1: whether it is no older than max_age."""
        return self.max_age is None or auth_time >= self.since - self.max_age

    def met_by(self, session: Session) -> bool:
        """Whether this session needs nothing more."""
        return self.admits(session.method) and self.is_recent(session.auth_time)


def demand_of(
    site: Site, link: Link | None, acrs: tuple[str, ...] = (), max_age: int | None = None, since: int = 0
) -> Demand:
    """What the site, the link and the request ask together: the ways of the policy, and the shortest age of all."""
    own = site.max_age if link is None or link.max_age is None else link.max_age
    shortest = own if max_age is None else max_age if own is None else min(own, max_age)
    return Demand(allowed_ways(site, link), known_acrs(acrs), shortest, since)


def to_the_site(site: Site, acrs: tuple[str, ...] = (), max_age: int | None = None, since: int = 0) -> Demand:
    """What the site's own pages ask, which have a rule of their own for what is dangerous (``recent``), or a proxy for
    the application behind it. The site's own age is for applications.
    """
    return structs.replace(demand_of(site, None, acrs, None, since), max_age=max_age)


def may_come_in(site: Site, method: Method) -> bool:
    """Whether the site's own pages are open to a session. One of a one-time link or code always is: it was given to let
    somebody in who has no other way, and who makes one here.
    """
    return way_of(method) is Way.NONE or to_the_site(site).admits(method)
