"""Every operation of the administration API, called well by everybody who may not: 401 or 403, and nothing changed."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing

import httpx2
import pytest

from genkan.protocol.certificate_records import AddPin, KeepCertificate, KnownCertificate, Pin, PinKind
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import AddApiKey, Change, OpenSession
from genkan.protocol.phone_checks import issue
from genkan.protocol.records import ApiKey
from genkan.site.api.documents import public_id
from genkan.site.api.people_documents import session_public_id
from genkan.site.app import API
from genkan.site.routes import Who
from genkan.wire.scopes import Permission
from tests.protocol.certificates import making
from tests.site.api_world import a_key, a_phone_of, consented, slowed
from tests.site.world import SiteUnderTest
from tests.store.builders import a_session

OPERATIONS = [operation for operation in API if operation.rule.who is Who.ADMINISTRATOR]
NAMES = [f"{operation.rule.methods[0]} {operation.rule.path}" for operation in OPERATIONS]
LINK: dict[str, object] = {"name": "New", "redirects": ["https://new.example/cb"], "permission": "WRITE"}
# A question whose text is too long for an address, and an address that is sealed and kept nowhere.
ONLY_ASKS = (
    "POST /managed-configuration/check",
    "POST /managed-configuration/preview",
    "POST /installation/phone-checks",
)
# A good body for each operation that reads one; every one of them but those changes something.
PERSON = making.person(making.authority())
BODIES: dict[str, dict[str, object]] = {
    "POST /client": LINK,
    "PUT /client/{id}": LINK,
    "PATCH /client/{id}": {"name": "Renamed"},
    "POST /client/{id}/secret": {},
    "POST /client/{id}/sign-out": {},
    "PUT /admin/oauth": {"enabled": True},
    "POST /managed-configuration/check": {"value": "[]"},
    "POST /managed-configuration/preview": {"value": "[]"},
    "PUT /site": {"title": "New"},
    "PUT /site/sign-in": {"ways": ["password"]},
    "POST /phones/sign-out": {"person": "alice"},
    "POST /people": {"name": "new"},
    "PATCH /people/{id}": {"permission": "SYSTEM_ADMIN"},
    "POST /people/{id}/password": {"password": "a quite new password"},
    "POST /people/{id}/recovery": {"password": "a quite new password"},
    "POST /people/{id}/sign-out": {},
    "POST /people/{id}/erasure": {},
    "POST /people/{id}/recovery-link": {},
    "POST /people/{id}/certificate-pins": {"certificate": PERSON.pem.decode()},
    "POST /api-keys": {"name": "new", "permission": "ADMIN"},
    "POST /api-keys/{id}/adopt": {},
    "POST /people/{id}/identities": {"source": "corp", "subject": "00u1"},
}
# What ADMIN is not enough for, since it makes somebody more than that.
ABOVE_ADMIN = {"PUT /site/sign-in", "PATCH /people/{id}", "POST /people/{id}/recovery"}


# These need a directory, a passkey or a way out of the house, and are called well in tests of their own.
ELSEWHERE = (
    "POST /people/{id}/identities",
    "DELETE /people/{id}/identities/{source}",
    "DELETE /people/{id}/passkeys/{passkey}",
    "POST /installation/check",
    # What no program's credential does: tests/site/test_keys_api.py
    "POST /api-keys",
    "POST /api-keys/{id}/adopt",
)


class World:
    """A site in which every path leads to something."""

    def __init__(self, site: SiteUnderTest, ids: dict[str, str]) -> None:
        self.site = site
        self._ids = ids

    def address(self, name: str) -> str:
        """The path of an operation with its variables filled in."""
        path = name.split(" ")[1]
        kind = next((kind for kind in ("client", "phones", "people", "api-keys") if f"/{kind}/" in path), "")
        filled = path.replace("{id}", self._ids.get(kind, "")).replace("{session}", self._ids["session"])
        filled = (
            filled.replace("{check}", self._ids["check"])
            .replace("{pin}", self._ids["pin"])
            .replace("{fingerprint}", self._ids["fingerprint"])
        )
        return self.site.base + filled.replace("{link}", self._ids["client"])

    async def call(self, name: str, client: httpx2.AsyncClient, credential: str | None = None) -> httpx2.Response:
        """A call that would be right, with this credential."""
        headers = {"authorization": f"Bearer {credential}"} if credential else {}
        body = next((body for key, body in BODIES.items() if matches(name, key)), None)
        if body is None and name.startswith("POST "):
            body = {}  # one that reads none still wants to be asked in JSON
        options = {} if body is None else {"json": body}
        return await client.request(name.split(" ", maxsplit=1)[0], self.address(name), headers=headers, **options)  # type: ignore[arg-type]

    def kept(self) -> str:
        """Everything in the store but the counts of refusals."""
        with closing(sqlite3.connect(self.site.settings.database_path)) as db:
            return "\n".join(line for line in db.iterdump() if not line.startswith('INSERT INTO "tallies"'))


def matches(name: str, key: str) -> bool:
    """Whether an operation is the one of this short name."""
    method, _, rest = key.partition(" ")
    return name.startswith(f"{method} ") and name.endswith(rest)


@pytest.fixture
async def world(site: SiteUnderTest) -> World:
    """Somebody with a phone, a browser and a consent; a link; a key."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    alice = await site.make_account()
    link = (await site.make_link("https://app.example/cb")).link
    phone = await a_phone_of(site, alice, link)
    session = a_session(alice, now=site.env.now)
    await consented(site, alice, link)
    await slowed(site, alice)
    key = ApiKey(11, "target", b"t" * 32, Permission.READ, site.env.now, None, None)
    known = KnownCertificate(7, b"f" * 32, alice.id, "CN=alice", b"leaf", b"issuer", site.env.now, 1, 1, 1)
    pin = Pin(12, alice.id, PinKind.SPKI, b"v" * 32, "a pin", site.env.now)
    steps = (OpenSession(session, None), AddApiKey(key), KeepCertificate(known), AddPin(pin))
    assert await site.store.apply(Change(steps))
    ids = {
        "client": public_id(link.id), "phones": phone.id.hex(), "people": public_id(alice.id),
        "api-keys": public_id(11), "session": session_public_id(session), "pin": public_id(pin.id),
        "fingerprint": known.fingerprint.hex(), "check": issue(site.door.sealer, site.env()).sealed,
    }  # fmt: skip
    return World(site, ids)


HERE = [name for name in NAMES if not any(matches(name, key) for key in ELSEWHERE)]


def test_every_operation_that_reads_a_body_has_a_good_one() -> None:
    """The walk below forgets none."""
    asking = {name for name, operation in zip(NAMES, OPERATIONS, strict=True) if operation.asks is not None}
    assert {name for name in NAMES if any(matches(name, key) for key in BODIES)} == asking


@pytest.mark.parametrize("name", HERE)
async def test_the_call_is_good_in_the_right_hands(world: World, name: str) -> None:
    """A system administrator's key gets a good answer, and what changes is changed: the walk's calls are real."""
    await a_key(world.site, Permission.SYSTEM_ADMIN, "key")
    before = world.kept()
    answer = await world.call(name, world.site.browser(), "key")
    assert answer.status_code in (200, 201), answer.text
    changes = not name.startswith("GET ") and not any(matches(name, key) for key in ONLY_ASKS)
    assert (world.kept() != before) == changes


@pytest.mark.parametrize("name", HERE)
async def test_an_administrators_key_does_what_raises_nobody(world: World, name: str) -> None:
    """ADMIN is enough for everything but to make somebody more than that."""
    await a_key(world.site, Permission.ADMIN, "key")
    answer = await world.call(name, world.site.browser(), "key")
    above = any(matches(name, key) for key in ABOVE_ADMIN)
    assert answer.status_code == 403 if above else answer.status_code in (200, 201), answer.text


Show = Callable[[SiteUnderTest], Awaitable[tuple[httpx2.AsyncClient, str | None]]]


async def nobody(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    return site.browser(), None


async def unknown(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    return site.browser(), "gnk_ak_nobody"


async def reader(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await a_key(site, Permission.READ, "key")
    return site.browser(), "key"


async def writer(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await a_key(site, Permission.WRITE, "key")
    return site.browser(), "key"


async def expired(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await a_key(site, Permission.SYSTEM_ADMIN, "key", expires_at=site.env.now)
    return site.browser(), "key"


async def revoked(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await a_key(site, Permission.SYSTEM_ADMIN, "key", revoked_at=site.env.now - HOUR)
    return site.browser(), "key"


async def person(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await site.make_account("writer")
    await site.sign_in("writer")
    return site.client, None


async def persons_token(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    await site.make_account("writer")
    tokens = await site.issue_tokens((await site.make_link(permission=Permission.SYSTEM_ADMIN)).link, "writer")
    return site.browser(), str(tokens["access_token"])


async def disabled(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    from genkan.protocol import accounts
    from genkan.protocol.records import Standing

    admin = await site.make_account("admin", Permission.SYSTEM_ADMIN)
    await site.sign_in("admin")
    change = accounts.set_standing(admin, Standing.DISABLED, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    return site.client, None


async def forged(site: SiteUnderTest) -> tuple[httpx2.AsyncClient, str | None]:
    """An administrator's own browser, made by a page of another site to send it."""
    await site.make_account("admin", Permission.SYSTEM_ADMIN)
    await site.sign_in("admin")
    site.client.headers["origin"] = "https://evil.example"
    return site.client, None


CALLERS: dict[Show, int] = {
    nobody: 401, unknown: 401, expired: 401, revoked: 401, disabled: 401, reader: 403, writer: 403, person: 403,
    persons_token: 403, forged: 403,
}  # fmt: skip


@pytest.mark.parametrize("show", CALLERS, ids=lambda show: show.__name__)
async def test_nobody_else_gets_anywhere(world: World, show: Show) -> None:
    """Each good call in the wrong hands: the status says which hands, and the store is what it was."""
    client, credential = await show(world.site)
    # A token's first use is noted; what comes now is compared with the store after that.
    await world.call(NAMES[0], client, credential)
    await world.site.store.flush()
    before = world.kept()
    for name in NAMES:
        answer = await world.call(name, client, credential)
        if show is forged and name.startswith("GET "):
            assert answer.status_code == 200, name
            continue
        assert answer.status_code == CALLERS[show], name
        assert set(answer.json()) == {"error", "error_description", "errorMessages", "errors"}
        assert "www-authenticate" in answer.headers or show is forged
    await world.site.store.flush()
    assert world.kept() == before
