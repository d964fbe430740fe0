"""Another process that ends and refreshes sign-ins one by one, as it is told, and says each once it is durable."""

import asyncio
import sys
from pathlib import Path

from genkan.protocol.env import HOUR
from genkan.store.sqlite import open_store
from tests.store.builders import NOW, an_env, ended, rotated


async def main(path: Path) -> None:
    """A line on standard input names a grant and what becomes of it; the same line is the answer."""
    store = open_store(path, create=False, env=an_env())
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, grant_id = line.split()
        grant = (await store.grant_facts(bytes.fromhex(grant_id))).grant
        assert grant is not None
        assert await store.apply(ended(grant) if verb == "end" else rotated(grant, NOW + HOUR))
        print(verb, grant_id, flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
