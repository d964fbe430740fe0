"""What tests of the administration API share: keys of every kind, and calls with them."""

from typing import Any

import httpx2

from genkan.protocol.clients import secret_digest
from genkan.protocol.outcomes import AddApiKey, Change, GiveConsent
from genkan.protocol.records import Account, ApiKey, Consent, Grant, Link
from genkan.protocol.signin import lockout, recovery
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest
from tests.store.builders import a_grant, redeemed

PEOPLE = "/rest/genkan/1.0/people"
PHONES = "/rest/genkan/1.0/phones"
KEYS = "/rest/genkan/1.0/api-keys"
AUDIT = "/rest/genkan/1.0/audit-events"
INSTALLATION = "/rest/genkan/1.0/installation"


class Caller:
    """Calls a site with one credential."""

    def __init__(self, site: SiteUnderTest, credential: str | None) -> None:
        self.site = site
        self._headers = {} if credential is None else {"authorization": f"Bearer {credential}"}

    async def __call__(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The answer."""
        return await self.site.client.request(method, self.site.base + path, headers=self._headers, **options)

    async def get(self, path: str, **query: Any) -> Any:
        """The document of a good answer."""
        answer = await self("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """The document of a good answer."""
        answer = await self("POST", path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


async def a_key(site: SiteUnderTest, permission: Permission, name: str = "", **fields: Any) -> Caller:
    """A caller with an API key of its own."""
    name = name or permission.name.lower()
    row: dict[str, Any] = {"created_at": site.env.now, "expires_at": None, "revoked_at": None, **fields}
    key = ApiKey(site.env().draw_id(), name, secret_digest(name), permission, **row)
    assert await site.store.apply(Change((AddApiKey(key),)))
    return Caller(site, name)


async def at_hand(site: SiteUnderTest, permission: Permission = Permission.ADMIN, name: str = "maker") -> Caller:
    """A caller who has just signed in in the browser of the site under test, whose cookies tell of them."""
    await site.make_account(name, permission)
    await site.sign_in(name)
    return Caller(site, None)


async def a_phone_of(site: SiteUnderTest, account: Account, link: Link, **changes: Any) -> Grant:
    """A sign-in of this person, as of now."""
    grant = a_grant(account, link, now=site.env.now, **changes)
    assert await site.store.apply(redeemed(grant))
    return grant


async def consented(site: SiteUnderTest, account: Account, link: Link) -> None:
    """The person allowed the link for good."""
    consent = Consent(account.id, link.id, 0, Permission.WRITE, site.env.now)
    assert await site.store.apply(Change((GiveConsent(consent),)))


async def slowed(site: SiteUnderTest, account: Account) -> None:
    """Somebody tried a wrong password, and an administrator has handed out a one-time link."""
    made = recovery.make(account, True, "test", site.env())
    counted = lockout.failed(lockout.backstop(account.folded), {}, site.env.now)
    assert isinstance(made, recovery.NewRecovery)
    assert counted is not None
    assert await site.store.apply(Change((*made.change.steps, counted)))


def one(account: Account, rest: str = "") -> str:
    """The path of a person."""
    return f"{PEOPLE}/{public_id(account.id)}{rest}"


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and sentence of a refusal."""
    document = answer.json()
    told = {"error", "error_description", "errorMessages", "errors"}
    assert set(document) == (told | {"code"} if answer.status_code == 409 else told), document
    return answer.status_code, document["error_description"]
