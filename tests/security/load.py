"""Clients of one link that refresh, exchange and revoke without end, with a ledger of what was acknowledged to them."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx2

from genkan.wire import pkce
from tests.security.serving import Serving
from tests.site.world import VERIFIER, forms_of

PHONES = 12
REDIRECT = "https://client.example/cb"
PASSWORD = "correct horse battery"


@dataclass
class Phone:
    """A signed-in phone as its owner knows it: the last refresh token that was acknowledged."""

    token: str
    code: str
    revoke_sent: bool = False
    revoked: bool = False
    rotations: int = 0


@dataclass
class Ledger:
    """Everything that was acknowledged so far, and the codes whose answer was lost."""

    phones: list[Phone] = field(default_factory=list)
    unanswered_codes: list[str] = field(default_factory=list)
    refreshes: int = 0
    exchanges: int = 0
    revocations: int = 0
    successors: dict[str, set[str]] = field(default_factory=dict)


class Load:
    """Clients of one confidential link whose consent is remembered, so that a code is one request away."""

    def __init__(self, site: Serving, client_id: str, secret: str, chance: random.Random) -> None:
        self._base = site.base
        self.credentials = {"client_id": client_id, "client_secret": secret}
        self._query = {
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "code_challenge": pkce.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        self._chance = chance
        self.http = httpx2.AsyncClient(base_url=site.base, timeout=10)
        self.ledger = Ledger()

    @classmethod
    @contextlib.asynccontextmanager
    async def over(cls, site: Serving, chance: random.Random) -> AsyncIterator[Self]:
        """A load for alice through a link of its own, both made on this site by its commands, signed in already."""
        site.command("user", "add", "alice", "--password-stdin", given=PASSWORD)
        words = ("--name", "Load", "--redirect", REDIRECT, "--confidential", "--consent", "remember", "--json")
        made = json.loads(site.command("link", "create", *words))
        load = cls(site, made["clientId"], made["clientSecret"], chance)
        async with load.http:
            await load.sign_in()
            yield load

    async def sign_in(self) -> None:
        """Fill the sign-in page and allow the application once; it is remembered."""
        page = await self.http.get("/login")
        action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/login"))
        await self.http.post(action, data={**fields, "username": "alice", "password": PASSWORD})
        answer = await self.http.get("/rest/oauth2/latest/authorize", params=self._query, follow_redirects=True)
        action, fields = next(f for f in forms_of(answer.text) if "consent" in f[0])
        allowed = await self.http.post(action, data={**fields, "decision": "allow"})
        assert allowed.status_code == 303

    async def code(self) -> str:
        """A fresh authorization code."""
        answer = await self.http.get("/rest/oauth2/latest/authorize", params=self._query)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def exchange(self, code: str) -> httpx2.Response:
        """Redeem a code as a device of its own."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return await self._post("token", {**form, "device_id": code[-40:]})

    async def refresh(self, token: str) -> httpx2.Response:
        """Refresh once."""
        return await self._post("token", {"grant_type": "refresh_token", "refresh_token": token})

    def refreshing(self, token: str) -> dict[str, str]:
        """The form of a refresh, for whoever sends it elsewhere."""
        return {"grant_type": "refresh_token", "refresh_token": token, **self.credentials}

    async def _post(self, endpoint: str, form: dict[str, str]) -> httpx2.Response:
        return await self.http.post(f"/rest/oauth2/latest/{endpoint}", data={**form, **self.credentials})

    async def run(self) -> None:
        """Refresh, exchange and revoke without end, until the server is gone."""
        workers = [self._worker(number) for number in range(PHONES)]
        await asyncio.gather(*workers, return_exceptions=False)

    async def _worker(self, number: int) -> None:
        try:
            while True:
                mine = [p for p in self.ledger.phones[number::PHONES] if not p.revoke_sent]
                if not mine or self._chance.random() < 0.15:
                    await self._new_phone()
                elif self._chance.random() < 0.08:
                    await self._revoke(self._chance.choice(mine))
                else:
                    await self._rotate(self._chance.choice(mine))
        except httpx2.TransportError:
            return

    async def _new_phone(self) -> None:
        code = await self.code()
        self.ledger.unanswered_codes.append(code)
        answer = await self.exchange(code)
        assert answer.status_code == 200, answer.text
        self.ledger.unanswered_codes.remove(code)
        self.ledger.phones.append(Phone(answer.json()["refresh_token"], code))
        self.ledger.exchanges += 1

    async def _rotate(self, phone: Phone) -> None:
        shown = phone.token
        answer = await self.refresh(shown)
        if phone.revoke_sent or phone.token != shown:
            return
        assert answer.status_code == 200, answer.text
        self.acknowledge(phone, shown, answer.json()["refresh_token"])

    def acknowledge(self, phone: Phone, shown: str, successor: str) -> None:
        """The answer arrived: from now on it must hold."""
        self.ledger.successors.setdefault(shown, set()).add(successor)
        phone.token = successor
        phone.rotations += 1
        self.ledger.refreshes += 1

    async def _revoke(self, phone: Phone) -> None:
        phone.revoke_sent = True
        answer = await self._post("revoke", {"token": phone.token})
        assert answer.status_code == 200, answer.text
        phone.revoked = True
        self.ledger.revocations += 1

    async def check(self) -> None:
        """After a restart: every acknowledged token works, every acknowledged revocation holds, no code works twice."""
        for phone in self.ledger.phones:
            answer = await self.refresh(phone.token)
            if phone.revoked:
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
            elif not phone.revoke_sent:
                assert answer.status_code == 200, answer.text
                self.acknowledge(phone, phone.token, answer.json()["refresh_token"])
        for code in self.ledger.unanswered_codes:
            tries = [await self.exchange(code) for _ in range(2)]
            assert sum(answer.status_code == 200 for answer in tries) <= 1, "a code worked twice"
        self.ledger.unanswered_codes.clear()
        await self._show_codes_again()
        assert all(len(found) == 1 for found in self.ledger.successors.values()), "a token had two successors"

    async def _show_codes_again(self) -> None:
        """A used code is denied after the restart too, and showing it again ends what it made."""
        live = [phone for phone in self.ledger.phones if not phone.revoke_sent]
        for phone in live[:: max(1, len(live) // 2)]:
            answer = await self.exchange(phone.code)
            assert answer.status_code == 400, answer.text
            phone.revoke_sent = True
