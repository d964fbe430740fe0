"""A site that knows an authority, and the origin that asks for certificates, told by a proxy of ours."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from genkan.protocol.certificate_records import KnownCertificate
from genkan.protocol.records import ALL_WAYS, Account
from genkan.protocol.signin.certificate import sign_in_known
from genkan.protocol.signin.session import Browser, NewSession
from tests.protocol.certificates.making import Made, authority, cn, mail, person
from tests.site.world import START, SiteUnderTest, TestClock, close_site, open_site

ORIGIN = "https://certs.site.example"
TODAY = datetime.fromtimestamp(START / 1000, UTC)
YEAR_MS = 365 * 86_400_000
PROXY = {"x-genkan-proxy": "proxy-secret-of-the-tests certificates", "x-forwarded-proto": "https"}


def header(shown: Made) -> dict[str, str]:
    """RFC 9440 2.2: a certificate as a proxy tells it."""
    return {"client-cert": f":{base64.b64encode(shown.der).decode()}:"}


@dataclass
class CertificateSite:
    """The site, the authority that it knows, and a folder for its files."""

    site: SiteUnderTest
    root: Made

    def issue(self, name: str = "alice", **how: object) -> Made:
        """A certificate of a person, for a year from today."""
        times = {"begins": TODAY - timedelta(days=1), "ends": TODAY + timedelta(days=365), **how}
        return person(self.root, mail(f"{name}@site.example"), subject=cn(name), **times)  # type: ignore[arg-type]

    async def start(self, browser: httpx2.AsyncClient | None = None, **query: str) -> str:
        """Press the button of the sign-in page: the address at the certificate origin."""
        answer = await (browser or self.site.client).get(f"{self.site.base}/login/certificate/start", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def present(self, address: str, shown: Made | None, **headers: str) -> httpx2.Response:
        """Come to an address at the certificate origin with this certificate, in a browser without cookies there."""
        sent = {**PROXY, **(header(shown) if shown else {}), **headers}
        return await self.site.browser().get(address, headers=sent)

    async def hand_over(self, shown: Made | None, browser: httpx2.AsyncClient | None = None, **query: str) -> str:
        """The way there, and the address that leads back."""
        answer = await self.present(await self.start(browser, **query), shown)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def sign_in(
        self, shown: Made | None, browser: httpx2.AsyncClient | None = None, **query: str
    ) -> httpx2.Response:
        """The whole way; the site's last answer."""
        return await (browser or self.site.client).get(await self.hand_over(shown, browser, **query))

    async def myself_in(self, browser: httpx2.AsyncClient | None = None) -> str:
        """Who is signed in in this browser: what forward authentication would tell; empty where nobody is."""
        answer = await (browser or self.site.client).get(f"{self.site.base}/auth/verify?session=1&scope=READ")
        return answer.headers.get("remote-user", "")

    async def known(self, shown: Made) -> KnownCertificate:
        """The row of a certificate that somebody signed in with."""
        found = await self.site.store.certificate(hashlib.sha256(shown.der).digest())
        assert found is not None
        return found


@asynccontextmanager
async def certificate_site(folder: Path, root: Made | None = None, **chosen: object) -> AsyncIterator[CertificateSite]:
    """alice is there, and the rule is: the e-mail address in the certificate is the account's name and the domain."""
    root = root or authority("Root")
    bundle = folder / "ca.pem"
    bundle.write_bytes(root.pem)
    settings = {
        "client_ca": str(bundle),
        "certificate_rules": ("email@site.example=name",),
        "certificate_revocation": "off",
        "certificate_url": ORIGIN,
        "trusted_proxies": ("127.0.0.1",),
        **chosen,
    }
    site = await open_site(folder / "site", TestClock(), **settings)  # type: ignore[arg-type]
    await site.make_account()
    try:
        yield CertificateSite(site, root)
    finally:
        await close_site(site)


async def signed_in_by_certificate(site: SiteUnderTest, account: Account) -> KnownCertificate:
    """A session in the test's browser that names a certificate, on a site that need not know any authority."""
    env = site.env()
    root = authority("Root")
    shown = person(root, mail("alice@site.example"))
    known = KnownCertificate(
        77, hashlib.sha256(shown.der).digest(), account.id, "CN=alice", shown.der, root.der, env.now + YEAR_MS, env.now,
        env.now, env.now,
    )  # fmt: skip
    opened = sign_in_known(known, account, ALL_WAYS, Browser("", "", None), env, site.door.lifetimes)
    assert isinstance(opened, NewSession)
    assert await site.store.apply(opened.change)
    site.client.cookies.set("__Host-genkan-session", opened.cookie, domain="site.example", path="/")
    return known
