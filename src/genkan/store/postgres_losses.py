"""What a site has that a copy of it has not, told by comparing two PostgreSQL databases: what counts of the present one
is laid beside the copy for a moment, and taken back. The present one is only read.
"""

import asyncpg

from genkan.store.api import CannotOpen, StoreAway
from genkan.store.names import named
from genkan.store.postgres_patient import connected
from genkan.store.postgres_words import spelled
from genkan.store.sqlite_losses import NEWER, Losses

_SITE = "SELECT site_id FROM site"
_COMPARED = {
    "grants": ("id", "generation", "state"),
    "links": ("id", "version"),
    "accounts": ("id", "version"),
    "api_keys": ("id", "revoked_at"),
    "stops": ("subject", "number", "counter"),
    "audit": ("id",),
}
_LIKE = "CREATE UNLOGGED TABLE present.{table} AS SELECT {columns} FROM {table} WITH NO DATA"
_ALL = "SELECT {columns} FROM {table}"
_LATER = "SELECT {columns} FROM {table} WHERE id > $1"
_ROWS_AT_ONCE = 5_000
_NAME = "genkan-verify"


async def losses(copy: str, present: str, last_event: int) -> Losses | None:
    """``last_event`` is the last line of the audit that the backup has: its copy may have been written to since.

    None where the two are different sites, or the present one cannot be read: then nobody can know.
    """
    async with connected(copy, _NAME) as here:
        if await _site_id(present) != await here.fetchval(_SITE):
            return None
        async with connected(present, _NAME) as there, there.transaction(isolation="repeatable_read", readonly=True):
            return await _compared(here, there, last_event)


async def _site_id(url: str) -> bytes | None:
    """None where there is no site that this role may read."""
    try:
        async with connected(url, _NAME) as db:
            found: bytes | None = await db.fetchval(_SITE)
            return found
    except StoreAway:
        raise
    except CannotOpen:
        return None


async def _compared(here: asyncpg.Connection, there: asyncpg.Connection, last_event: int) -> Losses:
    taken_back = here.transaction()
    await taken_back.start()
    try:
        await here.execute("CREATE SCHEMA present")
        for table, columns in _COMPARED.items():
            like = named(_LIKE, table=table, columns=columns)
            await here.execute(like)
            if table == "audit":
                found = there.cursor(named(_LATER, table=table, columns=columns), last_event, prefetch=_ROWS_AT_ONCE)
            else:
                found = there.cursor(named(_ALL, table=table, columns=columns), prefetch=_ROWS_AT_ONCE)
            await here.copy_records_to_table(table, schema_name="present", records=found)
        return Losses(*await here.fetchrow(spelled(NEWER).text, last_event))
    finally:
        await taken_back.rollback()
