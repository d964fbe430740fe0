"""Whether a grant stands: not ended, both stop counters unmoved, account and link in use. One rule for every caller."""

from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import GrantState, Standing


def grant_fault(facts: GrantFacts) -> Refused | None:
    """Why this sign-in is over or suspended, or None. Stops end for ever; a disabled link only suspends
    (tokens.md 4).
    """
    grant, link, account = facts.grant, facts.link, facts.account
    if grant is None:
        return Refused(Reason.TOKEN_UNKNOWN)
    if grant.state is GrantState.ENDED:
        return Refused(Reason.GRANT_ENDED, grant.reason)
    if account is None or account.standing is not Standing.ACTIVE or account.stop != grant.account_stop:
        return Refused(Reason.GRANT_STOPPED)
    if link is None or link.standing is Standing.DELETED or link.stop != grant.link_stop:
        return Refused(Reason.GRANT_STOPPED)
    if not link.usable:
        return Refused(Reason.LINK_DISABLED)
    return None
