"""Several processes on one file: the serving one and the commands beside it, each with locks of its own."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from genkan.store.api import PhoneQuery
from genkan.store.sqlite import open_store
from tests.store.builders import added, an_env
from tests.store.race_child import ACCOUNT, CODES, LINK
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
