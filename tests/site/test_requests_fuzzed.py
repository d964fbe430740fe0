"""Requests that are split and spoilt anyhow: the connection answers or refuses, and always comes to an end."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from tests.site.connecting import FAULTS, GET, LAST, POST, connected, settle

CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;a=b\r\nyou\r\n0\r\nX-T: 1\r\n\r\n"
)
ODD = [
    b"HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1]:80/a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"POST /w HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi",
    b"CONNECT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
    b"GET /o HTTP/1.0\r\n\r\n",
    b"POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + b"b" * 70_000,
]
SPOILS = [b"\r", b"\n", b"\0", b" ", b":", b"\r\n", b"\r\n\r\n", b"0", b"\xff", b"Content-Length: 3\r\n", b"HTTP/0.9"]
requests = st.lists(st.sampled_from([GET, POST, CHUNKED, LAST, *ODD]), min_size=1, max_size=5).map(b"".join)
places = st.lists(st.integers(0, 1 << 20), max_size=6)
BOUNDED = settings(max_examples=150, derandomize=True, deadline=None, database=None)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Good requests with something put in, or in the place of something."""
    data = draw(requests)
    for at in draw(places):
        where, width = at % (len(data) + 1), draw(st.integers(0, 3))
        data = data[:where] + draw(st.sampled_from(SPOILS)) + data[where + width :]
    return data


async def exchanged(data: bytes, cuts: list[int]) -> tuple[list[tuple[str, bytes]], list[int]]:
    """What the site is asked, and the statuses of the answers, for these bytes in reads cut at these places."""
    asked: list[tuple[str, bytes]] = []

    async def site(arrival: Arrival) -> Answer:
        asked.append((f"{arrival.method} {arrival.path} {arrival.too_large}", arrival.body))
        return Answer(200, ())

    connection, wire = connected(site)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        if start < end and not wire.ended:
            connection.data_received(data[start:end])
            await settle()
    stays = connection.eof_received()
    await settle()
    assert (stays, connection._asked, list(connection.waiting), FAULTS) == (False, None, [], [])
    connection.connection_lost(None)
    await settle()
    assert len(asyncio.all_tasks()) == 1
    return asked, [int(told.split(b" ", 1)[0]) for told in wire.told.split(b"HTTP/1.1 ")[1:]]


@BOUNDED
@given(data=requests, cuts=places)
def test_how_requests_are_split_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    """To what the site is asked and how it is answered, but for the word to go on that a split can call for."""
    asked, statuses = asyncio.run(exchanged(data, cuts))
    at_once = asyncio.run(exchanged(data, []))
    assert (asked, [one for one in statuses if one != 100]) == at_once
    assert len(asked) >= 1


@BOUNDED
@given(data=spoilt(), cuts=places)
def test_whatever_comes_is_answered_or_refused(data: bytes, cuts: list[int]) -> None:
    """One answer for what the site was asked, at most one refusal and nothing after that; never anything that fails,
    and never another request for being split in another way.
    """
    asked, statuses = asyncio.run(exchanged(data, cuts))
    final = [one for one in statuses if one != 100]
    assert final[: len(asked)] == [200] * len(asked)
    assert len(final) <= len(asked) + 1
    assert all(400 <= one < 600 for one in final[len(asked) :])
    at_once, _ = asyncio.run(exchanged(data, []))
    assert asked[: len(at_once)] == at_once[: len(asked)]
