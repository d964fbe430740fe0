"""Whether a grant stands: not ended, both stop counters unmoved, account and link in use. One rule for every caller."""

from genkan.protocol.env import CLOCK_LEEWAY, DAY, Env
from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Event, EventKind, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Grant, GrantState, Link, Site, Standing
from genkan.protocol.sealing import Handle, grant_time


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


def sign_in_end(grant: Grant, link: Link) -> int:
    """When a sign-in can be refreshed no more. An absolute lifetime that its link got later counts too: tokens that are
    dead when they are born help nobody.
    """
    return end_of(grant.refresh_expires_at, grant.created_at, link)


def end_of(refresh_expires_at: int, created_at: int, link: Link) -> int:
    """The same of the two times alone."""
    absolute = link.absolute_lifetime
    return refresh_expires_at if absolute is None else min(refresh_expires_at, created_at + absolute)


def is_decided(site: Site, written_at: int) -> bool:
    """Whether what was written then and is not there was lost before the last restore: an administrator has decided
    what becomes of it, and it says nothing of the store as it is now (tokens.md 8).
    """
    return site.restored_at > 0 and written_at <= site.restored_at + CLOCK_LEEWAY


def missing_row(handle: Handle, site: Site, actor: str, address: str, env: Env) -> Refused:
    """What a genuine token without a row means. Rows stay 24 h whatever happens (tokens.md 1), so one younger than
    that proves a loss; an id from a clock that is ahead is younger still.
    """
    signed_in_at = grant_time(handle.grant_id)
    if env.now - signed_in_at < DAY and not is_decided(site, signed_in_at):
        return store_behind(Event(EventKind.STORE_BEHIND, env.now, actor, grant_id=handle.grant_id, address=address))
    return Refused(Reason.TOKEN_UNKNOWN)


def store_behind(event: Event) -> Refused:
    """tokens.md 8: refused, nothing changed, and said aloud; a minute later the lost writes may be back."""
    return Refused(Reason.STORE_BEHIND, retry_after=60, event=event)
