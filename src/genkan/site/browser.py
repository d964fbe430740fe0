"""Browsers: their cookies, the session behind them, and the checks that a form really comes from our own page."""

import hashlib
import hmac

import msgspec

from genkan.protocol import webviews
from genkan.protocol.env import CLOCK_LEEWAY, DAY, Env
from genkan.protocol.facts import SessionFacts, VisitFacts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.protocol.sealing import Purpose
from genkan.protocol.signin import session as sessions
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.reader import Reader, reader_of
from genkan.site.received import Cookies, Received, set_cookie

SESSION = "genkan-session"
DEVICE = "genkan-device"
KNOWN = "genkan-known"
TYPED = "genkan-typed"
DEVICE_DAYS = 400
PAGE_FIELD = "page_token"


class _PageToken(msgspec.Struct, array_like=True, frozen=True):
    binding: bytes
    made_at: int


class _Known(msgspec.Struct, array_like=True, frozen=True):
    account_id: int
    device: bytes


class Visitor(msgspec.Struct, frozen=True):
    """A browser with its device mark and, when somebody is signed in, the session. ``fresh``: the device cookie
    is new. ``was``: the account whose session is over. ``typed``: what its person typed into a form that was not acted
    on, sealed.
    """

    device_cookie: str
    fresh: bool
    person: SessionFacts | None
    session_id: bytes | None
    received: Received
    was: int | None = None
    typed: str = ""

    def __repr__(self) -> str:
        # Cookies are secrets.
        return f"<Visitor {self.person}>"

    @property
    def reader(self) -> Reader:
        """For whom to write."""
        return reader_of(self.received.headers, self.person.account if self.person else None)

    @property
    def user_agent(self) -> str:
        """What the browser says of itself."""
        return self.received.text(b"user-agent", webviews.LONGEST)

    @property
    def device(self) -> bytes:
        """The long-lived mark of this browser, as grants and budgets keep it."""
        return hashlib.sha256(b"genkan browser " + self.device_cookie.encode()).digest()[:16]


def cookie_name(door: Door, name: str) -> str:
    """RFC 6265bis 4.1.3.2: over https the __Host- prefix ties a cookie to this very host."""
    return f"__Host-{name}" if door.public.secure else name


async def visitor(received: Received, door: Door, env: Env) -> Visitor:
    """Who is at the browser. A session that is over counts as none."""
    cookies = received.cookies()
    session_id = _session_id(cookies, door)
    facts = await door.store.session_facts(session_id) if session_id else None
    return _visitor(received, cookies, session_id, facts, door, env)


async def visitor_for(link_id: int, received: Received, door: Door, env: Env) -> tuple[Visitor, VisitFacts]:
    """The same, with what else a step of an authorization request depends on, read at the same moment."""
    cookies = received.cookies()
    session_id = _session_id(cookies, door)
    facts = await door.store.visit_facts(session_id, link_id)
    return _visitor(received, cookies, session_id, facts.session, door, env), facts


def _session_id(cookies: Cookies, door: Door) -> bytes | None:
    cookie = cookies.get(cookie_name(door, SESSION))
    return sessions.session_id(cookie) if cookie else None


def _visitor(
    received: Received, cookies: Cookies, session_id: bytes | None, facts: SessionFacts | None, door: Door, env: Env
) -> Visitor:
    device = cookies.get(cookie_name(door, DEVICE))
    fresh = device is None or len(device) != 32 or not device.isalnum()
    person = _standing(facts, door, env)
    cookie = env.draw(16).hex() if fresh or device is None else device
    was = facts.account.id if facts and not person else None
    typed = cookies.get(cookie_name(door, TYPED)) or ""
    return Visitor(cookie, fresh, person, session_id, received, was, typed)


def _standing(facts: SessionFacts | None, door: Door, env: Env) -> SessionFacts | None:
    if facts is None or not sessions.is_live(facts, env, door.lifetimes):
        return None
    if sessions.needs_touch(facts.session, env) and not door.health.clock_is_wrong:
        door.store.note_session(facts.session.id, env.now)
    return facts


def with_device(answer: Answer, who: Visitor, door: Door) -> Answer:
    """Give a new browser its device cookie."""
    if not who.fresh:
        return answer
    name = cookie_name(door, DEVICE)
    value = set_cookie(name, who.device_cookie, secure=door.public.secure, longest=DEVICE_DAYS * DAY // 1000)
    return answer.plus((b"set-cookie", value))


def with_session(answer: Answer, cookie: str, door: Door) -> Answer:
    """Give the browser its session; it ends with the browser or with its own limits, whichever is first."""
    name = cookie_name(door, SESSION)
    return answer.plus((b"set-cookie", set_cookie(name, cookie, secure=door.public.secure, longest=None)))


def without_session(answer: Answer, door: Door) -> Answer:
    """Take the session cookie back."""
    value = set_cookie(cookie_name(door, SESSION), "", secure=door.public.secure, longest=0)
    return answer.plus((b"set-cookie", value))


def with_known(answer: Answer, who: Visitor, account: Account, door: Door, env: Env) -> Answer:
    """Let this browser have a guess budget of its own for this account, since it has signed in once."""
    sealed = door.sealer.seal_value(Purpose.HANDOVER, _Known(account.id, who.device), env)
    name = cookie_name(door, KNOWN)
    value = set_cookie(name, sealed, secure=door.public.secure, longest=DEVICE_DAYS * DAY // 1000)
    return answer.plus((b"set-cookie", value))


def known_device(received: Received, who: Visitor, account: Account | None, door: Door) -> bytes | None:
    """This browser's device mark if it has signed in to this account before, else None."""
    known = door.sealer.open_value(Purpose.HANDOVER, received.cookie(cookie_name(door, KNOWN)), _Known)
    if known is None or account is None:
        return None
    return who.device if known.account_id == account.id and hmac.compare_digest(known.device, who.device) else None


def page_token(who: Visitor, door: Door, env: Env) -> str:
    """The hidden field that ties a form to this browser and its session."""
    return door.sealer.seal_value(Purpose.PAGE, _PageToken(binding(who), env.now), env)


def form_fault(received: Received, form: Form, who: Visitor, door: Door, env: Env) -> Refused | None:
    """Why a form must not be acted on: sent from elsewhere, or by a page of another browser or long ago."""
    if is_cross_origin(received, door):
        return Refused(Reason.CROSS_ORIGIN)
    token = door.sealer.open_value(Purpose.PAGE, form.get(PAGE_FIELD), _PageToken)
    if token is None:
        return Refused(Reason.PAGE_STALE)
    in_time = -CLOCK_LEEWAY <= env.now - token.made_at <= door.lifetimes.page
    ours = hmac.compare_digest(token.binding, binding(who))
    return None if in_time and ours else Refused(Reason.PAGE_STALE)


def is_cross_origin(received: Received, door: Door) -> bool:
    """Whether the browser says that another origin sent this (Fetch Metadata, else Origin; programs send neither)."""
    site = received.header(b"sec-fetch-site")
    if site is not None and site != "same-origin":
        return True
    origin = received.header(b"origin")
    return origin is not None and origin != door.public.origin


def binding(who: Visitor) -> bytes:
    """What ties a page, or a challenge, to this browser and its session."""
    session = who.person.session.id if who.person else b""
    return hashlib.sha256(who.device_cookie.encode() + b"\0" + session).digest()[:16]
