"""Telling a secret once: it goes to the next page in a sealed cookie of this browser session, never in an address, and
the page takes the cookie back.
"""

import hmac

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, MINUTE
from genkan.protocol.records import Session
from genkan.protocol.sealing import Purpose
from genkan.site import browser
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received, set_cookie

COOKIE = "genkan-once"
LONGEST = 5 * MINUTE


class _Once(msgspec.Struct, array_like=True, frozen=True):
    about: str
    secret: str
    session: bytes
    made_at: int


def give(answer: Answer, about: str, secret: str, session: Session, door: Door) -> Answer:
    """Send the secret on to the page that this answer leads to. ``about`` names what it belongs to."""
    env = door.env()
    sealed = door.sealer.seal_value(Purpose.ONCE, _Once(about, secret, session.id, env.now), env)
    return _with_cookie(answer, sealed, LONGEST // 1000, door)


def take(received: Received, about: str, session: Session, door: Door) -> str:
    """The secret that was sent on to this page, empty where none was, or to another browser, or too long ago."""
    once = door.sealer.open_value(Purpose.ONCE, received.cookie(browser.cookie_name(door, COOKIE)), _Once)
    if once is None:
        return ""
    in_time = -CLOCK_LEEWAY <= door.env().now - once.made_at <= LONGEST
    ours = once.about == about and hmac.compare_digest(once.session, session.id)
    return once.secret if in_time and ours else ""


def taken(answer: Answer, door: Door) -> Answer:
    """The answer that shows the secret, and takes the cookie back."""
    return _with_cookie(answer, "", 0, door)


def _with_cookie(answer: Answer, value: str, longest: int, door: Door) -> Answer:
    name = browser.cookie_name(door, COOKIE)
    cookie = set_cookie(name, value, secure=door.public.secure, longest=longest, same_site="Strict")
    return answer.plus((b"set-cookie", cookie))
