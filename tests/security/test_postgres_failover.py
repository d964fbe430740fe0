"""A real streaming replica takes over: synchronous, nothing acknowledged is lost; asynchronous, exactly what the manual
says is lost, the site says so itself, and healing brings the phones back.
"""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import Server, Standby, running_postgres, running_standby
from tests.security.load import Load, Phone
from tests.security.serving import Serving
from tests.security.test_postgres_crash import a_load, refresh_until

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.xdist_group("crash"), pytest.mark.long]

DURABLE = ("autovacuum=off",)
SECONDS = 60


@dataclass
class Pair:
    """Primary and standby, and a site of two workers that is told of both."""

    primary: Server
    standby: Standby
    site: Serving

    async def fail_over(self) -> None:
        """The primary dies as with its machine, and the standby is promoted."""
        await asyncio.to_thread(self.primary.stop, signal.SIGQUIT)
        await asyncio.to_thread(self.standby.promote)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Both run, and the site serves; gone at the end."""
    with running_postgres(DURABLE) as primary, running_standby(primary, DURABLE) as standby:
        primary.a_database("site")
        both = f"postgresql://genkan@/site?host={primary.folder},{standby.folder}&target_session_attrs=read-write"
        site = Serving(
            tmp_path, GENKAN_DATABASE_URL=both, GENKAN_SECRET_FILE=str(tmp_path / "ring.json"), GENKAN_WORKERS="2",
            GENKAN_ROTATIONS_PER_SECOND="0",
        )  # fmt: skip
        site.start()
        try:
            yield Pair(primary, standby, site)
        finally:
            site.kill()


async def until(holds: object) -> None:
    """Wait for something that takes real programs a while."""
    async with asyncio.timeout(SECONDS):
        while not await holds():  # type: ignore[operator]
            await asyncio.sleep(0.05)


async def some_phones(load: Load, many: int) -> list[Phone]:
    """So many that are signed in."""
    await load.sign_in()
    for _ in range(many):
        await load._new_phone()
    return load.ledger.phones[-many:]


async def test_a_synchronous_replica_has_all_that_was_acknowledged(pair: Pair) -> None:
    """Phones refresh all the while; the site finds the new primary by itself, and every token holds."""
    load = a_load(pair.site)
    try:
        pair.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        pair.primary.sql("SELECT pg_reload_conf()")

        async def is_synchronous() -> bool:
            return pair.primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync"

        await until(is_synchronous)
        phones = await some_phones(load, 8)
        over = asyncio.Event()
        refreshing = [asyncio.create_task(refresh_until(over, load, phone)) for phone in phones]

        async def so_many(more: int) -> None:
            wanted = load.ledger.refreshes + more

            async def are_done() -> bool:
                return load.ledger.refreshes >= wanted

            await until(are_done)

        await so_many(50)
        await pair.fail_over()
        await so_many(50)
        over.set()
        await asyncio.gather(*refreshing)
        await load.check()

        async def is_ready() -> bool:
            return (await load.http.get("/readyz")).status_code == 200

        await until(is_ready)  # what is found out by a round is not known at once
    finally:
        await load.http.aclose()


async def test_an_asynchronous_replica_lacks_the_last_and_the_site_says_so(pair: Pair) -> None:
    """Lost are the writes that had not come over: rotations are seen to be lost (`store_behind`, not ready, nobody is
    signed out for it), a sign-out is undone, a sign-in is gone. Healing lets the phones go on.
    """
    load = a_load(pair.site)
    passphrase = pair.site.folder / "passphrase"
    passphrase.write_text("a long enough passphrase for a test")
    passphrase.chmod(0o600)
    backup = pair.site.folder / "site.backup"
    try:
        kept, rotated, signed_out = await some_phones(load, 3)
        pair.site.command("backup", str(backup), "--passphrase-file", str(passphrase))
        await came_over(pair)
        await asyncio.to_thread(pair.standby.cut)
        await until(lambda: heard_nothing(pair))
        for _ in range(2):
            shown = rotated.token
            load.acknowledge(rotated, shown, (await load.refresh(shown)).json()["refresh_token"])
        await load._revoke(signed_out)
        await load._new_phone()
        newest = load.ledger.phones[-1]
        await pair.fail_over()
        await until(lambda: answers(load, kept))
        behind = await load.refresh(rotated.token)
        assert (behind.status_code, "retry-after" in behind.headers) == (503, True)
        ready = await load.http.get("/readyz")
        assert ready.status_code == 503
        assert any("behind" in reason for reason in ready.json()["reasons"])
        assert (await load.refresh(signed_out.token)).status_code == 200
        assert (await load.refresh(newest.token)).status_code in (400, 503)
        await asyncio.to_thread(pair.site.stop)
        pair.site.command("restore", str(backup), "--heal", "--passphrase-file", str(passphrase))
        await asyncio.to_thread(pair.site.start)
        assert (await load.refresh(rotated.token)).status_code == 200
        assert (await load.refresh(kept.token)).status_code == 200
        assert (await load.refresh(newest.token)).status_code == 400
        assert (await load.http.get("/readyz")).status_code == 200
    finally:
        await load.http.aclose()


async def came_over(pair: Pair) -> None:
    """Wait until the standby has all that there is."""

    async def has_all() -> bool:
        behind = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_flush_lsn()"
        return pair.primary.sql(behind) == "1"

    await until(has_all)


async def heard_nothing(pair: Pair) -> bool:
    """Whether the standby has let go of the primary."""
    return pair.standby.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0"


async def answers(load: Load, phone: Phone) -> bool:
    """Whether a phone is served; its newest token is kept."""
    answer = await load.refresh(phone.token)
    if answer.status_code == 200:
        phone.token = answer.json()["refresh_token"]
    return answer.status_code == 200
