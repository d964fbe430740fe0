"""Signing in at the organisation's OpenID provider: the way there, the way back, and the provider's own sign-outs."""

from genkan.outside.openid.checked import read_logout_token
from genkan.outside.openid.provider import Upstream
from genkan.protocol.openid import logout
from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.tokens import LogoutToken
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Session
from genkan.site import answer, browser, console, read
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.corporate_offer import BELOW, CONFIRM
from genkan.site.door import Door
from genkan.site.openid_sign_in import (
    begun_here,
    form_of,
    must_be_fresh,
    send_there,
    take_back,
    wanted_of,
    without_flow,
)
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import after_sign_in, login_form


async def start(received: Received, door: Door) -> Answer:
    """GET /login/openid/{name}: to the provider. Whoever is signed in already is to sign in anew there."""
    upstream, env = _upstream(received, door), door.env()
    query = read.query(received)
    who = await browser.visitor(received, door, env)
    if upstream is None:
        return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, who.reader)
    fresh = await must_be_fresh(query, who, door, env)
    confirmed = who.person.account.id if who.person and CONFIRM in query else 0
    wanted = wanted_of(query, fresh=fresh, account_id=confirmed, door=door)
    sent = await send_there(upstream, wanted, received, who, door, env)
    if isinstance(sent, Answer):
        return sent
    return await _back_here(sent, query, confirmed, upstream, received, who, door)


async def callback(received: Received, door: Door) -> Answer:
    """GET /login/openid/{name}/callback: back from the provider, with a code or an error."""
    upstream, env = _upstream(received, door), door.env()
    query = read.query(received)
    who = await browser.visitor(received, door, env)
    if upstream is None:
        return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, who.reader)
    begun = begun_here(received, query, door)
    came = await take_back(upstream, begun, query, received, who, door)
    form = form_of(begun, door, env)
    if isinstance(came, Fault):
        confirmed = begun.account_id if begun else 0
        page = await _back_here(came, form, confirmed, upstream, received, who, door)
        if came.reason is Reason.BUSY:
            # The answer may still be good, and the cookie with it: the same address counts when there is room.
            return page.plus((b"retry-after", b"1"))
        return without_flow(page, begun, query, upstream.source.name, door)
    done = after_sign_in(form, came.account, who, door)
    done = browser.with_known(browser.with_session(done, came.opened.cookie, door), who, came.account, door, env)
    return browser.with_device(without_flow(done, begun, query, upstream.source.name, door), who, door)


async def _back_here(
    fault: Fault, form: Form, confirmed: int, upstream: Upstream, received: Received, who: Visitor, door: Door
) -> Answer:
    """The page that the person came from says what went wrong; every other way is still there."""
    env = door.env()
    door.note(Refused(fault.reason), received, env.now)
    door.log("warning", "corporate sign-in failed", source=upstream.source.name, reason=fault.reason.value,
             why=fault.why, request_id=received.request_id)  # fmt: skip
    row = entry(fault.reason)
    if who.person is not None and confirmed == who.person.account.id:
        page = await console.confirm_page(form, who, door, env, error=row.public, status=row.status)
    else:
        page = await login_form(form, who, door, env, error=row.public, status=row.status)
    return browser.with_device(page, who, door)


def _upstream(received: Received, door: Door) -> Upstream | None:
    return door.sign_on.upstreams.get(received.parameters["name"])


async def backchannel_logout(received: Received, door: Door) -> Answer:
    """POST /login/openid/{name}/backchannel-logout: the provider says that somebody signed out there."""
    upstream = _upstream(received, door)
    if upstream is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    network = received.peer.network
    if upstream.lane.is_full(network):
        return answer.busy()
    async with upstream.lane.turn(network):
        token = await read_logout_token(upstream, read.form(received).get("logout_token", ""), door.env().now)
    if isinstance(token, Fault):
        return _logout_refused(token, upstream, received, door)
    sessions, account = await _signed_out(upstream, token, door)
    everything = upstream.source.logout == "everything"
    change = logout.ended(
        token, upstream.source.name, sessions, account, everything, received.peer.address, door.env()
    )  # fmt: skip
    if not await door.store.apply(change):
        used = Fault(Reason.SIGN_ON_BROKEN, "jti was used before")
        return _logout_refused(used, upstream, received, door)
    # Back-Channel Logout 2.8: 200, and no cache keeps it.
    return answer.json({})


async def _signed_out(upstream: Upstream, token: LogoutToken, door: Door) -> tuple[list[Session], Account | None]:
    """The browsers that are meant: of that session there, or all of the person that came by this provider."""
    name = upstream.source.name
    known = await door.store.identity(name, token.subject) if token.subject else None
    if token.sid:
        found = await door.store.upstream_sessions(name, token.sid)
        # Both claims must fit: a session of somebody else is not meant.
        meant = [facts for facts in found if known is None or facts.account.id == known.account.id]
        sessions = [facts.session for facts in meant if known is not None or not token.subject]
        account = known.account if known else meant[0].account if meant and not token.subject else None
        return sessions, account
    if known is None:
        return [], None
    sessions = await door.store.sessions(known.account.id)
    return [session for session in sessions if session.source == name], known.account


def _logout_refused(fault: Fault, upstream: Upstream, received: Received, door: Door) -> Answer:
    """Back-Channel Logout 2.8: 400; while the provider's keys cannot be had, 503, so that it tries again."""
    door.note(Refused(fault.reason), received, door.env().now)
    door.log("warning", "back-channel logout refused", source=upstream.source.name, why=fault.why,
             request_id=received.request_id)  # fmt: skip
    if fault.reason is Reason.SIGN_ON_UNAVAILABLE:
        return answer.busy()
    return answer.json({"error": "invalid_request", "error_description": "The logout token is not good."}, 400)


RULES = (
    Rule(BELOW + "/{name}", ("GET",), start, Who.ANYONE, Guard.PAGE, "To the sign-in at an OpenID provider."),
    Rule(BELOW + "/{name}/callback", ("GET",), callback, Who.ANYONE, Guard.PAGE, "Back from an OpenID provider."),
    Rule(
        BELOW + "/{name}/backchannel-logout",
        ("POST",),
        backchannel_logout,
        Who.PROVIDER,
        Guard.MACHINE,
        "An OpenID provider says that somebody signed out there (Back-Channel Logout 1.0).",
    ),
)
