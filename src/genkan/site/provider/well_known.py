"""The addresses at the host's root that password managers and finders of holes look for."""

from datetime import UTC, datetime, timedelta

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire import security_txt

CHANGE_PASSWORD = "/.well-known/change-password"
# The account's page of passwords and keys.
PAGE = "/account/sign-in"
SECURITY = "/.well-known/security.txt"
# RFC 9116 2.5.5 asks for less than a year; whoever reads it later has read an old copy.
_GOOD_FOR = timedelta(days=90)
_TEXT = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"public, max-age=3600"))


async def change_password(received: Received, door: Door) -> Answer:
    """GET /.well-known/change-password: to the page (W3C, A Well-Known URL for Changing Passwords)."""
    return answer.redirect(f"{door.public.text}{PAGE}")


async def security(received: Received, door: Door) -> Answer:
    """GET /.well-known/security.txt: whom to tell of a hole (RFC 9116), where a setting names somebody."""
    contact = door.settings.security_contact
    if not contact:
        return answer.error(Refused(Reason.NOT_FOUND))
    until = datetime.fromtimestamp(door.env().now / 1000, UTC).replace(microsecond=0) + _GOOD_FOR
    return Answer(200, _TEXT, security_txt.render(contact, until, door.public.origin + SECURITY).encode())


RULES = tuple(
    Rule(path, ("GET",), handler, Who.ANYONE, Guard.MACHINE, about, also_at=path)
    for path, handler, about in (
        (CHANGE_PASSWORD, change_password, "Leads to the page where passwords are changed."),
        (SECURITY, security, "Whom to tell of a hole (RFC 9116)."),
    )
)
