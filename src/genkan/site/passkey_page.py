"""What pages are given so that a browser can use or make a passkey: where to ask for the options and what to send back;
and the opening of what comes back.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from genkan.protocol.browsers import browser_name
from genkan.protocol.devices import device_name
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import (
    MOST_PASSKEYS,
    NAME_CHARACTERS,
    NewPasskey,
    Turned,
    clean_name,
    register,
)
from genkan.protocol.signin.passkey_checks import base64url
from genkan.protocol.signin.passkey_models import NoModels
from genkan.protocol.signin.passkey_options import creation, request, rp_id_of, rp_ids
from genkan.protocol.signin.passkey_ticket import Issued, Ticket, Use, issue, open_ticket
from genkan.site import answer, browser
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Received

OPTIONS = "/login/passkey"
TICKET, CREDENTIAL, NAME = "ticket", "credential", "passkey_name"
Values = dict[str, object]


def sign_in_values(door: Door, hidden: Form, *, autofill: bool = False, unknown: bytes = b"") -> Values:
    """For the sign-in page. ``autofill``: no other field of it is there for the browser to offer a passkey in;
    ``unknown`` is one that the store does not know, for the browser to forget.
    """
    below = door.public.path + OPTIONS
    present, *former = rp_ids(door.public, door.settings.former) or ("",)
    return {
        "works": bool(present),
        "autofill": autofill,
        "action": below,
        "options": below,
        # WebAuthn 5.11: one question is about one host, so those of before the move have a button of their own.
        "former": [{"host": host, "options": f"{below}?{urlencode({'host': host})}"} for host in former],
        "hidden": hidden,
        "rp_id": present,
        "unknown": base64url(unknown) if unknown else "",
    }


def confirm_values(door: Door, hidden: Form) -> Values:
    """For the page that asks whether it is still the same person."""
    options = f"{door.public.path}{OPTIONS}?{urlencode({'for': 'confirm'})}"
    action = f"{door.public.path}/confirm/passkey"
    return {**sign_in_values(door, hidden), "options": options, "action": action, "former": []}


def creation_values(door: Door, options: str) -> Values:
    """For a page that makes a passkey; ``options`` is below the base URL. The form is the page's own."""
    return {"works": rp_id_of(door.public) is not None, "options": door.public.path + options}


def request_answer(
    use: Use, rp_id: str, account_id: int, known: Sequence[Passkey], who: Visitor, door: Door, env: Env
) -> Answer:
    """A new challenge to use a passkey for."""
    issued = issue(use, rp_id, browser.binding(who), account_id, door.sealer, env)
    return _told(issued, request(issued.ticket, known), who, door)


def creation_answer(
    use: Use, account: Account | None, account_id: int, known: Sequence[Passkey], who: Visitor, door: Door, env: Env
) -> Answer:
    """A new challenge to make a passkey with. Of an account that is yet to be made only the id is known."""
    issued = issue(use, door.public.host, browser.binding(who), account_id, door.sealer, env)
    proved = not isinstance(door.models, NoModels)
    return _told(issued, creation(issued.ticket, door.pages.site_title, account, known, prove_model=proved), who, door)


def _told(issued: Issued, options: Values, who: Visitor, door: Door) -> Answer:
    return browser.with_device(answer.json({TICKET: issued.sealed, "publicKey": options}), who, door)


def opened(form: Form, use: Use, who: Visitor, door: Door, env: Env) -> Ticket | Refused:
    """The challenge that a form brings back."""
    return open_ticket(form.get(TICKET, ""), use, browser.binding(who), door.sealer, env)


def made(
    received: Received, form: Form, use: Use, actor: str, who: Visitor, door: Door, account_id: int | None = None
) -> NewPasskey | Refused:
    """What the browser made, judged. ``account_id``: for whom the challenge must have been issued."""
    env = door.env()
    ticket = opened(form, use, who, door, env)
    if isinstance(ticket, Refused) or account_id not in (None, ticket.account_id):
        return Refused(Reason.PASSKEY_LATE)
    name = clean_name(form.get(NAME, ""), usual_name(received))
    judged = register(form.get(CREDENTIAL, ""), ticket, door.public.origin, name, door.models, actor, env)
    if isinstance(judged, Turned):
        door.log("info", "passkey not taken", check=judged.check.value, request_id=received.request_id)
        return judged.refused
    return judged


def usual_name(received: Received) -> str:
    """What a passkey is called that was given no name: the browser that made it, which is where most of them are."""
    agent = received.text(b"user-agent", 200)
    said = " on ".join(filter(None, (browser_name(agent), device_name(agent) if agent else "")))
    return said[:NAME_CHARACTERS] or "Passkey"


async def conflict(made: NewPasskey, door: Door) -> Refused:
    """Why a new passkey was not written: its challenge was used, somebody has it, or there are too many."""
    if await door.store.passkey(made.passkey.id) is not None:
        return Refused(Reason.PASSKEY_KNOWN)
    full = len(await door.store.passkeys(made.passkey.account_id)) >= MOST_PASSKEYS
    return Refused(Reason.PASSKEY_LIMIT if full else Reason.PASSKEY_LATE)
