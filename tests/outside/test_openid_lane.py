"""The places at one provider: so many at once, so many who wait, and no network with more than half of them."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from genkan.outside.openid.lane import Lane

HERE, THERE, ELSEWHERE = "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"


async def test_no_network_takes_more_than_half() -> None:
    """Whoever floods fills their own half, and everybody else goes on; together they fill all."""
    lane = Lane(at_once=4, waiting=0)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            assert not lane.is_full(HERE)
            await stack.enter_async_context(lane.turn(HERE))
        assert (lane.is_full(HERE), lane.is_full(THERE)) == (True, False)
        await stack.enter_async_context(lane.turn(THERE))
        await stack.enter_async_context(lane.turn(ELSEWHERE))
        assert [lane.is_full(one) for one in (HERE, THERE, ELSEWHERE)] == [True] * 3
    assert [lane.is_full(one) for one in (HERE, THERE, ELSEWHERE)] == [False] * 3


async def test_who_waits_holds_a_place_and_comes_in_their_order() -> None:
    """As many at once as there are turns, in the order in which they came."""
    lane, order, going_on = Lane(at_once=1, waiting=3), list[str](), asyncio.Event()

    async def one(name: str, network: str) -> None:
        async with lane.turn(network):
            order.append(name)
            await going_on.wait()

    async with asyncio.TaskGroup() as group:
        for name, network in (("first", HERE), ("second", HERE), ("third", THERE)):
            group.create_task(one(name, network))
            await asyncio.sleep(0)
        assert (order, lane.is_full(HERE), lane.is_full(THERE)) == (["first"], True, False)
        going_on.set()
    assert order == ["first", "second", "third"]


async def test_a_place_is_given_back_by_whoever_gives_up() -> None:
    """While waiting as well as in their turn."""
    lane = Lane(at_once=1, waiting=1)
    async with lane.turn(HERE):
        waiting = asyncio.create_task(lane.turn(THERE).__aenter__())
        await asyncio.sleep(0)
        assert lane.is_full(ELSEWHERE)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not lane.is_full(ELSEWHERE)
    with pytest.raises(ValueError, match="broken"):
        async with lane.turn(HERE):
            raise ValueError("broken")
    assert not lane.is_full(HERE)
