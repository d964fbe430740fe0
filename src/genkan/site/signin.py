"""Signing in and out in a browser, and the start page (passwords here; other ways join later)."""

from genkan.protocol import accounts
from genkan.protocol.authorize import Interaction
from genkan.protocol.env import Env
from genkan.protocol.interaction import open_interaction, seal_interaction
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin import lockout
from genkan.protocol.signin import session as sessions
from genkan.protocol.signin.password import Failed, PasswordFacts, hash_to_verify, sign_in
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES
from genkan.wire import redirects, urls
from genkan.wire.scopes import Permission

HUB = "/rest/oauth2/latest/authorize"
LONGEST_PASSWORD = 4096


async def login_page(received: Received, door: Door) -> Answer:
    """GET /login: the form, on behalf of an application or for the site itself."""
    env = door.env()
    parameters = read.query(received)
    who = await browser.visitor(received, door, env)
    return browser.with_device(await _login_form(parameters, who, door, env), who, door)


async def _login_form(
    parameters: read.Form, who: browser.Visitor, door: Door, env: Env, *, error: str = "", status: int = 200
) -> Answer:
    interaction = _interaction(parameters, door, env)
    link = await door.store.link(interaction.link_id) if interaction else None
    hidden = {name: parameters[name] for name in ("interaction", "next") if parameters.get(name)}
    values = {
        "action": f"{door.public.path}/login",
        "hidden": {**hidden, browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "username": parameters.get("username", "")[: accounts.NAME_CHARACTERS],
        "error": error,
        "application": link.name if link else "",
        "again": who.person is not None and interaction is not None,
    }
    # CSP3 6.4.1: after sign-in the way may lead straight on to the application.
    forms_to = (redirects.form_action_source(interaction.redirect_uri),) if interaction else ()
    return door.pages.page("login.html", values, who.reader, status=status, forms_to=forms_to)


async def login(received: Received, door: Door) -> Answer:
    """POST /login: one password try. Every failure gets one answer after exactly one hash."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        if who.person is not None and accounts.fold(form.get("username", "")) == who.person.account.folded:
            # Sent twice: the first one signed in, and the page's token went with the session before it.
            return _after_sign_in(form, door, env)
        stale = entry(Reason.PAGE_STALE)
        page = await _login_form(form, who, door, env, error=stale.public, status=stale.status)
        return browser.with_device(page, who, door)
    folded = accounts.fold(form.get("username", "")) or ""
    known = await _known_device(received, who, folded, door)
    asked = lockout.tries(folded, received.peer.network, known)
    right = await _verify(folded, form.get("password", ""), door)
    for _ in range(TRIES):
        row = await door.store.password_row(folded, asked.keys)
        env = door.env()
        facts = PasswordFacts(row.account, row.hash, row.guesses)
        verified = right.hash == row.hash and right.fits
        outcome = sign_in(facts, asked, verified, browser.this_browser(received, who), env, door.lifetimes)
        if await door.store.apply(outcome.change):
            if isinstance(outcome, Failed) or row.account is None:
                return await _login_refused(received, form, who, door, env)
            done = browser.with_session(_after_sign_in(form, door, env), outcome.cookie, door)
            return browser.with_known(done, who, row.account, door, env)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


class _Verified:
    """Whether a password fitted the hash that was kept at that moment."""

    __slots__ = ("fits", "hash")

    def __init__(self, kept: str | None, fits: bool) -> None:
        self.hash = kept
        self.fits = fits


async def _verify(folded: str, password: str, door: Door) -> _Verified:
    row = await door.store.password_row(folded, ())
    kept = hash_to_verify(PasswordFacts(row.account, row.hash, row.guesses), door.passwords.decoy)
    return _Verified(row.hash, await door.passwords.verify(kept, password[:LONGEST_PASSWORD]))


async def _known_device(received: Received, who: browser.Visitor, folded: str, door: Door) -> bytes | None:
    return browser.known_device(received, who, await door.store.account_by_name(folded), door)


async def _login_refused(received: Received, form: read.Form, who: browser.Visitor, door: Door, env: Env) -> Answer:
    refused = Refused(Reason.SIGN_IN_FAILED)
    door.note(refused, received, env.now)
    row = entry(refused.reason)
    page = await _login_form(form, who, door, env, error=row.public, status=row.status)
    return browser.with_device(page, who, door)


def _after_sign_in(form: read.Form, door: Door, env: Env) -> Answer:
    """Back to the hub, to the page asked for, or to the start page; never to another host."""
    interaction = _interaction(form, door, env)
    if interaction is not None:
        return answer.redirect(f"{door.public.text}{HUB}/{seal_interaction(door.sealer, interaction, env)}", 303)
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


def _interaction(parameters: read.Form, door: Door, env: Env) -> Interaction | None:
    opened = open_interaction(door.sealer, parameters.get("interaction", ""), env, door.lifetimes)
    return None if isinstance(opened, Refused) else opened


async def logout(received: Received, door: Door) -> Answer:
    """POST /logout: end this browser's session; on behalf of an application ("not you?") sign-in follows."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        return answer.redirect(door.public.text + "/", 303)
    if who.person is not None:
        await door.store.apply(sessions.close(who.person, env))
    interaction = _interaction(form, door, env)
    if interaction is not None:
        sealed = seal_interaction(door.sealer, interaction, env)
        target = f"{door.public.text}/login?interaction={sealed}"
        return browser.without_session(answer.redirect(target, 303), door)
    return browser.without_session(answer.redirect(f"{door.public.text}/logout", 303), door)


async def signed_out_page(received: Received, door: Door) -> Answer:
    """GET /logout: says that this browser is signed out, or asks for the button that does it."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is not None:
        return answer.redirect(door.public.text + "/")
    return door.pages.page("signed_out.html", {"sign_in_url": f"{door.public.path}/login"}, who.reader)


async def home(received: Received, door: Door) -> Answer:
    """GET /: who is signed in, and what to do next."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    site = await door.store.site()
    account = who.person.account if who.person else None
    person = account and {"name": account.name, "display_name": account.display_name,
                          "permission_name": account.permission.name}  # fmt: skip
    administrator = account is not None and account.permission >= Permission.ADMIN
    hidden = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    values = {
        "person": person,
        "sign_in_url": f"{door.public.path}/login",
        "sign_out_action": f"{door.public.path}/logout",
        "sign_out_hidden": hidden,
        "mobile_on": site.mobile_enabled,
        "mobile_action": f"{door.public.path}/setup/mobile",
        "next_command": f"{door.program} app login {door.public.text}" if administrator else "",
        "has_administrator": site.has_administrator,
        "is_administrator": administrator,
        "apps_url": f"{door.public.path}/account/apps",
    }
    return browser.with_device(door.pages.page("home.html", values, who.reader), who, door)


RULES = (
    Rule("/", ("GET",), home, Who.ANYONE, Guard.PAGE, "The start page."),
    Rule("/login", ("GET",), login_page, Who.ANYONE, Guard.PAGE, "The sign-in page."),
    Rule(
        "/login.jsp",
        ("GET",),
        login_page,
        Who.ANYONE,
        Guard.PAGE,
        "The sign-in page under the name that bookmarks have.",
    ),
    Rule("/login", ("POST",), login, Who.ANYONE, Guard.FORM, "One password try."),
    Rule("/logout", ("GET",), signed_out_page, Who.ANYONE, Guard.PAGE, "Says that this browser is signed out."),
    Rule("/logout", ("POST",), logout, Who.PERSON, Guard.FORM, "Ends this browser's session."),
)
