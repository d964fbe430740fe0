"""What was typed into a form that could not be acted on: sealed for this browser, so that it comes back after sign-in
and is shown again. It is never acted on by itself.
"""

import hmac

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, SECOND, Env
from genkan.protocol.sealing import Purpose
from genkan.site import browser
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Received, set_cookie

FIELD = "typed"
MOST_BYTES = 40 * 1024
# With 3900 for the sign-ins at providers and few hundred for session, device and the like, all of our cookies together
# stay within the 8 KiB that proxies take for a header. Those of an application on the same host are not ours to bound.
LONGEST_COOKIE = 3000
# Part of a field's name: what is a secret is typed again.
_NEVER = ("password", "secret", "token", "recovery")
_CARRIED = frozenset({browser.PAGE_FIELD, FIELD, "next"})


class Typed(msgspec.Struct, array_like=True, frozen=True):
    """``path`` is where the form is sent, ``account_id`` who typed it, where that is known; ``back`` the address that
    sign-in leads to.
    """

    path: str
    fields: dict[str, str]
    device: bytes
    account_id: int | None
    made_at: int
    back: str = ""


def sealed(received: Received, form: Form, back: str, who: Visitor, door: Door, env: Env) -> str:
    """The form as typed, for a hidden field; empty where nothing was typed, or too much to carry. What came sealed goes
    on as it is.
    """
    if who.person and opened(form.get(FIELD, ""), who.person.account.id, who, door, env):
        return form[FIELD]
    fields = {name: value for name, value in form.items() if name not in _CARRIED and not _is_secret(name)}
    account_id = who.person.account.id if who.person else who.was
    plain = msgspec.msgpack.encode(Typed(received.path, fields, who.device, account_id, env.now, back))
    return door.sealer.seal(Purpose.TYPED, plain, env) if fields and len(plain) <= MOST_BYTES else ""


def with_cookie(page: Answer, sealed: str, door: Door) -> Answer:
    """The answer; what is typed goes along in a cookie where it fits, for the ways whose addresses have no room."""
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return page
    name, seconds = browser.cookie_name(door, browser.TYPED), door.lifetimes.typed // SECOND
    return page.plus((b"set-cookie", set_cookie(name, sealed, secure=door.public.secure, longest=seconds)))


def without_cookie(page: Answer, who: Visitor, door: Door) -> Answer:
    """The answer, and the cookie is taken back."""
    if not who.typed:
        return page
    name = browser.cookie_name(door, browser.TYPED)
    return page.plus((b"set-cookie", set_cookie(name, "", secure=door.public.secure, longest=0)))


def carried(form: Form, account_id: int, who: Visitor, door: Door, env: Env) -> tuple[Typed, str] | None:
    """What was typed before this sign-in, and sealed: by the form itself, or by the cookie, which counts where the way
    leads back to the page that it was typed on.
    """
    text = form.get(FIELD) or who.typed
    kept = opened(text, account_id, who, door, env)
    if kept is None or not (form.get(FIELD) or (kept.back and kept.back == form.get("next"))):
        return None
    return kept, text


def opened(text: str, account_id: int, who: Visitor, door: Door, env: Env) -> Typed | None:
    """What this person typed in this browser a while ago; None for anything else."""
    typed = door.sealer.open_value(Purpose.TYPED, text, Typed)
    if typed is None:
        return None
    in_time = -CLOCK_LEEWAY <= env.now - typed.made_at <= door.lifetimes.typed
    ours = hmac.compare_digest(typed.device, who.device) and typed.account_id in (None, account_id)
    return typed if in_time and ours else None


def again(form: Form, received: Received, account_id: int, who: Visitor, door: Door, env: Env) -> Form:
    """The fields to fill this very form with; empty where the form carries none for it."""
    typed = opened(form.get(FIELD, ""), account_id, who, door, env)
    return typed.fields if typed is not None and typed.path == received.path else {}


def _is_secret(name: str) -> bool:
    return any(part in name for part in _NEVER)
