"""The servers under test. Each module here that names its servers in `PEERS` takes part; adding one is one file."""

import importlib
import pkgutil

from bench.peers.base import Peer


def all_peers() -> dict[str, Peer]:
    """Every peer by name, Genkan first."""
    found: list[Peer] = []
    for module in pkgutil.iter_modules(__path__):
        found += getattr(importlib.import_module(f"{__name__}.{module.name}"), "PEERS", ())
    found.sort(key=lambda peer: (peer.name != "genkan", peer.name))
    return {peer.name: peer for peer in found}
