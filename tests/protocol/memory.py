"""What the steps of a Change do to the dictionaries of a World, each with the condition its docstring states."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from genkan.protocol.identity_steps import PutIdentity
from genkan.protocol.outcomes import (
    AddAccount,
    AddLink,
    EndGrant,
    EndGrantsUnder,
    GiveConsent,
    PutAccount,
    PutLink,
    RaiseStop,
    SetPassword,
    Step,
    Subject,
    TurnMobile,
    WithdrawConsent,
)
from genkan.protocol.passkey_steps import DropPasskeys
from genkan.protocol.records import Consent
from genkan.protocol.signin_steps import PutRecoveryCodes

if TYPE_CHECKING:
    from tests.protocol.world import World


def steps_applied(world: "World", steps: Sequence[Step]) -> bool:
    """All of them in order; False at the first whose condition does not hold."""
    return all(_applied(world, step) for step in steps)


def _applied(world: "World", step: Step) -> bool:
    match step:
        case AddAccount(account=account):
            world.accounts[account.id] = account
        case PutAccount(account=account):
            kept = world.accounts[account.id]
            if kept.version != account.version - 1:
                return False
            world.accounts[account.id] = replace(account, stop=kept.stop)
        case AddLink(link=link):
            world.links[link.id] = link
        case PutLink(link=link):
            standing = world.links[link.id]
            if standing.version != link.version - 1:
                return False
            world.links[link.id] = replace(link, stop=standing.stop)
        case TurnMobile(enabled=enabled, link_id=link_id):
            world.site = replace(world.site, mobile_enabled=enabled, mobile_link_id=link_id)
        case SetPassword() | DropPasskeys() | PutRecoveryCodes():
            pass
        case _:
            _stop(world, step)
    return True


def _stop(world: "World", step: Step) -> None:
    match step:
        case RaiseStop(subject=Subject.ACCOUNT, subject_id=account_id):
            account = world.accounts[account_id]
            world.accounts[account_id] = replace(account, stop=account.stop + 1)
        case RaiseStop(subject=Subject.LINK, subject_id=link_id):
            link = world.links[link_id]
            world.links[link_id] = replace(link, stop=link.stop + 1)
        case EndGrant(grant_id=grant_id, reason=reason, at=at):
            world.end(grant_id, reason, at)
        case EndGrantsUnder(account_id=account_id, link_id=link_id, reason=reason, at=at):
            for grant in list(world.grants.values()):
                if (grant.account_id, grant.link_id) == (account_id, link_id):
                    world.end(grant.id, reason, at)
        case GiveConsent(consent=consent):
            world.consents[consent.account_id, consent.link_id] = consent
        case WithdrawConsent(account_id=account_id, link_id=link_id, mark=mark, at=at):
            world.consents[account_id, link_id] = Consent(account_id, link_id, mark, None, at)
        case PutIdentity() | DropPasskeys():
            pass  # a World keeps neither: they are no part of what stops
        case _:
            raise NotImplementedError(f"no rule under test asks for {step}")
