"""From a configuration and the site as it is to the one change that makes them agree, and to words for it. Pure."""

from dataclasses import replace

from msgspec import UnsetType

from genkan.ops.draft import Draft, Plan, Unplannable, Wanted
from genkan.ops.plan_links import plan_link_standings, plan_links, plan_mobile
from genkan.ops.plan_sign_in import plan_sign_in
from genkan.ops.plan_users import plan_users
from genkan.ops.present import Present
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env


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
    return draft.plan()


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
