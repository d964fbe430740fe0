"""What can let people in at a site as it is set up: the ways, and for which hosts and directories they are open."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from genkan.protocol.records import Way


@dataclass(frozen=True, slots=True)
class Entrances:
    """``ways`` are those that the settings make possible. ``hosts``: the RP IDs that passkeys are asked for;
    ``providers``: the directories with a page of their own (the corporate way); ``judges``: those that judge passwords
    (LDAP), whose people use the site's own form.
    """

    ways: Way
    hosts: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()

    def by(self, ways: Way) -> "Entrances":
        """Those of these ways alone."""
        return replace(self, ways=self.ways & ways)

    def without_directory(self, name: str) -> "Entrances":
        """As for somebody who is not linked to this directory."""
        return replace(self, providers=_without(name, self.providers), judges=_without(name, self.judges))


@dataclass(frozen=True, slots=True)
class Lost:
    """What is still kept and lets nobody in any more: pins and certificates by their numbers, passkeys by their ids."""

    pins: tuple[int, ...] = ()
    certificates: tuple[int, ...] = ()
    passkeys: tuple[bytes, ...] = ()


NOTHING_LOST = Lost()


def _without(name: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)
