"""A person's own pages: the phones and applications signed in as them, signing one out, withdrawing consent."""

from collections.abc import Callable

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.phones import Phone, PhoneState, device_name, judge, own_sentence, sign_out, withdraw_consent
from genkan.protocol.reasons import EndReason, Reason
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.same_phone import live_phones, same_phones
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES

APPS = "/account/apps"
Decide = Callable[[Phone, str, Env], Change]


async def apps(received: Received, door: Door) -> Answer:
    """GET /account/apps: one row a sign-in, newest first."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is None:
        return _to_sign_in(door)
    hidden = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    phones = await _phones(who.person.account.id, door, env)
    same = await same_phones(phones, door.store, env)
    values = {
        "phones": [_row(phone, phone.row.grant.id in same, hidden, door) for phone in phones],
        "home_url": f"{door.public.path}/",
        "sign_out_action": f"{door.public.path}/logout",
        "sign_out_hidden": hidden,
        "person_name": who.person.account.display_name,
    }
    return door.pages.page("account_apps.html", values, who.reader)


async def _phones(account_id: int, door: Door, env: Env) -> list[Phone]:
    """Every sign-in that stands, and the newest of all; newest first."""
    newest = [judge(row, env) for row in await door.store.phones(PhoneQuery(account_id=account_id))]
    found = {phone.row.grant.id: phone for phone in (*newest, *await live_phones(account_id, door.store, env))}
    return [found[grant_id] for grant_id in sorted(found, reverse=True)]


def _row(phone: Phone, possibly_same: bool, hidden: dict[str, str], door: Door) -> dict[str, object]:
    grant, link = phone.row.grant, phone.row.link
    here = f"{door.public.path}{APPS}/{grant.id.hex()}"
    live = phone.state is PhoneState.SIGNED_IN
    return {
        "device": device_name(grant.user_agent),
        "application": link.name,
        "signed_in_at": grant.created_at,
        "last_seen": None if phone.never_used else max(grant.last_seen, grant.rotated_at),
        "state": phone.state.value,
        "possibly_same": possibly_same,
        "reason_sentence": own_sentence(phone.reason),
        "method": grant.method.references(),
        "action": f"{here}/sign-out",
        "hidden": hidden,
        "withdraw": {"action": f"{here}/withdraw", "hidden": hidden} if live else None,
    }


async def sign_out_phone(received: Received, door: Door) -> Answer:
    """POST /account/apps/{id}/sign-out: end one of one's own sign-ins."""

    def decide(phone: Phone, actor: str, env: Env) -> Change:
        return sign_out(phone.row.grant, EndReason.SIGNED_OUT_BY_PERSON, actor, env)

    return await _act(received, door, decide)


async def withdraw(received: Received, door: Door) -> Answer:
    """POST /account/apps/{id}/withdraw: take back what was allowed to the application; all its sign-ins of
    oneself end.
    """

    def decide(phone: Phone, actor: str, env: Env) -> Change:
        return withdraw_consent(phone.row.account, phone.row.link, actor, env)

    return await _act(received, door, decide)


async def _act(received: Received, door: Door, decide: Decide) -> Answer:
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if who.person is None:
        return _to_sign_in(door)
    if browser.form_fault(received, form, who, door, env) is not None:
        return answer.redirect(door.public.text + APPS, 303)
    for _ in range(TRIES):
        row = await door.store.phone(_grant_id(received.parameters["id"]))
        if row is None or row.account.id != who.person.account.id:
            return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, who.reader)
        env = door.env()
        if await door.store.apply(decide(judge(row, env), who.person.account.actor, env)):
            return answer.redirect(door.public.text + APPS, 303)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, who.reader)


def _grant_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _to_sign_in(door: Door) -> Answer:
    return answer.redirect(f"{door.public.text}/login?next={door.public.text}{APPS}")


async def alias(received: Received, door: Door) -> Answer:
    """The path under which people know their authorized applications."""
    return answer.redirect(door.public.text + APPS)


RULES = (
    Rule(APPS, ("GET",), apps, Who.PERSON, Guard.PAGE, "A person's phones and authorized applications."),
    Rule(
        APPS + "/{id}/sign-out",
        ("POST",),
        sign_out_phone,
        Who.PERSON,
        Guard.FORM,
        "Signs one of them out.",
        recent=False,
    ),
    Rule(
        APPS + "/{id}/withdraw",
        ("POST",),
        withdraw,
        Who.PERSON,
        Guard.FORM,
        "Withdraws an application's access.",
        recent=False,
    ),
    Rule("/account", ("GET",), alias, Who.PERSON, Guard.PAGE, "Leads to /account/apps."),
    Rule(
        "/plugins/servlet/oauth/users/access-tokens", ("GET",), alias, Who.PERSON, Guard.PAGE, "Leads to /account/apps."
    ),
)
