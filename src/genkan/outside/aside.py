"""Work on foreign data that may take long, in a process of its own: it has a deadline and so much memory, and ends when
whoever asked for it leaves. What it works on it gets as bytes; of our settings and secrets it sees nothing.
"""

import asyncio
import contextlib
import resource
import sys
from collections.abc import Callable
from importlib import import_module

from genkan.protocol.signin.password import LaneFull

SECONDS = 10.0
MOST_MEMORY = 512 * 1024 * 1024
AT_ONCE = 2
_LOOK_SECONDS = 0.25
_running: set[object] = set()


class TooLong(Exception):
    """It took more time or memory than it may, or nobody waits for it any more."""


async def aside(work: str, data: bytes, gone: Callable[[], bool], seconds: float = SECONDS) -> bytes:
    """What the function ``module:name`` makes of these bytes, as bytes. Raises TooLong, and LaneFull where too many are
    at it.
    """
    if len(_running) >= AT_ONCE:
        raise LaneFull
    place = object()
    _running.add(place)
    try:
        return await _said(work, data, gone, seconds)
    finally:
        _running.discard(place)


async def _said(work: str, data: bytes, gone: Callable[[], bool], seconds: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "genkan.outside.aside", work, env={"LC_ALL": "C.UTF-8"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    answer = asyncio.ensure_future(process.communicate(data))
    try:
        await _waited_for(answer, gone, seconds)
        if not answer.done() or process.returncode:
            raise TooLong
        return answer.result()[0]
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await answer


async def _waited_for(answer: "asyncio.Future[tuple[bytes, bytes]]", gone: Callable[[], bool], seconds: float) -> None:
    """Until it is there, too late, or asked for by nobody."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not answer.done() and not gone() and loop.time() < end:
        await asyncio.wait((answer,), timeout=_LOOK_SECONDS)


def main(work: str) -> None:
    """The other side: standard input in, what came of it out."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = work.partition(":")
    sys.stdout.buffer.write(getattr(import_module(module), name)(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main(sys.argv[1])
