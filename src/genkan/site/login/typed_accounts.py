"""Accounts and passwords as people type them into forms: the fields, and what is wrong with one as a sentence."""

from collections.abc import Mapping

from genkan.protocol import accounts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site.read import Form
from genkan.site.sentences import NAME_TAKEN, PASSWORDS_DIFFER, sentence

UNKNOWN_ZONE = "Choose a time zone of the list."
PRESENT_WRONG = "The present password is not right, or there were too many tries. Wait a little and try again."
CHANGED_MEANWHILE = (
    "Somebody else changed this account meanwhile. Look through what you typed and save it once more, or start again."
)
SENTENCES = (CHANGED_MEANWHILE, PASSWORDS_DIFFER, NAME_TAKEN, UNKNOWN_ZONE, PRESENT_WRONG)
# What the rules call a field, and its name in the forms.
_FIELDS: Mapping[str, str] = {
    "name": "name", "display name": "display_name", "e-mail": "email", "group": "groups", "locale": "locale",
    "time zone": "time_zone", "password": "password",
}  # fmt: skip


def new_password_fault(form: Form) -> str:
    """What to say of the fields ``password`` and ``password_again``; empty where they are good."""
    if form.get("password", "") != form.get("password_again", ""):
        return PASSWORDS_DIFFER
    fault = accounts.password_fault(form.get("password", ""))
    return sentence(fault) if fault else ""


def account_faults(refused: Refused) -> dict[str, str]:
    """The same beside the field it is about; beside the first one where it is about none."""
    if refused.reason is Reason.TAKEN:
        return {"name": NAME_TAKEN}
    if refused.reason is Reason.ADDRESS_ANOTHERS:
        return {"email": sentence(refused)}
    field = _FIELDS.get(refused.detail.partition(": ")[0], "")
    return {field: sentence(refused)} if field else {}


def groups(text: str) -> tuple[str, ...]:
    """Groups as typed: one a line, or with commas between them."""
    return tuple(group.strip() for line in text.splitlines() for group in line.split(",") if group.strip())
