"""Whose certificate an accepted one is: asks the store what the rules want to know, and lets them decide."""

from collections.abc import Sequence

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.mapping import Mapped, choose, wanted
from genkan.protocol.certificates.naming import Leaf
from genkan.protocol.certificates.rules import Key, Rule, Target
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


async def _found(key: Key, store: Store) -> list[Account]:
    if key.target is Target.EMAIL:
        return await store.accounts_by_email(key.text)
    account = await store.account_by_name(key.text)
    return [] if account is None else [account]
