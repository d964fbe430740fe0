"""Phones as the console's pages show them: a row of a list, and one in full with its story."""

from collections.abc import Sequence, Set

from genkan.protocol.audit import Line
from genkan.protocol.devices import read_device
from genkan.protocol.phone_story import story, why
from genkan.protocol.phones import Phone, PhoneState
from genkan.protocol.records import Account
from genkan.site.api.audit_documents import Names, acting_account
from genkan.site.api.documents import public_id
from genkan.site.api.phone_filters import ALL, ONE, PATHS, Filters
from genkan.wire.scopes import WORDS

Row = dict[str, object]


def phone_row(phone: Phone, same: Set[bytes], base: str) -> Row:
    """A line of a list."""
    grant, link, account = phone.row.grant, phone.row.link, phone.row.account
    of_link = Filters(link.kind, link=link.id, state=ALL)
    return {
        "id": grant.id.hex(),
        "address": f"{base}{ONE}/{grant.id.hex()}",
        "person": shown_name(account),
        "person_address": base + Filters(link.kind, account=account.id, state=ALL).path,
        "link": link.name,
        "link_address": base + of_link.path,
        "device": read_device(grant.user_agent),
        "methods": grant.method.references(),
        "signed_in_at": grant.created_at,
        "from": grant.address or grant.network,
        "last_seen": None if phone.never_used else max(grant.last_seen, grant.rotated_at),
        "state": phone.state.value,
        "why": why(phone)[0],
        "possibly_same": grant.id in same,
        "live": phone.state is PhoneState.SIGNED_IN,
        "disabled": not link.usable and phone.state is PhoneState.SIGNED_IN,
    }


async def phone_in_full(phone: Phone, same: Set[bytes], lines: Sequence[Line], names: Names, base: str) -> Row:
    """Everything that is known of one sign-in; ``moments`` is its life, oldest first."""
    grant, link = phone.row.grant, phone.row.link
    sentence, hint = why(phone)
    moments = [
        {
            "at": moment.at,
            "what": moment.what.value,
            "actor": await names.person(acting_account(moment.actor)) or moment.actor,
            "address": moment.address,
        }
        for moment in story(phone, lines)
    ]
    return {
        **phone_row(phone, same, base),
        "application": phone.is_application,
        "list_address": base + PATHS[link.kind],
        "account_name": phone.row.account.name,
        "person_id": public_id(phone.row.account.id),
        "person_page": f"{base}/admin/people/{public_id(phone.row.account.id)}",
        "link_page": f"{base}/admin/links/{public_id(link.id)}",
        "audit_address": f"{base}/admin/audit?person={public_id(phone.row.account.id)}",
        "permission": grant.scope.name,
        "permission_words": WORDS[grant.scope],
        "user_agent": grant.user_agent,
        "address_of_sign_in": grant.address,
        "network": grant.network,
        "refreshes": grant.generation,
        "retries": grant.retries,
        "never_used": phone.never_used,
        "key": f"{grant.key_id:04x}",
        "previous_key": "" if grant.previous_key_id == grant.key_id else f"{grant.previous_key_id:04x}",
        "marked": grant.device is not None,
        "sentence": sentence,
        "hint": hint,
        "moments": moments,
    }


def shown_name(account: Account) -> str:
    """What people call the person; somebody without a display name by the user name."""
    return account.display_name or account.name
