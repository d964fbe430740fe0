"""A site that moved to another host, in a Chromium that knows related origins: the passkeys of before go on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from tests.browser.authenticators import plug_in
from tests.browser.conftest import FLAGS
from tests.browser.serving import Served
from tests.browser.walking import at, press, said
from tests.conftest import installed_program
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

OLD, NEW = "https://desk.example", "https://site.example"
NO_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"


class Restarted(Served):
    """A site that has its administrator, and so prints no set-up link."""

    def _line(self) -> str:
        return "" if hasattr(self, "base") else super()._line()


async def test_the_passkey_of_the_former_host_signs_in_at_the_new_one(tmp_path: Path) -> None:
    """Made at the old host; after the move a button of its own offers it, and the browser asks the old host whether it
    may.
    """
    from playwright.async_api import async_playwright

    port = free_port()
    authority = trustme.CA()
    certificate = authority.issue_cert("desk.example", "site.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    tls = {"GENKAN_PORT": str(port), "GENKAN_TLS_CERT": str(chain), "GENKAN_TLS_KEY": str(key)}
    maps = ", ".join(f"MAP {host}:443 127.0.0.1:{port}" for host in ("desk.example", "site.example"))
    flags = [flag for flag in FLAGS if not flag.startswith("--host-resolver-rules")]
    rules = f"--host-resolver-rules={maps}, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=installed_program("chromium"), args=[*flags, rules, "--ignore-certificate-errors"]
        )
        page = await (await browser.new_context(ignore_https_errors=True)).new_page()
        await page.add_init_script(NO_AUTOFILL)
        before = Served(tmp_path, **tls, GENKAN_BASE_URL=OLD)
        try:
            await plug_in(page)
            await page.goto(before.setup_link)
            await page.get_by_label("User name").fill("alice")
            await press(page, "Use a passkey instead")
            await at(page, "Turn on the mobile app?")
        finally:
            before.stop()
        after = Restarted(tmp_path, **tls, GENKAN_BASE_URL=NEW, GENKAN_FORMER_BASE_URLS=OLD)
        try:
            await page.goto(f"{NEW}/login")
            await press(page, "Use a passkey")
            await page.get_by_text("No passkey was used").wait_for()
            await press(page, "Use a passkey of desk.example")
            await at(page, "Start")
            await page.goto(f"{NEW}/account/sign-in")
            assert "desk.example" in await said(page)
        finally:
            after.stop()
            await browser.close()
