"""What phones, programs, people and strangers do to a site all day, slowly: every kind of it, again and again."""

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from genkan.wire import pkce
from tests.security.serving import Serving
from tests.security.soak_clients import MALFORMED, PATIENCE, Bare, Client, connected
from tests.site.world import VERIFIER, forms_of

PASSWORD = "correct horse battery"
# Whose password strangers guess until nobody is let in under this name; the others sign in all the while.
GUESSED = "guessed"
REDIRECT = "https://client.example/cb"
OAUTH = "/rest/oauth2/latest"
REST = "/rest/genkan/1.0"
MOST_PHONES = 24
# Requests after which a client hangs up, so that connections come and go and every worker gets some.
CLIENT_LASTS = 40
# Rows or lines of the audit, with their indexes, that an act leaves; what is not named leaves none.
LEAVES = {
    "sign_in_a_phone": 5, "replay": 1, "sign_in_right": 3, "sign_in_wrong": 1, "show_page": 0.05, "keep_links": 5,
    "sign_phones_out": 1,
}  # fmt: skip
# Seconds in which a code that is shown again surely ends what it began (GENKAN_CODE_SECONDS, 60); afterwards it is
# only refused.
CODE_LIVES = 40
# Seconds after which a head that does not come to its end is cut off, and two more (genkan.httpd.connection).
LONGER_THAN_A_HEAD_MAY = 12.0
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"

PAGES = (
    "/admin", "/admin/phones", "/admin/phones?state=all&order=oldest", "/admin/phones?reason=replayed",
    "/admin/applications", "/admin/links", "/admin/people", "/admin/people?prefix=person", "/admin/audit",
    "/admin/audit/refusals", "/admin/audit/chain", "/admin/mobile", "/admin/mobile/mdm", "/admin/api-keys",
    "/admin/health", "/admin/sign-in", "/admin/base-url", "/account/profile", "/account/apps", "/account/sessions",
    "/account/sign-in", "/admin/nowhere", "/qr.svg",
)  # fmt: skip


@dataclass
class Phone:
    """A signed-in phone: its tokens, the code that it began with, and when that was."""

    access: str
    refresh: str
    code: str
    since: float


class Load:
    """All actors over one site. ``kinds`` tells seconds between two acts of each, at most ``longest_pause``."""

    kinds: ClassVar[dict[str, float]] = {
        "sign_in_a_phone": 2.5, "refresh": 0.1, "lose_an_answer": 2.0, "replay": 10.0, "introspect": 0.1, "call": 0.1,
        "verify": 0.1, "ask_how": 0.1, "sign_in_right": 5.0, "sign_in_wrong": 15.0, "ask_passkey": 1.0, "hang_up": 1.0,
        "show_page": 0.8, "keep_links": 8.0, "sign_phones_out": 15.0, "be_slow": 3.0, "say_nonsense": 0.5,
        "scrape": 5.0, "export_audit": 12.0,
    }  # fmt: skip
    # Of what is asked most there are more, so that a busy machine, where each waits longer, is asked hardly less.
    several: ClassVar[dict[str, int]] = {"introspect": 3, "call": 3, "verify": 3, "ask_how": 3}

    def __init__(self, site: Serving, people: int, longest_pause: float, chance: random.Random) -> None:
        self._site, self._longest_pause, self._chance = site, longest_pause, chance
        # Whoever signs a person out everywhere waits until that person's browsers are done.
        self._people = {f"person{number}": asyncio.Lock() for number in range(people)}
        self.acts: Counter[str] = Counter()
        self.requests = 0
        self.sign_ins = 0
        self._phones: deque[Phone] = deque()
        self._number = 0

    @property
    def audited(self) -> float:
        """How often something was done that leaves rows."""
        return sum(self.acts[name] * rows for name, rows in LEAVES.items())

    def prepare(self) -> None:
        """An administrator and a key by the command; the rest as an administrator would, by REST."""
        self._site.command("user", "add", "root", "--admin", "--password-stdin", given=PASSWORD)
        made = self._site.command("api-key", "create", "Soak", "--permission", "SYSTEM_ADMIN", "--json")
        self._as_admin = {"authorization": f"Bearer {json.loads(made)['apiKey']}"}
        with httpx2.Client(base_url=self._site.base, headers=self._as_admin, timeout=PATIENCE) as http:
            for name in (*self._people, GUESSED):
                body = {"name": name, "password": PASSWORD, "permission": "WRITE"}
                assert http.post(f"{REST}/people", json=body).status_code == 201
            wish = {"name": "Soak", "redirects": [REDIRECT], "permission": "WRITE", "introspect": True}
            answer = http.post(f"{OAUTH}/client", json=wish)
            assert answer.status_code == 201, answer.text
            link = answer.json()
            assert http.put("/rest/nativemobile/1.0/admin/oauth", json={"enabled": True}).status_code == 200
        self._credentials = {"client_id": link["clientId"], "client_secret": link["clientSecret"]}

    async def run(self, over: asyncio.Event) -> None:
        """Act until then; everybody hangs up. What is answered otherwise than it must be ends the run."""
        async with asyncio.TaskGroup() as group:
            for name, pause in self.kinds.items():
                for _ in range(self.several.get(name, 1)):
                    group.create_task(self._repeat(name, min(pause, self._longest_pause), over))

    async def _repeat(self, name: str, pause: float, over: asyncio.Event) -> None:
        act: Callable[[Client], Awaitable[None]] = getattr(self, name)
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(Client(self._site.base))
            while not over.is_set():
                if client.asked >= CLIENT_LASTS:
                    self.requests += client.asked
                    await stack.aclose()
                    client = await stack.enter_async_context(Client(self._site.base))
                await act(client)
                self.acts[name] += 1
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), pause * (0.5 + self._chance.random()))
            self.requests += client.asked

    # Phones and programs.

    async def sign_in_a_phone(self, client: Client) -> None:
        """The whole flow in a browser: sign-in, consent, code, tokens. Of many phones one signs itself out."""
        self._number += 1
        person = self._somebody()
        async with self._people[person]:
            code = await self._code(person)
            told = await self._token(
                client, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER,
                device_id=f"device-{self._number}",
            )  # fmt: skip
        assert told.status_code == 200, told.text
        self.sign_ins += 1
        self._phones.append(Phone(told.json()["access_token"], told.json()["refresh_token"], code, time.monotonic()))
        if len(self._phones) > MOST_PHONES:
            gone = self._phones.popleft()
            answer = await client.post(f"{OAUTH}/revoke", data={**self._credentials, "token": gone.refresh})
            assert answer.status_code == 200, answer.text

    async def refresh(self, client: Client) -> None:
        """A phone, and then it waits until all others had their turn; one that was signed out meanwhile is gone."""
        if (phone := self._take()) is not None and await self._rotate(client, phone):
            self._phones.append(phone)

    async def lose_an_answer(self, client: Client) -> None:
        """A phone asks and hangs up before it is answered; it asks again, and gets what it would have got."""
        if (phone := self._take()) is None:
            return
        form = urlencode({**self._credentials, "grant_type": "refresh_token", "refresh_token": phone.refresh})
        head = f"POST {OAUTH}/token HTTP/1.1\r\nHost: {self._host}\r\n{FORM}Content-Length: {len(form)}\r\n\r\n"
        async with self._connected() as (_, writer):
            writer.write((head + form).encode())
            await writer.drain()
            await asyncio.sleep(self._chance.random() * 0.01)
        if await self._rotate(client, phone):
            self._phones.append(phone)

    async def replay(self, client: Client) -> None:
        """A thief shows a token from before the last, or a code again: the phone is signed out."""
        if (phone := self._take()) is None:
            return
        is_code = time.monotonic() - phone.since < CODE_LIVES and self._chance.random() < 0.6
        if is_code:
            answer = await self._token(
                client, grant_type="authorization_code", code=phone.code, redirect_uri=REDIRECT, code_verifier=VERIFIER
            )
        elif stolen := await self._outdated(client, phone):
            answer = await self._token(client, grant_type="refresh_token", refresh_token=stolen)
        else:
            return
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
        answer = await client.get("/auth/verify", headers={"authorization": f"Bearer {phone.access}"})
        assert answer.status_code == 401, (is_code, answer.status_code, answer.text)

    async def introspect(self, client: Client) -> None:
        """A program asks about a phone's token, or about none of ours."""
        token = self._chance.choice(self._phones).access if self._phones else "nothing"
        token = token if self._chance.random() < 0.8 else f"nothing-{self._chance.random()}"
        answer = await client.post(f"{OAUTH}/introspect", data={**self._credentials, "token": token})
        assert answer.status_code == 200, answer.text

    async def call(self, client: Client) -> None:
        """The API with a phone's token."""
        await self._bear(client, "/rest/api/2/myself")

    async def verify(self, client: Client) -> None:
        """Forward authentication."""
        await self._bear(client, "/auth/verify")

    async def ask_how(self, client: Client) -> None:
        """What the app asks first, and what it says it is."""
        agent = f"Jira/{self._chance.randrange(1000)} (phone {self._chance.randrange(100_000)})"
        answer = await client.get("/rest/nativemobile/1.1/info/login", headers={"user-agent": agent})
        assert answer.status_code == 200, answer.text

    # People.

    async def sign_in_right(self, client: Client) -> None:
        """A browser of its own signs in, looks around, and mostly signs out."""
        person = self._somebody()
        async with self._people[person], Client(self._site.base) as browser:
            await self._sign_in(browser, person)
            page = await browser.get("/account/profile")
            assert page.status_code == 200
            action, fields = _form(page, "/logout")
            if self._chance.random() < 0.8:
                assert (await browser.post(action, data=fields)).status_code in (200, 303)
            self.requests += browser.asked

    async def sign_in_wrong(self, client: Client) -> None:
        """A wrong password, of somebody or of nobody."""
        name = self._chance.choice((GUESSED, f"nobody{self._chance.randrange(10**9)}"))
        async with Client(self._site.base) as browser:
            answer = await self._try_password(browser, name, "a wrong one")
            assert answer.status_code in (401, 429), answer.text
            self.requests += browser.asked

    async def ask_passkey(self, client: Client) -> None:
        """A challenge, and an answer to it that proves nothing."""
        async with Client(self._site.base) as browser:
            answer = await browser.get("/login/passkey")
            assert (answer.status_code, "publicKey" in answer.json()) == (200, True)
            answer = await browser.post("/login/passkey", data={"credential": "{}", "page_token": "x"})
            assert 400 <= answer.status_code < 500, answer.text
            self.requests += browser.asked

    async def show_page(self, client: Client) -> None:
        """The administrator's browser on every page in turn; it signs in anew once it is a new one."""
        if not client.http.cookies:
            await self._sign_in(client, "root")
        path = PAGES[self.acts["show_page"] % len(PAGES)]
        answer = await client.get(path)
        assert answer.status_code == (404 if path.endswith("nowhere") else 200), (path, answer.status_code)

    async def keep_links(self, client: Client) -> None:
        """A link is made, changed, suspended, given another secret, and deleted."""
        body = {"name": f"Link {self._chance.random()}", "redirects": [REDIRECT], "permission": "READ"}
        made = await client.request("POST", f"{OAUTH}/client", json=body, headers=self._as_admin)
        assert made.status_code == 201, made.text
        path = f"{OAUTH}/client/{made.json()['clientId']}"
        for method, ending, change in (
            ("PATCH", "", {"redirects": [f"{REDIRECT}/{self._chance.random()}"]}), ("POST", "/secret", {}),
            ("GET", "", None), ("DELETE", "", None),
        ):  # fmt: skip
            answer = await client.request(method, path + ending, json=change, headers=self._as_admin)
            assert answer.status_code in (200, 201, 204), (method, ending, answer.text)

    async def sign_phones_out(self, client: Client) -> None:
        """By an administrator: one of them by its number, or all of a person."""
        phones = await client.get(
            f"{REST}/phones", params={"limit": "20", "state": "signed_in"}, headers=self._as_admin
        )
        assert phones.status_code == 200, phones.text
        found = phones.json()["phones"]
        if found and self._chance.random() < 0.7:
            await self._sign_out(client, ids=[self._chance.choice(found)["id"]])
        else:
            person = self._somebody()
            async with self._people[person]:
                await self._sign_out(client, person=person)

    async def scrape(self, client: Client) -> None:
        """Prometheus, and whoever asks whether the site is well."""
        for path in ("/metrics", "/readyz", "/healthz"):
            assert (await client.get(path)).status_code == 200

    async def export_audit(self, client: Client) -> None:
        """The audit as a file, read to its end or broken off in the middle."""
        form = self._chance.choice(("jsonl", "csv"))
        asked = client.http.stream("GET", f"{REST}/audit-export", params={"format": form}, headers=self._as_admin)
        async with asked as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_bytes():
                if self._chance.random() < 0.2:
                    break
        client.asked += 1

    # Strangers and bad networks.

    async def be_slow(self, client: Client) -> None:
        """A head in small pieces with pauses, answered in the end; or one that never comes, until we are cut off."""
        head = f"GET /healthz HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n\r\n".encode()
        is_patient, told = self._chance.random() < 0.5, b""
        async with self._connected() as (reader, writer):
            for at in range(0, len(head) if is_patient else 20, 10):
                writer.write(head[at : at + 10])
                await asyncio.sleep(0.05)
            patience = PATIENCE if is_patient else min(LONGER_THAN_A_HEAD_MAY, self._longest_pause)
            with suppress(TimeoutError, ConnectionError):
                told = await asyncio.wait_for(reader.read(), patience)
        assert not is_patient or b" 200 " in told

    async def hang_up(self, client: Client) -> None:
        """In the middle of a head, of a body, of an answer, or at once."""
        body = f"POST {OAUTH}/token HTTP/1.1\r\nHost: {self._host}\r\n{FORM}Content-Length: 400\r\n\r\ngrant".encode()
        page = f"GET /login HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode()
        async with self._connected() as (_, writer):
            with suppress(ConnectionError):
                writer.write(self._chance.choice((b"", b"GET /login HTT", body, page, page * 20)))
                await writer.drain()
                await asyncio.sleep(self._chance.random() * 0.05)

    async def say_nonsense(self, client: Client) -> None:
        """What no client says: refused, and the connection is over."""
        async with self._connected() as (reader, writer):
            with suppress(ConnectionError):
                writer.write(self._chance.choice(MALFORMED))
                await writer.drain()
                told = await asyncio.wait_for(reader.read(100), PATIENCE)
                assert b"HTTP/1.1 4" in told or b"HTTP/1.1 5" in told or not told, told

    # What they have in common.

    @property
    def _host(self) -> str:
        return urlsplit(self._site.base).netloc

    def _somebody(self) -> str:
        return self._chance.choice(list(self._people))

    async def _sign_out(self, client: Client, **whom: object) -> None:
        answer = await client.request("POST", f"{REST}/phones/sign-out", json=whom, headers=self._as_admin)
        assert answer.status_code == 200, answer.text

    def _take(self) -> Phone | None:
        return self._phones.popleft() if self._phones else None

    def _authorization(self) -> dict[str, str]:
        return {
            "client_id": self._credentials["client_id"], "redirect_uri": REDIRECT, "response_type": "code",
            "code_challenge": pkce.challenge_of(VERIFIER), "code_challenge_method": "S256",
            "state": str(self._chance.random()),
        }  # fmt: skip

    async def _code(self, person: str) -> str:
        """What a browser brings back to the application, in which the person signs in and consents."""
        async with Client(self._site.base) as browser:
            await self._sign_in(browser, person)
            answer = await browser.get(f"{OAUTH}/authorize", params=self._authorization())
            while answer.status_code in (302, 303):
                answer = await browser.get(answer.headers["location"])
            action, fields = _form(answer, "/consent")
            answer = await browser.post(action, data={**fields, "decision": "allow"})
            self.requests += browser.asked
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def _token(self, client: Client, **form: str) -> httpx2.Response:
        return await client.post(f"{OAUTH}/token", data={**form, **self._credentials})

    async def _rotate(self, client: Client, phone: Phone) -> bool:
        """Whether it is still signed in; it has new tokens then, unless it was told to wait."""
        answer = await self._token(client, grant_type="refresh_token", refresh_token=phone.refresh)
        if answer.status_code == 200:
            phone.access, phone.refresh = answer.json()["access_token"], answer.json()["refresh_token"]
        else:
            assert answer.status_code in (400, 429), answer.text
        return answer.status_code != 400

    async def _outdated(self, client: Client, phone: Phone) -> str | None:
        """A token from before the last; None where the phone was told to wait, since the last but one may be shown
        again, or where it was signed out.
        """
        shown = [phone.refresh]
        for _ in range(2):
            if not await self._rotate(client, phone):
                return None
            shown.append(phone.refresh)
        return shown[0] if len(set(shown)) == len(shown) else None

    async def _bear(self, client: Client, path: str) -> None:
        token = self._chance.choice(self._phones).access if self._phones else "nothing"
        token = token if self._chance.random() < 0.9 else f"nothing-{self._chance.random()}"
        answer = await client.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 401), answer.text

    async def _try_password(self, browser: Client, name: str, password: str) -> httpx2.Response:
        page = await browser.get("/login")
        action, fields = _form(page, "/login")
        return await browser.post(action, data={**fields, "username": name, "password": password})

    async def _sign_in(self, browser: Client, name: str) -> None:
        answer = await self._try_password(browser, name, PASSWORD)
        assert answer.status_code == 303, answer.text

    def _connected(self) -> AbstractAsyncContextManager[Bare]:
        self.requests += 1
        return connected(self._site.port, self._chance)


def _form(page: httpx2.Response, ending: str) -> tuple[str, dict[str, str]]:
    """Where the form that leads to such an address goes, and what it brings itself. Asserts that it is there."""
    found = [form for form in forms_of(page.text) if form[0].endswith(ending)]
    assert found, (ending, page.status_code, page.text[-2000:])
    return found[0]
