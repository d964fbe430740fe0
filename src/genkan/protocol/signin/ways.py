"""Which ways to sign in a site and a link take, and which way a sign-in went."""

from genkan.protocol.records import ALL_WAYS, Link, Method, Site, Way

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


def way_of(method: Method) -> Way:
    """The way that a session came by; NONE for a one-time link or code, which opens the door once without any."""
    return next((way for marks, way in _WAYS_BY_METHOD if method & marks), Way.NONE)
