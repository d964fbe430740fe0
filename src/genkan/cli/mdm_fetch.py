"""A configuration from an address: only that address is asked, within limits of time and size."""

import asyncio

import httpx2

from genkan.cli.workbench import SET_UP, Stop
from genkan.mdm.opening import MOST_OCTETS

_SECONDS = 10.0
# For the whole: a server that sends an octet now and then is waited for no longer than this.
MOST_SECONDS = 30.0
_MOST_REDIRECTS = 3


def fetched(url: str, *, transport: httpx2.AsyncBaseTransport | None = None, seconds: float = MOST_SECONDS) -> bytes:
    """The octets that are there. A redirect is followed on the same host alone, and one to another is told."""
    try:
        return asyncio.run(_within(seconds, url, transport))
    except TimeoutError:
        raise Stop(f"the address did not answer in full within {seconds:g} seconds", SET_UP) from None
    except (httpx2.InvalidURL, httpx2.HTTPError) as problem:
        raise Stop(f"the address gives no answer: {_why(problem)}", SET_UP) from None


async def _within(seconds: float, url: str, transport: httpx2.AsyncBaseTransport | None) -> bytes:
    async with asyncio.timeout(seconds):
        return await _followed(httpx2.URL(url), transport)


async def _followed(asked: httpx2.URL, transport: httpx2.AsyncBaseTransport | None) -> bytes:
    limits = httpx2.Timeout(_SECONDS)
    async with httpx2.AsyncClient(
        timeout=limits, follow_redirects=False, trust_env=False, transport=transport
    ) as client:
        for _ in range(_MOST_REDIRECTS + 1):
            answer, octets = await _asked(client, asked)
            if not answer.is_redirect:
                return _judged(answer, octets)
            asked = _next(asked, answer)
    raise Stop("the address redirects again and again", SET_UP)


async def _asked(client: httpx2.AsyncClient, url: httpx2.URL) -> tuple[httpx2.Response, bytes]:
    octets = b""
    async with client.stream("GET", url, headers={"accept": "*/*", "accept-encoding": "identity"}) as answer:
        async for piece in answer.aiter_raw():
            octets += piece
            if len(octets) > MOST_OCTETS:
                raise Stop(f"what is at the address is larger than {MOST_OCTETS} octets", SET_UP)
    return answer, octets


def _next(asked: httpx2.URL, answer: httpx2.Response) -> httpx2.URL:
    there = asked.join(answer.headers.get("location", ""))
    if (there.scheme, there.host, there.port) != (asked.scheme, asked.host, asked.port):
        where = f"{there.scheme}://{there.host}"
        raise Stop(f"the address redirects to {where}, which was not asked; name that address if it is meant", SET_UP)
    return there


def _judged(answer: httpx2.Response, octets: bytes) -> bytes:
    if answer.status_code != 200:
        raise Stop(f"the address answers with the status {answer.status_code}", SET_UP)
    return octets


def _why(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
