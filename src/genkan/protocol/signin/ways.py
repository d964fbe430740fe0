"""Which ways to sign in a site and a link take, which way a sign-in went, and what the ways are called."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from genkan.protocol.entrances import Entrances, Owners
from genkan.protocol.records import ALL_WAYS, Link, Method, Site, Way
from genkan.protocol.signin.passkey_options import rp_ids
from genkan.wire.urls import BaseURL

# How files, commands and the API write them.
WORDS: Mapping[Way, str] = {
    Way.PASSWORD: "password",
    Way.PASSKEY: "passkey",
    Way.CERTIFICATE: "certificate",
    Way.CORPORATE: "corporate",
}
_BY_WORD = {word: way for way, word in WORDS.items()}
_WAYS_BY_METHOD = (
    (Method.FED, Way.CORPORATE),
    (Method.POP, Way.CERTIFICATE),
    (Method.HWK | Method.SWK, Way.PASSKEY),
    (Method.PWD, Way.PASSWORD),
)


def allowed_ways(site: Site, link: Link | None) -> Way:
    """The ways that count for a sign-in through this link, or to the site itself where there is none."""
    if link is None or link.ways is Way.NONE:
        return site.ways
    return link.ways & ALL_WAYS


def entrances_of(
    public: BaseURL,
    former: Iterable[BaseURL],
    *,
    certificates: bool,
    providers: Iterable[str],
    judges: Iterable[str],
    owners: Owners | None = None,
) -> Entrances:
    """What a site can take as it is set up. ``certificates``: it knows an authority, and ``owners`` says whose one is;
    ``providers`` and ``judges``: its directories by their names.
    """
    here = Entrances(Way.PASSWORD, rp_ids(public, former), tuple(providers), tuple(judges), owners)
    possible = (Way.PASSKEY, bool(here.hosts)), (Way.CERTIFICATE, certificates), (Way.CORPORATE, bool(here.providers))
    for way, is_possible in possible:
        here = replace(here, ways=here.ways | way) if is_possible else here
    return here


@cache
def way_of(method: Method) -> Way:
    """The way that a session came by; NONE for a one-time link or code, which opens the door once without any."""
    return next((way for marks, way in _WAYS_BY_METHOD if method & marks), Way.NONE)


def words_of(ways: Way) -> tuple[str, ...]:
    """The ways by their words, in a fixed order."""
    return tuple(word for way, word in WORDS.items() if way in ways)


def ways_named(words: Iterable[str]) -> Way | None:
    """The ways that words mean; None where one of them means none."""
    found = Way.NONE
    for word in words:
        way = _BY_WORD.get(word)
        if way is None:
            return None
        found |= way
    return found
