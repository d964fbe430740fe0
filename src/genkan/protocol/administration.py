"""What one who administers may do to others: nobody is raised above the caller, and the last one keeps the key to the
house. The box itself is above these rules: its commands are the way back in.
"""

from dataclasses import replace

from genkan.protocol.outcomes import Change, NeedAdministrator, PutAccount, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission


def reach_fault(caller: Permission, *rights: Permission) -> Refused | None:
    """Why the caller may not touch who has, or give away, these rights: one of them is above the caller's own."""
    return Refused(Reason.ABOVE_CALLER) if any(right > caller for right in rights) else None


def keeping_administrators(change: Change, account: Account, others: bool) -> Change | Refused:
    """The change, unless it takes from the last who holds it a right to administer. ``others``: somebody else who can
    sign in has at least the same right. Two who go at once are told apart by the step that is added.
    """
    if not _loses_right(change, account):
        return change
    if not others:
        return Refused(Reason.LAST_ADMINISTRATOR)
    return replace(change, steps=(*change.steps, NeedAdministrator(account.permission)))


def _loses_right(change: Change, account: Account) -> bool:
    if account.standing is not Standing.ACTIVE or account.permission < Permission.ADMIN:
        return False
    after = [step.account for step in change.steps if isinstance(step, PutAccount)]
    return any(a.standing is not Standing.ACTIVE or a.permission < account.permission for a in after)
