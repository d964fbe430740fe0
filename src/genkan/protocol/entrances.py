"""What can let people in at a site as it is set up: the ways, and for which hosts and directories they are open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from genkan.protocol.certificate_records import Pin, PinKind
from genkan.protocol.records import Account, Way


class People(Protocol):
    """Finds the people whom a certificate may name, by pins and by what accounts are called."""

    def pinned(self, values: Sequence[tuple[PinKind, bytes]]) -> Sequence[tuple[Pin, Account]]: ...
    def by_email(self, address: str) -> Sequence[Account]: ...
    def by_name(self, folded: str) -> Account | None: ...


class Owners(Protocol):
    """Says whose a certificate (DER) is: the number of the account, None where it names nobody."""

    def owner(self, leaf: bytes, people: People) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Entrances:
    """``ways`` are those that the settings make possible. ``hosts``: the RP IDs that passkeys are asked for;
    ``providers``: the directories with a page of their own (the corporate way); ``judges``: those that judge passwords
    (LDAP), whose people use the site's own form. ``owners`` says whose a certificate is that somebody signed in with.
    """

    ways: Way
    hosts: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    owners: Owners | None = None

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
