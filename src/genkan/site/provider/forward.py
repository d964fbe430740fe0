"""Forward authentication: a reverse proxy asks about each request before it passes it on to an application.

Answers yes with the person in headers, or no; it never sees the application.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from genkan.protocol.authorize import parse_max_age
from genkan.protocol.env import MINUTE, SECOND, Env
from genkan.protocol.outcomes import Live, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method, Site
from genkan.protocol.signin.demand import Demand, known_acrs, to_the_site
from genkan.site import answer, bearer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.presented_person import alone_fault, certificate_caller
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire import acr, identity_headers, urls
from genkan.wire.methods import SAFE
from genkan.wire.scopes import Permission, parse_scope

# RFC 6455 4.1, and RFC 8441 5 whose openings have no key. Chromium sends no Sec-Fetch-Mode with an opening, and a proxy
# may keep Upgrade to itself, as it is for one connection only.
_OPENS_SOCKET = frozenset({b"upgrade", b"sec-websocket-key", b"sec-websocket-version"})
_METHOD_HEADERS = frozenset({b"x-forwarded-method", b"x-original-method"})
_SIGN_IN = {"0": None, "1": 302, "401": 401}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the proxy's configuration asks. ``sign_in`` is the status that sends a browser to sign-in, None where
    browser sessions do not count. ``acrs`` and ``max_age`` (in milliseconds) are how strong and how recent a sign-in
    must be (RFC 9470). ``headers`` are the names for user, groups, name and e-mail, in small letters.
    """

    scope: Permission | None
    sign_in: int | None
    acrs: tuple[str, ...]
    max_age: int | None
    headers: tuple[bytes, ...]
    encoding: str

    def demand(self, site: Site, env: Env) -> Demand:
        """The same together with the site's policy."""
        return to_the_site(site, self.acrs, self.max_age, env.now)

    @property
    def needs(self) -> dict[str, str]:
        """RFC 9470 3: what an app is told to ask for when it signs in again."""
        acrs = {"acr_values": " ".join(self.acrs)} if self.acrs else {}
        return acrs if self.max_age is None else {**acrs, "max_age": str(self.max_age // SECOND)}


async def verify(received: Received, door: Door) -> Answer:
    """/auth/verify: may this request pass, and who sends it? A token that is shown decides, whatever the cookies."""
    if received.query and _is_clients(received.query, received):
        raise Malformed(Reason.INVALID_VALUE, "the query is the client's: write ?session=0 after /auth/verify")
    asked = _asked(received.query)
    needed = asked.scope or _needed(received)
    token = read.bearer(received)
    if token is None and received.peer.certificate is not None:
        by_certificate = await _by_certificate(received, asked, needed, door)
        if by_certificate is not None:
            return by_certificate
    if token is None and asked.sign_in is not None:
        return await _by_session(received, asked, needed, door)
    outcome = await bearer.judged(token, door) if token is not None else Refused(Reason.BEARER_MISSING)
    if isinstance(outcome, Live):
        fault = _fault(outcome, asked, needed, door.env())
        if fault is None:
            return _pass(outcome.account, outcome.permission, asked)
        outcome = fault
    return _refuse(outcome, needed, received, door, door.env(), asked)


def _fault(live: Live, asked: Asked, needed: Permission, env: Env) -> Refused | None:
    """What a good token lacks. The policy judged its sign-in when it was made; here only what the proxy asks counts."""
    if live.permission < needed:
        return Refused(Reason.PERMISSION_TOO_NARROW)
    demand = Demand(acrs=asked.acrs, max_age=asked.max_age, since=env.now)
    strong = demand.admits(live.grant.method) and demand.is_recent(live.grant.auth_time)
    return None if strong else Refused(Reason.AUTHENTICATION_TOO_WEAK)


@lru_cache(maxsize=64)
def _asked(query: bytes) -> Asked:
    """The address as the operator wrote it. What is not understood is refused: a misspelt ``scope`` must not let more
    pass.
    """
    parameters = read.pairs(query)
    strange = parameters.keys() - {"scope", "session", "acr", "max_age", "encoding", *identity_headers.DEFAULTS}
    if strange:
        raise Malformed(Reason.INVALID_VALUE, f"unknown parameter {min(strange)[:50]}")
    scope = parse_scope(parameters["scope"]) if "scope" in parameters else None
    if "scope" in parameters and scope is None:
        raise Malformed(Reason.INVALID_VALUE, "scope: READ, WRITE, ADMIN or SYSTEM_ADMIN")
    session = parameters.get("session", "0")
    if session not in _SIGN_IN:
        raise Malformed(Reason.INVALID_VALUE, "session: 0, 1, or 401 for proxies that pass no redirect on")
    acrs, max_age = _acrs(parameters.get("acr", "")), _max_age(parameters.get("max_age"))
    return Asked(scope, _SIGN_IN[session], acrs, max_age, _headers(parameters), _encoding(parameters))


def _headers(parameters: Mapping[str, str]) -> tuple[bytes, ...]:
    chosen = {key: parameters[key] for key in identity_headers.DEFAULTS if key in parameters}
    fault = identity_headers.names_fault(chosen)
    if fault is not None:
        raise Malformed(Reason.INVALID_VALUE, f"{fault}: a header of its own, of letters, digits and dashes")
    return tuple(chosen.get(key, usual).lower().encode() for key, usual in identity_headers.DEFAULTS.items())


def _encoding(parameters: Mapping[str, str]) -> str:
    encoding = parameters.get("encoding", "percent")
    if encoding not in identity_headers.ENCODINGS:
        raise Malformed(Reason.INVALID_VALUE, f"encoding: {', '.join(identity_headers.ENCODINGS)}")
    return encoding


def _acrs(text: str) -> tuple[str, ...]:
    """A class that nobody knows would let nobody pass, or everybody if it were left out."""
    asked = tuple(text.split())
    if known_acrs(asked) != tuple(dict.fromkeys(asked)):
        raise Malformed(Reason.INVALID_VALUE, f"acr: {', '.join(acr.VALUES)}")
    return known_acrs(asked)


def _max_age(text: str | None) -> int | None:
    """Below a minute nobody could get from the sign-in page back to the application."""
    found = parse_max_age(text) if text is not None else None
    if text is not None and (found is None or found < MINUTE):
        raise Malformed(Reason.INVALID_VALUE, "max_age: 60 or more seconds")
    return found


def _is_clients(query: bytes, received: Received) -> bool:
    """Some proxies send the client's own query along where the operator wrote none: a client must not word the
    question. Nobody gains by lying here, since it only ever refuses.
    """
    uris = received.headers.every(b"x-forwarded-uri")
    return any(uri.partition(b"?")[2] == query for uri in uris)


def _needed(received: Received) -> Permission:
    return Permission.WRITE if _changes_something(received) else Permission.READ


def _method(received: Received) -> bytes | None:
    """The method as our own proxy tells it; None, which counts as a write, where it tells none or two."""
    if not received.peer.trusted:
        return None
    told = [value for name, value in received.headers.pairs if name in _METHOD_HEADERS]
    return told[0] if told and all(value == told[0] for value in told) else None


def _pass(account: Account, permission: Permission, asked: Asked) -> Answer:
    """Yes. All five headers are always there, so that a proxy which copies them overwrites what a client sent."""
    user, groups, name, email = asked.headers
    headers = (
        (user, identity_headers.written(account.name, asked.encoding)),
        (groups, identity_headers.written(",".join(account.groups), asked.encoding)),
        (name, identity_headers.written(account.display_name, asked.encoding)),
        (email, identity_headers.written(account.email, asked.encoding)),
        (b"remote-scope", permission.name.encode()),
        (b"cache-control", b"no-store"),
    )
    return Answer(200, headers)


def _refuse(
    refused: Refused, needed: Permission, received: Received, door: Door, env: Env, asked: Asked | None = None
) -> Answer:
    door.note(refused, received, env.now)
    needs = asked.needs if asked is not None and refused.reason is Reason.AUTHENTICATION_TOO_WEAK else None
    return answer.bearer_error(refused, bearer.REALM, needed.name, needs)


async def _by_certificate(received: Received, asked: Asked, needed: Permission, door: Door) -> Answer | None:
    """The person of the client certificate, where those are asked for everywhere. None where a session may decide: no
    certificate counts here or not for this, or a browser has it in a form that another page may have made it send.
    """
    env = door.env()
    account = await certificate_caller(received, door)
    if account is None or not asked.demand(await door.store.site(), env).admits(Method.POP):
        return None
    if isinstance(account, Refused):
        by_page = asked.sign_in is not None and _navigates(received)
        return (
            _to_sign_in(received, asked, needed, False, door, env)
            if by_page
            else _refuse(account, needed, received, door, env)
        )
    fault = alone_fault(received, door, changes=_changes_something(received))
    if fault is not None:
        door.note(fault, received, env.now)
        return None if asked.sign_in is not None else answer.error(fault)
    if account.permission < needed:
        return _refuse(Refused(Reason.PERMISSION_TOO_NARROW), needed, received, door, env)
    return _pass(account, account.permission, asked)


async def _by_session(received: Received, asked: Asked, needed: Permission, door: Door) -> Answer:
    """A browser passes on its session, unless another origin's page makes it change something."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is None or not asked.demand(await door.store.site(), env).met_by(who.person.session):
        return _to_sign_in(received, asked, needed, who.person is not None, door, env)
    if _may_be_forced(received, door):
        door.note(Refused(Reason.CROSS_ORIGIN), received, env.now)
        return answer.error(Refused(Reason.CROSS_ORIGIN))
    account = who.person.account
    if account.permission < needed:
        return _refuse(Refused(Reason.PERMISSION_TOO_NARROW), needed, received, door, env)
    return _pass(account, account.permission, asked)


def _changes_something(received: Received) -> bool:
    """A WebSocket opens with a GET, and whoever holds its other end may write on it."""
    return _method(received) not in SAFE or _opens_socket(received)


def _opens_socket(received: Received) -> bool:
    """Whether what follows is another protocol's. Our server takes Upgrade out, and leaves Connection as it came."""
    if received.headers.has_any(_OPENS_SOCKET) or received.header(b"sec-fetch-mode") == "websocket":
        return True
    return any(b"upgrade" in value.lower() for value in received.headers.every(b"connection"))


def _may_be_forced(received: Received, door: Door) -> bool:
    """Whether another origin's page may have made the browser send what changes something. RFC 6455 10.2: who opens a
    WebSocket is known by Origin alone, so one without it is nobody's.
    """
    if _opens_socket(received) and received.header(b"origin") != door.public.origin:
        return True
    return _changes_something(received) and browser.is_cross_origin(received, door)


def _to_sign_in(received: Received, asked: Asked, needed: Permission, weak: bool, door: Door, env: Env) -> Answer:
    """``weak``: somebody is signed in, yet not as the proxy or the policy asks."""
    if not _navigates(received):
        reason = Reason.AUTHENTICATION_TOO_WEAK if weak else Reason.BEARER_MISSING
        return _refuse(Refused(reason), needed, received, door, env, asked)
    wanted = {**_next(received, door), **asked.needs}
    location = f"{door.public.text}/login" + (f"?{urlencode(wanted, quote_via=quote, safe='')}" if wanted else "")
    if asked.sign_in == 302:
        return answer.redirect(location)
    refused = answer.bearer_error(Refused(Reason.BEARER_MISSING), bearer.REALM)
    return refused.plus((b"location", location.encode("ascii")))


def _navigates(received: Received) -> bool:
    """Whether a person waits for a page. Programs and scripts are told 401 instead of being handed a login page."""
    mode = received.header(b"sec-fetch-mode")
    wants_page = mode == "navigate" if mode is not None else "text/html" in received.text(b"accept", 200)
    return wants_page and _method(received) == b"GET"


def _next(received: Received, door: Door) -> dict[str, str]:
    """Where sign-in leads back to: the page asked for where it is on the site's own origin, else nowhere."""
    uri = received.header(b"x-forwarded-uri")
    origin = f"{received.peer.scheme}://{received.peer.host}".lower()
    if uri is None or origin != door.public.origin:
        return {}
    try:
        return {"next": urls.join(door.public.origin, uri)}
    except ValueError:
        return {}


RULES = (
    Rule(
        "/auth/verify",
        ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        verify,
        Who.BEARER,
        Guard.MACHINE,
        "Forward authentication for reverse proxies.",
    ),
)
