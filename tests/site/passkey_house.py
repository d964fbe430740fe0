"""What the tests of passkeys on the pages share: making one and using one, as a browser would send it."""

import json
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx2

from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import public_id
from tests.site.world import SiteUnderTest, forms_of
from tests.software_key import SoftwareKey

Attest = Callable[[bytes, bytes], tuple[str, dict[str, Any]]]
CREATE, OPTIONS, SIGN_IN = "/account/passkeys/create", "/account/passkeys/options", "/account/sign-in"
REFUSED = entry(Reason.PASSKEY_REFUSED).public


async def make(
    site: SiteUnderTest,
    key: SoftwareKey,
    browser: httpx2.AsyncClient | None = None,
    attest: Attest | None = None,
    **typed: str,
) -> httpx2.Response:
    """Make a passkey on the account page; ``attest`` is what the authenticator says of itself."""
    client = browser or site.client
    page = await client.get(site.base + CREATE)
    assert page.status_code == 200, page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(CREATE))
    options = (await client.get(site.base + OPTIONS)).json()
    sent = {**fields, "ticket": options["ticket"], "credential": key.create(options, attest=attest), **typed}
    return await client.post(site.absolute(action), data=sent)


async def ask(client: httpx2.AsyncClient, site: SiteUnderTest, **query: str) -> dict[str, Any]:
    """A challenge from the sign-in page, and what its form carries."""
    page = await client.get(f"{site.base}/login")
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = await client.get(f"{site.base}/login/passkey", params=query)
    assert options.status_code == 200, options.text
    return {**options.json(), "carried": carried}


async def use(
    site: SiteUnderTest, key: SoftwareKey, browser: httpx2.AsyncClient | None = None, given: Any = None, **wrong: Any
) -> httpx2.Response:
    """Sign in with a passkey in a browser; ``wrong`` goes to the authenticator."""
    client = browser or site.browser()
    given = given or await ask(client, site)
    sent = {**given["carried"], "ticket": given["ticket"], "credential": key.get(given, **wrong)}
    return await client.post(f"{site.base}/login/passkey", data=sent)


async def only(site: SiteUnderTest, account: Account) -> Passkey:
    [passkey] = await site.store.passkeys(account.id)
    return passkey


async def events(site: SiteUnderTest, kind: EventKind) -> int:
    return [event.kind for _, event in await site.store.events(limit=1000)].count(kind)


class _Words(HTMLParser):
    """What a person reads of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.words += data.split()


def words_of(page: str) -> str:
    reader = _Words()
    reader.feed(page)
    return " ".join(reader.words)


async def press_remove(site: SiteUnderTest, passkey: Passkey, **ticked: str) -> httpx2.Response:
    page = await site.client.get(f"{site.base}/account/passkeys/{public_id(passkey)}/remove")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/remove"))
    fields.pop("last_too", None)
    return await site.client.post(site.absolute(action), data={**fields, **ticked})
