"""The page behind a one-time link: its holder sets a password or makes a passkey, and is signed in. Looking at it
spends nothing, for programs that look at mail open every address.
"""

from dataclasses import dataclass

from genkan.protocol import accounts
from genkan.protocol.actors import Actor
from genkan.protocol.env import Env
from genkan.protocol.facts import RecoveryFacts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Way
from genkan.protocol.signin.new_password import NewPassword
from genkan.protocol.signin.offer import Offer
from genkan.protocol.signin.passkey import NewPasskey
from genkan.protocol.signin.passkey_ticket import Use
from genkan.protocol.signin.recovery import digest_of, link_fault, redeem, redeem_once, redeem_with_passkey
from genkan.protocol.signin.session import NewSession
from genkan.site import answer, browser, passkey_page, read
from genkan.site.answer import Answer
from genkan.site.api.letting_in import RECOVER
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.login.typed_accounts import new_password_fault
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import this_browser
from genkan.store.rounds import TRIES

METHODS = "/account/sign-in"
ONCE = "once"


@dataclass(frozen=True, slots=True)
class Once:
    """The link shall only open the door."""


async def recovery_page(received: Received, door: Door) -> Answer:
    """GET /recover/{token}: the form, or that the link is dead."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    facts = await _facts(received, door)
    if facts is None or link_fault(facts, env) is not None:
        return _dead(received, who, door, env)
    return await _form(facts, {"sign_out": "yes"}, "", received, who, door, env)


async def recover(received: Received, door: Door) -> Answer:
    """POST /recover/{token}: the new password; the link is spent, and this browser signed in."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    facts = await _facts(received, door)
    if facts is None or link_fault(facts, env) is not None:
        return _dead(received, who, door, env)
    stale = browser.form_fault(received, form, who, door, env)
    no_password = passkey_page.CREDENTIAL in form or ONCE in form
    error = entry(stale.reason).public if stale else "" if no_password else new_password_fault(form)
    wanted = None if error else await _wanted(received, form, facts, who, door)
    if error or isinstance(wanted, Refused) or wanted is None:
        said = entry(wanted.reason).public if isinstance(wanted, Refused) else error
        return await _form(facts, form, said, received, who, door, env)
    for _ in range(TRIES):
        facts, env = await _facts(received, door), door.env()
        opened = await _redeemed(received, facts, wanted, "sign_out" in form, who, door)
        if isinstance(opened, Refused) and opened.reason is Reason.WAY_NOT_TAKEN and facts is not None:
            return await _form(facts, form, entry(opened.reason).public, received, who, door, env)
        if isinstance(opened, Refused) or facts is None:
            return _dead(received, who, door, env)
        if await door.store.apply(opened.change):
            then = METHODS if isinstance(wanted, Once) else "/account"
            done = browser.with_session(answer.redirect(door.public.text + then, 303), opened.cookie, door)
            return browser.with_device(browser.with_known(done, who, facts.account, door, env), who, door)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, who.reader)


async def _wanted(
    received: Received, form: read.Form, facts: RecoveryFacts, who: Visitor, door: Door
) -> NewPassword | NewPasskey | Once | Refused:
    """What the person signs in with from now on, or that they only want in."""
    account = facts.account
    ways = (await door.store.site()).ways
    if ONCE in form:
        return Once()
    if passkey_page.CREDENTIAL not in form and Way.PASSWORD not in ways:
        return Refused(Reason.WAY_NOT_TAKEN)
    if passkey_page.CREDENTIAL not in form:
        return NewPassword(await door.passwords.hash(form["password"]), "sign_out" in form)
    actor = Actor(account.actor, received.peer.address)
    return passkey_page.made(received, form, Use.RECOVER, actor, who, door, account.id)


async def _redeemed(
    received: Received,
    facts: RecoveryFacts | None,
    wanted: NewPassword | NewPasskey | Once,
    sign_out: bool,
    who: Visitor,
    door: Door,
) -> NewSession | Refused:
    this, env = this_browser(received, who), door.env()
    if isinstance(wanted, NewPassword):
        return redeem(facts, wanted, this, env, door.lifetimes)
    if isinstance(wanted, Once):
        return redeem_once(facts, this, env, door.lifetimes)
    ways = (await door.store.site()).ways
    had_password = await door.store.password_set_at(wanted.passkey.account_id) is not None
    return redeem_with_passkey(facts, wanted, had_password, sign_out, ways, this, env, door.lifetimes)


async def passkey_options(received: Received, door: Door) -> Answer:
    """GET /recover/{token}/passkey: a challenge to make a passkey in place of a password."""
    env = door.env()
    facts = await _facts(received, door)
    if facts is None or link_fault(facts, env) is not None:
        return answer.error(Refused(Reason.RECOVERY_LINK_DEAD))
    who = await browser.visitor(received, door, env)
    known = await door.store.passkeys(facts.account.id)
    return passkey_page.creation_answer(Use.RECOVER, facts.account, facts.account.id, known, who, door, env)


async def _facts(received: Received, door: Door) -> RecoveryFacts | None:
    return await door.store.recovery(digest_of(received.parameters["token"]))


def _dead(received: Received, who: Visitor, door: Door, env: Env) -> Answer:
    refused = Refused(Reason.RECOVERY_LINK_DEAD)
    door.note(refused, received, env.now)
    return door.pages.refusal(refused, received.request_id, who.reader)


async def _form(
    facts: RecoveryFacts, form: read.Form, error: str, received: Received, who: Visitor, door: Door, env: Env
) -> Answer:
    account = facts.account
    values = {
        "action": f"{door.public.path}{RECOVER}/{received.parameters['token']}",
        "hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "error": error,
        "offer": Offer((await door.store.site()).ways),
        "person_name": account.name,
        "person_display": account.display_name,
        "is_first": await door.store.password_set_at(account.id) is None,
        "sign_out": "sign_out" in form,
        "expires_at": facts.link.expires_at,
        "least": accounts.PASSWORD_CHARACTERS[0],
        "passkey": passkey_page.creation_values(door, f"{RECOVER}/{received.parameters['token']}/passkey"),
    }
    page = door.pages.page("recover.html", values, who.reader, status=400 if error else 200)
    return browser.with_device(page, who, door)


RULES = (
    Rule(f"{RECOVER}/{{token}}", ("GET",), recovery_page, Who.RECOVERY, Guard.PAGE, "Asks for a new password."),
    Rule(f"{RECOVER}/{{token}}/passkey", ("GET",), passkey_options, Who.RECOVERY, Guard.PAGE, "A challenge for it."),
    Rule(f"{RECOVER}/{{token}}", ("POST",), recover, Who.RECOVERY, Guard.FORM, "Sets the new password, once."),
)
