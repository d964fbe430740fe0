"""What one of several serving processes has of its parent: a number, a line to it that ends when it is gone, and ways
to its fellows.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

# A message of a fellow is what it has measured: what does not fit is not sent. Linux doubles it and caps it.
_BUFFER_BYTES = 1 << 20
# How often a worker tells its parent that it goes on.
BEAT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where one process gets whole messages from its fellows. It outlives the process: whoever takes its place reads on
    there.
    """

    inlet: socket.socket
    outlet: socket.socket

    def close(self) -> None:
        self.inlet.close()
        self.outlet.close()


def a_letterbox() -> Letterbox:
    """A new one; neither writing nor reading ever waits."""
    inlet, outlet = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    inlet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    outlet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    inlet.setblocking(False)
    outlet.setblocking(False)
    return Letterbox(inlet, outlet)


class Said(msgspec.Struct, frozen=True):
    """What a worker says to its parent, once: that it answers, with the lines to print, or why it cannot.
    ``passes``: the next try may do better by itself.
    """

    lines: tuple[str, ...] = ()
    cannot: str = ""
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker's place among ``len(letterboxes)``. ``announces``: nobody answered yet, so what is told once is told by
    this one.
    """

    number: int
    announces: bool
    line: socket.socket
    letterboxes: tuple[Letterbox, ...]

    def say(self, said: Said) -> None:
        """One line to the parent. Nobody is there to hear it where the parent has gone."""
        try:
            self.line.sendall(msgspec.json.encode(said) + b"\n")
        except OSError:
            return

    def beat(self) -> None:
        """Tell the parent that the loop goes round, now and each second from now on. It is not waited for."""
        with contextlib.suppress(OSError):
            self.line.send(b"\n", socket.MSG_DONTWAIT)
        asyncio.get_running_loop().call_later(BEAT_SECONDS, self.beat)

    def when_left_alone(self, end: Callable[[], object]) -> None:
        """Call ``end`` when the parent is gone: whoever starts it anew must find the address free."""
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self.line.fileno())
            end()

        loop.add_reader(self.line.fileno(), gone)

    @property
    def ways(self) -> list[tuple[socket.socket, socket.socket]]:
        """Where each worker is written to and reads, by number."""
        return [(box.inlet, box.outlet) for box in self.letterboxes]

    @property
    def threads(self) -> int:
        """How many threads of hashing this worker may have where nobody said how many: its share of the processors."""
        return max(1, ((os.cpu_count() or 1) - 1) // len(self.letterboxes))
