"""A PostgreSQL that goes away, restarts or is locked: clear faults in bounded time, nothing half done, and recovery."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import asyncpg
import pytest
from msgspec import structs

from genkan.protocol.outcomes import OpenSession, PutAccount, RaiseStop, Subject, Writable
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, GrantState, Link
from genkan.store import postgres_connection, postgres_open
from genkan.store.api import StoreUnavailable, Tally
from genkan.store.postgres import PostgresStore, open_store
from tests.postgres import Server, running_postgres
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    a_session,
    added,
    an_account,
    an_env,
    ended,
    redeemed,
    rotated,
)
from tests.store.reading import the_row

pytestmark = pytest.mark.needs("postgres")


@dataclass
class Site:
    """A store with somebody signed in, and its server."""

    server: Server
    store: PostgresStore
    account: Account
    link: Link
    grant: Grant

    def kill_connections(self) -> None:
        """All of the store's, as a restart of the server does."""
        self.server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'genkan'", "faults"
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_postgres() as server:
        server.a_database("faults")
        yield server


@pytest.fixture
async def site(server: Server) -> AsyncIterator[Site]:
    store = open_store(server.url("faults"), create=False, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)
    assert await store.apply(added(account, link))
    assert await store.apply(redeemed(grant))
    yield Site(server, store, account, link, grant)
    await store.close()


async def until_it_works(site: Site) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await site.store.site()
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def test_lost_connections_are_made_anew(site: Site) -> None:
    """Reads, refreshes and changes go on by themselves: each of these can be asked for once more."""
    assert (await the_row(site.store, site.grant)) == site.grant
    assert await site.store.phone(site.grant.id)
    site.kill_connections()
    assert (await the_row(site.store, site.grant)) == site.grant
    assert await site.store.phone(site.grant.id)
    assert await site.store.apply(rotated(site.grant, NOW + 1))
    assert await site.store.apply(added(an_account()))


async def test_a_stopped_server_is_said_and_outlived(site: Site) -> None:
    """Every verb says so at once, nothing hangs; what was noted meanwhile is there afterwards."""
    site.server.stop(signal.SIGQUIT)
    try:
        store, later = site.store, a_grant(site.account, site.link)
        async with asyncio.timeout(30):
            for asked in (
                store.site(), store.grant_facts(site.grant.id), store.phone(site.grant.id),
                store.apply(rotated(site.grant, NOW + 1)), store.apply(redeemed(later)),
                store.apply(added(an_account())), store.settle(10), store.prune(NOW, 10),
            ):  # fmt: skip
                with pytest.raises(StoreUnavailable):
                    await asked
            site.store.note_refusal(Tally(7, "token_broken", "a", 1))
            with pytest.raises(StoreUnavailable):
                await site.store.flush()
    finally:
        site.server.start()
    await until_it_works(site)
    assert (await the_row(site.store, site.grant)) == site.grant
    assert await site.store.apply(rotated(site.grant, NOW + 1))
    await site.store.flush()
    assert Tally(7, "token_broken", "a", 1) in await site.store.tallies()


async def test_a_lock_that_somebody_holds_is_not_waited_for_long(site: Site) -> None:
    """Refused, not half done; and well again once it is let go."""
    holder = await asyncpg.connect(site.server.url("faults"))
    try:
        await holder.execute("BEGIN; LOCK TABLE grants, sessions IN ACCESS EXCLUSIVE MODE")
        session = a_session(site.account)
        async with asyncio.timeout(30):
            taken = await asyncio.gather(
                site.store.apply(rotated(site.grant, NOW + 1)),
                site.store.apply(a_change(OpenSession(session, None))),
                return_exceptions=True,
            )
        assert [type(one) for one in taken] == [StoreUnavailable, StoreUnavailable]
        await holder.execute("ROLLBACK")
        assert (await the_row(site.store, site.grant)) == site.grant
        assert await site.store.session_facts(session.id) is None
        assert await site.store.apply(rotated(site.grant, NOW + 1))
    finally:
        await holder.close()


@pytest.mark.parametrize("kind", ["redeem", "rotate", "change"])
async def test_a_bad_one_harms_no_other_of_its_batch(site: Site, kind: str) -> None:
    """A value that no column takes is the fault of its own caller."""
    grants = [a_grant(site.account, site.link) for _ in range(8)]
    bad = structs.replace(grants[3], retries=1 << 70)
    outcomes: dict[str, list[Writable]] = {
        "redeem": [redeemed(grant) for grant in (*grants[:3], bad, *grants[4:])],
        "change": [added(an_account(version=1 << 70 if n == 3 else 1)) for n in range(8)],
        "rotate": [rotated(grant, NOW, rotation_due=1 << 70 if n == 3 else 0) for n, grant in enumerate(grants)],
    }
    if kind == "rotate":
        assert all([await site.store.apply(redeemed(grant)) for grant in grants])
    taken = await asyncio.gather(*(site.store.apply(one) for one in outcomes[kind]), return_exceptions=True)
    assert [one for n, one in enumerate(taken) if n != 3] == [True] * 7
    assert isinstance(taken[3], Exception)
    assert not isinstance(taken[3], StoreUnavailable)


async def test_a_deadlock_is_tried_again(site: Site) -> None:
    """Another transaction wants what a change holds, and the other way: one is undone, the change is done."""
    other = await asyncpg.connect(site.server.url("faults"))
    first, second = an_account(), an_account()
    assert await site.store.apply(added(first, second))
    try:
        await other.execute("SET deadlock_timeout = '10s'")
        await other.execute("BEGIN")
        await other.execute("UPDATE accounts SET email = 'b' WHERE id = $1", second.id)
        change = a_change(
            PutAccount(replace(first, email="a", version=2)), PutAccount(replace(second, email="a", version=2))
        )
        writing = asyncio.create_task(site.store.apply(change))
        async with asyncio.timeout(30):
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
        locking = asyncio.create_task(other.execute("UPDATE accounts SET email = 'b' WHERE id = $1", first.id))
        await locking
        await other.execute("ROLLBACK")
        assert await writing
    finally:
        await other.close()


async def test_values_that_postgres_cannot_keep_are_kept(site: Site) -> None:
    """Its text knows no NUL; a name looked for with one is simply not there, and one kept comes back as it was."""
    odd = an_account(folded="\x00deleted\x01\x02", display_name="a\x00b")
    assert await site.store.apply(added(odd))
    assert await site.store.account(odd.id) == odd
    assert await site.store.account_by_name(odd.folded) == odd
    assert (await site.store.password_row("no\x00body", [])).account is None


SLOW = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER UPDATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""


async def test_what_may_take_long_is_not_cut_off_here(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server was told to allow more than usual, an answer is waited for as long; elsewhere a network that is
    silent so long is given up.
    """
    monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 0.5)
    store = open_store(server.a_database("slow"), create=False, env=an_env())
    account = an_account()
    assert await store.apply(added(account))
    server.sql(SLOW, "slow")
    try:
        assert await store.apply(a_change(RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, NOW)))
        with pytest.raises(StoreUnavailable):
            await store.apply(a_change(PutAccount(replace(account, version=2))))
    finally:
        await store.close()


def test_a_migration_takes_its_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of many millions of rows takes minutes."""
    monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(postgres_open, "MADE", f"SELECT pg_sleep(0.8); {postgres_open.MADE}")
    server.sql("CREATE DATABASE patient")
    before, after = postgres_open.migrate(server.url("patient"), an_env())
    assert before == 0
    assert after == postgres_open.schema_of(server.url("patient")).newest


@contextlib.asynccontextmanager
async def standby_away(site: Site, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Every write is to reach a standby that is gone; nobody waits long for it, nor for a lock."""
    patch.setattr(postgres_connection, "SILENT_SECONDS", 0.4)
    patch.setitem(postgres_connection._SESSION, "lock_timeout", "300")
    server = site.server
    try:
        server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        server.sql("SELECT pg_reload_conf()")
        site.kill_connections()
        async with asyncio.timeout(10):
            while server.sql("SHOW synchronous_standby_names") != "nobody":
                await asyncio.sleep(0.02)
        yield
    finally:
        server.sql("ALTER SYSTEM RESET synchronous_standby_names")
        server.sql("SELECT pg_reload_conf()")


async def seen_by_others(site: Site) -> tuple[int, GrantState, str]:
    """What the database shows whoever asks now: the sign-in's generation and state, the person's address."""
    other = await asyncpg.connect(site.server.url("faults"))
    try:
        found = await other.fetchrow(
            "SELECT g.generation, g.state, a.email FROM grants g JOIN accounts a ON a.number = g.account "
            "WHERE g.id = $1",
            site.grant.id,
        )
        return found[0], GrantState(found[1]), found[2]
    finally:
        await other.close()


@pytest.mark.parametrize("kind", ["rotate", "end", "change"])
async def test_what_no_standby_has_is_never_acknowledged(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Not at the second try either, which would find it done: until the standby is back nobody sees it. Then it is."""
    outcomes: dict[str, Writable] = {
        "rotate": rotated(site.grant, NOW + 1),
        "end": ended(site.grant),
        "change": a_change(PutAccount(replace(site.account, email="new@example.com", version=2))),
    }
    outcome, before = outcomes[kind], await seen_by_others(site)
    # Its texts are known before, or no try would come to the row.
    assert await site.store.apply(ended(a_grant(site.account, site.link)))
    async with standby_away(site, monkeypatch):
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await site.store.apply(outcome)
            assert await seen_by_others(site) == before
        # However often it is tried, one session waits and no more.
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        assert site.server.sql(waiting) == "1"
    async with asyncio.timeout(10):
        while await seen_by_others(site) == before:
            await asyncio.sleep(0.02)
    assert await site.store.apply(ended(site.grant))
    assert "canceling wait" not in (site.server.folder / "log").read_text()


# What a standby that took over may have in place of what was lost: other content under the same versions and numbers.
ANOTHER_HISTORY = """
    UPDATE site SET mobile_enabled = NOT mobile_enabled;
    UPDATE links SET name = 'another';
    UPDATE accounts SET display_name = 'another';
    UPDATE texts SET text = 'another ' || id WHERE id IN (SELECT user_agent FROM grants)
"""


async def test_what_another_server_told_is_forgotten(site: Site) -> None:
    """A node that heard nothing of a failover finds the version that it knows, and reads all anew nevertheless."""
    store = site.store
    grant = a_grant(site.account, site.link, user_agent="an app of its own")
    assert await store.apply(redeemed(grant))
    before = await store.grant_facts(grant.id)
    assert before.grant == grant
    row = await store.phone(grant.id)
    assert row is not None
    site.server.sql(ANOTHER_HISTORY, "faults")
    assert await store.grant_facts(grant.id) == before, "nothing says that it moved"
    site.kill_connections()
    after = await store.grant_facts(grant.id)
    assert after.site.version == before.site.version
    assert after.site.mobile_enabled is not before.site.mobile_enabled
    for link, account, its in (
        (after.link, after.account, after.grant),
        *[(row.link, row.account, row.grant) for row in [await store.phone(grant.id)] if row],
    ):
        assert link is not None
        assert account is not None
        assert its is not None
        assert (link.name, account.display_name) == ("another", "another")
        assert its.user_agent.startswith("another ")
    assert {link.name for link in await store.links()} == {"another"}
