"""Transfer codings that are not served, and answers that have no content."""

import pytest

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from tests.site.connecting import GET, answers_to, connected, settle, status


@pytest.mark.parametrize(
    ("coding", "said"),
    [(b"gzip, chunked", 501), (b"gzip", 501), (b"identity", 501), (b"own", 501), (b"chunked, chunked", 400)],
)
async def test_a_transfer_coding_other_than_chunked_is_not_implemented(coding: bytes, said: int) -> None:
    """RFC 9112 6.1: 501 before the body, whose bytes are nobody's request; the site never sees it. What follows chunked
    is no framing at all (6.3).
    """
    asked = b"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %b\r\n\r\n2\r\nhi\r\n0\r\n\r\n" % coding
    answer = await answers_to(asked, GET)
    assert (status(answer), answer.count(b"HTTP/1.1")) == (said, 1)
    assert status(await answers_to(asked.replace(coding, b"Chunked"))) == 200


async def test_an_answer_without_content_says_nothing_of_its_length() -> None:
    """RFC 9110 8.6: no Content-Length with 204, and what follows on the connection is the next answer."""

    async def nothing(_: Arrival) -> Answer:
        return Answer(204, ())

    connection, wire = connected(nothing)
    connection.data_received(GET + GET)
    await settle()
    assert (wire.told.count(b"HTTP/1.1 204 "), b"content-length" in wire.told.lower()) == (2, False)
    connection.connection_lost(None)
