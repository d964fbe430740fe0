"""How a person signs in: their password, and changing it. The present one proves that it is they."""

from collections.abc import Mapping

from genkan.protocol import accounts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method, Way
from genkan.protocol.signin import lockout
from genkan.protocol.signin import session as sessions
from genkan.protocol.signin.new_password import NewPassword, change_own, set_after_recovery
from genkan.protocol.signin.password import Failed, PasswordFacts
from genkan.site import browser, console
from genkan.site.account.passkey_rows import CREATE, SIGN_IN, passkeys_shown
from genkan.site.answer import Answer
from genkan.site.console import Inside
from genkan.site.directory_password import directory_title
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.identity_rows import identity_rows
from genkan.site.login.typed_accounts import PRESENT_WRONG, new_password_fault
from genkan.site.onward import along, carried, onward
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import SignedIn, Verified, this_browser, verify
from genkan.store.rounds import TRIES


async def methods(received: Received, door: Door) -> Answer:
    """GET /account/sign-in"""
    inside = await console.own_entrance(received, door)
    return inside if isinstance(inside, Answer) else await _page(inside, carried(inside.query), {}, door)


async def change_password(received: Received, door: Door) -> Answer:
    """POST /account/sign-in: a try of the present password, counted like any; the browser gets a new session."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return await _page(inside, inside.form, {}, door)
    fault = new_password_fault(inside.form)
    if fault:
        return await _page(inside, inside.form, {"password": fault}, door)
    done = await (_set(received, inside, door) if _may_set(inside, door) else _changed(received, inside, door))
    if isinstance(done, SignedIn):
        everywhere = "sign_out" in inside.form
        flash = Flash.PASSWORD_CHANGED_EVERYWHERE if everywhere else Flash.PASSWORD_CHANGED
        return done.signed_in(console.done(door, along(SIGN_IN, inside.form), flash), inside.visitor, door)
    if done.reason is Reason.BUSY:
        return console.busy(inside, received, door)
    door.note(done, received, door.env().now)
    return await _page(inside, inside.form, {"current_password": PRESENT_WRONG}, door)


def _may_set(inside: Inside, door: Door) -> bool:
    """Whether a one-time link or code let the person in a moment ago: whoever lost the password cannot type it."""
    session = inside.session
    return Method.RECOVERY in session.method and sessions.is_recent(session, door.env(), door.lifetimes)


async def _set(received: Received, inside: Inside, door: Door) -> SignedIn | Refused:
    new_hash = await door.passwords.hash(inside.form["password"])
    wanted, this = NewPassword(new_hash, "sign_out" in inside.form), this_browser(received, inside.visitor)
    for _ in range(TRIES):
        account, ways = await door.store.account(inside.account.id), (await door.store.site()).ways
        if account is None or Way.PASSWORD not in ways:
            return Refused(Reason.WAY_NOT_TAKEN)
        opened = set_after_recovery(account, wanted, this, door.env(), door.lifetimes)
        if isinstance(opened, Refused):
            return opened
        if await door.store.apply(opened.change):
            return SignedIn(opened.cookie, account)
    return Refused(Reason.BUSY, retry_after=1)


async def _changed(received: Received, inside: Inside, door: Door) -> SignedIn | Refused:
    """load, decide, apply: with one hash for the present password, and one more only where that is right."""
    form, account = inside.form, inside.account
    known = browser.known_device(received, inside.visitor, account, door)
    asked = lockout.tries(account.folded, received.peer.network, known)
    right = await verify(account.folded, form.get("current_password", ""), received, None, door)
    new_hash = await door.passwords.hash(form["password"]) if await _counts(right, account, asked, door) else ""
    wanted, ways = NewPassword(new_hash, "sign_out" in form), (await door.store.site()).ways
    for _ in range(TRIES):
        row = await door.store.password_row(account.folded, asked.keys)
        theirs = row.account is not None and row.account.id == account.id
        proved = bool(new_hash) and right.hash == row.hash and theirs
        facts = PasswordFacts(row.account, row.hash, row.guesses)
        this, env = this_browser(received, inside.visitor), door.env()
        outcome = change_own(facts, asked, proved, wanted, ways, this, env, door.lifetimes)
        if await door.store.apply(outcome.change):
            return outcome.refused if isinstance(outcome, Failed) else SignedIn(outcome.cookie, account)
    return Refused(Reason.BUSY, retry_after=1)


async def _counts(right: Verified, account: Account, asked: lockout.Tries, door: Door) -> bool:
    """Whether a right password will be taken. A second hash where it will not would tell a guesser by its time."""
    row = await door.store.password_row(account.folded, asked.keys)
    return right.fits and not lockout.exhausted(asked, row.guesses, door.env().now)


async def _page(inside: Inside, form: Form, faults: Mapping[str, str], door: Door) -> Answer:
    ways = (await door.store.site()).ways
    identities = await door.store.identities_of(inside.account.id)
    going = await onward(form, door, door.env())
    kept = form if going else {}
    values = {
        "action": door.public.path + SIGN_IN,
        "person_name": inside.account.name,
        "password_set_at": await door.store.password_set_at(inside.account.id),
        "directory": directory_title([one.source for one in identities], door),
        "faults": faults,
        "sign_out": "sign_out" in form,
        "least": accounts.PASSWORD_CHARACTERS[0],
        "takes_password": Way.PASSWORD in ways,
        "may_set": Way.PASSWORD in ways and _may_set(inside, door),
        "codes_left": await door.store.recovery_codes_left(inside.account.id),
        "device_action": f"{door.public.path}{SIGN_IN}/device",
        "codes_action": f"{door.public.path}{SIGN_IN}/codes",
        **await passkeys_shown(inside.account, door),
        "onward": going,
        "carried": carried(kept),
        "create_url": along(door.public.path + CREATE, kept),
        "identities": await identity_rows(inside.account, "/account/identities", "unlink", door),
    }
    return console.page(inside, door, "account_sign_in.html", values, status=400 if faults or inside.again else 200)


RULES = (
    Rule(SIGN_IN, ("GET",), methods, Who.PERSON, Guard.PAGE, "How a person signs in."),
    # Asks for the present password itself, so that a sign-in of a moment ago is not asked for besides.
    Rule(SIGN_IN, ("POST",), change_password, Who.PERSON, Guard.FORM, "Changes one's own password.", recent=False),
)
