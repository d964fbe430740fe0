"""One of several processes that want the same: redeem the same codes, refresh the same rows; it says what it got."""

import asyncio
import json
import sys
from pathlib import Path

from genkan.protocol.outcomes import Rotated
from genkan.store.sqlite import open_store
from tests.store.builders import NOW, a_grant, a_link, an_account, an_env, redeemed, successor
from tests.store.reading import the_row

CODES = 100
ACCOUNT = an_account("the same", id=4711)
LINK = a_link(id=4712, client_id="the same")
GRANTS = [a_grant(ACCOUNT, LINK, id=number.to_bytes(16, "big")) for number in range(CODES)]


async def main(path: Path, name: str) -> None:
    """Everything at once, as soon as a line arrives on standard input."""
    store = open_store(path, create=False, env=an_env())
    await store.site()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    taken = await asyncio.gather(*(store.apply(redeemed(grant)) for grant in GRANTS))
    rows = [await the_row(store, grant) for grant in GRANTS]
    first = [row for row in rows if row.generation == 0]
    moved = await asyncio.gather(
        *(store.apply(Rotated(row, successor(row, NOW + 1, user_agent=name))) for row in first)
    )
    await store.close()
    print(json.dumps({"redeemed": sum(taken), "rotated": [r.id.hex() for r, m in zip(first, moved, strict=True) if m]}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
