"""What anybody may ask for costs little, or has a budget with a name."""

from typing import cast

from genkan.site.app import route_table
from genkan.site.dispatch import Dispatcher
from genkan.site.routes import Rule, Who
from tests.site.costing import Asked, a_wrong_password, asked_of, request, seconds_of, unit_of
from tests.site.world import SiteUnderTest
from tools.cost_page import BUDGETS, MOST_ANONYMOUS

TRIES = 4


async def test_no_route_costs_anybody_more_than_twenty_times_the_cheapest(site: SiteUnderTest) -> None:
    """Each is asked without a credential; one that seems dear is looked at again, since other programs run as well."""
    await site.make_account()
    await site.turn_mobile_on()
    routes = asked_of(route_table(site.base))
    dear = [one for one in routes if one[1].who is not Who.OPERATOR and not _has_budget(one[0])]
    for _ in range(TRIES):
        most = MOST_ANONYMOUS * await unit_of(site)
        dear = [one for one in dear if await seconds_of(cast("Dispatcher", site.app), request(one[0]), 2) > most]
        if not dear:
            break
    assert not [asked for asked, _ in dear], "give it a budget with a name, or make it cheaper"


async def test_what_has_a_budget_needs_one(site: SiteUnderTest) -> None:
    """A budget names a route that there is; and a password that is wrong is dearer than anything else."""
    await site.make_account()
    await site.turn_mobile_on()
    names = {f"{asked.method} {asked.path}" for asked, _ in asked_of(route_table(site.base))}
    assert set(BUDGETS) <= names
    tried = await seconds_of(cast("Dispatcher", site.app), await a_wrong_password(site))
    assert tried > MOST_ANONYMOUS * await unit_of(site) / 2


def _has_budget(asked: Asked) -> bool:
    return f"{asked.method} {asked.path}" in BUDGETS


def test_a_rule_is_asked_in_each_of_its_methods() -> None:
    """None is left out of the table but those of the origin that asks for certificates."""
    rules: tuple[Rule, ...] = route_table("https://site.example")
    assert {asked.path for asked, _ in asked_of(rules)} >= {rule.path for rule in rules if rule.who is Who.ANYONE and
                                                           "certificate" not in rule.path}  # fmt: skip
