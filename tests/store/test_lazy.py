"""Lazy writes: taken without waiting, deduplicated, bounded, durable after a flush; and losing them harms nothing."""

import asyncio

from msgspec import structs

from genkan.protocol.env import HOUR, SECOND
from genkan.protocol.outcomes import EventKind, OpenSession, Sighting
from genkan.protocol.records import Account, Grant, GrantState
from genkan.store.api import Asker, Store, Tally
from tests.store.builders import NOW, a_change, a_session, an_event, ended, rotated, successor
from tests.store.engines import Open
from tests.store.reading import the_events, the_row


async def test_the_first_sight_of_a_generation_is_kept(store: Store, grant: Grant) -> None:
    """Later sightings of the same generation move last_seen alone, noted together or apart."""
    for at in (NOW + 5, NOW + 7, NOW + 6):
        store.note_sighting(Sighting(grant.id, 0, at))
    await store.flush()
    seen = structs.replace(grant, seen_generation=0, seen_at=NOW + 5, last_seen=NOW + 7)
    assert await the_row(store, grant) == seen
    store.note_sighting(Sighting(grant.id, 0, NOW + HOUR))
    await store.flush()
    assert await the_row(store, grant) == structs.replace(seen, last_seen=NOW + HOUR)


async def test_a_new_generation_is_seen_anew(store: Store, grant: Grant) -> None:
    """seen_at belongs to the generation that was seen last, whatever order the sightings come in."""
    assert await store.apply(rotated(grant, NOW + HOUR))
    for generation, at in ((0, NOW + 1), (1, NOW + HOUR + 1), (0, NOW + HOUR + 2), (1, NOW + HOUR + 3)):
        store.note_sighting(Sighting(grant.id, generation, at))
    await store.flush()
    row = await the_row(store, grant)
    assert (row.seen_generation, row.seen_at, row.last_seen) == (1, NOW + HOUR + 1, NOW + HOUR + 3)


async def test_a_late_sighting_never_takes_a_newer_one_back(store: Store, grant: Grant) -> None:
    """An older generation or an earlier moment, written later, changes nothing."""
    assert await store.apply(rotated(grant, NOW + HOUR))
    store.note_sighting(Sighting(grant.id, 1, NOW + HOUR))
    await store.flush()
    before = await the_row(store, grant)
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()
    assert await the_row(store, grant) == before


async def test_a_generation_that_is_not_there_is_not_seen(store: Store, grant: Grant) -> None:
    """A sighting ahead of its row, or without one, writes nothing: the retry window must not close early."""
    store.note_sighting(Sighting(grant.id, 1, NOW + 5))
    store.note_sighting(Sighting(b"?" * 16, 0, NOW + 5))
    await store.flush()
    assert await the_row(store, grant) == grant


async def test_a_sighting_beside_a_rotation_is_kept(store: Store, grant: Grant) -> None:
    """Seen and refreshed at once: the row has moved on and knows of both."""
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    assert await store.apply(rotated(grant, NOW + HOUR))
    await store.flush()
    expected = structs.replace(successor(grant, NOW + HOUR), seen_generation=0, seen_at=NOW + 5, last_seen=NOW + 5)
    assert await the_row(store, grant) == expected


async def test_a_sighting_of_an_ended_grant_revives_nothing(store: Store, grant: Grant) -> None:
    """It stays over, with its reason."""
    await store.apply(ended(grant))
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()
    assert (await the_row(store, grant)).state is GrantState.ENDED


async def test_a_session_is_touched(store: Store, account: Account) -> None:
    """The latest moment counts; an unknown session is nothing."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    for at in (NOW + HOUR, NOW + 5):
        store.note_session(session.id, at)
    store.note_session(b"?" * 32, NOW)
    await store.flush()
    facts = await store.session_facts(session.id)
    assert facts is not None
    assert facts.session == structs.replace(session, last_seen=NOW + HOUR)


async def test_refusals_add_up(store: Store) -> None:
    """One row per minute, reason and network, across flushes."""
    for _ in range(2):
        for _ in range(5):
            store.note_refusal(Tally(1, "token_broken", "198.51.100.0/24", 1))
        store.note_refusal(Tally(1, "unknown_client", "198.51.100.0/24", 3))
        await store.flush()
    assert {(t.reason, t.count) for t in await store.tallies()} == {("token_broken", 10), ("unknown_client", 6)}


async def test_refusals_of_a_minute_are_bounded(store: Store) -> None:
    """At most 1000 rows a minute, flushed between or not; the rest is counted without its network, none is lost."""
    for number in range(5_000):
        store.note_refusal(Tally(1, "token_broken", f"net-{number}", 1))
        if number % 700 == 0:
            await store.flush()
    store.note_refusal(Tally(2, "token_broken", "net-9999", 1))
    await store.flush()
    tallies = await store.tallies(limit=10_000)
    of_first = [tally for tally in tallies if tally.minute == 1]
    assert len(of_first) <= 1_001
    assert sum(tally.count for tally in of_first) == 5_000
    assert Tally(1, "token_broken", "", 4_000) in of_first
    assert Tally(2, "token_broken", "net-9999", 1) in tallies, "the next minute has room again"


async def test_a_noted_event_is_written(store: Store) -> None:
    """With all that it says; those that differ in their time alone are one, told by the first."""
    behind = an_event(EventKind.STORE_BEHIND, grant_id=b"g" * 16, address="203.0.113.7")
    for second in range(3):
        store.note_event(structs.replace(behind, at=NOW + second * SECOND))
    store.note_event(structs.replace(behind, grant_id=b"h" * 16))
    await store.flush()
    assert await the_events(store) == [behind, structs.replace(behind, grant_id=b"h" * 16)]
    assert (await store.site()).behind_since == NOW


async def test_a_flood_of_notes_is_bounded(store: Store, grant: Grant) -> None:
    """More than there is room for is dropped; what comes after the flood is taken again."""
    for number in range(60_000):
        store.note_sighting(Sighting(b"%016d" % number, 0, NOW))
        store.note_session(b"%032d" % number, NOW)
    for number in range(3_000):
        store.note_event(an_event(detail=str(number)))
    await store.flush()
    noted = [event for event in await the_events(store) if event.detail]
    assert 1_000 <= len(noted) <= 2_000
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()
    assert (await the_row(store, grant)).seen_generation == 0


async def until_seen(store: Store, grant: Grant, at: int) -> None:
    """Look again and again, for as long as a slow machine may need."""
    async with asyncio.timeout(30):
        while (await the_row(store, grant)).last_seen != at:
            await asyncio.sleep(0.01)


async def test_notes_are_written_by_themselves(store: Store, open_another: Open, grant: Grant) -> None:
    """Without a flush and without another write they are there soon, for other processes too; again and again."""
    other = await open_another()
    for at in (NOW + 5, NOW + 9):
        store.note_sighting(Sighting(grant.id, 0, at))
        await until_seen(other, grant, at)


async def test_many_notes_are_all_written(store: Store, open_another: Open, grant: Grant) -> None:
    """More than one batch takes along: what is left over needs no further push."""
    other = await open_another()
    for number in range(1_000):
        store.note_refusal(Tally(1, "token_broken", str(number), 1))
        store.note_session(b"%032d" % number, NOW)
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await until_seen(other, grant, NOW + 5)
    async with asyncio.timeout(30):
        while len(await other.tallies(limit=2_000)) < 1_000:
            await asyncio.sleep(0.01)


async def test_notes_ride_along_with_the_next_write(store: Store, grant: Grant) -> None:
    """What was noted before a write is durable with it."""
    store.note_refusal(Tally(1, "token_broken", "a", 1))
    await store.apply(ended(grant))
    assert await store.tallies() == [Tally(1, "token_broken", "a", 1)]


async def test_closing_writes_what_was_noted(open_another: Open) -> None:
    """A store that closes loses nothing that it took in; closing twice is harmless."""
    store = await open_another()
    store.note_refusal(Tally(1, "token_broken", "a", 1))
    await store.close()
    await store.close()
    assert await (await open_another()).tallies() == [Tally(1, "token_broken", "a", 1)]


async def test_askers_add_up(store: Store) -> None:
    """One row a user agent and network: first and last time and how often, across flushes, the latest first."""
    for at in (NOW + 7, NOW + 5, NOW + 9):
        store.note_asker("AtlassianMobileApp/2.0", "203.0.113.0/24", at)
        store.note_asker("AtlassianMobileApp/2.0", "198.51.100.0/24", at - 3)
        await store.flush()
    store.note_asker("AtlassianMobileApp/2.0", "203.0.113.0/24", NOW + 9)
    await store.flush()
    found = await store.askers(NOW)
    assert [(asker.network, asker.first_at, asker.last_at, asker.count) for asker in found] == [
        ("203.0.113.0/24", NOW + 5, NOW + 9, 4),
        ("198.51.100.0/24", NOW + 2, NOW + 6, 3),
    ]
    assert await store.askers(NOW + 9, limit=1) == found[:1]
    assert await store.askers(NOW + 10) == []


async def test_a_flood_of_askers_is_bounded(store: Store) -> None:
    """Whoever asks under ever new names fills neither memory nor the store; who is known already still counts."""
    store.note_asker("phone", "203.0.113.0/24", NOW)
    for number in range(5_000):
        store.note_asker(f"flood {number}", "203.0.113.0/24", NOW)
    store.note_asker("phone", "203.0.113.0/24", NOW + 1)
    await store.flush()
    found = await store.askers(NOW, limit=10_000)
    assert len(found) <= 200
    assert Asker("phone", "203.0.113.0/24", NOW, NOW + 1, 2) in found
