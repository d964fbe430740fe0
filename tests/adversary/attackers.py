"""Attackers: each holds so many connections from addresses of its own and opens anew what is closed to it, for a
bounded time. Also a command, so that a large attack has a process and descriptors of its own:

    python -m tests.adversary.attackers KIND PORT COUNT SECONDS SOURCE...
"""

import contextlib
import itertools
import os
import resource
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

_HOST = b"Host: site.example\r\n"
_BIG = b"GET /rest/openapi.json HTTP/1.1\r\n" + _HOST + b"\r\n"
_FORM = b"POST /rest/oauth2/latest/token HTTP/1.1\r\n" + _HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
EACH_ROUND = 500
ROUND_SECONDS = 0.1
CONNECT_SECONDS = 0.3


@dataclass(frozen=True)
class Kind:
    """What is sent at first, and then again and again. ``reads``: the answers are taken."""

    first: bytes
    then: bytes = b""
    reads: bool = True


KINDS = {
    "silent": Kind(b""),
    "slow-heads": Kind(b"GET /readyz HTTP/1.1\r\n" + _HOST + b"X-Long: a", b"a"),
    "no-bodies": Kind(_FORM + b"Content-Length: 1000\r\n\r\n"),
    "slow-bodies": Kind(_FORM + b"Content-Length: 60000\r\n\r\n" + b"a" * 2000, b"a"),
    "never-reading": Kind(_BIG * 16, reads=False),
    "pipelining": Kind(_BIG * 16, _BIG * 8),
}


class Attack:
    """``count`` connections of one kind at a time. ``opened`` counts all that there were."""

    def __init__(self, kind: str, port: int, count: int, sources: Sequence[str]) -> None:
        self.kind = KINDS[kind]
        self.opened = 0
        self._port = port
        self._count = count
        self._sources = itertools.cycle(sources)
        self._held: list[socket.socket] = []

    def run(self, seconds: float) -> int:
        """Attack for so long, then let go of everything; how many connections it took."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self._held = [one for one in self._held if self._goes_on(one)]
                for _ in range(min(EACH_ROUND, self._count - len(self._held))):
                    self._open()
                time.sleep(ROUND_SECONDS)
        finally:
            for one in self._held:
                one.close()
        return self.opened

    def _open(self) -> None:
        one = socket.socket()
        try:
            one.bind((next(self._sources), 0))
            one.settimeout(CONNECT_SECONDS)
            one.connect(("127.0.0.1", self._port))
            one.setblocking(False)
            one.send(self.kind.first)
        except OSError:
            one.close()
            return
        self.opened += 1
        self._held.append(one)

    def _goes_on(self, one: socket.socket) -> bool:
        try:
            with contextlib.suppress(BlockingIOError):
                # A connection that was broken off says so also to who looks at it without taking anything.
                if not one.recv(65536, 0 if self.kind.reads else socket.MSG_PEEK):
                    one.close()
                    return False
            with contextlib.suppress(BlockingIOError):
                if self.kind.then:
                    one.send(self.kind.then)
        except OSError:
            one.close()
            return False
        return True


def main(words: Sequence[str]) -> None:
    """One attack, with all the descriptors that the system allows."""
    kind, port, count, seconds, *sources = words
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.nice(10)  # an attacker elsewhere takes none of this machine's processors
    sys.stdout.write(f"{Attack(kind, int(port), int(count), sources).run(float(seconds))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
