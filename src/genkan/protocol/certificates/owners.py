"""Whose a certificate is at this moment, for who asks within a write: the same rules as at sign-in, over whatever finds
people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.mapping import Mapped, choose, wanted
from genkan.protocol.certificates.naming import Leaf, read_leaf
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.certificates.rules import Key, Rule, Target
from genkan.protocol.entrances import People
from genkan.protocol.records import Account


@dataclass(frozen=True, slots=True)
class ByRules:
    """Pins, then the site's rules in their order."""

    rules: tuple[Rule, ...]

    def owner(self, leaf: bytes, people: People) -> int | None:
        """The account that this certificate signs in to, in DER; None where it names nobody."""
        read = leaf_of(leaf)
        if read is None:
            return None
        asked = wanted(read, self.rules)
        pinned = people.pinned(asked.pins)
        found = {} if pinned else {key: _found(key, people) for key in asked.keys}
        mapped = choose(read, self.rules, pinned, found)
        return mapped.account.id if isinstance(mapped, Mapped) else None


def leaf_of(der: bytes) -> Leaf | None:
    """The names of a certificate that was kept; None where it cannot be read any more."""
    certificate = read_certificate(der)
    return None if isinstance(certificate, CertificateFault) else read_leaf(certificate)


def finds_by_email(rules: Sequence[Rule]) -> bool:
    """Whether an e-mail address says whose a certificate is."""
    return any(rule.target is Target.EMAIL for rule in rules)


def _found(key: Key, people: People) -> Sequence[Account]:
    if key.target is Target.EMAIL:
        return people.by_email(key.text)
    account = people.by_name(key.text)
    return () if account is None else (account,)
