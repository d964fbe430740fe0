"""The audit behind the Store protocol: filtered pages that lose nothing, lines as they read, and a chain that only
grows from its end.
"""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from genkan.protocol.audit import AuditKeys, Line, Segment, drop, seal
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, Event, EventKind
from genkan.protocol.records import Account, Grant, Link
from genkan.protocol.ring import new_ring
from genkan.store.api import AuditQuery, Store
from genkan.store.audit_rounds import drop_step, seal_all, seal_step
from tests.store.builders import NOW, an_env, an_event, ended
from tests.store.engines import Open

KEYS = AuditKeys(new_ring(an_env()), b"0123456789abcdef")
NODE = "n1"


async def told(store: Store, *events: Event) -> None:
    """These lines, written."""
    assert await store.apply(Change((), events))


async def all_pages(store: Store, query: AuditQuery) -> list[Line]:
    """Page after page until the end."""
    found: list[Line] = []
    while True:
        page = await store.audit_page(query)
        assert len(page.lines) <= query.limit
        found += page.lines
        if page.next is None:
            return found
        query = replace(query, start=page.next)


def some_events() -> list[Event]:
    """Lines that differ in everything a filter can ask for."""
    kinds = [EventKind.SIGNED_IN, EventKind.GRANT_ENDED, EventKind.LINK_CREATED]
    return [
        structs.replace(
            an_event(kinds[n % 3], NOW + n),
            actor=["alice", "command:root", ""][n // 3 % 3],
            account_id=[None, 7, 8][n // 5 % 3],
            link_id=[None, 70][n % 2],
            reason=["", "signed_out_by_admin"][n // 7 % 2],
            detail=["", "Wiki (READ)", "\U0001f4f1 Ä"][n % 3],
            address=["", "192.0.2.1", "2001:db8::1", "a pipe"][n % 4],
            grant_id=[None, b"%016d" % n][n % 2],
        )
        for n in range(40)
    ]


def fits(event: Event, query: AuditQuery) -> bool:
    """What the filters mean, in words of Python."""
    text = (query.text or "").lower()
    return (
        (query.kinds is None or event.kind.value in query.kinds)
        and query.actor in (None, event.actor)
        and query.account_id in (None, event.account_id)
        and query.link_id in (None, event.link_id)
        and (query.since is None or event.at >= query.since)
        and (query.until is None or event.at < query.until)
        and (text in event.reason.lower() or text in event.detail.lower())
    )


queries = st.builds(
    AuditQuery,
    kinds=st.one_of(st.none(), st.frozensets(st.sampled_from(["grant.signed_in", "grant.ended", "no.such"]))),
    actor=st.sampled_from([None, None, "alice", "command:root", "", "nobody"]),
    account_id=st.sampled_from([None, None, 7, 9]),
    link_id=st.sampled_from([None, None, 70]),
    text=st.sampled_from([None, None, "", "admin", "WIKI", "Ä", "100%"]),
    since=st.one_of(st.none(), st.integers(NOW - 1, NOW + 41)),
    until=st.one_of(st.none(), st.integers(NOW - 1, NOW + 41)),
    newest_first=st.booleans(),
    limit=st.integers(1, 50),
)


async def test_filters_find_exactly_what_fits(store: Store) -> None:
    """Any combination of filters, in both orders and pages of any length: nothing twice, nothing left out."""
    events = some_events()
    await told(store, *events)
    asked: list[AuditQuery] = []

    @given(queries)
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    def collect(query: AuditQuery) -> None:
        asked.append(query)

    collect()
    for query in asked:
        wanted = [n + 1 for n, event in enumerate(events) if fits(event, query)]
        found = [line.number for line in await all_pages(store, query)]
        assert found == (wanted[::-1] if query.newest_first else wanted), query


@pytest.mark.parametrize("newest_first", [True, False])
async def test_a_rare_line_is_found_far_away(store: Store, newest_first: bool) -> None:
    """A page looks at a bounded number of lines: some are empty, and the next go on until the line is there."""
    rare = an_event(EventKind.MOBILE_ON)
    filler = [an_event(EventKind.SIGNED_IN, NOW + n) for n in range(5_000)]
    far = [*filler, rare] if not newest_first else [rare, *filler]
    await told(store, *far)
    found = await all_pages(store, AuditQuery(kinds={"mobile.on"}, newest_first=newest_first))
    assert [line.kind for line in found] == ["mobile.on"]


async def test_lines_read_as_they_were_written(store: Store) -> None:
    """Texts and public ids, every member, in order and in bounded steps."""
    events = some_events()
    await told(store, *events)
    found: list[Line] = []
    while step := await store.audit_lines(found[-1].number if found else None, 7):
        assert len(step) <= 7
        found += step
    plain = [
        Line(n, e.kind.value, e.at, e.actor, e.account_id, e.link_id, e.grant_id, e.address, e.reason, e.detail)
        for n, e in enumerate(events, 1)
    ]
    assert found == plain
    assert await store.audit_lines(3, 100, until=5) == plain[3:5]


async def chain(store: Store) -> list[Segment]:
    """All segments, by pages."""
    found: list[Segment] = []
    while page := await store.segments(NODE, found[-1].sequence if found else 0, 2):
        found += page
    return found


async def test_what_waits_is_sealed_in_bounded_segments(store: Store) -> None:
    """None holds more than it may, each follows from the one before, and the store keeps every byte of them."""
    await told(store, *(an_event(detail=str(n)) for n in range(600)))
    sealed = await seal_all(store, KEYS, NODE, NOW)
    assert [segment.count for segment in sealed] == [128, 128, 128, 128, 88]
    assert await chain(store) == sealed
    assert await store.last_segment(NODE) == sealed[-1]
    assert await seal_step(store, KEYS, NODE, NOW) is None
    await told(store, an_event())
    (more,) = await seal_all(store, KEYS, NODE, NOW)
    assert (more.sequence, more.first, more.previous) == (6, 601, sealed[-1].head)


async def test_two_that_seal_the_same_lines_make_one_segment(store: Store, open_another: Open) -> None:
    """Two processes at once: one is first, the other is told that the chain moved on, and no line is sealed twice."""
    await told(store, *(an_event(detail=str(n)) for n in range(500)))
    other = await open_another()
    one, two = await asyncio.gather(seal_all(store, KEYS, NODE, NOW), seal_all(other, KEYS, NODE, NOW + 1))
    rest = await seal_all(store, KEYS, NODE, NOW)
    assert sorted(s.sequence for s in [*one, *two, *rest]) == [1, 2, 3, 4]
    every = await chain(store)
    assert [segment.first for segment in every] == [1, 129, 257, 385]


@pytest.mark.parametrize("sequence", [0, 1, 3])
async def test_only_the_next_segment_is_taken(store: Store, sequence: int) -> None:
    """One that does not follow from the last is refused, and nothing is written."""
    await told(store, an_event(), an_event(detail="2"))
    first = await seal_step(store, KEYS, NODE, NOW)
    assert first is not None
    wrong = structs.replace(seal(KEYS, NODE, first, await store.audit_lines(None, 1), NOW), sequence=sequence)
    assert not await store.seal(wrong)
    assert await chain(store) == [first]


async def test_retention_drops_old_segments_whole(store: Store) -> None:
    """Oldest first, lines and all; heads stay; neither the newest segment nor what is not sealed ever goes."""
    for day in range(4):
        await told(store, *(an_event(at=NOW + day * DAY, detail=str(n)) for n in range(3)))
        await seal_all(store, KEYS, NODE, NOW + day * DAY)
    await told(store, an_event(at=0, detail="waits"))
    before = await chain(store)
    dropped = []
    while (segment := await drop_step(store, KEYS, NODE, NOW + 2 * DAY, NOW + 9 * DAY)) is not None:
        dropped.append(segment)
    assert dropped == [drop(KEYS, segment, NOW + 9 * DAY) for segment in before[:2]]
    assert await chain(store) == [*dropped, *before[2:]]
    assert [line.number for line in await store.audit_lines(None, 100)] == [7, 8, 9, 10, 11, 12, 13]
    while await drop_step(store, KEYS, NODE, NOW + 99 * DAY, NOW + 99 * DAY):
        continue
    left = await store.audit_lines(None, 100)
    assert [line.number for line in left] == [10, 11, 12, 13]
    assert await store.oldest_kept_segment(NODE) == before[3]


async def test_a_segment_is_dropped_once_and_as_it_is(store: Store) -> None:
    """Twice, or under another head than the store has, changes nothing."""
    await told(store, an_event())
    (first,) = await seal_all(store, KEYS, NODE, NOW)
    await told(store, an_event())
    await seal_all(store, KEYS, NODE, NOW)
    assert not await store.drop(drop(KEYS, structs.replace(first, head=bytes(32)), NOW))
    assert await store.drop(drop(KEYS, first, NOW))
    assert not await store.drop(drop(KEYS, first, NOW + 1))
    assert (await chain(store))[0].dropped_at == NOW


async def test_pruning_leaves_the_audit_alone(store: Store, account: Account, link: Link, grant: Grant) -> None:
    """However late it is: only retention, by segments, takes lines away."""
    await store.apply(ended(grant))
    while await store.prune(NOW + 5_000 * DAY, 100):
        continue
    assert [line.kind for line in await store.audit_lines(None, 100)] == ["grant.signed_in", "grant.ended"]


async def test_chains_of_nodes_are_apart(store: Store) -> None:
    """Each node's segments are its own."""
    await told(store, an_event())
    mine, theirs = await seal_step(store, KEYS, NODE, NOW), await seal_step(store, KEYS, "n2", NOW)
    assert await chain(store) == [mine]
    assert await store.segments("n2") == [theirs]
    assert await store.last_segment("n3") is None
    assert await store.oldest_kept_segment("n3") is None
