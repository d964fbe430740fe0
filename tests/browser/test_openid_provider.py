"""A real OpenID provider and a real browser: signing in by it, cancelling, confirming, signing out there, leaving."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.browser.openid_peer import PASSWORD, Peer
from tests.browser.serving import Served
from tests.npm_packages import installed
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium", "node", "npm")]
PATIENCE_SECONDS = 30
TABLE = """
create = true
groups_claim = "groups"
scopes = ["openid", "profile", "email", "groups", "offline_access"]
consent = true
check_minutes = 1
"""


@pytest_asyncio.fixture(loop_scope="session")
async def corporate(tmp_path: Path) -> AsyncIterator[tuple[Served, Peer]]:
    """A site, set up, and its organisation's provider."""
    installed()
    peer, port = Peer(tmp_path), free_port()
    base = f"http://localhost:{port}/desk"
    (tmp_path / "site").mkdir()
    site = None
    try:
        peer.start(base)
        here = {"GENKAN_PORT": str(port), "GENKAN_BASE_URL": base}
        file = {"GENKAN_SIGN_ON_FILE": peer.sign_on_file(TABLE), "GENKAN_FETCH_ALLOW": "127.0.0.1"}
        site = Served(tmp_path / "site", **here, **file)
        await asyncio.to_thread(site.set_up)
        yield site, peer
    finally:
        if site is not None:
            site.stop()
        peer.stop()


async def sign_in_there(page: Page, password: str = PASSWORD) -> None:
    """On the provider's own pages."""
    await page.get_by_label("Corporate name").fill("carol-id")
    await page.get_by_label("Corporate password").fill(password)
    await page.get_by_role("button", name="Sign in at Example Corp").click()


async def allow_there(page: Page) -> None:
    await page.get_by_role("button", name="Allow at Example Corp").click()


async def test_signing_in_and_out_by_a_real_provider(page: Page, watch: Watch, corporate: tuple[Served, Peer]) -> None:
    """From the button to the account and back out by the provider's own sign-out; a cancelled sign-in comes back with
    every other way still there.
    """
    site, peer = corporate
    await page.goto(f"{site.base}/account/profile")
    await page.get_by_role("link", name="Sign in with Example Corp").click()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("alert").get_by_text("did not go through").wait_for()
    assert await page.get_by_label("User name").count() == 1
    await page.get_by_role("link", name="Sign in with Example Corp").click()
    await sign_in_there(page)
    await allow_there(page)
    await page.get_by_role("heading", name="Profile").wait_for()
    assert "Carol Corporate" in await page.inner_text("body")
    await page.goto(f"{site.base}/account/sign-in")
    await page.get_by_role("heading", name="Example Corp").wait_for()
    # Signing out there: the provider calls the site, and this browser is out on its next request.
    await page.goto(f"{peer.issuer}/session/end")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_load_state("networkidle")
    await page.goto(f"{site.base}/account/profile")
    await page.get_by_role("heading", name="Sign in").wait_for()


async def test_an_app_signs_in_and_somebody_who_left_is_out(
    page: Page, watch: Watch, corporate: tuple[Served, Peer]
) -> None:
    """The authorization request survives the way to the provider, a fresh sign-in there included; whom the provider
    does not know any more is disabled by the background task alone, and this browser is out.
    """
    site, peer = corporate
    link = site.link("Wiki", "http://localhost:1/cb")
    await page.goto(site.authorize_url(link["redirects"][0], client_id=link["clientId"], prompt="login"))
    await page.get_by_role("link", name="Sign in with Example Corp").click()
    await sign_in_there(page)
    await allow_there(page)
    await page.get_by_role("button", name="Allow").wait_for()
    await asyncio.to_thread(peer.disable, "carol-id")
    await asyncio.to_thread(_grow_old, site)
    for _ in range(PATIENCE_SECONDS * 2):
        if await asyncio.to_thread(_standing, site) == 1:
            break
        await asyncio.sleep(0.5)
    assert await asyncio.to_thread(_standing, site) == 1
    await page.goto(f"{site.base}/account/profile")
    await page.get_by_role("heading", name="Sign in").wait_for()


def _grow_old(site: Served) -> None:
    """As if the person had been asked after an hour ago."""
    with closing(sqlite3.connect(site.folder / "data" / "genkan.sqlite3", timeout=20)) as db, db:
        db.execute("UPDATE identities SET checked_at = checked_at - 3600000")


def _standing(site: Served) -> int:
    with closing(sqlite3.connect(site.folder / "data" / "genkan.sqlite3", timeout=20)) as db:
        row = db.execute("SELECT standing FROM accounts WHERE folded = 'carol'").fetchone()
        return int(row[0])
