"""Where a fetch may go: which addresses are closed to it, and which of them the operator has opened by name.

An address that stands in data (a certificate, a discovery document) is somebody else's wish, not the operator's.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from genkan.wire import uri
from genkan.wire.addresses import Address, Network, kind_of


@dataclass(frozen=True, slots=True)
class Reach:
    """What one kind of fetch may do. ``networks`` and ``hosts`` are the operator's own openings; ``plain_http`` is for
    answers that are signed themselves; ``authorities`` is a PEM bundle that https servers are verified against instead
    of the system's.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    plain_http: bool = False
    authorities: str = ""

    def fault_of(self, host: str, address: Address) -> str:
        """Why this address may not be called under this host's name; empty where it may."""
        if any(address in network for network in self.networks):
            return ""
        kind, is_inside = kind_of(address)
        # A name opens the operator's own network alone: what a machine keeps for itself needs its network written.
        return "" if not kind or (is_inside and host.lower() in self.hosts) else kind


@dataclass(frozen=True, slots=True)
class ReachProblem:
    """What is wrong with the operator's list, as half a sentence."""

    wrong: str


def parse_reach(texts: Iterable[str], *, plain_http: bool = False, authorities: str = "") -> Reach | ReachProblem:
    """The openings that a list of networks, addresses and host names makes."""
    networks: list[Network] = []
    hosts: set[str] = set()
    for text in texts:
        network = _network(text)
        if network is not None:
            networks.append(network)
        elif uri.is_host_name(text) and any(c.isalpha() for c in text):
            hosts.add(text.lower())
        else:
            return ReachProblem(f"{text[:80]!r} is neither a network, as in 10.0.0.0/8, nor a host name")
    return Reach(tuple(networks), frozenset(hosts), plain_http, authorities)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
