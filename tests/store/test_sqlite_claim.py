"""What is known without a look is what a look would show: whoever writes, whenever, and whatever fails on the way."""

import asyncio
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import (
    CloseSession,
    EventKind,
    GiveConsent,
    OpenSession,
    PutAccount,
    RaiseStop,
    Retried,
    Rotated,
    Sighting,
    Subject,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Grant, Link, Session
from genkan.store.api import NodeReport, StoreUnavailable
from genkan.store.sqlite import SqliteStore, open_store
from genkan.store.sqlite_commands import Flush
from genkan.wire.scopes import Permission
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


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Callable[[], SqliteStore]]:
    """Opens one more instance on the same file."""
    stores: list[SqliteStore] = []

    def open_one() -> SqliteStore:
        stores.append(open_store(tmp_path / "genkan.db", create=True, env=an_env()))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(opened: Callable[[], SqliteStore]) -> SqliteStore:
    """The serving process; it takes the claim once the test begins."""
    return opened()


@pytest.fixture
async def account(store: SqliteStore) -> Account:
    """A person in the store."""
    account = an_account()
    assert await store.apply(added(account))
    return account


@pytest.fixture
async def link(store: SqliteStore) -> Link:
    """A link in the store."""
    link = a_link()
    assert await store.apply(added(link))
    return link


@pytest.fixture
async def grant(store: SqliteStore, account: Account, link: Link) -> Grant:
    """That person's sign-in, known to the store that has the claim."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    await store.on_duty()
    assert await the_row(store, grant) == grant
    assert await is_sure(store, grant)
    return grant


async def is_sure(store: SqliteStore, grant: Grant) -> bool:
    """Whether the next turn says it without a look."""
    await asyncio.sleep(0)
    await store.site()
    return store._known.sure_grant(grant.id) is not None


@contextmanager
def held_up(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The store's writes are not durable before the event is set."""
    go = threading.Event()
    commit = store._writer._connection.commit

    def waiting() -> None:
        assert go.wait(30)
        commit()

    with monkeypatch.context() as patched:
        patched.setattr(store._writer._connection, "commit", waiting)
        yield go


async def test_what_is_sure_is_said_without_a_look_at_any_row(store: SqliteStore, grant: Grant) -> None:
    """A turn looks at the counters of the site, and at nothing else; so it does after a rotation of our own."""
    asked: list[str] = []
    assert isinstance(store._db, sqlite3.Connection)
    store._db.set_trace_callback(asked.append)
    for generation in range(3):
        await asyncio.sleep(0)
        row = await the_row(store, grant)
        assert row.generation == generation
        assert await store.apply(rotated(row, NOW + HOUR))
    store._db.set_trace_callback(None)
    assert set(asked) == {"BEGIN", "SELECT version, claim FROM site", "COMMIT"}


async def test_without_the_claim_each_row_is_looked_at(opened: Callable[[], SqliteStore], grant: Grant) -> None:
    """Only one process has it; the other one looks, however often it asks."""
    other = opened()
    await other.on_duty()
    for _ in range(2):
        assert await the_row(other, grant) == grant
        assert not await is_sure(other, grant)


async def test_another_process_breaks_the_claim_by_whatever_it_writes(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """What it wrote is in the next turn's answer, and nothing is sure until the claim is taken again."""
    other = opened()
    for generation in range(1, 4):
        assert await other.apply(rotated(await the_row(other, grant), NOW + HOUR))
        assert not await is_sure(store, grant)
        assert (await the_row(store, grant)).generation == generation
        assert not await is_sure(store, grant)
        await store.on_duty()
        assert await the_row(store, grant) == await the_row(other, grant)
        assert await is_sure(store, grant)


async def test_a_claim_taken_again_makes_nothing_sure_that_was_read_before(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """Broken and taken again between two requests: what was known before the break is read once more."""
    assert await opened().apply(ended(grant))
    await asyncio.sleep(0)
    await store.on_duty()
    assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP


async def test_the_claim_of_a_process_that_died_is_broken_by_the_next_write(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """Whoever comes after it reports, and may then take it."""
    successor = opened()
    await successor.on_duty()
    assert not successor._known.is_claimed
    await successor.report(NodeReport("another", 1, NOW))
    await successor.on_duty()
    await the_row(successor, grant)
    assert await is_sure(successor, grant)
    assert not await is_sure(store, grant)


async def test_a_break_that_was_undone_is_made_again(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that failed as a whole broke nothing: the next one of that process does."""
    other = opened()

    def fails(_: Flush) -> None:
        raise sqlite3.OperationalError("no")

    with monkeypatch.context() as patched:
        patched.setitem(other._writer._connection._verbs, Flush, fails)
        with pytest.raises(sqlite3.OperationalError):
            await other.flush()
    assert await is_sure(store, grant)
    assert await other.apply(ended(grant))
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP


async def test_what_was_written_by_hand_is_seen_by_the_next_round(store: SqliteStore, grant: Grant) -> None:
    """Past the writer no claim is broken; whoever has it notices when it is next on duty, or writes."""
    for look in (store.on_duty, store.flush):
        await store.on_duty()
        await the_row(store, grant)
        assert await is_sure(store, grant)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
            db.execute("UPDATE grants SET retries = retries + 1")
        await look()
        assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).retries == 2


async def test_duty_is_kept_where_nothing_can_be_written(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep goes on, and finds out for itself."""

    def fails(*_: object) -> list[object]:
        return [StoreUnavailable("full")]

    monkeypatch.setattr(store._writer._connection, "run", fails)
    monkeypatch.setattr(store._writer._connection, "run_patiently", fails)
    assert await store.on_duty()
    assert not store._known.is_claimed


Write = Callable[[SqliteStore, Grant], Awaitable[object]]


async def _noted(store: SqliteStore, grant: Grant) -> None:
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()


WRITES: dict[str, Write] = {
    "a rotation": lambda store, grant: store.apply(rotated(grant, NOW + HOUR)),
    "a retry": lambda store, grant: store.apply(Retried(structs.replace(grant, retries=1))),
    "an end": lambda store, grant: store.apply(ended(grant)),
    "a sighting": _noted,
    "a stop": lambda store, grant: store.apply(
        a_change(RaiseStop(Subject.ACCOUNT, grant.account_id, EndReason.PASSWORD_CHANGED, NOW))
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_rows_are_looked_at_while_a_write_is_under_way(
    store: SqliteStore, grant: Grant, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read meanwhile is sure neither then nor afterwards; what the write made of it is."""
    before = await store.grant_facts(grant.id)
    with held_up(store, monkeypatch) as go:
        writing = asyncio.ensure_future(write(store, grant))
        while not store._writer._busy:
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not await is_sure(store, grant)
        assert await store.grant_facts(grant.id) == before
        assert not await is_sure(store, grant)
        go.set()
        await writing
    after = await store.grant_facts(grant.id)
    assert after != before
    with closing(open_store(store.path, create=False, env=an_env())._db) as db:
        assert db.execute("SELECT generation, retries, state FROM grants").fetchone() == (
            after.grant and after.grant.generation,
            after.grant and after.grant.retries,
            int(bool(after.grant and after.grant.reason)),
        )


async def test_a_later_sign_in_of_the_same_device_ends_what_was_known(
    store: SqliteStore, account: Account, link: Link
) -> None:
    """tokens.md 1: the write names the new sign-in alone, and ends the earlier one."""
    first = a_grant(account, link, device=b"d" * 16)
    assert await store.apply(redeemed(first))
    await store.on_duty()
    await the_row(store, first)
    assert await is_sure(store, first)
    assert await store.apply(redeemed(a_grant(account, link, device=b"d" * 16)))
    assert (await the_row(store, first)).reason == EndReason.SIGNED_IN_AGAIN


async def test_two_writes_of_one_row_in_one_batch_are_both_seen(store: SqliteStore, grant: Grant) -> None:
    """A rotation that is followed by the end at once is not remembered as what stands."""
    assert all(await asyncio.gather(store.apply(rotated(grant, NOW + HOUR)), store.apply(ended(grant))))
    row = await the_row(store, grant)
    assert (row.generation, row.reason) == (1, EndReason.SIGNED_OUT_BY_APP)


async def test_a_rotation_beside_a_stop_is_read_again(store: SqliteStore, account: Account, grant: Grant) -> None:
    """What changes any row makes the batch's rotations as unsure as everything else."""
    stop = a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW))
    assert all(await asyncio.gather(store.apply(rotated(grant, NOW + HOUR)), store.apply(stop)))
    facts = await store.grant_facts(grant.id)
    assert facts.account == replace(account, stop=1)


async def test_the_site_of_sure_facts_is_the_site_as_it_is(
    store: SqliteStore, account: Account, link: Link, grant: Grant
) -> None:
    """tokens.md 8: the end of one sign-in may say of the whole site that writes were lost."""
    lost = a_grant(account, link)
    assert await store.apply(redeemed(lost))
    await store.grant_facts(grant.id)
    assert await is_sure(store, grant)
    told = ended(lost)
    assert await store.apply(structs.replace(told, event=structs.replace(told.event, kind=EventKind.STORE_BEHIND)))
    assert (await store.grant_facts(grant.id)).site.behind_since == NOW


async def test_a_rotation_that_was_refused_is_forgotten(store: SqliteStore, grant: Grant) -> None:
    """It was decided on what is not so any more: the next decision is on what is."""
    assert await store.apply(rotated(grant, NOW + HOUR))
    assert not await store.apply(rotated(grant, NOW + 2 * HOUR))
    assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).generation == 1


async def test_a_write_that_failed_leaves_nothing_sure(
    store: SqliteStore, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what became of it: the row is read."""

    def fails(*_: object) -> list[object]:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setitem(store._writer._connection._verbs, Rotated, fails)
        with pytest.raises(sqlite3.OperationalError):
            await store.apply(rotated(grant, NOW + HOUR))
    assert not await is_sure(store, grant)
    assert await the_row(store, grant) == grant


def test_what_a_lost_loop_wrote_is_read(tmp_path: Path) -> None:
    """A loop that ended before it was told: another one knows nothing that may have changed."""
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)

    async def begin() -> None:
        assert await store.apply(added(account, link))
        assert await store.apply(redeemed(grant))
        await store.on_duty()
        assert await the_row(store, grant) == grant
        assert await is_sure(store, grant)
        left = asyncio.ensure_future(store.apply(ended(grant)))
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        left.cancel()

    async def go_on() -> None:
        await store.flush()
        assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP
        await store.close()

    asyncio.run(begin())
    asyncio.run(go_on())


async def test_a_session_that_ended_is_not_known(store: SqliteStore, account: Account, link: Link) -> None:
    """Consents, the person's record and the session itself: each change is in the next answer."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    await store.on_duty()

    async def known() -> tuple[Session, Account, Consent | None] | None:
        await store.visit_facts(session.id, link.id)
        await asyncio.sleep(0)
        facts = await store.visit_facts(session.id, link.id)
        if facts.session is None:
            return None
        assert store._known.sure_visit(session.id, link.id) is facts
        return facts.session.session, facts.session.account, facts.consent

    assert await known() == (session, account, None)
    given = Consent(account.id, link.id, 0, Permission.READ, NOW)
    assert await store.apply(a_change(GiveConsent(given)))
    assert await known() == (session, account, given)
    renamed = replace(account, display_name="New", version=2)
    assert await store.apply(a_change(PutAccount(renamed)))
    assert await known() == (session, renamed, given)
    store.note_session(session.id, NOW + 5)
    await store.flush()
    assert await known() == (structs.replace(session, last_seen=NOW + 5), renamed, given)
    assert await store.apply(a_change(CloseSession(session.id)))
    assert await known() is None


async def _wander(store: SqliteStore, grant: Grant, chance: random.Random) -> None:
    """One write of any kind, decided on what this process takes for the facts."""
    row = (await store.grant_facts(grant.id)).grant
    if row is None:
        await store.apply(redeemed(grant))
        return
    match chance.randrange(16):
        case 0:
            await store.apply(ended(row))
        case 1 | 2:
            await store.apply(Retried(structs.replace(row, retries=row.retries + 1)))
        case 3 | 4:
            store.note_sighting(Sighting(grant.id, row.generation, NOW + chance.randrange(1000)))
            await store.flush()
        case 5 | 6:
            await store.report(NodeReport("some", 1, NOW))
        case _:
            await store.apply(rotated(row, NOW + HOUR))


@pytest.mark.parametrize("seed", range(8))
async def test_any_walk_of_two_processes_is_followed(
    opened: Callable[[], SqliteStore], store: SqliteStore, account: Account, link: Link, seed: int
) -> None:
    """Writes of both, one by one and at once, and the claim taken now and then: what one knows, a third one reads."""
    chance = random.Random(seed)
    other, reader = opened(), opened()
    grants = [a_grant(account, link, now=NOW + number, device=bytes([number % 3]) * 16) for number in range(6)]
    sure = 0
    for _ in range(60):
        writers = chance.choices((store, other), weights=(4, 1), k=chance.randrange(1, 5))
        await asyncio.gather(*(_wander(one, chance.choice(grants), chance) for one in writers))
        if chance.random() < 0.5:
            await store.on_duty()
        await asyncio.sleep(0)
        for grant in grants:
            sure += await is_sure(store, grant)
            assert (await store.grant_facts(grant.id)).grant == (await reader.grant_facts(grant.id)).grant
    assert sure
