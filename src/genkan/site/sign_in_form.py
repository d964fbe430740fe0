"""The sign-in form wherever it is shown, one password try wherever it is made, and where the way leads after it."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from genkan.protocol import accounts
from genkan.protocol.authorize import Interaction
from genkan.protocol.env import Env
from genkan.protocol.interaction import demand_for, open_interaction, seal_interaction
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Way
from genkan.protocol.signin import lockout
from genkan.protocol.signin.demand import Demand, known_acrs, to_the_site
from genkan.protocol.signin.offer import Offer
from genkan.protocol.signin.password import Failed, LaneFull, PasswordFacts, hash_to_verify, sign_in
from genkan.protocol.signin.session import Browser
from genkan.site import answer, browser, passkey_page, typed
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.corporate_offer import buttons
from genkan.site.directory_password import Asking, ask_in_vain, try_directories
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.webview_page import ANYWAY, way_out
from genkan.store.rounds import TRIES
from genkan.wire import redirects, urls
from genkan.wire.sentences import Sentence

HUB = "/rest/oauth2/latest/authorize"
RECOVERY = "/login/recovery"
ANSWER = "answer"
UNMET = "unmet"
LONGEST_PASSWORD = 4096
SESSION_OVER = "Your sign-in is over. Sign in again; what you typed is kept."
# acr_values: what a proxy asks of a sign-in for the application behind it.
CARRIED = ("interaction", "next", "acr_values", ANYWAY, typed.FIELD)
# What leads on to where somebody was going.
GOING_ON = ("interaction", "next")
LONGEST_ACR_VALUES = 1000
DIRECTORY_AWAY = (
    "The organisation’s directory cannot be reached at the moment. Whoever signs in with its password has to wait."
)


async def login_form(
    parameters: Form,
    who: Visitor,
    door: Door,
    env: Env,
    *,
    error: str | Sentence = "",
    notice: str = "",
    status: int = 200,
    unknown: bytes = b"",
) -> Answer:
    """The page with the sign-in form; ``parameters`` say on whose behalf and where to go on."""
    interaction = interaction_of(parameters, door, env)
    link = await door.store.link(interaction.link_id) if interaction else None
    demand = await demand_of_form(parameters, door, env)
    carried = {name: parameters[name] for name in CARRIED if parameters.get(name)}
    hidden = {browser.PAGE_FIELD: browser.page_token(who, door, env), **carried}
    webview = way_out(parameters, _begin_anew(parameters, interaction, door), who, door)
    offer = offer_of(demand) if webview is None else offer_of(demand).without_keys()
    values = {
        "offer": offer,
        "webview": webview,
        "action": f"{door.public.path}/login",
        "hidden": hidden,
        "username": parameters.get("username", "")[: accounts.NAME_CHARACTERS],
        "error": error,
        "notice": notice,
        "application": link.name if link else "",
        "certificate_start": certificate_start(parameters, door),
        "again": who.person is not None and (interaction is not None or bool(demand.acrs)),
        "weak": who.person is not None and not demand.admits(who.person.session.method),
        "recovery_url": recovery_url(parameters, door),
        "unmet_url": _unmet_url(parameters, interaction, door),
        "corporate": buttons(parameters, door),
        "passkey": passkey_page.sign_in_values(door, hidden, autofill=not offer.password, unknown=unknown),
    }
    # CSP3 6.4.1: after sign-in the way may lead straight on to the application.
    forms_to = (redirects.form_action_source(interaction.redirect_uri),) if interaction else ()
    return door.pages.page("login.html", values, who.reader, status=status, forms_to=forms_to)


def certificate_start(parameters: Form, door: Door) -> str:
    """Where the way by certificate begins; empty where this site asks for none."""
    if not door.settings.certificate_url and not door.settings.certificate_on_every_hop:
        return ""
    carried = {name: parameters[name] for name in CARRIED if parameters.get(name) and name != typed.FIELD}
    asked = f"?{urlencode(carried)}" if carried else ""
    return f"{door.public.path}/login/certificate/start{asked}"


def recovery_url(parameters: Form, door: Door) -> str:
    """Where a recovery code is taken, on the same behalf; ``onward`` leads on from there."""
    kept = {name: parameters[name] for name in GOING_ON if parameters.get(name)}
    return f"{door.public.path}{RECOVERY}" + (f"?{urlencode(kept)}" if kept else "")


def form_alone(door: Door) -> dict[str, str]:
    """What keeps the sign-in page from signing the same person in again by what their browser shows by itself."""
    return {"form": "1"} if door.settings.certificate_on_every_hop else {}


def _begin_anew(parameters: Form, interaction: Interaction | None, door: Door) -> str:
    """Where another browser takes up the same sign-in."""
    if interaction is not None:
        return f"{door.public.text}{HUB}/{parameters['interaction']}"
    kept = {name: parameters[name] for name in ("next", "acr_values") if parameters.get(name)}
    return f"{door.public.text}/login" + (f"?{urlencode(kept)}" if kept else "")


def _unmet_url(parameters: Form, interaction: Interaction | None, door: Door) -> str:
    """The way back to an application for somebody who cannot sign in as it asks; empty where it asks nothing."""
    if interaction is None or not interaction.acrs:
        return ""
    return f"{door.public.path}{HUB}/{parameters['interaction']}?{ANSWER}={UNMET}"


async def demand_of_form(parameters: Form, door: Door, env: Env) -> Demand:
    """What is asked of the sign-in that a form or page is for. Whoever opens a session passes its ``ways`` to the
    gate.
    """
    site = await door.store.site()
    interaction = interaction_of(parameters, door, env)
    link = await door.store.link(interaction.link_id) if interaction else None
    if interaction is not None and link is not None:
        return demand_for(interaction, site, link)
    return to_the_site(site, known_acrs(parameters.get("acr_values", "")[:LONGEST_ACR_VALUES].split()))


def offer_of(demand: Demand) -> Offer:
    """What the page shows of the ways that can meet a demand."""
    return Offer(demand.offered)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A password was right: the session's cookie, and whose it is."""

    cookie: str = field(repr=False)
    account: Account

    def signed_in(self, done: Answer, who: Visitor, door: Door) -> Answer:
        """The answer, with the new session and a guess budget of its own for this browser."""
        return browser.with_known(
            browser.with_session(done, self.cookie, door), who, self.account, door, door.env()
        )  # fmt: skip


async def try_password(
    received: Received, name: str, password: str, ways: Way, who: Visitor, door: Door
) -> SignedIn | Refused:
    """One try. Every failure gets one answer after exactly one hash and the same talk with each directory; a success is
    a new session under a new id.

    Where no password is taken the answer is the same for every name, and nothing is hashed.
    """
    if Way.PASSWORD not in ways:
        return _not_taken(received, door)
    asking = Asking(accounts.fold(name) or "", password, received, who, this_browser(received, who), ways)
    right = await verify(asking.folded, password, received, who, door)
    if right.hash is None and asking.folded and door.directories:
        return await _try_directories(asking, door)
    tried = await _judge_here(asking, right, door)
    if isinstance(tried, Refused) and asking.folded:
        # Counted before: a flood that fills the directory's lane makes no guess at a password of ours free.
        await ask_in_vain(asking.folded, password, door)
    return tried


def _not_taken(received: Received, door: Door) -> Refused:
    refused = Refused(Reason.WAY_NOT_TAKEN)
    door.note(refused, received, door.env().now)
    return refused


async def _judge_here(asking: Asking, right: "Verified", door: Door) -> SignedIn | Refused:
    """By the password of our own, or by its absence: load, decide, apply."""
    received = asking.received
    known = browser.known_device(received, asking.who, await door.store.account_by_name(asking.folded), door)
    asked = lockout.tries(asking.folded, received.peer.network, known, door.source(received))
    for _ in range(TRIES):
        row = await door.store.password_row(asking.folded, asked.keys)
        env = door.env()
        facts = PasswordFacts(row.account, row.hash, row.guesses)
        verified = right.hash == row.hash and right.fits
        outcome = sign_in(facts, asked, verified, asking.ways, asking.this, env, door.lifetimes)
        if await door.store.apply(outcome.change):
            if isinstance(outcome, Failed) or row.account is None:
                refused = Refused(Reason.SIGN_IN_FAILED)
                door.note(refused, received, env.now)
                return refused
            return SignedIn(outcome.cookie, row.account)
    return Refused(Reason.BUSY, retry_after=1)


def notice_of(door: Door) -> str:
    """What is said with a failed try, whatever the name was: whether a directory does not answer."""
    return DIRECTORY_AWAY if any(one.trouble is not None for one in door.directories) else ""


async def confirm_password(
    received: Received, account: Account, password: str, ways: Way, who: Visitor, door: Door
) -> SignedIn | Refused:
    """One try of somebody who is signed in: by their own password here, or by the directory that they are from."""
    identities = await door.store.identities_of(account.id)
    names = {directory.source.name for directory in door.directories}
    mine = [identity for identity in identities if identity.source in names]
    if Way.PASSWORD not in ways:
        return _not_taken(received, door)
    right = await verify(account.folded, password, received, who, door)
    # Who is in none of them is asked for in none: whoever has their name there is somebody else.
    asking = Asking(account.folded, password, received, who, this_browser(received, who), ways, mine)
    if right.hash is not None or not door.directories:
        return await _judge_here(asking, right, door)
    return await _try_directories(asking, door)


async def _try_directories(asking: Asking, door: Door) -> SignedIn | Refused:
    told = await try_directories(asking, door)
    return told if isinstance(told, Refused) else SignedIn(told.cookie, told.account)


class Verified:
    """Whether a password fitted the hash that was kept at that moment."""

    __slots__ = ("fits", "hash")

    def __init__(self, kept: str | None, fits: bool) -> None:
        self.hash = kept
        self.fits = fits


async def verify(folded: str, password: str, received: Received, who: Visitor | None, door: Door) -> Verified:
    """One hash of the account's own password, or of a decoy. Nothing is hashed for an address that has used up what it
    may guess under all names, whatever the name is: a flood from it would keep the lane. ``who``: None where that is
    not counted. Raises LaneFull.
    """
    source = lockout.of_source(door.source(received))
    row = await door.store.password_row(folded, source.keys)
    stranger = who is not None and browser.known_device(received, who, row.account, door) is None
    if stranger and lockout.exhausted(source, row.guesses, door.env().now):
        return Verified(row.hash, False)
    kept = hash_to_verify(PasswordFacts(row.account, row.hash, row.guesses), door.passwords.decoy)
    async with door.crowd.enter(received.peer.source, received.peer.network):
        if received.gone():
            raise LaneFull  # who left while it waited keeps nobody else waiting
        return Verified(row.hash, await door.passwords.verify(kept, password[:LONGEST_PASSWORD]))


def this_browser(received: Received, who: Visitor) -> Browser:
    """The browser as its session shall remember it; the session it has now dies."""
    return Browser(received.text(b"user-agent", 200), received.peer.address, who.session_id)


def after_sign_in(form: Form, account: Account, who: Visitor, door: Door) -> Answer:
    """Back to the hub, to the form that was being filled in, or to the page asked for; never to another host."""
    env = door.env()
    interaction = interaction_of(form, door, env)
    if interaction is not None:
        return answer.redirect(f"{door.public.text}{HUB}/{seal_interaction(door.sealer, interaction, env)}", 303)
    kept = typed.carried(form, account.id, who, door, env)
    if kept is not None:
        # By a page and not by a redirect: an address has no room for what people type.
        values = {"action": kept[0].path, "hidden": {typed.FIELD: kept[1]}, "person_name": account.display_name}
        return typed.without_cookie(door.pages.page("kept.html", values, who.reader), who, door)
    return answer.redirect(next_address(form.get("next", ""), door), 303)


def next_address(asked: str, door: Door) -> str:
    """Where to go after sign-in: an address of this very origin, else the start page (no open redirect)."""
    origin = door.public.origin
    if asked == origin or asked.startswith(origin + "/"):
        try:
            return urls.join(origin, asked[len(origin) :] or "/")
        except ValueError:
            return door.public.text + "/"
    return door.public.text + "/"


def interaction_of(parameters: Form, door: Door, env: Env) -> Interaction | None:
    """The authorization request that sign-in is on behalf of, None where there is none or it is over."""
    opened = open_interaction(door.sealer, parameters.get("interaction", ""), env, door.lifetimes)
    return None if isinstance(opened, Refused) else opened
