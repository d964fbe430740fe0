"""A process to be killed: writes lines of the audit and seals them without end, and tells each head once it is kept."""

import asyncio
import os
import sys
from pathlib import Path

from genkan.outside.ring_file import read_ring
from genkan.protocol.audit import AuditKeys
from genkan.protocol.outcomes import Change
from genkan.protocol.ring import Ring
from genkan.store.audit_rounds import NODE, seal_step
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, an_env, an_event


def say(*words: object) -> None:
    """One line, in one system call, so that what was read was said whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def write(store: SqliteStore, name: str) -> None:
    """Lines, each said once it is acknowledged."""
    number = 0
    while True:
        assert await store.apply(Change((), (an_event(detail=f"{name} {number}"),)))
        say("told", name, number)
        number += 1


async def seal(store: SqliteStore, keys: AuditKeys) -> None:
    """Whatever waits."""
    while True:
        if (segment := await seal_step(store, keys, NODE, NOW)) is not None:
            say("head", segment.head.hex())
        await asyncio.sleep(0.001)


async def main(folder: Path, name: str) -> None:
    """Until killed."""
    store = open_store(folder / "genkan.sqlite3", create=False, env=an_env())
    ring = read_ring(folder / "secrets.json")
    assert isinstance(ring, Ring)
    keys = AuditKeys(ring, (await store.site()).site_id)
    await asyncio.gather(write(store, name), seal(store, keys))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
