"""Signing in with the organisation's password in a real browser, at a real server, against a real OpenLDAP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tomli_w

from genkan.protocol.reasons import Reason, entry
from genkan.site.sign_in_form import DIRECTORY_AWAY
from tests.browser.serving import Served
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.async_api import Page

    from tests.outside.slapd import Slapd

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs("chromium"),
    pytest.mark.needs("slapd", "ldapadd"),
]


@pytest.fixture
def their_site(slapd: Slapd, tmp_path: Path) -> Iterator[Served]:
    """A site whose people are those of the directory, by StartTLS."""
    file = tmp_path / "sign-on.toml"
    table = slapd.source(title="Example’s directory", servers=(slapd.plain,), create=True)
    file.write_text(tomli_w.dumps({"ldap": [table]}), encoding="utf-8")
    served = Served(tmp_path, GENKAN_SIGN_ON_FILE=str(file))
    served.set_up()
    yield served
    served.stop()


async def test_a_person_of_the_directory_walks_in(page: Page, slapd: Slapd, their_site: Served) -> None:
    """A mistake, the right password, the app's consent, the account page that says whose password it is, and who is
    told what while the directory is away.
    """
    slapd.person("w-alice", "alice’s own")
    await page.goto(their_site.authorize_url())
    await sign_in(page, "w-alice", "not this one")
    await at(page, "Error: Sign in")
    assert await page.get_by_role("alert").inner_text() == entry(Reason.SIGN_IN_FAILED).public
    await sign_in(page, "w-alice", "alice’s own")
    await at(page, "Allow")
    await page.goto(f"{their_site.base}/account/sign-in")
    assert "Your password is the one of Example’s directory" in await said(page)
    await page.goto(their_site.base)
    await press(page, "Sign out")
    slapd.stop()
    try:
        await page.goto(f"{their_site.base}/login")
        await sign_in(page, "w-alice", "alice’s own")
        await page.get_by_text(DIRECTORY_AWAY).wait_for()
        await sign_in(page)
        await at(page, "Start")
    finally:
        slapd.start()
