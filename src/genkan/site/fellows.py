"""The other serving processes behind the same addresses: whichever is asked for measurements shows those of all, each
under its number. Messages are whole and local; who does not answer in time is shown as not answering.
"""

import asyncio
import os
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count

import msgspec
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

ANSWER_SECONDS = 1.0
# A queue of the system holds about ten messages: whoever finds it full tries again until nobody waits any more.
_AGAIN_SECONDS = 0.02
MOST_BYTES = 8 << 20
LABEL = "worker"

Measured = Callable[[], Awaitable[Iterable[Metric]]]


class _Sample(msgspec.Struct, frozen=True, array_like=True):
    name: str
    labels: dict[str, str]
    value: float


class _Family(msgspec.Struct, frozen=True, array_like=True):
    name: str
    about: str
    kind: str
    samples: list[_Sample]


class _Question(msgspec.Struct, frozen=True, tag=True):
    asker: int
    mark: str


class _Reply(msgspec.Struct, frozen=True, tag=True):
    number: int
    mark: str
    families: list[_Family]


_MESSAGE = msgspec.msgpack.Decoder(_Question | _Reply)


class Fellows:
    """``boxes`` are where each of the processes is written to and reads, by number; ``number`` is ours."""

    def __init__(self, number: int, boxes: Sequence[tuple[socket.socket, socket.socket]]) -> None:
        self._measured: Measured = _nothing
        self._number = number
        self._boxes = boxes
        self._marks = (f"{os.getpid()}-{n}" for n in count())
        self._waiting: dict[str, tuple[dict[int, list[_Family]], asyncio.Event]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    def listen(self, measured: Measured) -> None:
        """Hear the others from now on, for as long as the loop runs. ``measured`` says what this process has."""
        self._measured = measured
        asyncio.get_running_loop().add_reader(self._boxes[self._number][1].fileno(), self._hear)

    async def render(self) -> bytes:
        """What all have measured, in Prometheus' text format."""
        answers: dict[int, list[_Family]] = {}
        mark, whole = next(self._marks), asyncio.Event()
        self._waiting[mark] = answers, whole
        try:
            for other in range(len(self._boxes)):
                if other != self._number:
                    self._send(other, msgspec.msgpack.encode(_Question(self._number, mark)))
            mine = _families(await self._measured())
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS if len(self._boxes) > 1 else 0):
                    await whole.wait()
        finally:
            del self._waiting[mark]
        return generate_latest(_All({self._number: mine, **answers}, len(self._boxes)))

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while data := self._boxes[self._number][1].recv(MOST_BYTES):
                self._heard(_MESSAGE.decode(zlib.decompress(data)))

    def _heard(self, message: _Question | _Reply) -> None:
        if isinstance(message, _Question):
            # A loop holds no task by itself.
            task = asyncio.get_running_loop().create_task(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif message.mark in self._waiting:
            answers, whole = self._waiting[message.mark]
            answers[message.number] = message.families
            if len(answers) == len(self._boxes) - 1:
                whole.set()

    async def _answer(self, question: _Question) -> None:
        families = _families(await self._measured())
        self._send(question.asker, msgspec.msgpack.encode(_Reply(self._number, question.mark, families)))

    def _send(self, other: int, message: bytes) -> None:
        self._put(other, zlib.compress(message, 1), asyncio.get_running_loop().time() + ANSWER_SECONDS)

    def _put(self, other: int, data: bytes, until: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._boxes[other][0].send(data)
        except BlockingIOError:
            if loop.time() < until:
                loop.call_later(_AGAIN_SECONDS, self._put, other, data, until)
        except OSError:
            # Too large for the system: shown as not answering, which is found.
            return


async def _nothing() -> Iterable[Metric]:
    return ()


def _families(metrics: Iterable[Metric]) -> list[_Family]:
    return [
        _Family(one.name, one.documentation, one.type, [_Sample(s.name, dict(s.labels), s.value) for s in one.samples])
        for one in metrics
    ]


class _All(Collector):
    """Everybody's families as one, each sample under its process's number."""

    def __init__(self, answers: Mapping[int, list[_Family]], size: int) -> None:
        self._answers = answers
        self._size = size

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for number, families in sorted(self._answers.items()):
            for family in families:
                metric = merged.setdefault(family.name, Metric(family.name, family.about, family.kind))
                for sample in family.samples:
                    metric.add_sample(sample.name, {**sample.labels, LABEL: str(number)}, sample.value)
        up = merged.setdefault("genkan_up", GaugeMetricFamily("genkan_up", "1 while the process answers"))
        for number in sorted(set(range(self._size)) - self._answers.keys()):
            up.add_sample("genkan_up", {LABEL: str(number)}, 0)
        yield from merged.values()
