"""Browser sessions: opened with a new id at every privilege step, kept as rows under the hash of their cookie."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from genkan.protocol.actors import Actor, address_of
from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, Env
from genkan.protocol.facts import SessionFacts
from genkan.protocol.outcomes import Change, CloseSession, Event, EventKind, OpenSession, Step
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import Account, Method, Session, Standing

TOUCH_STEP = MINUTE


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser that signs in: its user agent, address, and the session id it has now, which dies."""

    user_agent: str
    address: str
    session_id: bytes | None


@dataclass(frozen=True, slots=True)
class NewSession:
    """The cookie's value, known to the browser alone, and the write that makes it good."""

    cookie: str = field(repr=False)
    session: Session
    change: Change

    def after(self, steps: tuple[Step, ...], events: tuple[Event, ...] = ()) -> "NewSession":
        """The same session, opened in one write with what must come first."""
        change = Change((*steps, *self.change.steps), (*events, *self.change.events))
        return NewSession(self.cookie, self.session, change)

    def with_session(self, session: Session) -> "NewSession":
        """The same cookie, with more known of its session."""
        steps = tuple(replace(s, session=session) if isinstance(s, OpenSession) else s for s in self.change.steps)
        return NewSession(self.cookie, session, replace(self.change, steps=steps))


def session_id(cookie: str) -> bytes:
    """The row's key for a cookie's value."""
    return hashlib.sha256(b"genkan session " + cookie.encode("utf-8", "surrogatepass")).digest()


def open_session(
    account: Account, method: Method, browser: Browser, env: Env, lifetimes: Lifetimes, certificate: int = 0
) -> NewSession:
    """A new session under a new id; the browser's old one dies in the same write, so none can be planted."""
    cookie = env.draw(32).hex()
    session = Session(
        id=session_id(cookie),
        account_id=account.id,
        account_stop=account.stop,
        method=method,
        auth_time=env.now,
        created_at=env.now,
        last_seen=env.now,
        expires_at=env.now + lifetimes.session_absolute,
        user_agent=browser.user_agent,
        address=browser.address,
        certificate=certificate,
    )
    event = Event(
        EventKind.SESSION_OPENED, env.now, account.actor, account.id, address=browser.address,
        detail=" ".join(method.references()),
    )  # fmt: skip
    return NewSession(cookie, session, Change((OpenSession(session, browser.session_id),), (event,)))


def is_live(facts: SessionFacts, env: Env, lifetimes: Lifetimes) -> bool:
    """Whether the session still stands for its person: idle and absolute limits, standing and stop counter."""
    session, account = facts.session, facts.account
    in_time = env.now < session.expires_at and env.now - session.last_seen < lifetimes.session_idle
    return in_time and account.standing is Standing.ACTIVE and account.stop == session.account_stop


def is_recent(session: Session, env: Env, lifetimes: Lifetimes) -> bool:
    """Whether its person proved a moment ago to be there, so that it is not a browser that was left alone."""
    return -CLOCK_LEEWAY <= env.now - session.auth_time < lifetimes.recent


def needs_touch(session: Session, env: Env) -> bool:
    """Whether its last sight is old enough to be written again (lazily)."""
    return env.now - session.last_seen >= TOUCH_STEP


def close(facts: SessionFacts, address: str, env: Env) -> Change:
    """Sign out of this browser, which is at this address."""
    return end(facts.session, Actor(facts.account.actor, address), env)


def end(session: Session, actor: str, env: Env) -> Change:
    """End a browser's session, from its next request on."""
    event = Event(EventKind.SESSION_CLOSED, env.now, actor, session.account_id, address=address_of(actor))
    return Change((CloseSession(session.id),), (event,))


def end_all(sessions: Iterable[Session], actor: str, env: Env) -> Change:
    """End several browsers' sessions in one write, each with its line in the audit."""
    ended = [end(session, actor, env) for session in sessions]
    steps = tuple(step for change in ended for step in change.steps)
    return Change(steps, tuple(event for change in ended for event in change.events))
