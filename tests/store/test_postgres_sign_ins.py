"""What ends many sign-ins of PostgreSQL at once: no VACUUM is in its way, and no sign-in that began before escapes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import asyncpg
import pytest
from msgspec import structs

from genkan.protocol.certificate_records import KeepCertificate, RevokeCertificate
from genkan.protocol.outcomes import Change, EndGrantsUnder, Subject, WithdrawConsent
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, GrantState, Link
from genkan.store import postgres
from genkan.store.api import PhoneQuery, Store
from genkan.store.postgres_sign_ins import SettledStops
from tests.postgres import Emptied
from tests.store.builders import NOW, a_change, a_grant, a_link, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_row
from tests.store.test_certificates import a_certificate
from tests.store.test_stops import KEY, settle_all, stop_of

pytestmark = pytest.mark.needs("postgres")

# Less than the three seconds after which a lock that is not had is given up.
SOON = 2.5
CERTIFICATE = 7
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND COALESCE(relation::regclass::text, locktype) = ANY ($1)"
OLDER_NODE = "SELECT pg_advisory_lock_shared(1735289711, texts_epoch::int) FROM upkeep"
NEWER_NODE = f"SELECT pg_advisory_lock_shared(1735289710, 2); {OLDER_NODE}"
# What a stop looks at; each is locked by what a VACUUM of it holds.
WRITTEN = ("links", "consents", "stops", "certificates")
VACUUM = f"BEGIN; LOCK TABLE grants, accounts, sessions, audit, {', '.join(WRITTEN)} IN SHARE UPDATE EXCLUSIVE MODE"
DUMP = "LOCK TABLE upkeep, grants IN ACCESS SHARE MODE"


@dataclass
class Site:
    """A store with a sign-in that every stop reaches, and somebody else's two connections to its database."""

    store: Store
    account: Account
    link: Link
    grant: Grant
    other: asyncpg.Connection
    watcher: asyncpg.Connection

    def another(self) -> Grant:
        """One more sign-in, not redeemed."""
        return structs.replace(a_grant(self.account, self.link, key_id=KEY), certificate=CERTIFICATE)

    async def until_waiting(self, task: "asyncio.Task[bool]", *locks: str) -> None:
        """Until somebody waits for one of these, tables or kinds of a lock, as this task must."""
        async with asyncio.timeout(SOON):
            while not await self.watcher.fetchval(WAITS, locks):
                assert not task.done(), "it waited for nothing"
                await asyncio.sleep(0.01)

    async def live(self) -> list[bytes]:
        """Whoever is signed in by what the rows themselves say, once they have followed."""
        await settle_all(self.store)
        phones = await self.store.phones(PhoneQuery())
        return [phone.grant.id for phone in phones if phone.grant.state is GrantState.LIVE]


@pytest.fixture
async def site(postgres_database: Emptied) -> AsyncIterator[Site]:
    store = postgres.open_store(postgres_database.again(), create=False, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    assert await store.apply(a_change(KeepCertificate(a_certificate(account, CERTIFICATE))))
    others = [await asyncpg.connect(postgres_database.url) for _ in range(2)]
    site = Site(store, account, link, a_grant(account, link), *others)
    site.grant = site.another()
    assert await store.apply(redeemed(site.grant))
    yield site
    for other in others:
        other.terminate()
    await store.close()


def by_consent(site: Site) -> Change:
    end = EndGrantsUnder(site.account.id, site.link.id, EndReason.CONSENT_WITHDRAWN, NOW)
    return a_change(WithdrawConsent(site.account.id, site.link.id, 4711, NOW), end)


def by(subject: Subject) -> Callable[[Site], Change]:
    return lambda site: a_change(stop_of(subject, site.account, site.link, EndReason.RESTORED))


STOPS: dict[str, Callable[[Site], Change]] = {
    "link": by(Subject.LINK),
    "key": by(Subject.KEY),
    "everything": by(Subject.EVERYTHING),
    "consent": by_consent,
    "certificate": lambda _: a_change(RevokeCertificate(CERTIFICATE, EndReason.CERTIFICATE_REVOKED, NOW)),
}
every_stop = pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)


@every_stop
async def test_a_vacuum_is_in_no_stops_way(site: Site, stop: Callable[[Site], Change]) -> None:
    """It holds this lock for hours where there are many sign-ins, and one against wraparound lets nobody through. A
    dump, which reads everything for as long, is in nobody's way either.
    """
    await site.other.execute(f"{VACUUM}; {DUMP}")
    async with asyncio.timeout(SOON):
        assert await site.store.apply(stop(site))
        assert await site.live() == []
    assert await site.other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0


@every_stop
async def test_a_sign_in_on_its_way_is_reached(site: Site, stop: Callable[[Site], Change]) -> None:
    """It has looked at everything and waits to write its row: the stop waits for it, and ends it."""
    await site.other.execute("BEGIN; SELECT 1 FROM accounts FOR NO KEY UPDATE")
    late = site.another()
    redeeming = asyncio.create_task(site.store.apply(redeemed(late)))
    await site.until_waiting(redeeming, "transactionid")
    stopping = asyncio.create_task(site.store.apply(stop(site)))
    await site.until_waiting(stopping, "upkeep")
    await site.other.execute("COMMIT")
    assert [await redeeming, await stopping] == [True, True]
    assert await site.live() == []


@every_stop
async def test_a_sign_in_behind_a_stop_sees_it(site: Site, stop: Callable[[Site], Change]) -> None:
    """The stop has begun and is not written yet: the sign-in waits for it, and is refused."""
    await site.other.execute(f"BEGIN; LOCK TABLE {', '.join(WRITTEN)} IN SHARE MODE")
    stopping = asyncio.create_task(site.store.apply(stop(site)))
    await site.until_waiting(stopping, *WRITTEN)
    redeeming = asyncio.create_task(site.store.apply(redeemed(site.another())))
    await site.until_waiting(redeeming, "upkeep")
    await site.other.execute("COMMIT")
    assert [await stopping, await redeeming] == [True, False]
    assert await site.live() == []


async def test_a_refresh_on_its_way_to_a_stopped_key_is_reached(site: Site) -> None:
    """It has found that its key is good, and waits for its row. The stop is written at once; its rows follow when the
    refresh is done.
    """
    row = structs.replace(site.another(), key_id=KEY + 1)
    assert await site.store.apply(redeemed(row))
    await site.other.execute("BEGIN")
    await site.other.execute("SELECT 1 FROM grants WHERE id = $1 FOR UPDATE", row.id)
    refreshing = asyncio.create_task(site.store.apply(rotated(row, NOW + 1, key_id=KEY)))
    await site.until_waiting(refreshing, "transactionid")
    assert await site.store.apply(STOPS["key"](site))
    for _ in range(3):
        assert await site.store.settle(100)
    assert (await the_row(site.store, site.grant)).state is GrantState.LIVE
    await site.other.execute("COMMIT")
    assert await refreshing
    assert await site.live() == []
    assert (await the_row(site.store, row)).key_id == KEY


@every_stop
async def test_nodes_of_the_version_before_are_kept_out_too(site: Site, stop: Callable[[Site], Change]) -> None:
    """They know nothing of the lock of the others: a row that they insert is waited for, as they would have it."""
    await site.other.execute(OLDER_NODE)
    await site.other.execute("BEGIN; LOCK TABLE grants IN ROW EXCLUSIVE MODE")
    stopping = asyncio.create_task(site.store.apply(stop(site)))
    await site.until_waiting(stopping, "grants")
    await site.other.execute("COMMIT")
    assert await stopping


async def test_a_stop_of_the_version_before_keeps_sign_ins_out(site: Site) -> None:
    """It takes its lock of the table alone, and a sign-in here waits for that before it looks at anything."""
    await site.other.execute("BEGIN; LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE; UPDATE links SET stop = stop + 1")
    redeeming = asyncio.create_task(site.store.apply(redeemed(site.another())))
    await site.until_waiting(redeeming, "grants")
    await site.other.execute("COMMIT")
    assert not await redeeming


async def test_nodes_of_this_version_need_no_more(site: Site) -> None:
    """Another node's session says that it shares the lock; and one of the version before is forgotten when it ends."""
    await site.watcher.execute(NEWER_NODE)
    await site.other.execute(OLDER_NODE)
    await site.other.execute("SELECT pg_advisory_unlock_all()")
    await site.other.execute(VACUUM)
    async with asyncio.timeout(SOON):
        assert await site.store.apply(STOPS["link"](site))


class Answers:
    """A database that is asked the same again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)

    def execute(self, _: str) -> list[tuple[str]]:
        return [(one,) for one in next(self._answers)]


def test_a_refresh_that_is_prepared_meanwhile_is_waited_for() -> None:
    """PREPARE TRANSACTION: it goes on under another name, and ends when somebody commits it; newer ones do not."""
    answers = Answers(["3/17", "4/2"], ["-1/740", "5/1"], ["-1/740", "6/1"], ["7/1"])
    stops = SettledStops(answers, {})  # type: ignore[arg-type]
    assert [stops._is_written_beside(1) for _ in range(4)] == [True, True, True, False]
