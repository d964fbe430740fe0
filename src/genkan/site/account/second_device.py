"""The first device's side of letting in a second one: the QR code, and the number that the second one shows."""

from genkan.protocol.signin.second_device import Ticket, confirm, issue, open_ticket, typed
from genkan.site import console
from genkan.site.account.passkey_rows import SIGN_IN
from genkan.site.answer import Answer
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.qr_picture import picture
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

HERE = SIGN_IN + "/device"
DEVICE = "/login/device"
TICKET = "ticket"
NO_NUMBER = "Type the six digits that the other device shows."
_PICTURE = (
    (b"content-type", b"image/svg+xml"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


async def show(received: Received, door: Door) -> Answer:
    """POST /account/sign-in/device/create: a new code, good for five minutes and one device."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SIGN_IN)
    return _page(inside, issue(inside.session.id, door.sealer, door.env()).sealed, "", door)


async def image(received: Received, door: Door) -> Answer:
    """GET /account/sign-in/device/{ticket}: the code as a picture, for the session that made it."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    sealed = received.parameters[TICKET]
    if _own(sealed, inside, door) is None:
        return console.not_found(inside, received, door)
    return Answer(200, _PICTURE, picture(f"{door.public.text}{DEVICE}/{sealed}"))


async def confirmed(received: Received, door: Door) -> Answer:
    """POST /account/sign-in/device: the number that the person reads from the second device."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    sealed, number = inside.form.get(TICKET, ""), typed(inside.form.get("number", ""))
    ticket = _own(sealed, inside, door)
    if inside.again or ticket is None:
        return console.once_more(door, SIGN_IN)
    if not number:
        return _page(inside, sealed, NO_NUMBER, door)
    if not await door.store.apply(confirm(ticket, number)):
        return console.once_more(door, SIGN_IN)
    return console.done(door, SIGN_IN, Flash.DEVICE_CONFIRMED)


def _own(sealed: str, inside: Inside, door: Door) -> Ticket | None:
    ticket = open_ticket(sealed, door.sealer, door.env())
    return ticket if ticket is not None and ticket.session == inside.session.id else None


def _page(inside: Inside, sealed: str, fault: str, door: Door) -> Answer:
    values = {
        "action": door.public.path + HERE,
        "ticket": sealed,
        "picture_url": f"{door.public.path}{HERE}/{sealed}",
        "link": f"{door.public.text}{DEVICE}/{sealed}",
        "back_url": door.public.path + SIGN_IN,
        "faults": {"number": fault} if fault else {},
    }
    return console.page(inside, door, "account_device.html", values, status=400 if fault else 200)


RULES = (
    Rule(HERE + "/create", ("POST",), show, Who.PERSON, Guard.FORM, "A QR code to let a device in.", recent=True),
    Rule(HERE + "/{ticket}", ("GET",), image, Who.PERSON, Guard.PAGE, "That code as a picture."),
    Rule(HERE, ("POST",), confirmed, Who.PERSON, Guard.FORM, "Confirms the device by its number.", recent=True),
)
