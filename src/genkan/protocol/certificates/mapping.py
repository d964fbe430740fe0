"""From a verified leaf to exactly one account, or to nobody with the reason. The person chooses nothing.

Pins come first. Then the site's rules in order: the first that finds an account decides, and a name that is not clear
stops the search, so that nothing weaker is asked after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genkan.protocol.certificate_records import Pin, PinKind
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.naming import Leaf, Unusable
from genkan.protocol.certificates.pins import pin_values
from genkan.protocol.certificates.rules import Key, Rule
from genkan.protocol.records import Account


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the store must be asked before anything can be decided."""

    pins: tuple[tuple[PinKind, bytes], ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """Whose certificate it is, whatever the account's standing, and what said so: a pin or a rule, in words."""

    account: Account
    by: str


def wanted(leaf: Leaf, rules: Sequence[Rule]) -> Wanted:
    """What to look up for this certificate."""
    keys = (rule.key(leaf) for rule in rules)
    return Wanted(pin_values(leaf), tuple(dict.fromkeys(key for key in keys if isinstance(key, Key))))


def choose(
    leaf: Leaf,
    rules: Sequence[Rule],
    pinned: Sequence[tuple[Pin, Account]],
    found: Mapping[Key, Sequence[Account]],
) -> Mapped | CertificateFault:
    """The one account. ``pinned`` are the pins that fit, ``found`` the accounts of each key; two are enough to know."""
    if pinned:
        return _by_pins(pinned)
    for rule in rules:
        key = rule.key(leaf)
        if isinstance(key, Unusable):
            return CertificateFault(Fault.NAMES, f"rule {rule}: {key.why}")
        accounts = () if key is None else found.get(key, ())
        if len(accounts) > 1:
            return CertificateFault(Fault.SEVERAL_ACCOUNTS, f"rule {rule}: several accounts have {_shown(key)}")
        if accounts:
            return Mapped(accounts[0], f"rule {rule}")
    return CertificateFault(Fault.NO_ACCOUNT, _why_none(leaf, rules))


def _by_pins(pinned: Sequence[tuple[Pin, Account]]) -> Mapped | CertificateFault:
    if len({account.id for _, account in pinned}) > 1:
        kinds = ", ".join(pin.kind.word for pin, _ in pinned)
        return CertificateFault(Fault.SEVERAL_ACCOUNTS, f"its pins ({kinds}) belong to different accounts")
    pin, account = pinned[0]
    return Mapped(account, f"pin {pin.kind.word}")


def _why_none(leaf: Leaf, rules: Sequence[Rule]) -> str:
    if not rules:
        return "no pin fits, and the site has no rules (GENKAN_CERTIFICATE_RULES)"
    tried = [f"{rule} looked for {_shown(rule.key(leaf))}" for rule in rules]
    return f"no pin fits; {'; '.join(tried)}"


def _shown(key: Key | Unusable | None) -> str:
    return f"the {key.target} {key.text}" if isinstance(key, Key) else "nothing, the certificate has no such name"
