"""A whole site in process: real store, real rules, a clock that tests set, and a browser-like client."""

import os
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import httpx2
from argon2 import PasswordHasher

from genkan.main import certificate_desk
from genkan.outside.ldap import LdapDirectory
from genkan.outside.passwords import PasswordLane
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.accounts import create as create_account
from genkan.protocol.env import Env
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink, turn_mobile_on
from genkan.protocol.links import create as create_link
from genkan.protocol.naming import title_of
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.records import Account, ConsentMode, Link, LinkKind
from genkan.protocol.ring import Ring, new_ring
from genkan.protocol.signin.passkey_metadata import MetadataProblem
from genkan.settings import Settings
from genkan.settings_passkeys import passkey_models
from genkan.site.app import build
from genkan.site.door import Door, Health, RingHolder, Secrets, SignInPace
from genkan.site.measure import Measures
from genkan.site.pages import Pages
from genkan.site.peer import Peers
from genkan.site.sign_on import open_desk
from genkan.store.api import Store
from genkan.store.places import open_store
from genkan.store.sqlite_open import prepare
from genkan.wire import pkce
from genkan.wire.metadata import Endpoints
from genkan.wire.scopes import Permission

START = 1_800_000_000_000
PASSWORD = "correct horse battery"
# As cheap as argon2 gets: what a real one costs is shown in tests/outside, and asked for by whoever sets a password.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class TestClock:
    """Time that stands still until a test moves it, and chance that never repeats within a test."""

    __test__ = False

    def __init__(self) -> None:
        self.now = START
        self.drawn = 0

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds

    def draw(self, size: int) -> bytes:
        """Bytes that differ at every draw."""
        import hashlib

        self.drawn += 1
        seed = self.drawn.to_bytes(8, "big")
        return b"".join(hashlib.sha256(seed + bytes([n])).digest() for n in range(size // 32 + 1))[:size]

    def __call__(self) -> Env:
        return Env(self.now, self.draw)


class _Forms(HTMLParser):
    """Reads forms as a program that fills them would: action, hidden fields, submit buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, object]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a form and its fields."""
        values = dict(attrs)
        if tag == "form":
            self.forms.append({"action": values.get("action", ""), "fields": {}})
        elif tag == "input" and self.forms and values.get("name"):
            fields = self.forms[-1]["fields"]
            assert isinstance(fields, dict)
            fields[values["name"]] = values.get("value") or ""


def forms_of(page: str) -> list[tuple[str, dict[str, str]]]:
    """(action, fields) of every form on a page."""
    parser = _Forms()
    parser.feed(page)
    return [(str(form["action"]), dict(form["fields"])) for form in parser.forms]  # type: ignore[call-overload]


@dataclass
class SiteUnderTest:
    """What tests hold of a site."""

    door: Door
    env: TestClock
    client: httpx2.AsyncClient
    ring: list[Ring]
    base: str
    app: object
    settings: Settings
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The real store."""
        return self.door.store

    def browser(self, **options: object) -> httpx2.AsyncClient:
        """Another browser: cookies of its own."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app),  # type: ignore[arg-type]
            base_url=self.base,
            **options,  # type: ignore[arg-type]
        )

    async def make_account(
        self, name: str = "alice", permission: Permission = Permission.WRITE, **wish: object
    ) -> Account:
        """An account with PASSWORD."""
        made = create_account(
            AccountWish(name, permission=permission, password_hash=PASSWORD_HASH, **wish),  # type: ignore[arg-type]
            "test",
            self.env(),
        )
        assert isinstance(made, NewAccount), made
        assert await self.store.apply(made.change)
        return made.account

    async def make_link(
        self,
        *redirects: str,
        kind: LinkKind | None = None,
        permission: Permission = Permission.WRITE,
        consent: ConsentMode = ConsentMode.ALWAYS,
        **wish: object,
    ) -> NewLink:
        """An application link; jira-server://oauth-callback and native unless told otherwise."""
        made = create_link(
            LinkWish("Test app", redirects or ("jira-server://oauth-callback",), permission, kind, consent, **wish),  # type: ignore[arg-type]
            "test",
            self.env(),
        )
        assert isinstance(made, NewLink), made
        assert await self.store.apply(made.change)
        return made

    async def turn_mobile_on(self) -> Link:
        """The switch, on; gives the app's link."""
        change = turn_mobile_on(await self.store.site(), None, "test", self.env())
        assert isinstance(change, Change)
        assert await self.store.apply(change)
        site = await self.store.site()
        assert site.mobile_link_id is not None
        link = await self.store.link(site.mobile_link_id)
        assert link is not None
        return link

    async def sign_in(
        self, name: str = "alice", password: str = PASSWORD, browser: httpx2.AsyncClient | None = None, **query: str
    ) -> httpx2.Response:
        """Fill the sign-in page as a browser does; the answer to the POST."""
        client = browser or self.client
        page = await client.get(f"{self.base}/login", params=query)
        action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/login"))
        return await client.post(self.absolute(action), data={**fields, "username": name, "password": password})

    def absolute(self, address: str) -> str:
        """An address from a page or Location as a full URL."""
        return address if "://" in address else self.door.public.origin + address

    async def authorize(self, link: Link, browser: httpx2.AsyncClient | None = None, **extra: str) -> httpx2.Response:
        """The authorization request, with PKCE, following our own redirects until a page or the application is
        reached.
        """
        query = {
            "client_id": link.client_id,
            "redirect_uri": link.redirects[0],
            "response_type": "code",
            "state": "st",
            "code_challenge": pkce.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **extra,
        }
        client = browser or self.client
        query = {name: value for name, value in query.items() if value != "-"}
        answer = await client.get(f"{self.base}/rest/oauth2/latest/authorize", params=query)
        while answer.status_code in (302, 303) and answer.headers["location"].startswith(self.base):
            answer = await client.get(answer.headers["location"])
        return answer

    async def decide(
        self, page: httpx2.Response, decision: str = "allow", browser: httpx2.AsyncClient | None = None
    ) -> httpx2.Response:
        """Press a button of the consent page."""
        action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/plugins/servlet/oauth2/consent"))
        return await (browser or self.client).post(self.absolute(action), data={**fields, "decision": decision})

    async def get_code(self, link: Link, name: str = "alice", **extra: str) -> str:
        """Sign in (if needed), consent, and read the code from the redirect."""
        answer = await self.authorize(link, None, **extra)
        if 'name="password"' in answer.text:
            action, fields = next(f for f in forms_of(answer.text) if f[0].endswith("/login"))
            answer = await self.client.post(
                self.absolute(action), data={**fields, "username": name, "password": PASSWORD}
            )
            while answer.status_code in (302, 303) and answer.headers["location"].startswith(self.base):
                answer = await self.client.get(answer.headers["location"])
        if 'name="decision"' in answer.text:
            answer = await self.decide(answer)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def token(self, **form: str) -> httpx2.Response:
        """POST to the token endpoint."""
        return await self.client.post(f"{self.base}/rest/oauth2/latest/token", data=form)

    async def issue_tokens(
        self, link: Link, name: str = "alice", secret: str | None = None, **extra: str
    ) -> dict[str, object]:
        """The whole flow: the token answer's document."""
        code = await self.get_code(link, name, **extra)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": link.client_id,
            "redirect_uri": link.redirects[0],
            "code_verifier": VERIFIER,
        }
        answer = await self.token(**form, **({"client_secret": secret} if secret else {}))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def refresh(self, token: str, link: Link, **extra: str) -> httpx2.Response:
        """Refresh once."""
        return await self.token(grant_type="refresh_token", refresh_token=token, client_id=link.client_id, **extra)

    async def myself(self, token: str) -> httpx2.Response:
        """Call the API."""
        return await self.client.get(f"{self.base}/rest/api/2/myself", headers={"authorization": f"Bearer {token}"})

    async def verify(self, token: str) -> httpx2.Response:
        """Ask forward authentication, as a proxy does for a request it does not describe."""
        return await self.client.get(f"{self.base}/auth/verify", headers={"authorization": f"Bearer {token}"})

    async def introspect(self, token: str, link: Link, secret: str) -> dict[str, object]:
        """What introspection says."""
        answer = await self.client.post(
            f"{self.base}/rest/oauth2/latest/introspect", data={"token": token}, auth=(link.client_id, secret)
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def lay_store(path: Path, env: TestClock) -> None:
    """A new store in this file, copied where ``env`` has not begun to move: migrating takes longer than most tests."""
    if path.exists() or env.now != START or env.drawn:
        return
    content, env.drawn = _fresh_store()
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    path.write_bytes(content)


@cache
def _fresh_store() -> tuple[bytes, int]:
    """What a new store's file holds at the start of time, and what was drawn for it."""
    env = TestClock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fresh"
        prepare(path, create=True, env=env())
        return path.read_bytes(), env.drawn


async def open_site(folder: Path, env: TestClock, ring: Ring | None = None, **chosen: object) -> SiteUnderTest:
    """A site over the database in this folder; ``chosen`` are settings."""
    folder.mkdir(exist_ok=True)
    settings = Settings(data_dir=str(folder), **{"base_url": "https://site.example", **chosen})  # type: ignore[arg-type]
    if isinstance(settings.store_place, Path):
        lay_store(settings.store_place, env)
    store = open_store(settings.store_place, create=True, env=env())
    rings = [ring or new_ring(env())]
    site = await store.site()
    await store.apply(Change((MoveRing(rings[0].version, rings[0].fingerprint),)))
    public = settings.public
    models = passkey_models(settings, env.now)
    assert not isinstance(models, MetadataProblem), models
    door = Door(
        settings=settings,
        public=public,
        endpoints=Endpoints(public.text),
        lifetimes=settings.lifetimes,
        store=store,
        ring=RingHolder(rings[0], site.site_id, lambda: rings[-1]),
        env=env,
        passwords=PasswordLane(1),
        pages=Pages(public, title_of(settings.site_title, site)),
        measures=Measures(),
        sign_ins=SignInPace.set_by(settings),
        health=Health(),
        secrets=Secrets(),
        log=lambda *arguments, **fields: None,
        certificates=certificate_desk(settings),
        sign_on=open_desk(settings.read_sign_on(), settings.reach, env),
        directories=tuple(LdapDirectory(source) for source in settings.read_sign_on().ldap),
        models=models,
    )
    app = build(door, Peers(settings.trusted_proxies, "proxy-secret-of-the-tests"), lambda: 0.0)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=public.text)
    return SiteUnderTest(door, env, client, rings, public.text, app, settings, folder)


async def close_site(site: SiteUnderTest) -> None:
    """Leave nothing running."""
    await site.client.aclose()
    site.door.passwords.close()  # type: ignore[attr-defined]
    await site.store.close()
