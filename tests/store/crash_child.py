"""A process to be killed: signs in, refreshes, signs out without end, and says each thing once it is acknowledged."""

import asyncio
import os
import sys
from pathlib import Path

from genkan.protocol.outcomes import EndGrant
from genkan.protocol.reasons import EndReason
from genkan.store import sqlite_writing
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, a_change, a_grant, a_link, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_row

PHONES = 16
# Often enough that it is killed while the log is moved, too.
sqlite_writing.CHECKPOINT_AFTER = 50


def say(*words: object) -> None:
    """One line, in one system call, so that what was read was said whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def phone(store: SqliteStore) -> None:
    """One phone after the other: in, five refreshes, out."""
    account, link = an_account(os.urandom(8).hex()), a_link()
    assert await store.apply(added(account, link))
    while True:
        grant = a_grant(account, link)
        assert await store.apply(redeemed(grant))
        say("in", grant.id.hex())
        for generation in range(1, 6):
            row = await the_row(store, grant)
            assert await store.apply(rotated(row, NOW + generation))
            say("at", grant.id.hex(), generation)
        assert await store.apply(a_change(EndGrant(grant.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW)))
        say("out", grant.id.hex())


async def main(path: Path) -> None:
    """Until killed."""
    store = open_store(path, create=True, env=an_env())
    await asyncio.gather(*(phone(store) for _ in range(PHONES)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
