"""Four processes on PostgreSQL, one of each node killed and then PostgreSQL itself, under concurrent refreshes, uses
and sign-outs: every history is one that the rules explain (promises 1 to 4 of security.md).
"""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
import pytest

from genkan.protocol.sealing import Handle, Sealer
from tests.postgres import Server, running_postgres
from tests.security.history import Operation, Verb, explained
from tests.security.load import Load
from tests.security.test_nodes import SECONDS, Nodes, two_nodes
from tests.security.test_postgres_crash import a_load

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.xdist_group("crash")]

PHONES = 8
PROGRAMS = 3
CALLS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """With fsync: what it says is written is on the disk."""
    with running_postgres(("autovacuum=off",)) as server:
        yield server


@pytest.fixture
def nodes(server: Server, tmp_path: Path) -> Iterator[Nodes]:
    """Both nodes; the retry stays open for as long as the test runs, as the model has it."""
    with two_nodes(server, tmp_path, GENKAN_RETRY_WINDOW_SECONDS="3600") as nodes:
        yield nodes


@dataclass
class Shared:
    """One grant's tokens as several programs of one phone hold them, and everything that happened to it."""

    refresh_tokens: dict[int, str]
    access_tokens: dict[int, str]
    history: list[Operation] = field(default_factory=list)
    successors: dict[int, set[str]] = field(default_factory=dict)


class Run:
    """Random programs against all nodes; a tick of ``time`` stands for a moment."""

    def __init__(self, nodes: Nodes, load: Load, sealer: Sealer, chance: random.Random) -> None:
        self._bases = [nodes.first.base_here, nodes.second.base_here]
        self._load = load
        self._sealer = sealer
        self._chance = chance
        self._time = count(1)
        self.done = 0
        self.lost = 0
        self.http = httpx2.AsyncClient(timeout=15)

    async def program(self, phone: Shared) -> None:
        """Some calls, mostly refreshes with the newest token known, some with older ones, some answers lost."""
        for _ in range(CALLS):
            choice = self._chance.random()
            verb = Verb.REFRESH if choice < 0.75 else Verb.USE if choice < 0.985 else Verb.END
            await self._call(verb, phone)
            self.done += 1

    async def _call(self, verb: Verb, phone: Shared) -> None:
        tokens = phone.access_tokens if verb is Verb.USE else phone.refresh_tokens
        shown, invoked = self._pick(tokens), next(self._time)
        answer = await self._ask(verb, tokens[shown])
        returned = next(self._time)
        if answer is None or self._chance.random() < 0.05:
            if verb is not Verb.USE:
                phone.history.append(Operation(verb, shown, None, invoked, returned, lost=True))
            if answer is None:
                self.lost += 1
                await self.ready()
            return
        phone.history.append(Operation(verb, shown, self._told(verb, phone, shown, answer), invoked, returned))

    async def _ask(self, verb: Verb, token: str) -> httpx2.Response | None:
        """The answer; None where none came, or where the site says that it cannot tell."""
        base = self._chance.choice(self._bases)
        try:
            if verb is Verb.USE:
                answer = await self.http.get(f"{base}/auth/verify", headers={"authorization": f"Bearer {token}"})
            else:
                path, form = ("token", self._load.refreshing(token)) if verb is Verb.REFRESH else (
                    "revoke", {**self._load.credentials, "token": token}
                )  # fmt: skip
                answer = await self.http.post(f"{base}/rest/oauth2/latest/{path}", data=form)
        except httpx2.TransportError:
            return None
        assert answer.status_code in (200, 400, 401, 503), answer.text
        assert answer.status_code != 503 or "retry-after" in answer.headers
        return None if answer.status_code == 503 else answer

    def _told(self, verb: Verb, phone: Shared, shown: int, answer: httpx2.Response) -> int | None:
        if verb is Verb.USE:
            return int(answer.status_code == 200)
        if verb is Verb.END or answer.status_code != 200:
            assert verb is Verb.END or answer.json()["error"] == "invalid_grant", answer.text
            return None
        document = answer.json()
        told = self._generation(document["refresh_token"])
        phone.refresh_tokens[told] = document["refresh_token"]
        phone.access_tokens[told] = document["access_token"]
        phone.successors.setdefault(shown, set()).add(document["refresh_token"])
        return told

    async def ready(self) -> None:
        """Wait until both nodes take requests again."""
        async with asyncio.timeout(SECONDS):
            for base in self._bases:
                while not await self._is_ready(base):
                    await asyncio.sleep(0.05)

    async def _is_ready(self, base: str) -> bool:
        try:
            return (await self.http.get(f"{base}/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    def _pick(self, tokens: dict[int, str]) -> int:
        newest = max(tokens)
        back = self._chance.choices((0, 1, 2), weights=(85, 13, 2))[0]
        return max((g for g in tokens if g <= newest - back), default=newest)

    def _generation(self, token: str) -> int:
        handle = self._sealer.open_token(token)
        assert isinstance(handle, Handle)
        return handle.generation


def kill_a_worker(nodes: Nodes) -> None:
    """One of each node's, as the machine does that has no memory left."""
    for node in (nodes.first, nodes.second):
        assert node.process is not None
        pid = node.process.pid
        os.kill(int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]), signal.SIGKILL)


async def test_every_history_can_be_explained(nodes: Nodes, server: Server) -> None:
    """Whatever is killed: one successor a predecessor, nothing acknowledged lost, nothing that ended comes back."""
    load = a_load(nodes.first)
    run = Run(nodes, load, Sealer(nodes.ring, nodes.site_id), random.Random(11))
    try:
        await load.sign_in()
        phones = []
        for _ in range(PHONES):
            document = (await load.exchange(await load.code())).json()
            phones.append(Shared({0: document["refresh_token"]}, {0: document["access_token"]}))
        programs = [asyncio.create_task(run.program(phone)) for phone in phones for _ in range(PROGRAMS)]
        whole = PHONES * PROGRAMS * CALLS
        await reached(run, whole // 4, programs)
        await asyncio.to_thread(kill_a_worker, nodes)
        await reached(run, whole // 2, programs)
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.start)
        await asyncio.gather(*programs)
        assert run.lost
        for phone in phones:
            assert explained(phone.history), phone.history
            assert all(len(found) == 1 for found in phone.successors.values())
        assert "WRONG" not in nodes.first.command("audit", "verify")
    finally:
        await run.http.aclose()
        await load.http.aclose()


async def reached(run: Run, calls: int, programs: list[asyncio.Task[None]]) -> None:
    """Wait until so much was done; a program that failed is told at once."""
    async with asyncio.timeout(2 * SECONDS):
        while run.done < calls:
            for program in programs:
                if program.done():
                    program.result()
            await asyncio.sleep(0.01)
