"""A site whose organisation has an OpenID provider, and a browser that goes there and back."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account
from tests.openid_provider import CLIENT, SECRET, FakeProvider, serving_provider
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

LINKED = 'match = "name"'
MADE = "create = true"


def table(name: str, issuer: str, secret: Path, rest: str) -> str:
    return f"""
[[openid]]
name = "{name}"
title = "Example {name.title()}"
issuer = "{issuer}"
client_id = "{CLIENT}"
client_secret_file = "{secret}"
{rest}
"""


@dataclass
class Corporate:
    """A site and its provider."""

    site: SiteUnderTest
    provider: FakeProvider

    async def begin(self, browser: httpx2.AsyncClient | None = None, name: str = "corp", **query: str) -> str:
        """Press the button: the provider's address."""
        answer = await (browser or self.site.client).get(f"{self.site.base}/login/openid/{name}", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, address: str, browser: httpx2.AsyncClient | None = None) -> httpx2.Response:
        """Follow the provider's redirect back to the site."""
        return await (browser or self.site.client).get(address)

    async def sign_in(self, browser: httpx2.AsyncClient | None = None, **query: str) -> httpx2.Response:
        """The whole way."""
        return await self.come_back(self.provider.sign_in(await self.begin(browser, **query)), browser)

    def landed(self, answer: httpx2.Response) -> str:
        """The path that somebody who was let in is sent on to."""
        assert answer.status_code == 303, answer.text
        return urlsplit(answer.headers["location"]).path


@contextlib.asynccontextmanager
async def corporate(folder: Path, rest: str = MADE, **chosen: object) -> AsyncIterator[Corporate]:
    """A site with one provider, ``rest`` more lines of its table."""
    env = TestClock()
    secret = folder / "secret"
    secret.write_text(SECRET)
    async with serving_provider(lambda: env.now) as provider:
        file = folder / "sign-on.toml"
        file.write_text(table("corp", provider.issuer, secret, rest))
        settings = {"sign_on_file": str(file), "fetch_allow": ("127.0.0.1",), **chosen}
        site = await open_site(folder / "site", env, **settings)  # type: ignore[arg-type]
        try:
            yield Corporate(site, provider)
        finally:
            await close_site(site)


async def alice(site: SiteUnderTest) -> Account:
    account = await site.store.account_by_name("alice")
    assert account is not None
    return account


def says(answer: httpx2.Response, reason: Reason) -> bool:
    """Whether the sign-in page says so, with the other ways still there."""
    assert 'name="password"' in answer.text
    assert "set-cookie" not in answer.headers or "genkan-session=" not in answer.headers["set-cookie"]
    return answer.status_code == entry(reason).status and entry(reason).public.split("'")[0] in answer.text


async def kinds(site: SiteUnderTest) -> list[str]:
    await site.store.flush()
    return [event.kind for _, event in await site.store.events()]
