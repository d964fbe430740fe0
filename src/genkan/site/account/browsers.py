"""The browsers in which a person is signed in: ending one of them, or all but this one."""

from collections.abc import Callable, Sequence

from genkan.protocol.records import Session
from genkan.protocol.signin.session import end_all
from genkan.site import console
from genkan.site.account.session_rows import session_row
from genkan.site.answer import Answer
from genkan.site.api.people import live_sessions
from genkan.site.api.people_documents import session_public_id
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES

SESSIONS = "/account/sessions"
Choose = Callable[[Session], bool]


async def browsers(received: Received, door: Door) -> Answer:
    """GET /account/sessions: this browser first, then the newest."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    found = await live_sessions(inside.account, door)
    rows = [_row(session, inside, door) for session in _this_one_first(found, inside)]
    path = door.public.path + SESSIONS
    values = {"sessions": rows, "others_action": f"{path}/end-others" if len(rows) > 1 else ""}
    return console.page(inside, door, "account_sessions.html", values)


def _this_one_first(sessions: Sequence[Session], inside: Inside) -> list[Session]:
    return sorted(sessions, key=lambda session: session.id != inside.session.id)


def _row(session: Session, inside: Inside, door: Door) -> dict[str, object]:
    return session_row(session, door.public.path + SESSIONS, here=session.id == inside.session.id)


async def end_one(received: Received, door: Door) -> Answer:
    """POST /account/sessions/{session}/end"""
    return await _end(received, door, lambda session: session_public_id(session) == received.parameters["session"])


async def end_others(received: Received, door: Door) -> Answer:
    """POST /account/sessions/end-others"""
    return await _end(received, door, lambda _: True)


async def _end(received: Received, door: Door, wanted: Choose) -> Answer:
    """This browser is left alone: its own way out is to sign out. The store lists so many at a time, and whoever knows
    the password can have more of them: it goes on until none is left.
    """
    inside = await console.own_entrance(received, door, back=SESSIONS)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SESSIONS)
    flash = Flash.GONE
    for _ in range(TRIES):
        found = await live_sessions(inside.account, door)
        chosen = [session for session in found if session.id != inside.session.id and wanted(session)]
        if not chosen:
            return console.done(door, SESSIONS, flash)
        if await door.store.apply(end_all(chosen, inside.actor, door.env())):
            flash = Flash.BROWSERS_ENDED
    return console.busy(inside, received, door)


RULES = (
    Rule(SESSIONS, ("GET",), browsers, Who.PERSON, Guard.PAGE, "The browsers in which a person is signed in."),
    Rule(
        f"{SESSIONS}/end-others", ("POST",), end_others, Who.PERSON, Guard.FORM, "Signs all other browsers out.",
        recent=False,
    ),
    Rule(
        f"{SESSIONS}/{{session}}/end", ("POST",), end_one, Who.PERSON, Guard.FORM, "Signs one browser out.",
        recent=False,
    ),
)  # fmt: skip
