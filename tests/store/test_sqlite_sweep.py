"""Sweeping texts: those that no row names any more go, every row keeps its own, and no number is given twice."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import OpenSession, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link
from genkan.store import sqlite_sweep
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, a_change, a_grant, a_link, a_session, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_events, the_reason, the_row


@pytest.fixture
async def store(tmp_path: Path) -> SqliteStore:
    """A store whose inside the test may look at."""
    return open_store(tmp_path / "genkan.db", create=True, env=an_env())


@pytest.fixture
async def people(store: SqliteStore) -> tuple[Account, Link]:
    """A person and a link in it."""
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    return account, link


def texts(store: SqliteStore) -> dict[int, str]:
    """The whole table."""
    return dict(store._db.execute("SELECT id, text FROM texts"))


async def renamed(store: SqliteStore, grant: Grant, user_agent: str) -> Grant:
    """The phone refreshes under another name."""
    row = await the_row(store, grant)
    outcome = rotated(row, row.rotated_at + 1)
    assert await store.apply(structs.replace(outcome, grant=structs.replace(outcome.grant, user_agent=user_agent)))
    return await the_row(store, grant)


async def swept(store: SqliteStore, now: int, limit: int = 100) -> int:
    """Prune until nothing is left to do; how many steps it took."""
    steps = 0
    while await store.prune(now, limit):
        steps += 1
    return steps


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_names_that_a_phone_had_go(store: SqliteStore, people: tuple[Account, Link], limit: int) -> None:
    """A client that calls itself something new every time leaves no more behind than its present name."""
    grant = a_grant(*people, user_agent="first")
    assert await store.apply(redeemed(grant))
    for number in range(20):
        await renamed(store, grant, f"name {number}")
    kept = {text for text in texts(store).values() if not text.startswith("name ") and text != "first"}
    await swept(store, NOW + HOUR, limit)
    assert set(texts(store).values()) == kept | {"name 19"}
    assert (await the_row(store, grant)).user_agent == "name 19"


async def test_what_any_row_names_stays(store: SqliteStore, people: tuple[Account, Link]) -> None:
    """Grants, sessions, stops and the audit keep their texts, and read as before."""
    account, link = people
    grant = a_grant(account, link, user_agent="a phone", network="2001:db8::/56")
    session = a_session(account, user_agent="a browser")
    assert await store.apply(redeemed(grant))
    stop = RaiseStop(Subject.KEY, 4711, EndReason.KEY_REVOKED, NOW)
    await renamed(store, grant, "leaves this behind")
    row = await renamed(store, grant, "a phone")
    assert await store.apply(a_change(OpenSession(session, None), stop))
    events = await the_events(store)
    before = set(texts(store).values())
    await swept(store, NOW + HOUR)
    assert before - set(texts(store).values()) == {"leaves this behind"}
    assert await the_row(store, grant) == row
    facts = await store.session_facts(session.id)
    assert facts is not None
    assert facts.session.user_agent == "a browser"
    assert await the_reason(store, grant) == ("", EndReason.KEY_REVOKED)
    assert await the_events(store) == events
    assert events


async def test_a_text_that_went_can_come_back(store: SqliteStore, people: tuple[Account, Link]) -> None:
    """Under another number, so that whoever remembers the old one never reads another text for it."""
    grant = a_grant(*people, user_agent="comes back")
    assert await store.apply(redeemed(grant))
    before = texts(store)
    await renamed(store, grant, "stays")
    await swept(store, NOW + HOUR)
    gone = before.keys() - texts(store).keys()
    assert {before[number] for number in gone} == {"comes back"}
    assert (await renamed(store, grant, "comes back")).user_agent == "comes back"
    assert not gone & texts(store).keys()


async def test_the_last_text_keeps_its_number(store: SqliteStore, people: tuple[Account, Link]) -> None:
    """Were it deleted, the next text would be given its number."""
    grant = a_grant(*people, user_agent="first")
    assert await store.apply(redeemed(grant))
    await renamed(store, grant, "last")
    await renamed(store, grant, "first")
    last = max(texts(store))
    await swept(store, NOW + HOUR)
    assert texts(store)[last] == "last"


async def test_a_text_that_is_wanted_during_a_sweep_stays(store: SqliteStore, people: tuple[Account, Link]) -> None:
    """Also where the row that takes it up has been looked at already."""
    grants = [a_grant(*people, user_agent="here") for _ in range(3)]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    await renamed(store, grants[0], "wanted again")
    await renamed(store, grants[0], "here")
    await renamed(store, grants[1], "the last text")
    steps = 0
    while await store.prune(NOW + HOUR, 1):
        steps += 1
        if steps == 3:
            await renamed(store, grants[0], "wanted again")
    assert steps > 5
    assert (await the_row(store, grants[0])).user_agent == "wanted again"
    assert "wanted again" in texts(store).values()


async def test_another_process_is_minded(store: SqliteStore, people: tuple[Account, Link], tmp_path: Path) -> None:
    """Texts that one process knows by number and another one sweeps are looked up anew by the first."""
    grant, other = a_grant(*people, user_agent="known to both"), open_store(
        tmp_path / "genkan.db", create=False, env=an_env()
    )  # fmt: skip
    assert await store.apply(redeemed(grant))
    await renamed(other, grant, "something else")
    await renamed(other, grant, "the last text")
    await swept(other, NOW + HOUR)
    assert "known to both" not in texts(store).values()
    assert (await renamed(store, grant, "known to both")).user_agent == "known to both"
    assert "known to both" in texts(other).values(), "no row names a text that is not there"
    await other.close()


async def test_a_sweep_gives_way_to_another_process(
    store: SqliteStore, people: tuple[Account, Link], tmp_path: Path
) -> None:
    """What another process wrote meanwhile may name a doubted text: nothing is deleted until the next sweep."""
    grants = [a_grant(*people, user_agent="here") for _ in range(3)]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    await renamed(store, grants[0], "taken up elsewhere")
    await renamed(store, grants[0], "here")
    await renamed(store, grants[1], "the last text")
    other = open_store(tmp_path / "genkan.db", create=False, env=an_env())
    for _ in range(3):
        assert await store.prune(NOW + HOUR, 1)
    await renamed(other, grants[0], "taken up elsewhere")
    before = texts(store)
    await swept(store, NOW + HOUR, 1)
    assert texts(store) == before
    await other.close()


async def test_what_a_sweep_saw_in_vain_is_not_believed(
    store: SqliteStore, people: tuple[Account, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step whose transaction could not be committed has seen rows that never were."""
    grant = a_grant(*people, user_agent="kept")
    assert await store.apply(redeemed(grant))
    await renamed(store, grant, "the last text")
    await renamed(store, grant, "kept")
    connection = store._writer._connection
    real = connection.commit

    def fails() -> None:
        monkeypatch.setattr(connection, "commit", real)
        raise sqlite3.OperationalError("disk I/O error")

    assert await store.prune(NOW + HOUR, 1)
    monkeypatch.setattr(connection, "commit", fails)
    await store.flush()
    assert connection._ids.doubted == set()
    await swept(store, NOW + HOUR, 1)
    assert (await the_row(store, grant)).user_agent == "kept"


async def test_sweeps_come_once_a_day(store: SqliteStore, people: tuple[Account, Link]) -> None:
    """A sweep reads all rows; what became nobody's since the last one waits for the next."""
    grant = a_grant(*people, user_agent="first")
    assert await store.apply(redeemed(grant))
    await swept(store, NOW + HOUR)
    await renamed(store, grant, "second")
    await swept(store, NOW + DAY)
    assert "first" in texts(store).values()
    await swept(store, NOW + DAY + HOUR)
    assert "first" not in texts(store).values()


async def test_more_than_one_sweep_can_doubt_are_swept_at_once(
    store: SqliteStore, people: tuple[Account, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sweeps follow each other until the table has been gone through."""
    monkeypatch.setattr(sqlite_sweep, "MOST_DOUBTED", 4)
    grant = a_grant(*people)
    assert await store.apply(redeemed(grant))
    for number in range(30):
        await renamed(store, grant, f"name {number}")
    await swept(store, NOW + HOUR, 7)
    assert [text for text in texts(store).values() if text.startswith("name ")] == ["name 29"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6) | st.just("prune")), max_size=40))
async def test_every_row_keeps_its_text_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int | str]]
) -> None:
    """Renaming and sweeping step by step, in any order: what is read is what was written."""
    store = open_store(tmp_path_factory.mktemp("sweep") / "genkan.db", create=True, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    grants = [a_grant(account, link, user_agent="start") for _ in range(5)]
    names = ["start"] * 5
    for grant in grants:
        assert await store.apply(redeemed(grant))
    for now, (which, move) in enumerate(moves):
        if isinstance(move, str):
            await store.prune(NOW + now * HOUR, 2)
        else:
            names[which] = f"name {move}"
            await renamed(store, grants[which], names[which])
    await swept(store, NOW + 100 * HOUR, 2)
    assert [(await the_row(store, grant)).user_agent for grant in grants] == names
    await store.close()
