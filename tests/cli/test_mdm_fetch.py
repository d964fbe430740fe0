"""A configuration from an address: only that host is asked, within limits."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from genkan.cli.mdm_fetch import fetched
from genkan.cli.workbench import Stop
from genkan.mdm.opening import MOST_OCTETS

HERE = "https://files.example/jira/sites.json"


def served(answer: Callable[[httpx2.Request], httpx2.Response], url: str = HERE) -> tuple[bytes, list[str]]:
    """What comes from an address, and which addresses were asked."""
    asked: list[str] = []

    def remembered(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return answer(request)

    return fetched(url, transport=httpx2.MockTransport(remembered)), asked


async def sent(body: bytes) -> AsyncIterator[bytes]:
    """A body in one piece."""
    yield body


def replied(status: int, body: bytes = b"", location: str = "") -> httpx2.Response:
    """An answer whose body is read as it comes."""
    return httpx2.Response(status, headers={"location": location} if location else {}, content=sent(body))


def stopped(answer: Callable[[httpx2.Request], httpx2.Response], url: str = HERE) -> str:
    """The sentence that a person gets."""
    with pytest.raises(Stop) as stop:
        served(answer, url)
    assert stop.value.status == 2
    return str(stop.value)


def test_the_octets_are_those_of_the_address() -> None:
    """As they are, with one request that carries no cookie and no credential."""
    octets, asked = served(lambda request: replied(200, b"\xef\xbb\xbf[]"))
    assert (octets, asked) == (b"\xef\xbb\xbf[]", [HERE])


def test_a_redirect_on_the_same_host_is_followed() -> None:
    """A file that moved is found."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/new.json":
            return replied(200, b"[]")
        return replied(302, location="/new.json")

    assert served(answer) == (b"[]", [HERE, "https://files.example/new.json"])


@pytest.mark.parametrize(
    "there",
    [
        "https://other.example/x",
        "http://files.example/x",
        "https://files.example:8443/x",
        "http://169.254.169.254/",
        "//a.b/",
    ],
)
def test_a_redirect_elsewhere_is_told_and_not_followed(there: str) -> None:
    """Another host, scheme or port was not asked for, private addresses least of all."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return replied(302, location=there)

    assert "which was not asked" in stopped(answer)
    assert asked == [HERE]


def test_redirects_end() -> None:
    """A file that leads to itself is no file."""
    assert "again and again" in stopped(lambda request: replied(302, location=HERE))


def test_a_large_file_is_not_read_to_its_end() -> None:
    """Reading stops at the limit."""
    assert "larger than" in stopped(lambda request: replied(200, b"x" * (MOST_OCTETS + 1)))


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_another_status_is_told(status: int) -> None:
    """What is no file is not checked as one."""
    assert f"the status {status}" in stopped(lambda request: replied(status))


def test_a_server_that_sends_for_ever_is_left() -> None:
    """The whole has a deadline, not only each read."""

    async def dripping() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, content=dripping()))
    with pytest.raises(Stop, match="did not answer in full within"):
        fetched(HERE, transport=transport, seconds=0.05)


def test_no_answer_is_one_line() -> None:
    """The network's reason, without a traceback."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route\nto host")

    assert stopped(answer) == "the address gives no answer: no route to host"
    assert "gives no answer" in stopped(answer, "https://[::1")
