"""The floor: uvicorn alone (httptools, uvloop) and one plain ASGI callable that answers a form POST with fixed JSON.

Nothing is parsed, checked or stored: no Python web server built on uvicorn can answer a refresh faster than this.
"""

import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.base import Peer, Place
from bench.servers import Command

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# As long as an answer of Genkan's token endpoint.
BODY = (
    b'{"access_token":"gnk_at_' + b"a" * 52 + b'","token_type":"bearer","expires_in":3600,'
    b'"refresh_token":"gnk_rt_' + b"r" * 52 + b'","created_at":1700000000,"scope":"WRITE"}'
)
HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-length", str(len(BODY)).encode()),
]
START = {"type": "http.response.start", "status": 200, "headers": HEADERS}
END = {"type": "http.response.body", "body": BODY}


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Reads the whole body and answers."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)


class Bare(Peer):
    name = "bare"
    title = "bare uvicorn, fixed answer"
    durable = False
    floor = True

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("uvicorn", "uvloop", "httptools")}

    def command(self, place: Place) -> Command:
        root = Path(__file__).resolve().parents[2]
        argv = [sys.executable, "-m", "bench.peers.bare", str(place.port)]
        return Command(argv, "/", {"PYTHONPATH": str(root)})


PEERS = (Bare(),)


def main(port: int) -> None:
    import uvicorn  # noqa: PLC0415 - only the server process needs it

    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
