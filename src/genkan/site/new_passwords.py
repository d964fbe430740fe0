"""A new password as people type it, twice: what is wrong with it, as a sentence."""

from genkan.protocol import accounts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry
from genkan.site.read import Form

PASSWORDS_DIFFER = "The two passwords differ."


def new_password_fault(form: Form) -> str:
    """What to say of the fields ``password`` and ``password_again``; empty where they are good."""
    if form.get("password", "") != form.get("password_again", ""):
        return PASSWORDS_DIFFER
    fault = accounts.password_fault(form.get("password", ""))
    return account_sentence(fault) if fault else ""


def account_sentence(refused: Refused) -> str:
    """A refusal of an account for the person who typed: the field and what to write."""
    name, _, rest = refused.detail.partition(": ")
    return f"{name[:1].upper()}{name[1:]}: {rest}." if rest else entry(refused.reason).public
