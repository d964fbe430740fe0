"""What one request looked like when it arrived: did a proxy bring it, is it one that the site knows, and what did it
leave out. Only shown and advised upon; nothing here decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.seen_address import difference

# What proxies add to a request that they pass on; one that nobody has named can only be known by these.
PASSED_ON = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip"}
)
_EXPECTED = ("X-Forwarded-For", "X-Forwarded-Proto")


class Way(StrEnum):
    """How a request came."""

    DIRECT = "direct"
    PROXY = "proxy"
    PROXY_SILENT = "proxy_silent"
    STRANGE_PROXY = "strange_proxy"
    WRONG_ADDRESS = "wrong_address"


WORDS: Mapping[Way, str] = {
    Way.DIRECT: "This request came straight from %(address)s, without a proxy.",
    Way.PROXY: "This request came from %(address)s through a proxy that the site knows.",
    Way.PROXY_SILENT: "A proxy that the site knows brought this request, and left out %(missing)s.",
    Way.STRANGE_PROXY: "A proxy brought this request, and the site does not know it: everybody seems to come from"
    " %(address)s, so that wrong passwords of one count for all.",
    Way.WRONG_ADDRESS: "This request came for %(seen)s, which is not the site’s own address.",
}
ADVICE: Mapping[Way, str] = {
    Way.DIRECT: "",
    Way.PROXY: "",
    Way.PROXY_SILENT: "Let the proxy set it: genkan proxy nginx and genkan proxy caddy print a configuration for it.",
    Way.STRANGE_PROXY: "Name its address, and let it send the secret in X-Genkan-Proxy: genkan proxy nginx and genkan"
    " proxy caddy print a configuration for it.",
    Way.WRONG_ADDRESS: "Let the proxy pass Host on and set X-Forwarded-Proto, or set GENKAN_BASE_URL.",
}


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """``scheme``, ``host`` and ``address`` are the client's as far as they could be known; ``missing`` are headers
    that a known proxy should have sent. ``line`` is what to write into the settings.
    """

    way: Way
    scheme: str
    host: str
    address: str
    trusted: bool
    missing: tuple[str, ...] = ()
    line: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return self.way in (Way.DIRECT, Way.PROXY)

    @property
    def values(self) -> dict[str, str]:
        """What fills the words."""
        return {"address": self.address, "missing": ", ".join(self.missing), "seen": f"{self.scheme}://{self.host}"}

    @property
    def sentence(self) -> str:
        """The words in English."""
        return WORDS[self.way] % self.values


def request_seen(received: Received, door: Door) -> RequestSeen:
    """How this request came."""
    peer = received.peer
    names = {name for name, _ in received.headers.pairs}
    scheme, host = peer.scheme, peer.host
    missing = tuple(name for name in _EXPECTED if name.lower().encode() not in names) if peer.trusted else ()
    way, line = Way.PROXY if peer.trusted else Way.DIRECT, ""
    origin = f"{scheme}://{host}".lower()
    if origin != door.public.origin and not _is_default_port(origin, door):
        way, line = Way.WRONG_ADDRESS, difference(origin, door.public).line
    elif missing:
        way = Way.PROXY_SILENT
    elif not peer.trusted and names & PASSED_ON:
        way, line = Way.STRANGE_PROXY, f"GENKAN_TRUSTED_PROXIES={peer.address}"
    return RequestSeen(way, scheme, host, peer.address, peer.trusted, missing, line)


def _is_default_port(origin: str, door: Door) -> bool:
    return origin == f"{door.public.origin}:{443 if door.public.secure else 80}"
