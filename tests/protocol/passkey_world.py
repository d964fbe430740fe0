"""What the tests of passkeys share: a challenge, an account with a passkey, and one sign-in of it."""

from dataclasses import replace
from typing import Any

from genkan.protocol.facts import PasskeyFacts
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import ALL_WAYS, Account, Passkey
from genkan.protocol.signin.passkey import NewPasskey, Turned, read_answer, register, sign_in
from genkan.protocol.signin.passkey_models import Models, NoModels
from genkan.protocol.signin.passkey_options import creation, request
from genkan.protocol.signin.passkey_ticket import Ticket, Use, issue
from genkan.protocol.signin.session import Browser, NewSession
from tests.protocol.builders import NOW, a_sealer, an_account, an_env
from tests.software_key import BE, BS, SoftwareKey

ORIGIN = "https://site.example"
RP_ID = "site.example"
BINDING = b"b" * 16
BROWSER = Browser("Firefox", "192.0.2.1", None)
SYNCED = 0x05 | BE | BS


def a_ticket(use: Use = Use.SIGN_IN, account_id: int = 0, rp_id: str = RP_ID, seed: str = "ticket") -> Ticket:
    return issue(use, rp_id, BINDING, account_id, a_sealer(), an_env(seed=seed)).ticket


def made(
    key: SoftwareKey, ticket: Ticket | None = None, models: Models | NoModels | None = None, **wrong: Any
) -> NewPasskey | Turned:
    """Register this key for the account; ``wrong`` goes to the authenticator."""
    ticket = ticket or a_ticket(Use.ADD, an_account().id)
    asked = creation(ticket, "Site", an_account(), (), prove_model=False)
    text = key.create(asked, **wrong)
    return register(text, ticket, ORIGIN, "Laptop", models or NoModels(), "account:x", an_env())


def facts_of(key: SoftwareKey, account: Account | None = None, **changes: Any) -> PasskeyFacts:
    """The key registered, as the store would bring it."""
    new = made(key)
    assert isinstance(new, NewPasskey), new
    passkey: Passkey = replace(new.passkey, **changes)
    return PasskeyFacts(passkey, account or an_account())


def signed_in(
    key: SoftwareKey, facts: PasskeyFacts | None, ticket: Ticket | None = None, origin: str = ORIGIN, **wrong: Any
) -> NewSession | Turned:
    """One sign-in with this key; ``wrong`` goes to the authenticator."""
    ticket = ticket or a_ticket()
    asserted = read_answer(key.get(request(ticket, ()), **wrong))
    if isinstance(asserted, Turned):
        return asserted
    return sign_in(facts, asserted, ticket, origin, ALL_WAYS, BROWSER, an_env(NOW + 1000), Lifetimes())
