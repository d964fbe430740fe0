"""kill -9 in the middle of writing: whatever was acknowledged is there, nothing is half there, and the site goes on."""

import signal
import subprocess
import sys
from pathlib import Path

from genkan.protocol.records import GrantState
from genkan.store.api import PhoneQuery
from genkan.store.sqlite import open_store
from genkan.store.sqlite_copy import fault_of
from tests.store.builders import an_env
from tests.workshop.tree import ROOT

KILLS = 3
LINES = 400


def run_until_killed(path: Path) -> list[list[str]]:
    """Start the child, read so many acknowledgements, kill it; all that it managed to say."""
    command = [sys.executable, "-m", "tests.store.crash_child", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(LINES)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return [line.decode().split() for line in said if line.endswith(b"\n")]


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Sign-ins, generations and ends, over several kills of processes on the same file."""
    path = tmp_path / "genkan.db"
    signed_in: set[str] = set()
    signed_out: set[str] = set()
    generations: dict[str, int] = {}
    for _ in range(KILLS):
        for word, grant_id, *rest in run_until_killed(path):
            if word == "in":
                signed_in.add(grant_id)
            elif word == "at":
                generations[grant_id] = int(rest[0])
            else:
                signed_out.add(grant_id)
        store = open_store(path, create=False, env=an_env())
        rows = {row.grant.id.hex(): row.grant for row in await store.phones(PhoneQuery(limit=100_000))}
        assert signed_in <= rows.keys()
        assert {g for g in signed_out if rows[g].state is not GrantState.ENDED} == set()
        assert {g for g, generation in generations.items() if rows[g].generation < generation} == set()
        assert len(await store.events(limit=100_000)) == len(rows), "a sign-in and its event are one write"
        await store.close()
        assert fault_of(path) is None
    assert len(signed_out) > KILLS
