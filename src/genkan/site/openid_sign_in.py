"""One sign-in at an OpenID provider as a browser walks it: sent there with a sealed cookie, taken back, let in."""

from dataclasses import dataclass

from genkan.outside.openid import checked
from genkan.outside.openid.checked import Described
from genkan.outside.openid.provider import Tokens, Upstream
from genkan.protocol.directory import Came, Person, arrive
from genkan.protocol.env import Env
from genkan.protocol.openid import claims, flow
from genkan.protocol.openid.discovery import Provider
from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.flow import Client, Flow, Returned, Wanted
from genkan.protocol.openid.tokens import Asked
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Way
from genkan.protocol.sealing import Purpose, Unsealable
from genkan.protocol.signin.session import NewSession
from genkan.site import answer, browser
from genkan.site.addresses import as_vouched, guarded
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.corporate_offer import BELOW, CARRIED
from genkan.site.directory_facts import arrival_facts
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Received, set_cookie
from genkan.site.sign_in_form import demand_of_form, interaction_of, this_browser
from genkan.site.upstream_tokens import seal_token
from genkan.store.rounds import TRIES

COOKIE = "genkan-sign-on"
SLOTS = 4
# What browsers take for one cookie is 4096 characters, its name and attributes included. All of ours together have no
# more room than one: with what was typed they stay within the 8 KiB that proxies take for a header.
LONGEST_COOKIE = 3900
LONGEST_CARRIED = 2000
LOCAL = "local"


def redirect_uri(name: str, door: Door) -> str:
    """Where a provider sends people back to: what is registered there."""
    return f"{door.public.text}{BELOW}/{name}/callback"


def _client(upstream: Upstream, provider: Provider, door: Door) -> Client:
    source, listed = upstream.source, provider.scopes
    return Client(source.client_id, redirect_uri(source.name, door), source.scopes_at(listed), source.consent)


async def send_there(
    upstream: Upstream, wanted: Wanted, received: Received, who: Visitor, door: Door, env: Env
) -> Answer | Fault:
    """The way to the provider; the browser carries what the way back needs."""
    provider = await upstream.provider()
    if isinstance(provider, Fault):
        return provider
    begun = flow.begin(upstream.source.name, who.device, wanted, env)
    sealed = flow.seal(begun, door.sealer, env)
    if len(sealed) > LONGEST_COOKIE:
        return Fault(Reason.TOO_LARGE, "the application's request is too long to be carried by a cookie")
    address = flow.address(begun, provider, _client(upstream, provider, door), upstream.source.acr_values)
    name = _cookie_name(begun.state, door)
    cookie = set_cookie(name, sealed, secure=door.public.secure, longest=flow.LONGEST_FLOW // 1000)
    there = answer.redirect(address).plus((b"set-cookie", cookie))
    for forgotten in _without_room(name, len(sealed), received, door):
        there = there.plus((b"set-cookie", set_cookie(forgotten, "", secure=door.public.secure, longest=0)))
    return browser.with_device(there, who, door)


def _without_room(newest: str, length: int, received: Received, door: Door) -> list[str]:
    """The cookies of other sign-ins under way that do not fit beside the newest: the oldest go."""
    names = (browser.cookie_name(door, f"{COOKIE}-{slot}") for slot in range(SLOTS))
    kept = [(name, text) for name in names if name != newest and (text := received.cookie(name))]
    begun = {name: flow.unseal(text, door.sealer) for name, text in kept}
    # What does not open is of no use to anybody, and goes first.
    kept.sort(key=lambda one: (known := begun[one[0]]) is not None and known.started_at, reverse=True)
    forgotten = []
    for name, text in kept:
        length += len(text)
        if length > LONGEST_COOKIE:
            forgotten.append(name)
    return forgotten


async def straight_there(parameters: Form, received: Received, who: Visitor, door: Door, env: Env) -> Answer | None:
    """The way to the provider without a page between, where the operator wants it and it is the only way in. None where
    the page is to be shown, as for everybody who asks for it with ``local``.
    """
    upstreams = tuple(door.sign_on.upstreams.values())
    if LOCAL in parameters or len(upstreams) != 1 or not upstreams[0].source.auto:
        return None
    if (await demand_of_form(parameters, door, env)).offered is not Way.CORPORATE:
        return None
    fresh = await must_be_fresh(parameters, who, door, env)
    wanted = wanted_of(parameters, fresh=fresh, account_id=0, door=door)
    sent = await send_there(upstreams[0], wanted, received, who, door, env)
    return sent if isinstance(sent, Answer) else None


async def must_be_fresh(parameters: Form, who: Visitor, door: Door, env: Env) -> bool:
    """Whether the person has to sign in anew there: whoever is signed in here was sent to do it once more, and an
    application or a policy may want it of anybody.
    """
    interaction = interaction_of(parameters, door, env)
    if who.person is not None or (interaction is not None and "login" in interaction.prompts):
        return True
    return (await demand_of_form(parameters, door, env)).max_age is not None


def wanted_of(parameters: Form, *, fresh: bool, account_id: int, door: Door) -> Wanted:
    """What a sign-in is for, out of the sign-in page's address."""
    plain = door.sealer.open(Purpose.INTERACTION, parameters.get("interaction", ""))
    carried = {name: parameters[name] for name in CARRIED if 0 < len(parameters.get(name, "")) <= LONGEST_CARRIED}
    return Wanted(fresh, account_id, b"" if isinstance(plain, Unsealable) else plain, carried)


def form_of(begun: Flow | None, door: Door, env: Env) -> Form:
    """The sign-in page's parameters as they were when the way began."""
    if begun is None:
        return {}
    sealed = door.sealer.seal(Purpose.INTERACTION, begun.interaction, env) if begun.interaction else ""
    return {**begun.carried, **({"interaction": sealed} if sealed else {})}


def begun_here(received: Received, query: Form, door: Door) -> Flow | None:
    """The sign-in that this answer belongs to, as this browser carries it."""
    state = query.get("state", "")
    sealed = received.cookie(_cookie_name(state, door)) if state else None
    return flow.unseal(sealed, door.sealer) if sealed else None


def without_flow(done: Answer, begun: Flow | None, query: Form, source: str, door: Door) -> Answer:
    """Take the cookie of a sign-in back that is over; an answer that is none of it leaves it be."""
    if begun is None or (begun.state, begun.source) != (query.get("state"), source):
        return done
    name = _cookie_name(begun.state, door)
    return done.plus((b"set-cookie", set_cookie(name, "", secure=door.public.secure, longest=0)))


def _cookie_name(state: str, door: Door) -> str:
    """A few sign-ins may be under way in as many tabs; more would make the browser's requests too large."""
    return browser.cookie_name(door, f"{COOKIE}-{ord(state[0]) % SLOTS if state else 0}")


@dataclass(frozen=True, slots=True)
class LetIn:
    """Somebody came back and is known here."""

    opened: NewSession
    account: Account


async def take_back(
    upstream: Upstream, begun: Flow | None, query: Form, received: Received, who: Visitor, door: Door
) -> LetIn | Fault:
    """The answer of a provider, up to the session. Its state is spent before the provider is asked anything, and not
    before it is this one's turn: whoever is sent away may come again with the same answer.
    """
    network = received.peer.network
    if upstream.lane.is_full(network):
        return Fault(Reason.BUSY, "too many sign-ins wait for this provider")
    async with upstream.lane.turn(network):
        redeemed = await _redeemed(upstream, begun, query, who, door)
    if isinstance(redeemed, Fault) or begun is None:
        return redeemed if isinstance(redeemed, Fault) else Fault(Reason.SIGN_ON_BROKEN, "nothing was begun")
    return await _let_in(upstream, begun, *redeemed, received, who, door)


async def _redeemed(
    upstream: Upstream, begun: Flow | None, query: Form, who: Visitor, door: Door
) -> tuple[Tokens, Described] | Fault:
    provider = await upstream.provider()
    if isinstance(provider, Fault):
        return provider
    source, env = upstream.source, door.env()
    back = flow.take_back(begun, query, source.name, provider.issuer, provider.tells_iss, who.device, env)
    if isinstance(back, Fault) or begun is None:
        return back if isinstance(back, Fault) else Fault(Reason.SIGN_ON_BROKEN, "nothing was begun")
    if not await door.store.apply(Change((back.spend,))):
        return Fault(Reason.SIGN_ON_BROKEN, "state was used before")
    return await _described(upstream, begun, back, door)


async def _described(upstream: Upstream, begun: Flow, back: Returned, door: Door) -> tuple[Tokens, Described] | Fault:
    given = await upstream.exchange(back.code, begun.verifier, redirect_uri(begun.source, door))
    if isinstance(given, Fault):
        return given
    now = door.env().now
    max_age = now - begun.started_at if begun.fresh else None
    described = await checked.describe(upstream, given, Asked(begun.nonce, given.access_token, max_age), now)
    return described if isinstance(described, Fault) else (given, described)


async def _let_in(
    upstream: Upstream, begun: Flow, given: Tokens, described: Described, received: Received, who: Visitor, door: Door
) -> LetIn | Fault:
    """load, decide, apply: whose account it is, and the session."""
    source, token = upstream.source, described.token
    sealed = seal_token(source.name, token.subject, given.refresh_token, door, door.env())
    person = claims.person_of(token.subject, described.claims, checked.mapped(source), sealed)
    for _ in range(TRIES):
        env = door.env()
        facts = await arrival_facts(person, source.rule, door.store)
        if begun.account_id and (facts.known is None or facts.known.account.id != begun.account_id):
            return Fault(Reason.SIGN_ON_REFUSED, "somebody else signed in than is to be confirmed")
        demand = await demand_of_form(form_of(begun, door, env), door, env)
        auth_time = flow.auth_time(begun, token.auth_time, env)
        method = claims.method_of(described.claims, checked.mapped(source))
        came = Came(method, auth_time, demand.ways, token.sid)
        said = await as_vouched(person, facts.whose, source.rule, door)
        outcome = arrive(said, came, facts, source.rule, this_browser(received, who), env, door.lifetimes)
        if isinstance(outcome, Refused):
            return _not_let_in(person, outcome, door, env)
        if await door.store.apply(await guarded(outcome.change, facts.whose, door)):
            account = await door.store.account(outcome.session.account_id)
            return LetIn(outcome, account) if account else Fault(Reason.BUSY, "the account is gone")
    return Fault(Reason.BUSY, "the race was lost too often")


def _not_let_in(person: Person, outcome: Refused, door: Door, env: Env) -> Fault:
    door.sign_on.refused(person, outcome.detail, env.now)
    if outcome.event is not None:
        door.store.note_event(outcome.event)
    return Fault(outcome.reason, outcome.detail)
