"""Letting a person in again, by REST: one-time links to set a password, and the budget of wrong tries."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import NothingBody, read_body
from genkan.site.api.documents import moment
from genkan.site.api.letting_in import budget_of, hand_out_link
from genkan.site.api.openapi import Operation
from genkan.site.api.people import PATH, act, living, told_of
from genkan.site.api.people_documents import PersonDocument, RecoveryLinkDocument, SignInBudgetDocument, budget_document
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who


async def make_link(received: Received, door: Door) -> Answer:
    """POST people/{id}/recovery-link: a one-time link, told this once; an earlier one is dead."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    read_body(received, NothingBody)
    made = await hand_out_link(received, caller, door)
    if isinstance(made, Refused):
        return answer.error(made)
    return answer.json(RecoveryLinkDocument(url=made.url, expires_at=moment(made.link.expires_at)), 201)


async def withdraw_link(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/recovery-link: it opens nothing any more."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    account = await living(received, door)
    if account is None or await door.store.recovery_of(account.id) is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    return await act(received, door, caller.withdraw_link)


async def show_budget(received: Received, door: Door) -> Answer:
    """GET people/{id}/sign-in-budget: how many wrong tries are gone that all new browsers share."""

    async def budget(account: Account) -> SignInBudgetDocument:
        return budget_document(await budget_of(account, door))

    return await told_of(received, door, budget)


async def lift_budget(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/sign-in-budget: new browsers may try again at once."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return await act(received, door, caller.lift_guesses)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


_LINK, _BUDGET = "/recovery-link", "/sign-in-budget"
OPERATIONS = (
    Operation(
        _rule(_LINK, "POST", make_link, "Makes a one-time link to set a password."),
        RecoveryLinkDocument,
        NothingBody,
        201,
    ),
    Operation(_rule(_LINK, "DELETE", withdraw_link, "Takes the one-time link back."), PersonDocument),
    Operation(_rule(_BUDGET, "GET", show_budget, "How many wrong tries are gone."), SignInBudgetDocument),
    Operation(_rule(_BUDGET, "DELETE", lift_budget, "Forgets the wrong tries."), PersonDocument),
)
