"""A session that came in a way which the site does not take opens nothing of an administrator, at any door."""

import pytest

from genkan.protocol.outcomes import Change
from genkan.protocol.records import Way
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest, forms_of

API = "/rest/genkan/1.0"


async def narrowed(site: SiteUnderTest) -> dict[str, str]:
    """An administrator who came by password on a site that takes passkeys alone by now; the switch's form of before."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root")
    page = await site.client.get(f"{site.base}/setup/done")
    hidden = next(fields for action, fields in forms_of(page.text) if action.endswith("/setup/mobile"))
    version = (await site.store.site()).version
    assert await site.store.apply(Change((PutSignInPolicy(Way.PASSKEY, None, version),)))
    return hidden


@pytest.mark.parametrize("path", ["/people", "/api-keys", "/audit-events", "/phones", "/site"])
async def test_the_api_reads_nothing_to_it(site: SiteUnderTest, path: str) -> None:
    """It counts as nobody's, as it does in the console."""
    await narrowed(site)
    assert (await site.client.get(site.base + API + path)).status_code == 401


async def test_the_api_changes_nothing_for_it(site: SiteUnderTest) -> None:
    """Not even with the JSON that no other site's page can send, a moment after the sign-in."""
    await narrowed(site)
    made = await site.client.post(f"{site.base}{API}/people", json={"name": "mallory", "permission": "SYSTEM_ADMIN"})
    assert made.status_code == 401
    assert await site.store.account_by_name("mallory") is None


async def test_the_first_runs_switch_does_not_turn_for_it(site: SiteUnderTest) -> None:
    """The last page of the first run stays where it was, and is not shown any more."""
    hidden = await narrowed(site)
    turned = await site.client.post(f"{site.base}/setup/mobile", data=hidden)
    assert turned.status_code == 403
    assert not (await site.store.site()).mobile_enabled
    assert (await site.client.get(f"{site.base}/setup/done")).headers["location"] == f"{site.base}/"
