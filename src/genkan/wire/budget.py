"""How much structure the data of others may have: values, levels and text, besides its bytes. A bound on bytes alone
bounds no work: a few kilobytes that refer to themselves are 2^40 values to whoever walks through them.

Every reader of foreign data takes its bounds from here: property lists, XML, JSON, CBOR, DER, LDAP, archives.
"""

from dataclasses import dataclass


class TooMuch(ValueError):
    """A budget is spent."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``nodes`` values in all, a name of a member among them; ``depth`` levels of values that hold others; ``text``
    characters and bytes of strings in all.
    """

    nodes: int
    depth: int
    text: int = 16 * 1024 * 1024

    def fits(self, value: object) -> bool:
        """Whether a value can be walked through and written within the budget. What is met by two ways counts twice,
        and what holds itself is too deep.
        """
        nodes, text, level = self.nodes, self.text, [value]
        for _ in range(self.depth + 1):
            below: list[object] = []
            for one in level:
                if isinstance(one, str | bytes):
                    text -= len(one)
                else:
                    inner = _held_by(one)
                    nodes -= len(inner)
                    if nodes < 0:
                        return False
                    below += inner
            if text < 0:
                return False
            if not below:
                return True
            level = below
        return False

    def purse(self) -> "Purse":
        """What a reader spends value after value, where none shall be made before it is counted."""
        return Purse(self.nodes)


def _held_by(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return [*value] if isinstance(value, list | tuple) else []


@dataclass(slots=True)
class Purse:
    """How many more values may be read."""

    left: int

    def spend(self, nodes: int = 1) -> None:
        """Raises TooMuch."""
        self.left -= nodes
        if self.left < 0:
            raise TooMuch("too many values")


# A file of an MDM, as a tree of values or of elements. Consoles write four levels.
MDM_FILE = Budget(20_000, 60, 2_000_000)
# What a provider, a phone or a program sends us: key sets, claims, bodies of requests.
DOCUMENT = Budget(20_000, 32)
# What a site answers to the app's side and to the doctor: lists of Jira have thousands of entries.
SITES_ANSWER = Budget(1_000_000, 64)
# An authenticator's attestation; CTAP 2.1, 8 allows it four levels.
ATTESTATION = Budget(1_000, 4)
# Elements of DER in a certificate of at most 8 kB. RFC 5280 needs ten levels.
CERTIFICATE = Budget(2_000, 24)
# Entries of a revocation list.
REVOKED = Budget(400_000, 1)
# One message of a directory: an entry with its attributes and their values.
DIRECTORY_ENTRY = Budget(20_000, 3)
# Members of a backup, which has three.
ARCHIVE = Budget(16, 1)
