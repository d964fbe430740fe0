"""Whose certificate an accepted one is: asks the store what the rules want to know, and lets them decide."""

from collections.abc import Sequence

from genkan.protocol.certificate_records import KnownCertificate, PinKind
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.mapping import Mapped, choose, wanted
from genkan.protocol.certificates.naming import Leaf
from genkan.protocol.certificates.owners import leaf_of
from genkan.protocol.certificates.pins import pin_value, pin_values
from genkan.protocol.certificates.rules import Key, Rule, Target
from genkan.protocol.entrances import Lost
from genkan.protocol.records import Account
from genkan.protocol.signin.certificate import Accepted, CertificateFacts
from genkan.store.api import Store


async def certificate_facts(accepted: Accepted, rules: Sequence[Rule], store: Store) -> CertificateFacts:
    """What a sign-in by this certificate depends on (``protocol.signin.certificate``)."""
    known = await store.certificate(accepted.leaf.fingerprint)
    return CertificateFacts(accepted, await mapped_account(accepted.leaf, rules, store), known)


async def mapped_account(leaf: Leaf, rules: Sequence[Rule], store: Store) -> Mapped | CertificateFault:
    """The one account that pins or rules name."""
    asked = wanted(leaf, rules)
    pinned = await store.pinned(asked.pins)
    found = {} if pinned else {key: await _found(key, store) for key in asked.keys}
    return choose(leaf, rules, pinned, found)


async def is_anothers(account: Account, leaf: Leaf, kind: PinKind, rules: Sequence[Rule], store: Store) -> bool:
    """Whether a pin of this kind would take a certificate from somebody else: this one, or one that somebody who
    administers has shown. What is tied is a file that nobody has judged, so its names alone do not tell.
    """
    if await _names_another(account, leaf, rules, store):
        return True
    shown = [leaf_of(known.leaf) for known in await store.administrators_certificates()]
    fitting = [one for one in shown if one is not None and pin_value(one, kind) == pin_value(leaf, kind)]
    return any([await _names_another(account, one, rules, store) for one in fitting])


async def _names_another(account: Account, leaf: Leaf, rules: Sequence[Rule], store: Store) -> bool:
    mapped = await mapped_account(leaf, rules, store)
    return isinstance(mapped, Mapped) and mapped.account.id != account.id


async def lost_with_certificate(account: Account, known: KnownCertificate, store: Store) -> Lost:
    """The account's pins that fit a certificate: nobody has shown another one that they would let in."""
    leaf = leaf_of(known.leaf)
    fitting = () if leaf is None else pin_values(leaf)
    return Lost(pins=tuple(pin.id for pin in await store.pins(account.id) if (pin.kind, pin.value) in fitting))


async def _found(key: Key, store: Store) -> list[Account]:
    if key.target is Target.EMAIL:
        return await store.accounts_by_email(key.text)
    account = await store.account_by_name(key.text)
    return [] if account is None else [account]
