"""The sign-in policy by console and by REST, and that it never shuts the last administrator out."""

import asyncio

import pytest

from genkan.protocol.accounts import set_standing
from genkan.protocol.administration import keeping_administrators
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change
from genkan.protocol.records import ALL_WAYS, Standing, Way
from genkan.protocol.signin.site_policy import PolicyWish, set_policy
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE
from tests.site.world import SiteUnderTest, forms_of

ADMIN = "/admin/sign-in"
REST = "/rest/genkan/1.0/site/sign-in"


async def an_administrator(site: SiteUnderTest, permission: Permission = Permission.SYSTEM_ADMIN) -> None:
    """Signed in a moment ago, in the site's browser."""
    await site.make_account("root", permission)
    await site.sign_in("root")


async def saved(site: SiteUnderTest, **fields: str) -> object:
    """The form of the console, filled in so: boxes that are not named are not ticked."""
    page = await site.client.get(site.base + ADMIN)
    action, hidden = next(form for form in forms_of(page.text) if form[0].endswith(f"{ADMIN}/edit"))
    kept = {name: value for name, value in hidden.items() if not name.startswith("way-")}
    return await site.client.post(site.absolute(action), data={**kept, **fields})


async def test_the_console_sets_what_the_site_takes(site: SiteUnderTest) -> None:
    """Ways and age, which REST shows too; the sign-in page follows at once, and so does the audit."""
    await an_administrator(site)
    fields = {"way-password": "yes", "way-passkey": "yes", "max_age": "30"}
    answer = await saved(site, **fields)
    assert answer.headers["location"] == f"{site.base}{ADMIN}?done=saved"  # type: ignore[attr-defined]
    found = await site.store.site()
    assert (found.ways, found.max_age) == (Way.PASSWORD | Way.PASSKEY, 30 * MINUTE)
    [(_, event)] = [row for row in await site.store.events() if row[1].kind == "site.sign_in_policy_changed"]
    assert event.detail == "password, passkey; at most 1800 s old"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_age": ""}, "Choose at least one way"),
        ({"way-password": "yes", "max_age": "often"}, "Write a number of minutes"),
        ({"way-password": "yes", "max_age": "0"}, "Write a number of minutes"),
        ({"way-passkey": "yes"}, "No system administrator could sign in"),
        ({"way-certificate": "yes", "way-corporate": "yes"}, "certificates need an authority in GENKAN_CLIENT_CA"),
    ],
)
async def test_a_policy_that_cannot_work_is_refused_beside_its_field(
    site: SiteUnderTest, fields: dict[str, str], said: str
) -> None:
    """Nothing is saved, and what was typed is still there."""
    await an_administrator(site)
    answer = await saved(site, **fields)
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert said in answer.text  # type: ignore[attr-defined]
    assert (await site.store.site()).ways == ALL_WAYS


async def test_whoever_is_no_system_administrator_only_looks(site: SiteUnderTest) -> None:
    """How people sign in decides about those above as well."""
    await an_administrator(site, Permission.ADMIN)
    page = await site.client.get(site.base + ADMIN)
    assert "Only a system administrator can change this." in page.text
    answer = await saved(site, **{"way-password": "yes"})
    assert answer.status_code == 403  # type: ignore[attr-defined]


async def test_a_change_and_the_last_administrators_end_at_once(site: SiteUnderTest) -> None:
    """Race: a policy of passwords alone, and the end of the one administrator with a password. One of them fails, on
    whichever side the writes fall.
    """
    first = await site.make_account("root", Permission.SYSTEM_ADMIN)
    now = await site.store.site()
    policy = set_policy(now, PolicyWish(Way.PASSWORD, None), HERE, "test", site.env(), somebody_left=True)
    gone = set_standing(first, Standing.DISABLED, "test", site.env())
    assert isinstance(policy, Change)
    assert isinstance(gone, Change)
    guarded = keeping_administrators(gone, first, HERE, site.env().now, others=True)
    assert isinstance(guarded, Change)
    done = await asyncio.gather(site.store.apply(policy), site.store.apply(guarded))
    assert sorted(done) == [False, True]


async def test_a_way_that_nobody_has_fails_in_the_write_itself(site: SiteUnderTest) -> None:
    """What was seen before the write does not count: the step looks once more."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    now = await site.store.site()
    policy = set_policy(now, PolicyWish(Way.PASSKEY, None), HERE, "test", site.env(), somebody_left=True)
    assert isinstance(policy, Change)
    assert not await site.store.apply(policy)
    assert (await site.store.site()).ways == ALL_WAYS
