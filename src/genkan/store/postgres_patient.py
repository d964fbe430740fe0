"""Connections for work that nobody waits for: a move, a trial. Their statements may take their time; no lock is waited
for, since nobody may hold one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from genkan.store.api import CannotOpen, StoreAway
from genkan.store.postgres_connection import CONNECT_SECONDS, is_away, is_machine, why_closed

_SESSION = {
    "statement_timeout": "0",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "0",
    "synchronous_commit": "on",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the primary under an application's name. Raises CannotOpen, StoreAway where it may do later."""
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, server_settings={**_SESSION, "application_name": name},
            target_session_attrs="primary",
        )  # fmt: skip
    except (ValueError, asyncpg.ClientConfigurationError) as fault:
        raise CannotOpen(f"the PostgreSQL database cannot be opened: {why_closed(fault)}") from None
    except Exception as fault:
        if is_machine(fault):
            raise _kind(fault)(f"the PostgreSQL database cannot be opened: {why_closed(fault)}") from fault
        raise
    try:
        yield connection
    except Exception as fault:
        if is_machine(fault):
            what = "was lost" if is_away(fault) else "does not allow it"
            raise _kind(fault)(f"the PostgreSQL database {what}: {fault}") from fault
        raise
    finally:
        try:
            await connection.close(timeout=5.0)
        except Exception:  # noqa: BLE001 what was not committed is gone either way
            connection.terminate()


def _kind(fault: Exception) -> type[CannotOpen]:
    return StoreAway if is_away(fault) else CannotOpen
