"""The origin that asks for client certificates: which requests came to it, on which connections, and what it serves."""

from collections.abc import Iterable
from dataclasses import dataclass

from genkan.protocol.reasons import Reason
from genkan.site.arrival import Arrival
from genkan.site.former import is_at
from genkan.site.peer import Peer, PeerFault
from genkan.site.routes import Guard, Rule
from genkan.wire.urls import BaseURL


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A request that is none of the site's: what is found where it came, and why there is nothing."""

    rules: dict[str, Rule]
    reason: Reason


class CertificateOrigin:
    """Serves the rules with the guard ``CERTIFICATE``, from the root of its host, and nothing else."""

    def __init__(self, origin: BaseURL, rules: Iterable[Rule], *, everywhere: bool) -> None:
        self._origin = origin
        self._everywhere = everywhere
        mine = (rule for rule in rules if rule.guard is Guard.CERTIFICATE)
        self._rules = {rule.path: dict.fromkeys(rule.methods, rule) for rule in mine}

    def found(self, arrival: Arrival, peer: Peer | PeerFault) -> Elsewhere | None:
        """What a request finds here; None where it is the site's own."""
        if isinstance(peer, PeerFault):
            return None
        here = is_at(self._origin, f"{peer.scheme}://{peer.host}".lower())
        if self._is_misdirected(arrival, here=here):
            return Elsewhere({}, Reason.MISDIRECTED)
        return Elsewhere(self._rules.get(arrival.path, {}), Reason.NOT_FOUND) if here else None

    def _is_misdirected(self, arrival: Arrival, *, here: bool) -> bool:
        """Whether TLS of our own was spoken for the one origin and HTTP for the other: a certificate that was not asked
        for would count as none, and one that was would be shown to a page that needs none.
        """
        secured = arrival.secured
        if secured is None:
            return False
        # RFC 9110 15.5.20: the client then asks again on a connection of its own.
        wrong_listener = secured.asks != here and not (self._everywhere and not here)
        return wrong_listener or (here and secured.name is not None and secured.name.lower() != self._origin.host)
