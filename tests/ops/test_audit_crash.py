"""kill -9 between writing and sealing, with two processes at it: no line is lost, no head is undone, all verifies."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from genkan.main import load_ring
from genkan.protocol.audit import AuditKeys
from genkan.store.audit_rounds import NODE, seal_all
from genkan.store.audit_walk import verify
from genkan.store.sqlite import open_store
from tests.store.builders import NOW, an_env
from tests.workshop.tree import ROOT

LINES = 60


def run_until_killed(folder: Path) -> list[list[str]]:
    """Two processes on one store, killed in the middle; all that they managed to say."""
    said: list[bytes] = []
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.ops.seal_child", str(folder), name], cwd=ROOT, stdout=subprocess.PIPE
                )
            )
            for name in ("server", "command")
        ]
        for child in children:
            said += heard(child)
        for child in children:
            child.send_signal(signal.SIGKILL)
            assert child.stdout is not None
            said += child.stdout.readlines()
    return [line.decode().split() for line in said if line.endswith(b"\n")]


def heard(child: subprocess.Popen[bytes]) -> list[bytes]:
    """So many lines and until a segment was sealed, however slow the machine is. Who is not listened to stops soon, and
    is in nobody's way then.
    """
    assert child.stdout is not None
    said: list[bytes] = []
    while len(said) < LINES or not any(line.startswith(b"head") for line in said):
        said.append(child.stdout.readline())
        assert said[-1], "it ended by itself"
    return said


async def test_a_kill_between_writing_and_sealing_loses_nothing(tmp_path: Path) -> None:
    """Twice over: every acknowledged line is there, every head that was told is in the chain, what waited is sealed."""
    store = open_store(tmp_path / "genkan.sqlite3", create=True, env=an_env())
    keys = AuditKeys(await load_ring(store, tmp_path / "secrets.json"), (await store.site()).site_id)
    await store.close()
    told: list[str] = []
    heads: set[str] = set()
    for _ in range(2):
        for word, *rest in run_until_killed(tmp_path):
            if word == "head":
                heads.add(rest[0])
            else:
                told.append(" ".join(rest))
        store = open_store(tmp_path / "genkan.sqlite3", create=False, env=an_env())
        assert (await verify(store, keys, NODE)).good
        await seal_all(store, keys, NODE, NOW)
        verdict = await verify(store, keys, NODE)
        lines = [line.detail for line in await store.audit_lines(None, 100_000)]
        assert heads <= {segment.head.hex() for segment in await store.segments(NODE, 0, 100_000)}
        assert sorted(set(told) - set(lines)) == []
        assert (verdict.faults, verdict.unsealed, verdict.lines) == ((), 0, len(lines))
        await store.close()
    assert len(heads) > 2
