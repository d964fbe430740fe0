"""What is done to a person by one press, and handing out a one-time link."""

from collections.abc import Sequence

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Session, Standing
from genkan.protocol.signin.session import end_all
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, met, person_facts, person_path, person_state
from genkan.site.answer import Answer
from genkan.site.api.letting_in import hand_out_link
from genkan.site.api.people import Decide, applied, live_sessions, living
from genkan.site.api.people_documents import session_public_id
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.rounds import TRIES


async def _entered(received: Received, door: Door) -> Inside | Answer:
    """Back to the person where the form is not acted on."""
    path = f"{PEOPLE}/{received.parameters['id']}"
    inside = await console.entrance(received, door, back=path)
    return console.once_more(door, path) if isinstance(inside, Inside) and inside.again else inside


async def _done(received: Received, inside: Inside, decide: Decide, flash: Flash, door: Door) -> Answer:
    done = await applied(received, door, decide)
    if isinstance(done, Account):
        return console.done(door, person_path(done), flash)
    return door.pages.refusal(done, received.request_id, inside.reader)


async def enable(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/enable"""
    inside = await _entered(received, door)
    if isinstance(inside, Answer):
        return inside
    caller = inside.administrator
    return await _done(
        received, inside, lambda account, env: caller.stand(account, Standing.ACTIVE, env), Flash.ENABLED, door
    )


async def withdraw_link(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/recovery/withdraw"""
    inside = await _entered(received, door)
    if isinstance(inside, Answer):
        return inside
    account = await living(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    if await door.store.recovery_of(account.id) is None:
        return console.done(door, person_path(account), Flash.GONE)
    return await _done(received, inside, inside.administrator.withdraw_link, Flash.LINK_WITHDRAWN, door)


async def lift(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/guesses/lift"""
    inside = await _entered(received, door)
    if isinstance(inside, Answer):
        return inside
    return await _done(received, inside, inside.administrator.lift_guesses, Flash.GUESSES_LIFTED, door)


async def end_session(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/sessions/{session}/end"""
    return await _end(received, door, received.parameters["session"])


async def end_sessions(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/sessions/end-all"""
    return await _end(received, door, None)


async def _end(received: Received, door: Door, wanted: str | None) -> Answer:
    inside = await _entered(received, door)
    if isinstance(inside, Answer):
        return inside
    flash = Flash.GONE
    for _ in range(TRIES):
        account = await living(received, door)
        if account is None:
            return console.not_found(inside, received, door)
        # The store lists so many at a time: until none is left.
        chosen = _chosen(await live_sessions(account, door), wanted, inside)
        if not chosen:
            return console.done(door, person_path(account), flash)
        if await door.store.apply(end_all(chosen, inside.actor, door.env())):
            flash = Flash.BROWSERS_ENDED
    return console.busy(inside, received, door)


def _chosen(sessions: Sequence[Session], wanted: str | None, inside: Inside) -> list[Session]:
    """All of them where none is named, but never the browser that asks for it."""
    others = (session for session in sessions if session.id != inside.session.id)
    return [session for session in others if wanted is None or session_public_id(session) == wanted]


async def link_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/recovery: what a one-time link does, before one is made."""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, account = at.inside, at.account
    return await _link_page(account, inside, None, door)


async def make_link(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/recovery: the link, told on this very answer and nowhere again."""
    inside = await console.entrance(received, door, back=f"{PEOPLE}/{received.parameters['id']}/recovery")
    if isinstance(inside, Answer):
        return inside
    account = await living(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    if inside.again:
        return await _link_page(account, inside, None, door)
    made = await hand_out_link(received, inside.administrator, door)
    if isinstance(made, Refused):
        return await _link_page(account, inside, made, door)
    values = {**person_facts(account, inside, door), "url": made.url, "until": made.link.expires_at}
    return console.page(inside, door, "person_link.html", values)


async def _link_page(account: Account, inside: Inside, error: Refused | None, door: Door) -> Answer:
    values = {
        **person_facts(account, inside, door),
        **await person_state(account, inside, door),
        "error": _sentence(error) if error else "",
    }
    return console.page(inside, door, "person_recovery.html", values, status=console.form_status(inside, error))


def _sentence(refused: Refused) -> str:
    """A disabled account is said on the page by itself; the rest is in the table."""
    return "" if refused.reason is Reason.INVALID_VALUE else entry(refused.reason).public


def _form(rest: str, handler: Handler, about: str, *, recent: bool = False) -> Rule:
    return Rule(f"{PEOPLE}/{{id}}/{rest}", ("POST",), handler, Who.ADMINISTRATOR, Guard.FORM, about, recent=recent)


RULES = (
    _form("enable", enable, "Lets a disabled person in again.", recent=True),
    Rule(
        f"{PEOPLE}/{{id}}/recovery", ("GET",), link_page, Who.ADMINISTRATOR, Guard.PAGE, "Asks before a one-time link.",
        recent=True,
    ),
    _form("recovery", make_link, "Makes a one-time link.", recent=True),
    _form("recovery/withdraw", withdraw_link, "Takes a one-time link back."),
    _form("guesses/lift", lift, "Forgets a person's wrong tries."),
    _form("sessions/end-all", end_sessions, "Ends all of a person's browser sessions."),
    _form("sessions/{session}/end", end_session, "Ends one of a person's browser sessions."),
)  # fmt: skip
