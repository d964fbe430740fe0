"""A person's own recovery codes: making ten new ones, which are shown once, and taking them away; and saying that one
has seen what failed to sign in.
"""

from genkan.protocol.outcomes import Change
from genkan.protocol.signin import recovery_codes
from genkan.protocol.signin_steps import ForgetFailedTries
from genkan.site import answer, console
from genkan.site.account.passkey_rows import SIGN_IN
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import next_address

CODES = SIGN_IN + "/codes"
SEEN = SIGN_IN + "/seen"


async def make(received: Received, door: Door) -> Answer:
    """POST /account/sign-in/codes/create: the codes, in this one answer and never again."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SIGN_IN)
    made = recovery_codes.make(inside.account, inside.actor, door.env())
    if not await door.store.apply(made.change):
        return console.busy(inside, received, door)
    values = {"codes": made.codes, "back_url": door.public.path + SIGN_IN}
    return console.page(inside, door, "account_codes.html", values)


async def take_away(received: Received, door: Door) -> Answer:
    """POST /account/sign-in/codes/delete: none of them opens anything any more."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SIGN_IN)
    await door.store.apply(recovery_codes.take_away(inside.account, inside.actor, door.env()))
    return console.done(door, SIGN_IN, Flash.CODES_TAKEN)


async def seen(received: Received, door: Door) -> Answer:
    """POST /account/sign-in/seen: what failed is known to the person; what has come since is told the next time."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    last = inside.form.get("last_at", "")
    if inside.again or not (last.isascii() and last.isdigit() and len(last) <= LONGEST_MOMENT):
        return console.once_more(door, SIGN_IN)
    await door.store.apply(Change((ForgetFailedTries(inside.account.id, int(last)),)))
    return answer.redirect(next_address(inside.form.get("next", ""), door), 303)


LONGEST_MOMENT = 15
RULES = (
    Rule(
        CODES + "/create",
        ("POST",),
        make,
        Who.PERSON,
        Guard.FORM,
        "Makes ten new recovery codes; they are shown once.",
        recent=True,
    ),
    Rule(CODES + "/delete", ("POST",), take_away, Who.PERSON, Guard.FORM, "Takes them away.", recent=True),
    Rule(SEEN, ("POST",), seen, Who.PERSON, Guard.FORM, "The person knows of failed tries.", recent=False),
)
