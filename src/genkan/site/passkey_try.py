"""One sign-in by passkey wherever it is made: load, decide, apply. It counts in no budget of wrong passwords."""

from dataclasses import dataclass

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.signin.passkey import Turned, read_answer, sign_in
from genkan.protocol.signin.passkey_checks import Check, account_of
from genkan.protocol.signin.passkey_data import Asserted
from genkan.protocol.signin.passkey_ticket import Use
from genkan.site import passkey_page
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.sign_in_form import SignedIn, demand_of_form, this_browser
from genkan.store.rounds import TRIES


@dataclass(frozen=True, slots=True)
class Declined:
    """Nobody was signed in. ``unknown`` is the id of a passkey of ours that the store has no more, for its browser to
    forget; what is said is the same whatever the store has.
    """

    refused: Refused
    unknown: bytes = b""


async def try_passkey(
    received: Received, form: Form, use: Use, account_id: int, who: Visitor, door: Door
) -> SignedIn | Declined:
    """Judge what the form brings. ``account_id``: whose passkey it must be, 0 for anybody's. What the form is for says
    which ways are taken.
    """
    asserted = read_answer(form.get(passkey_page.CREDENTIAL, ""))
    for _ in range(TRIES):
        env = door.env()
        ticket = passkey_page.opened(form, use, who, door, env)
        if isinstance(ticket, Refused) or ticket.account_id != account_id:
            return _declined(Turned(Refused(Reason.PASSKEY_LATE), Check.CHALLENGE), received, door)
        if isinstance(asserted, Turned):
            return _declined(asserted, received, door)
        facts = await door.store.passkey(asserted.id)
        this = this_browser(received, who)
        ways = (await demand_of_form(form, door, env)).offered
        outcome = sign_in(facts, asserted, ticket, door.public.origin, ways, this, env, door.lifetimes)
        done = not outcome.change.steps or await door.store.apply(outcome.change)
        if done and isinstance(outcome, Turned):
            return _declined(outcome, received, door, b"" if facts else await _forgotten(asserted, door))
        if done and not isinstance(outcome, Turned) and facts is not None:
            return SignedIn(outcome.cookie, facts.account)
    # The challenge was used meanwhile: the same answer was sent twice.
    return _declined(Turned(Refused(Reason.PASSKEY_LATE), Check.CHALLENGE), received, door)


async def _forgotten(asserted: Asserted, door: Door) -> bytes:
    """The id of a passkey of somebody here that the store does not have any more. One of a neighbour on the same host,
    below another path, has the same RP ID and must stay in their list: its user handle is nobody's here.
    """
    account_id = account_of(asserted.user_handle)
    here = account_id and await door.store.account(account_id) is not None
    return asserted.id if here else b""


def _declined(turned: Turned, received: Received, door: Door, unknown: bytes = b"") -> Declined:
    door.note(turned.refused, received, door.env().now)
    door.log("info", "passkey refused", check=turned.check.value, request_id=received.request_id)
    return Declined(turned.refused, unknown)
