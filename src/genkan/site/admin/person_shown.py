"""What the console's pages about one person show: where each thing is done, and how everything stands."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from genkan.protocol.administration import Administrator, reach_fault
from genkan.protocol.certificate_records import KnownCertificate, Pin
from genkan.protocol.devices import device_name
from genkan.protocol.outcomes import Refused
from genkan.protocol.phones import Phone, judge
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, LinkKind, Session, Standing
from genkan.protocol.signin.recovery import is_good
from genkan.site import console
from genkan.site.account.passkey_rows import passkey_row
from genkan.site.account.session_rows import session_row
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.letting_in import budget_of
from genkan.site.api.people import live_sessions, living
from genkan.site.api.phone_filters import ONE, Filters
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.identity_rows import identity_rows
from genkan.site.received import Received
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission

PEOPLE = "/admin/people"
MOST_SESSIONS, MOST_PHONES = 20, 5
# What is done on a page, or by a button, below the person's own address.
ACTS = ("edit", "permission", "enable", "disable", "delete", "erase", "sign-out", "recovery", "recovery/withdraw",
        "guesses/lift", "sessions/end-all", "export", "certificates/add", "identities/add")  # fmt: skip


def person_path(account: Account, rest: str = "") -> str:
    """Where a person is, below the base URL."""
    return f"{PEOPLE}/{public_id(account.id)}{rest}"


@dataclass(frozen=True, slots=True)
class Met:
    """Who came in to administer, and the person whom the path names."""

    inside: Inside
    account: Account


async def met(received: Received, door: Door, *, back: str | None = None) -> Met | Answer:
    """Let an administrator in to one person who is not deleted. ``back``: as of the entrance, below the person."""
    page = "" if back is None else f"{PEOPLE}/{received.parameters['id']}{back}"
    inside = await console.entrance(received, door, back=page)
    if isinstance(inside, Answer):
        return inside
    account = await living(received, door)
    return console.not_found(inside, received, door) if account is None else Met(inside, account)


Taking = Callable[[Received, Administrator, Door], Awaitable[object]]


async def take_away(
    received: Received, door: Door, taking: Taking, flash: Flash, *, before: tuple[Reason, ...] = ()
) -> Answer:
    """Take what the path names from a person and go back to them, or to the page that says why not. ``before``:
    refusals that mean that it was done already, as NOT_FOUND always does.
    """
    at = await met(received, door, back="")
    if isinstance(at, Answer):
        return at
    if at.inside.again:
        return console.once_more(door, person_path(at.account))
    gone = await taking(received, at.inside.administrator, door)
    if not isinstance(gone, Refused):
        return console.done(door, person_path(at.account), flash)
    if gone.reason in (Reason.NOT_FOUND, *before):
        return console.done(door, person_path(at.account), Flash.GONE)
    return door.pages.refusal(gone, received.request_id, at.inside.reader)


def tying_form(
    template: str, at: Met, error: Refused | None, faults: Mapping[str, str], values: Mapping[str, object], door: Door
) -> Answer:
    """The form that ties something to a person; what is wrong stands at its field, or above where it is of none."""
    said = "" if faults or error is None else entry(error.reason).public
    given = {**person_facts(at.account, at.inside, door), **values, "faults": faults, "error": said}
    return console.page(at.inside, door, template, given, status=console.form_status(at.inside, error))


def permission_choices(own: Permission) -> list[dict[str, object]]:
    """The four rights, from the least; those above one's own cannot be given away."""
    return [{"value": right.name, "words": right.name, "disabled": right > own} for right in Permission]


def person_facts(account: Account, inside: Inside, door: Door) -> dict[str, object]:
    """The person themselves, and where everything about them is done."""
    here = door.public.path + person_path(account)
    return {
        "person": {
            "name": account.name,
            "display_name": account.display_name,
            "email": account.email,
            "permission": account.permission.name,
            "groups": account.groups,
            "locale": account.locale,
            "time_zone": account.time_zone,
            "state": account.standing.value,
            "created_at": account.created_at,
            "is_self": account.id == inside.account.id,
            "in_reach": reach_fault(inside.permission, account.permission) is None,
        },
        "to": {act.replace("/", "_").replace("-", "_"): f"{here}/{act}" for act in ACTS},
        "here": here,
        "people_url": door.public.path + PEOPLE,
        "audit_url": f"{door.public.path}/admin/audit?{urlencode({'person': _audit_name(account)})}",
    }


def _audit_name(account: Account) -> str:
    """How the audit's page finds somebody: by name, and by id whoever has none any more."""
    return public_id(account.id) if account.standing is Standing.DELETED else account.name


async def person_state(account: Account, inside: Inside, door: Door) -> dict[str, object]:
    """How everything stands that the person has here."""
    env = door.env()
    sessions = await live_sessions(account, door)
    link = await door.store.recovery_of(account.id)
    strain = await budget_of(account, door)
    query = PhoneQuery(account_id=account.id, live_only=True, limit=MOST_PHONES)
    usage = await door.store.usage(PhoneQuery(account_id=account.id), env.now)
    return {
        "sessions": _sessions(account, sessions[:MOST_SESSIONS], inside, door),
        "session_count": len(sessions),
        "phones": [_phone(judge(row, env), door) for row in await door.store.phones(query)],
        "phones_url": door.public.path + Filters(LinkKind.NATIVE, account=account.id).path,
        "applications_url": door.public.path + Filters(LinkKind.CONFIDENTIAL, account=account.id).path,
        "phone_count": usage.live,
        "phones_counted": usage.complete,
        "password_set_at": await door.store.password_set_at(account.id),
        "passkeys": await _passkeys(account, door),
        "pins": [_pin(account, pin, door) for pin in await door.store.pins(account.id)],
        "certificates": [_certificate(account, known, door) for known in await door.store.certificates(account.id)],
        "identities": await identity_rows(account, person_path(account) + "/identities", "remove", door),
        "sign_on_open": bool(door.sign_on.sources),
        "certificates_open": door.certificates.is_open,
        "certificate_rules": ", ".join(map(str, door.certificates.rules)),
        "link_until": link.expires_at if link is not None and is_good(link, account, env) else None,
        "budget": {"spent": strain.spent, "most": strain.most, "slowed": strain.slowed, "empty_at": strain.empty_at},
    }


def _sessions(account: Account, sessions: Sequence[Session], inside: Inside, door: Door) -> list[dict[str, object]]:
    path = f"{door.public.path}{person_path(account)}/sessions"
    return [session_row(session, path, here=session.id == inside.session.id) for session in sessions]


def _pin(account: Account, pin: Pin, door: Door) -> dict[str, object]:
    remove = f"{door.public.path}{person_path(account)}/certificates/{public_id(pin.id)}/remove"
    return {"kind": pin.kind.word, "name": pin.name, "made_at": pin.made_at, "remove_url": remove}


def _certificate(account: Account, known: KnownCertificate, door: Door) -> dict[str, object]:
    fingerprint = known.fingerprint.hex()
    return {
        "subject": known.subject, "fingerprint": fingerprint, "last_at": known.last_at, "not_after": known.not_after,
        "revoked_at": known.revoked_at,
        "revoke_url": f"{door.public.path}{person_path(account)}/certificates/{fingerprint}/revoke",
    }  # fmt: skip


async def _passkeys(account: Account, door: Door) -> list[dict[str, object]]:
    path = f"{door.public.path}{person_path(account)}/passkeys"
    return [passkey_row(passkey, path, door) for passkey in await door.store.passkeys(account.id)]


def _phone(phone: Phone, door: Door) -> dict[str, object]:
    grant = phone.row.grant
    return {
        "address": f"{door.public.path}{ONE}/{grant.id.hex()}",
        "device": device_name(grant.user_agent),
        "application": phone.row.link.name,
        "signed_in_at": grant.created_at,
        "last_seen": None if phone.never_used else max(grant.last_seen, grant.rotated_at),
    }
