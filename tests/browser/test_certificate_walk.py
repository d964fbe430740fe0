"""Tying a client certificate to a person in a browser: from a file, never with its private key, and untying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.serving import PASSWORD, Served
from tests.browser.walking import at, press, said, sign_in
from tests.protocol.certificates.making import authority, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Page

    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

ROOT = authority()
KEY = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site under a context path, with an administrator and bob."""
    served = Served(tmp_path_factory.mktemp("certificates"), path="/desk")
    try:
        served.set_up()
        added = served.run("user", "add", "bob", "--password-stdin", given=PASSWORD)
        assert added.returncode == 0, added.stderr
        yield served
    finally:
        served.stop()


async def test_a_chosen_file_fills_the_field_without_its_key(page: Page, watch: Watch, desk: Served) -> None:
    """PEM with a key in it and DER alike: the field gets the certificate's block alone, and the person has it then."""
    made = person(ROOT)
    await page.goto(f"{desk.base}/admin/people")
    await sign_in(page)
    await page.get_by_role("link", name="bob").click()
    await at(page, "bob")
    await page.get_by_role("link", name="Tie a certificate").click()
    await at(page, "A certificate for bob")
    field = page.get_by_label("Certificate in PEM")
    for content in (KEY + made.pem, made.der):
        await field.fill("")
        await page.get_by_label("Choose a file").set_input_files(
            {"name": "bob.pem", "mimeType": "application/x-pem-file", "buffer": content}
        )
        await expect(field).not_to_have_value("")
        assert (await field.input_value()).split() == made.pem.decode().split()
    await press(page, "Tie a certificate")
    await at(page, "bob")
    assert "The certificate is tied to this person." in await said(page)
    row = page.get_by_role("row").filter(has_text="CN=alice")
    await row.get_by_role("button", name="Untie").click()
    assert "tied to this person no more" in await said(page)
    assert "No certificate is tied to this person." in await page.inner_text("main")
