"""From a configuration and the site as it is to the one change that makes them agree, and to words for it. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import UnsetType

from genkan.ops.draft import Draft, Plan, Unplannable, Wanted
from genkan.ops.plan_links import plan_link_standings, plan_links, plan_mobile
from genkan.ops.plan_sign_in import plan_sign_in
from genkan.ops.plan_users import plan_users
from genkan.ops.present import Present
from genkan.protocol.administration import administers
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.outcomes import NeedAdministrator
from genkan.protocol.records import Account, Standing


def plan(wanted: Wanted, present: Present, actor: str, env: Env, here: Entrances, *, allow_http: bool = False) -> Plan:
    """What has to be done, all of it or none. Raises Unplannable.

    A file that would have something to do again after it was applied contradicts itself, and is refused.
    """

    def drafted(site: Present, wish: Wanted) -> Draft:
        return _drafted(wish, Draft(site, actor, env, allow_http=allow_http, here=here))

    draft = drafted(present, wanted)
    again = drafted(draft.present, replace(wanted, password_hashes={})).plan()
    if again.lines:
        raise Unplannable(f"the file contradicts itself: applied twice, it would again {again.lines[0]}")
    return _keeping_administrators(draft.plan(), present, draft.present, env, here)


def _keeping_administrators(plan: Plan, before: Present, after: Present, env: Env, here: Entrances) -> Plan:
    """The plan, which fails where nobody would be left who may as much as those who lose a right by it."""
    then = {account.id: account for account in after.accounts.values() if account.standing is Standing.ACTIVE}
    losing = [
        account
        for account in before.accounts.values()
        if administers(account) and _right(then, account) < account.permission
    ]
    if not losing:
        return plan
    lowered = tuple(sorted(losing, key=lambda account: -account.permission))
    last = lowered[0]
    if all(account.permission < last.permission for account in then.values()):
        raise Unplannable(nobody_left(last))
    need = NeedAdministrator(last.permission, env.now, here)
    return replace(plan, change=replace(plan.change, steps=(*plan.change.steps, need)), lowered=lowered)


def _right(then: Mapping[int, Account], account: Account) -> int:
    found = then.get(account.id)
    return -1 if found is None else found.permission


def nobody_left(account: Account) -> str:
    """Why the last one keeps the right."""
    return (
        f"nobody else who can sign in would have the permission {account.permission.name} that {account.name} loses; "
        "give it to somebody else in the file"
    )


def _drafted(wanted: Wanted, draft: Draft) -> Draft:
    plan_users(wanted, draft)
    plan_links(wanted, draft)
    mobile = wanted.configuration.mobile
    if not isinstance(mobile, UnsetType):
        plan_mobile(mobile, draft)
    plan_link_standings(wanted, draft)
    sign_in = wanted.configuration.sign_in
    if not isinstance(sign_in, UnsetType):
        plan_sign_in(sign_in, draft)
    return draft
