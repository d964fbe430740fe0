"""A configuration from an address: only that address is asked, within limits of time and size."""

import httpx2

from genkan.cli.workbench import SET_UP, Stop
from genkan.mdm.opening import MOST_OCTETS

_SECONDS = 10.0
_MOST_REDIRECTS = 3


def fetched(url: str, *, transport: httpx2.BaseTransport | None = None) -> bytes:
    """The octets that are there. A redirect is followed on the same host alone, and one to another is told."""
    try:
        asked = httpx2.URL(url)
        with httpx2.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False, transport=transport) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                answer, octets = _asked(client, asked)
                if not answer.is_redirect:
                    return _judged(answer, octets)
                asked = _next(asked, answer)
    except (httpx2.InvalidURL, httpx2.HTTPError) as problem:
        raise Stop(f"the address gives no answer: {_why(problem)}", SET_UP) from None
    raise Stop("the address redirects again and again", SET_UP)


def _asked(client: httpx2.Client, url: httpx2.URL) -> tuple[httpx2.Response, bytes]:
    octets = b""
    with client.stream("GET", url, headers={"accept": "*/*", "accept-encoding": "identity"}) as answer:
        for piece in answer.iter_raw():
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
