"""Several processes on one file: the serving one and the commands beside it, each with locks of its own."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from genkan.protocol.env import HOUR
from genkan.protocol.records import Grant
from genkan.store.api import PhoneQuery
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, a_grant, added, an_env, redeemed, rotated
from tests.store.race_child import ACCOUNT, CODES, LINK
from tests.store.reading import the_row
from tests.workshop.tree import ROOT

PROCESSES = 3


def race(path: Path) -> list[dict[str, Any]]:
    """Start them all, let them go at once, and read what each of them got."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.store.race_child", str(path), f"process {number}"],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(PROCESSES)
        ]
        assert [child.stdout.readline() for child in children if child.stdout] == ["ready\n"] * PROCESSES
        for child in children:
            if child.stdin:
                child.stdin.write("go\n")
                child.stdin.flush()
        said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES
    return [json.loads(text) for text in said]


async def test_processes_never_share_a_code_or_a_successor(tmp_path: Path) -> None:
    """Each code is redeemed by one of them, each row rotated by one of them, and that one's write is what stands."""
    path = tmp_path / "genkan.db"
    store = open_store(path, create=True, env=an_env())
    assert await store.apply(added(ACCOUNT, LINK))
    got = race(path)
    assert sum(one["redeemed"] for one in got) == CODES
    winners = Counter(grant_id for one in got for grant_id in one["rotated"])
    assert set(winners.values()) == {1}
    rows = {row.grant.id.hex(): row.grant for row in await store.phones(PhoneQuery(limit=1_000))}
    assert len(rows) == CODES
    assert {grant_id for grant_id, row in rows.items() if row.generation == 1} == set(winners)
    stands = {(f"process {number}", g) for number, one in enumerate(got) for g in one["rotated"]}
    assert stands == {(row.user_agent, grant_id) for grant_id, row in rows.items() if row.generation == 1}
    assert len(await store.events(limit=1_000)) == CODES
    await store.close()


async def _on_duty_until(done: asyncio.Event, store: SqliteStore, grants: list[Grant]) -> int:
    """A busy server that takes the claim whenever it is free. How many rows it knew without a look."""
    chance, sure = random.Random(1), 0
    while not done.is_set():
        await store.on_duty()
        for grant in chance.sample(grants, 20):
            await store.site()
            sure += store._known.sure_grant(grant.id) is not None
            row = await the_row(store, grant)
            if not row.reason and chance.random() < 0.1:
                await store.apply(rotated(row, NOW + HOUR))
        await asyncio.sleep(0)
    return sure


async def test_what_another_process_acknowledged_is_in_the_next_answer(tmp_path: Path) -> None:
    """A server that holds the claim and knows all rows, and commands that write beside it, one after the other."""
    path = tmp_path / "genkan.db"
    store = open_store(path, create=True, env=an_env())
    assert await store.apply(added(ACCOUNT, LINK))
    served, theirs = ([a_grant(ACCOUNT, LINK) for _ in range(60)] for _ in range(2))
    for grant in served + theirs:
        assert await store.apply(redeemed(grant))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.claim_child", str(path), cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    done = asyncio.Event()
    serving = asyncio.create_task(_on_duty_until(done, store, served))
    try:
        for grant in theirs:
            for verb in ("refresh", "end"):
                assert not (await the_row(store, grant)).reason
                child.stdin.write(f"{verb} {grant.id.hex()}\n".encode())
                assert await child.stdout.readline()
                row = await the_row(store, grant)
                assert (row.generation, bool(row.reason)) == (1, verb == "end")
    finally:
        done.set()
        sure = await serving
        child.stdin.close()
        await child.wait()
        await store.close()
    assert sure
    assert child.returncode == 0
