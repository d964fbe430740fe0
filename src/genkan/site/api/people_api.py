"""People by REST: list, make, show, change, let in and out, delete. The rules are in protocol.accounts and
protocol.administration.
"""

from genkan.protocol.administration import reach_fault
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import account_named, parameters
from genkan.site.api.bodies import NothingBody, read_body
from genkan.site.api.openapi import Operation, Query
from genkan.site.api.people import PATH, act, added, details, named_by_path, told_of
from genkan.site.api.people_bodies import NewPersonBody, PasswordBody, PersonChange, RecoveryBody
from genkan.site.api.people_documents import PeopleDocument, PersonDetails, PersonDocument, person_document
from genkan.site.api.people_lists import people_page
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.wire.scopes import Permission

MOST = 500
QUERY = (
    Query("name", "string", "Only the account of this very name, in any spelling."),
    Query("prefix", "string", "Only those whose name begins with this, in any spelling."),
    Query("state", "string", "Only those in this state. Deleted ones come only so.", choices=tuple(Standing)),
    Query("permission", "string", "Only those with this very permission.", choices=tuple(Permission.__members__)),
    Query("after", "string", "Go on behind this name: the `next` of the page before."),
    Query("limit", "integer", f"How many at most: 1 to {MOST}, 100 unless said.", least=1, most=MOST),
)


async def list_people(received: Received, door: Door) -> Answer:
    """GET people: by name, in pages."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, QUERY)
    if "name" in asked:
        account = await account_named(asked["name"], door)
        found = () if account is None or not _fits(account, asked) else (account,)
        return answer.json(PeopleDocument(people=tuple(map(person_document, found)), next=None))
    if asked.get("state") == Standing.DELETED and "prefix" in asked:
        raise Malformed(Reason.INVALID_VALUE, "prefix: deleted accounts are not found by name")
    page = await people_page(asked, int(asked.get("limit", "100")), door)
    return answer.json(PeopleDocument(people=tuple(map(person_document, page.accounts)), next=page.next))


def _fits(account: Account, asked: Form) -> bool:
    is_wanted = asked.get("state", account.standing) == account.standing
    return is_wanted and asked.get("permission", account.permission.name) == account.permission.name


async def create_person(received: Received, door: Door) -> Answer:
    """POST people: a new account, with a password or without one."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, NewPersonBody)
    fault = reach_fault(caller.permission, Permission[body.permission])
    if fault is not None:
        return answer.error(fault)
    wish = body.wish(None if body.password is None else await door.passwords.hash(body.password))
    made = await added(wish, caller, door)
    if isinstance(made, Refused):
        return answer.error(made)
    location = f"{door.public.text}{PATH}/{person_document(made).id}"
    return answer.json(person_document(made), 201).plus((b"location", location.encode()))


async def show_person(received: Received, door: Door) -> Answer:
    """GET people/{id}: the account with what the person has here; a deleted one too."""
    return await told_of(received, door, lambda account: details(account, door), buried=True)


async def change_person(received: Received, door: Door) -> Answer:
    """PATCH people/{id}: what is not said stays. ``state`` disables, which signs out everywhere, and enables."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, PersonChange)
    standing = body.standing()

    def decide(account: Account, env: Env) -> Change | Refused:
        if standing is not None:
            return caller.stand(account, standing, env)
        return caller.change(account, body.wish(account), env)

    return await act(received, door, decide)


async def delete_person(received: Received, door: Door) -> Answer:
    """DELETE people/{id}: ends all that is signed in, frees the name, and keeps a tombstone."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return await act(received, door, lambda account, env: caller.stand(account, Standing.DELETED, env))


async def set_password(received: Received, door: Door) -> Answer:
    """POST people/{id}/password: a new one; all that is signed in ends unless told otherwise."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, PasswordBody)
    account = await named_by_path(received, door)
    fault = caller.fault(account) if account else Refused(Reason.NOT_FOUND)
    if fault is not None:
        return answer.error(fault)
    password_hash = await door.passwords.hash(body.password)
    return await act(
        received, door, lambda account, env: caller.set_password(account, password_hash, body.sign_out, env)
    )


async def recover_person(received: Received, door: Door) -> Answer:
    """POST people/{id}/recovery: enables, makes a system administrator, sets a password, signs all else out."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, RecoveryBody)
    fault = reach_fault(caller.permission, Permission.SYSTEM_ADMIN)
    if fault is not None:
        return answer.error(fault)
    password_hash = await door.passwords.hash(body.password)
    return await act(received, door, lambda account, env: caller.recover(account, password_hash, env))


async def sign_out_person(received: Received, door: Door) -> Answer:
    """POST people/{id}/sign-out: every browser session and sign-in ends."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    read_body(received, NothingBody)
    return await act(received, door, caller.sign_out)


async def erase_person(received: Received, door: Door) -> Answer:
    """POST people/{id}/erasure: forgets the person for good, deleted before or not."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    read_body(received, NothingBody)
    return await act(received, door, caller.erase, buried=True)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(PATH + rest, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


_ONE = "/{id}"
OPERATIONS = (
    Operation(_rule("", "GET", list_people, "The accounts, by name."), PeopleDocument, query=QUERY),
    Operation(_rule("", "POST", create_person, "Makes an account."), PersonDocument, NewPersonBody, 201),
    Operation(_rule(_ONE, "GET", show_person, "Shows an account and what it has."), PersonDetails),
    Operation(
        _rule(_ONE, "PATCH", change_person, "Changes, disables or enables an account."), PersonDocument, PersonChange
    ),
    Operation(_rule(_ONE, "DELETE", delete_person, "Deletes an account and ends its sign-ins."), PersonDocument),
    Operation(_rule(f"{_ONE}/password", "POST", set_password, "Sets a new password."), PersonDocument, PasswordBody),
    Operation(
        _rule(f"{_ONE}/recovery", "POST", recover_person, "Lets somebody in again as system administrator."),
        PersonDocument,
        RecoveryBody,
    ),
    Operation(
        _rule(f"{_ONE}/sign-out", "POST", sign_out_person, "Signs a person out everywhere."),
        PersonDocument,
        NothingBody,
    ),
    Operation(_rule(f"{_ONE}/erasure", "POST", erase_person, "Erases a person for good."), PersonDocument, NothingBody),
)
