"""A person's phones and applications: signing one out, and withdrawing what an application was allowed."""

from collections.abc import Callable, Mapping, Sequence

from genkan.protocol.devices import device_name
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change
from genkan.protocol.phones import Phone, PhoneState, judge, own_sentence, sign_out, withdraw_consent
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Link, Standing
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id, read_phone_id, read_public_id
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.same_phone import live_phones, same_phones
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES

APPS = "/account/apps"
START = "/account/profile"
# What a page can carry; somebody with more of them has a program that signs in over and over.
MOST_LISTED = 500
Decide = Callable[[Phone, str, Env], Change]


async def apps(received: Received, door: Door) -> Answer:
    """GET /account/apps: one row a sign-in, newest first; then what was allowed for good."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    env = door.env()
    phones = await _phones(inside.account.id, door, env)
    same = await same_phones(phones, door.store, env)
    links = {link.id: link for link in await door.store.links() if link.standing is not Standing.DELETED}
    values = {
        "phones": [_row(phone, phone.row.grant.id in same, door) for phone in phones],
        "is_cut": len(phones) >= MOST_LISTED,
        "consents": _consents(await door.store.consents(inside.account.id), links, door),
    }
    return console.page(inside, door, "account_apps.html", values)


async def _phones(account_id: int, door: Door, env: Env) -> list[Phone]:
    """The sign-ins that stand, and the newest of all; newest first."""
    newest = [judge(row, env) for row in await door.store.phones(PhoneQuery(account_id=account_id))]
    found = {
        phone.row.grant.id: phone for phone in (*newest, *await live_phones(account_id, door.store, env, MOST_LISTED))
    }
    return [found[grant_id] for grant_id in sorted(found, reverse=True)[:MOST_LISTED]]


def _row(phone: Phone, possibly_same: bool, door: Door) -> dict[str, object]:
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
        "withdraw_action": f"{here}/withdraw" if live else "",
    }


def _consents(consents: Sequence[Consent], links: Mapping[int, Link], door: Door) -> list[dict[str, object]]:
    """What stands; what was withdrawn is only a mark."""
    return [
        {
            "application": links[consent.link_id].name,
            "permission": consent.scope.name,
            "given_at": consent.given_at,
            "action": f"{door.public.path}{APPS}/consents/{public_id(consent.link_id)}/withdraw",
        }
        for consent in consents
        if consent.scope is not None and consent.link_id in links
    ]


async def sign_out_phone(received: Received, door: Door) -> Answer:
    """POST /account/apps/{id}/sign-out: end one of one's own sign-ins."""

    def decide(phone: Phone, actor: str, env: Env) -> Change:
        return sign_out(phone.row.grant, EndReason.SIGNED_OUT_BY_PERSON, actor, env)

    return await _act(received, door, decide, Flash.SIGNED_OUT)


async def withdraw(received: Received, door: Door) -> Answer:
    """POST /account/apps/{id}/withdraw: take back what was allowed to the application; all its sign-ins of
    oneself end.
    """

    def decide(phone: Phone, actor: str, env: Env) -> Change:
        return withdraw_consent(phone.row.account, phone.row.link, actor, env)

    return await _act(received, door, decide, Flash.WITHDRAWN)


async def _act(received: Received, door: Door, decide: Decide, flash: Flash) -> Answer:
    inside = await console.own_entrance(received, door, back=APPS)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, APPS)
    for _ in range(TRIES):
        row = await door.store.phone(read_phone_id(received.parameters["id"]) or b"")
        if row is None or row.account.id != inside.account.id:
            return console.not_found(inside, received, door)
        env = door.env()
        if await door.store.apply(decide(judge(row, env), inside.actor, env)):
            return console.done(door, APPS, flash)
    return console.busy(inside, received, door)


async def withdraw_by_link(received: Received, door: Door) -> Answer:
    """POST /account/apps/consents/{link}/withdraw: the same where no phone of the application is signed in any more."""
    inside = await console.own_entrance(received, door, back=APPS)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, APPS)
    for _ in range(TRIES):
        link = await _allowed(inside.account, received, door)
        if link is None:
            return console.done(door, APPS, Flash.GONE)
        if await door.store.apply(withdraw_consent(inside.account, link, inside.actor, door.env())):
            return console.done(door, APPS, Flash.WITHDRAWN)
    return console.busy(inside, received, door)


async def _allowed(account: Account, received: Received, door: Door) -> Link | None:
    """The link that the path names, where it was allowed anything for good."""
    link_id = read_public_id(received.parameters["link"])
    consent = None if link_id is None else await door.store.consent(account.id, link_id)
    return await door.store.link(consent.link_id) if consent is not None and consent.scope is not None else None


def _form(rest: str, handler: Handler, about: str) -> Rule:
    return Rule(APPS + rest, ("POST",), handler, Who.PERSON, Guard.FORM, about, recent=False)


def _alias(path: str, to: str) -> Rule:
    return Rule(path, ("GET",), console.leads_to(to), Who.ANYONE, Guard.PAGE, f"Leads to {to}.")


RULES = (
    Rule(APPS, ("GET",), apps, Who.PERSON, Guard.PAGE, "A person's phones and authorized applications."),
    _form("/{id}/sign-out", sign_out_phone, "Signs one of them out."),
    _form("/{id}/withdraw", withdraw, "Withdraws an application's access."),
    _form("/consents/{link}/withdraw", withdraw_by_link, "Withdraws what an application was allowed for good."),
    _alias("/account", START),
    _alias("/account/", START),
    _alias("/secure/ViewProfile.jspa", START),
    _alias("/plugins/servlet/oauth/users/access-tokens", APPS),
)
