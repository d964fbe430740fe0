"""Concurrent refreshes, uses and sign-outs over two nodes: every history is one that the rules explain (promises
2 to 4).
"""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
import pytest

from genkan.protocol.records import Link
from genkan.protocol.sealing import Handle
from tests.security.history import Operation, Verb, explained
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

PHONES = 24
TASKS = 4
CALLS = 10


@dataclass
class Shared:
    """One grant's tokens as several programs of one phone hold them, and everything that happened to it."""

    refresh_tokens: dict[int, str]
    access_tokens: dict[int, str]
    history: list[Operation] = field(default_factory=list)
    successors: dict[int, set[str]] = field(default_factory=dict)


class Run:
    """Random programs against two nodes over one store; a tick of ``time`` stands for a moment."""

    # Whether a node may say 503, which promises that nothing was done.
    may_refuse = False

    def __init__(self, nodes: list[SiteUnderTest], link: Link, chance: random.Random) -> None:
        self._nodes = nodes
        self._link = link
        self._chance = chance
        self._time = count(1)

    async def program(self, phone: Shared) -> None:
        """Ten calls, mostly refreshes with the newest token known, some with older ones, some answers lost."""
        for _ in range(CALLS):
            choice = self._chance.random()
            if choice < 0.70:
                await self._refresh(phone)
            elif choice < 0.98:
                await self._use(phone)
            else:
                await self._end(phone)
            await asyncio.sleep(0)

    def _pick(self, tokens: dict[int, str]) -> int:
        newest = max(tokens)
        back = self._chance.choices((0, 1, 2), weights=(80, 18, 2))[0]
        return max((g for g in tokens if g <= newest - back), default=newest)

    async def _refresh(self, phone: Shared) -> None:
        shown, invoked = self._pick(phone.refresh_tokens), next(self._time)
        answer = await (await self._node()).refresh(phone.refresh_tokens[shown], self._link)
        returned = next(self._time)
        if self._is_refused(answer):
            return
        if self._chance.random() < 0.2:
            phone.history.append(Operation(Verb.REFRESH, shown, None, invoked, returned, lost=True))
            return
        told = None
        if answer.status_code == 200:
            document = answer.json()
            told = self._generation(document["refresh_token"])
            phone.refresh_tokens[told] = document["refresh_token"]
            phone.access_tokens[told] = document["access_token"]
            phone.successors.setdefault(shown, set()).add(document["refresh_token"])
        else:
            assert answer.json()["error"] == "invalid_grant", answer.text
        phone.history.append(Operation(Verb.REFRESH, shown, told, invoked, returned))

    async def _use(self, phone: Shared) -> None:
        shown, invoked = self._pick(phone.access_tokens), next(self._time)
        answer = await (await self._node()).verify(phone.access_tokens[shown])
        if self._is_refused(answer):
            return
        told = int(answer.status_code != 401)
        phone.history.append(Operation(Verb.USE, shown, told, invoked, next(self._time)))

    async def _end(self, phone: Shared) -> None:
        shown, invoked = self._pick(phone.refresh_tokens), next(self._time)
        node = await self._node()
        form = {"token": phone.refresh_tokens[shown], "client_id": self._link.client_id}
        answer = await node.client.post(f"{node.base}/rest/oauth2/latest/revoke", data=form)
        if self._is_refused(answer):
            return
        assert answer.status_code == 200
        phone.history.append(Operation(Verb.END, shown, None, invoked, next(self._time)))

    def _is_refused(self, answer: httpx2.Response) -> bool:
        return self.may_refuse and answer.status_code == 503

    async def _node(self) -> SiteUnderTest:
        # What comes over a network is read in a turn of its own, and each node reads under one snapshot a turn.
        await asyncio.sleep(0)
        return self._chance.choice(self._nodes)

    def _generation(self, token: str) -> int:
        handle = self._nodes[0].door.sealer.open_token(token)
        assert isinstance(handle, Handle)
        return handle.generation


async def _phone(site: SiteUnderTest, link: Link) -> Shared:
    site.client.cookies.clear()
    tokens = await site.issue_tokens(link)
    return Shared({0: str(tokens["refresh_token"])}, {0: str(tokens["access_token"])})


@pytest.mark.parametrize("seed", range(3))
async def test_every_history_can_be_explained(tmp_path: Path, seed: int) -> None:
    """Four programs a phone, two nodes, a fifth of the answers lost: linearizable, and one successor a predecessor."""
    env = TestClock()
    first = await open_site(tmp_path, env, rotations_per_second=0)
    second = await open_site(tmp_path, env, first.ring[-1], rotations_per_second=0)
    try:
        await first.make_account()
        link = await first.turn_mobile_on()
        phones = [await _phone(first, link) for _ in range(PHONES)]
        run = Run([first, second], link, random.Random(seed))
        await asyncio.gather(*(run.program(phone) for phone in phones for _ in range(TASKS)))
        for phone in phones:
            assert explained(phone.history), phone.history
            assert all(len(found) == 1 for found in phone.successors.values())
    finally:
        await close_site(second)
        await close_site(first)


def _operation(verb: Verb, shown: int, told: int | None, at: int) -> Operation:
    return Operation(verb, shown, told, at, at)


@pytest.mark.parametrize(
    "broken",
    [
        [_operation(Verb.REFRESH, 0, 1, 1), _operation(Verb.REFRESH, 0, 2, 2)],
        [_operation(Verb.END, 0, None, 1), _operation(Verb.REFRESH, 0, 1, 2)],
        [_operation(Verb.END, 0, None, 1), _operation(Verb.USE, 0, 1, 2)],
        [_operation(Verb.REFRESH, 0, 1, 1), _operation(Verb.USE, 0, 1, 2)],
        [_operation(Verb.REFRESH, 0, 1, 1), _operation(Verb.REFRESH, 1, None, 2)],
        [_operation(Verb.REFRESH, 0, 1, 1), _operation(Verb.REFRESH, 1, 2, 2), _operation(Verb.REFRESH, 0, 2, 3)],
    ],
    ids=[
        "two successors",
        "refresh after end",
        "use after end",
        "old access",
        "lost without reason",
        "replay honoured",
    ],
)
def test_the_checker_finds_what_is_wrong(broken: list[Operation]) -> None:
    """The checker is no rubber stamp: each broken promise is a history that it cannot explain."""
    assert not explained(broken)


def test_the_checker_accepts_what_is_right() -> None:
    """A rotation, its retry, a use, a replay that ends it, and a refusal after that."""
    right = [
        _operation(Verb.REFRESH, 0, 1, 1),
        _operation(Verb.REFRESH, 0, 1, 2),
        _operation(Verb.USE, 1, 1, 3),
        _operation(Verb.REFRESH, 1, 2, 4),
        _operation(Verb.REFRESH, 0, None, 5),
        _operation(Verb.REFRESH, 2, None, 6),
    ]
    assert explained(right)
