"""A real browser with a real client certificate: through our own TLS, and through nginx as it is printed for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.browser.certificates import Home
from tests.browser.serving import PASSWORD, Served
from tests.browser.walking import sign_in
from tests.ports import free_port
from tests.proxy.certificate_front import Opened
from tests.site.tls_world import House

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.needs("chromium", "certutil", "pk12util"), pytest.mark.asyncio(loop_scope="session")]
BUTTON = "Sign in with a certificate"


class OwnTLS:
    """`genkan serve` with certificates of its own, which asks clients for theirs at another port."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder / "house")
        self.origin = f"https://localhost:{free_port()}"
        self.served = Served(
            folder,
            GENKAN_TLS_CERT=self.house.files.certificate,
            GENKAN_TLS_KEY=self.house.files.key,
            GENKAN_CLIENT_CA=str(self.house.ca),
            GENKAN_CERTIFICATE_RULES="email@site.example=name",
            GENKAN_CERTIFICATE_REVOCATION="off",
            GENKAN_CERTIFICATE_URL=self.origin,
        )
        made = self.served.run("user", "add", "alice", "--admin", "--password-stdin", given=PASSWORD)
        if made.returncode != 0:
            raise AssertionError(made.stderr)

    def home(self, folder: Path, shows: Path | None) -> Home:
        """A person's browser."""
        return Home(folder / "home", self.house.folder / "web.pem", shows, self.origin)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnTLS]:
    """A site that speaks TLS itself."""
    opened = OwnTLS(tmp_path_factory.mktemp("own"))
    try:
        yield opened
    finally:
        opened.served.stop()


async def press(page: Page, base: str) -> str:
    """From the sign-in page by the button; the page's words after it."""
    await page.goto(f"{base}/login")
    await page.get_by_role("link", name=BUTTON).click()
    await page.wait_for_url(lambda url: "/start" not in url and "ticket=" not in url)
    return await page.inner_text("main")


async def test_the_browsers_certificate_signs_in_through_our_own_tls(own: OwnTLS, tmp_path: Path) -> None:
    """One press of the button; the site then knows the certificate, and ending it ends the session in this browser."""
    home = own.home(tmp_path, own.house.client("alice@site.example"))
    async with home.page() as page:
        assert "Signed in as alice" in await press(page, own.served.base)
        assert page.url == f"{own.served.base}/"
        known = own.served.run("user", "certificate", "known", "alice")
        fingerprint = known.stdout.splitlines()[1].split()[0]
        ended = own.served.run("user", "certificate", "revoke", "alice", fingerprint[:12])
        assert (ended.returncode, ended.stderr) == (0, "")
        await page.reload()
        assert "Signed in as" not in await page.inner_text("main")
        assert "Your certificate was revoked on" in await press(page, own.served.base)


async def test_our_own_tls_lets_the_page_say_what_is_wrong(own: OwnTLS, tmp_path: Path) -> None:
    """No error page of the browser: the sentence, and the password still there."""
    async with own.home(tmp_path, own.house.client("nobody@site.example")).page() as page:
        assert "No account on this site belongs to your certificate" in await press(page, own.served.base)
        assert await page.get_by_label("Password", exact=True).count() == 1


async def test_chromium_shows_no_certificate_that_is_out_of_date(own: OwnTLS, tmp_path: Path) -> None:
    """Other browsers do (and curl, in tests/proxy): it keeps it to itself, and the page that follows says so."""
    async with own.home(tmp_path, own.house.client("alice@site.example", days=-2)).page() as page:
        said = await press(page, own.served.base)
        assert "No certificate came" in said
        assert "has expired" in said


async def test_without_a_certificate_the_page_says_how_to_get_one(own: OwnTLS, tmp_path: Path) -> None:
    """And leads on in another way."""
    async with own.home(tmp_path, None).page() as page:
        assert "No certificate came" in await press(page, own.served.base)
        await page.get_by_role("link", name="Sign in another way").click()
        assert await page.get_by_label("Password", exact=True).count() == 1


async def test_a_check_goes_to_the_certificate_origin_and_back(own: OwnTLS, tmp_path: Path) -> None:
    """Through our own TLS: cookies for https, the return from elsewhere, and why the certificate is refused."""
    async with own.home(tmp_path, own.house.client("nobody@site.example")).page() as page:
        await page.goto(f"{own.served.base}/admin/health/phone")
        await sign_in(page)
        await page.get_by_role("button", name="Make a QR code").click()
        await page.goto(await page.get_by_label("Or open this address there").input_value())
        await page.get_by_role("button", name="Check this phone").click()
        await page.get_by_role("button", name="Ask for the certificate").click()
        await page.get_by_role("button", name="Ask once more").wait_for()
        said = " ".join((await page.inner_text("main")).split())
    for words in ("certificate Wrong refused: it belongs to no account here", "connection Good https, by HTTP/1.1",
                  "cookies Good kept", "cookies-after-return Good sent", "info-login Doubtful"):  # fmt: skip
        assert words in said
    assert page.url.startswith(own.served.base)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A site behind nginx as `genkan proxy nginx` prints it."""
    url = f"https://localhost:{free_port()}"
    opened = Opened("nginx", tmp_path_factory.mktemp("behind"), certificate_url=url)
    try:
        yield opened.start()
    finally:
        opened.front.stop()


@pytest.mark.needs("nginx")
async def test_the_browsers_certificate_signs_in_through_nginx(behind: Opened, tmp_path: Path) -> None:
    """With the printed configuration and a test CA, from the button to the start page."""
    home = Home(tmp_path / "home", behind.trusted, behind.people.issue("alice"), behind.origin)
    async with home.page() as page:
        assert "Signed in as Alice A." in await press(page, behind.front.base)


@pytest.mark.needs("nginx")
async def test_chromium_shows_no_certificate_of_another_authority(behind: Opened, tmp_path: Path) -> None:
    """RFC 8446 4.2.4: the printed configuration names the authorities, and the browser chooses by them."""
    shows = behind.people.issue("alice", trustme.CA())
    async with Home(tmp_path / "home", behind.trusted, shows, behind.origin).page() as page:
        assert "No certificate came" in await press(page, behind.front.base)
