"""E-mail addresses where a certificate finds its account by one: nobody is given an address that somebody else has, so
that whose certificate names an account today stays the one it names.
"""

from collections.abc import Sequence
from dataclasses import replace

from genkan.protocol.outcomes import AddAccount, Change, NeedOwnAddress, PutAccount, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account


def moved(change: Change, before: Account | None) -> Account | None:
    """The account as the change leaves it, where it has another address then; None where the address stays."""
    for step in change.steps:
        if isinstance(step, (AddAccount, PutAccount)):
            email = before.email if before is not None else ""
            return None if is_same(step.account.email, email) else step.account
    return None


def is_same(one: str, other: str) -> bool:
    """Whether certificates would find the same accounts by both: they compare in small letters."""
    return one.lower() == other.lower()


def owning(change: Change, account: Account, holders: Sequence[Account]) -> Change | Refused:
    """The change that gives an account its address, unless one of these has it: who has it are its ``holders``. Two
    who are given it at once are told apart by the step that is added.
    """
    if any(holder.id != account.id for holder in holders):
        return Refused(Reason.ADDRESS_ANOTHERS)
    if not account.email:
        return change
    return replace(change, steps=(*change.steps, NeedOwnAddress(account.id, account.email)))
