"""Visits of phones in the store: so many a check and no more, each written by one at a time, gone after their day."""

import asyncio
from dataclasses import replace

from genkan.protocol.env import DAY
from genkan.protocol.phone_check_steps import PhoneVisit, PutPhoneVisit
from genkan.store.api import Store
from tests.store.builders import NOW, a_change


def a_visit(check: bytes = b"c" * 16, number: int = 1, **changes: int) -> PhoneVisit:
    visit = PhoneVisit(check, bytes([number]) * 16, NOW + number, NOW + number, NOW + DAY, 1, "Phone/1", "{}")
    return replace(visit, **changes)  # type: ignore[arg-type]


async def test_visits_are_read_by_id_and_by_check(store: Store) -> None:
    """Newest first, and none of another check."""
    first, second, other = a_visit(), a_visit(number=2), a_visit(b"d" * 16, 3)
    assert await store.apply(a_change(PutPhoneVisit(first), PutPhoneVisit(second), PutPhoneVisit(other)))
    assert await store.phone_visit(first.id) == first
    assert await store.phone_visit(b"x" * 16) is None
    assert await store.phone_visits(first.check) == [second, first]
    assert await store.phone_visits(b"x" * 16) == []


async def test_a_check_takes_so_many_visits(store: Store) -> None:
    """One more is refused, also of many at once; another check has its own count; those there go on telling."""
    tried = [store.apply(a_change(PutPhoneVisit(a_visit(number=number), most=3))) for number in range(1, 9)]
    assert sorted(await asyncio.gather(*tried)) == [False] * 5 + [True] * 3
    assert len(await store.phone_visits(b"c" * 16)) == 3
    assert await store.apply(a_change(PutPhoneVisit(a_visit(b"d" * 16, 20), most=3)))
    kept = (await store.phone_visits(b"c" * 16))[0]
    assert await store.apply(a_change(PutPhoneVisit(replace(kept, version=2, told='{"script":true}'), most=3)))


async def test_a_version_is_written_once(store: Store) -> None:
    """Of many who saw the same row one writes, and nothing but what was told and when is changed."""
    visit = a_visit()
    assert await store.apply(a_change(PutPhoneVisit(visit)))
    assert not await store.apply(a_change(PutPhoneVisit(visit)))
    moved = replace(visit, version=2, changed_at=NOW + 9, told='{"script":true}', user_agent="Other", check=b"e" * 16)
    done = await asyncio.gather(*(store.apply(a_change(PutPhoneVisit(moved))) for _ in range(5)))
    assert sorted(done) == [False] * 4 + [True]
    assert await store.phone_visit(visit.id) == replace(moved, user_agent="Phone/1", check=visit.check)
    assert not await store.apply(a_change(PutPhoneVisit(replace(moved, version=9))))


async def test_visits_go_after_their_day(store: Store) -> None:
    """Pruned in bounded steps once they have expired, and not before."""
    for number in range(1, 6):
        assert await store.apply(a_change(PutPhoneVisit(a_visit(number=number, expires_at=NOW + DAY + (number > 3)))))
    while await store.prune(NOW + DAY, 2):
        pass
    assert len(await store.phone_visits(b"c" * 16)) == 2
    while await store.prune(NOW + DAY + 1, 2):
        pass
    assert await store.phone_visits(b"c" * 16) == []
