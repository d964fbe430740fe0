"""What a flow may ask of the world, as values: flows yield them and are sent what came of it.

Owns the shape of that conversation; performs nothing and knows no protocol.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

DOCUMENT_LIMIT = 64 * 1024
"""Bytes that a token answer or a discovery document may have; the real ones stay below two thousand."""

API_LIMIT = 16 * 1024 * 1024
"""Bytes that an answer of the site's API may have."""


@dataclass(frozen=True, slots=True)
class Source:
    """A body that is read while it is sent: its length in bytes, and its pieces, from the first one at each call."""

    length: int
    pieces: Callable[[], Generator[bytes, None, None]] = field(repr=False)


class OutOfTime(TimeoutError):
    """What takes a body had to wait for longer than the exchange has."""


@dataclass(frozen=True, slots=True)
class Sink:
    """What takes the body of a file piece by piece as it comes, so that nobody holds it.

    Where ``take`` may wait, as for a disk, tasks have it called in a thread; else they await what it returns. One that
    may wait for somebody else, as a pipe does, is told by ``within`` how many seconds it has, from whichever thread: 0
    ends it at once. Then it raises ``OutOfTime``.
    """

    take: Callable[[bytes], object] = field(repr=False)
    waits: bool = True
    within: Callable[[float], object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request. Redirects are never followed: where an answer comes from is part of what it means.

    ``limit`` is the most bytes of an answer that is held, ``seconds`` the most that the whole exchange may take, in the
    place of the driver's own measure.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | Source | None = field(default=None, repr=False)
    limit: int = DOCUMENT_LIMIT
    seconds: float | None = None
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the site's API, before there is a token for it; ``path`` is below the base URL, query included."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | Source | None = field(default=None, repr=False)
    limit: int = API_LIMIT
    seconds: float | None = None
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an ``Ask``; header names are lower case. ``body`` is empty where a sink took it."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Loss(StrEnum):
    """Why no answer came."""

    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    CERTIFICATE = "certificate"
    CLIENT_CERTIFICATE = "client-certificate"
    HANDSHAKE = "handshake"
    NOT_TLS = "not-tls"
    UNREADABLE = "unreadable"
    MACHINE = "machine"
    """Nothing was sent: what this machine says of proxies and certificates cannot be used."""


SET_UP_FAULTS = {Loss.CERTIFICATE, Loss.CLIENT_CERTIFICATE, Loss.HANDSHAKE, Loss.NOT_TLS, Loss.MACHINE}
"""Losses that no waiting heals."""

INTERCEPTIONS = {Loss.CERTIFICATE, Loss.HANDSHAKE, Loss.NOT_TLS}
"""Those that a network's own sign-in page causes as well: where a site was reached before, waiting heals them."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No usable answer came; whether the site acted on the request is unknown unless it was never reached."""

    loss: Loss
    sentence: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Take a person to this address and wait for the answer that carries this state.

    ``private`` asks for a browser that keeps nothing of it.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """The whole address that the browser brought back."""

    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoReturn:
    """The browser brought nothing back."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Work:
    """A short blocking call (a file, a keyring) that must end even when the task around it is cancelled.

    One ``aside`` may be long: it holds and changes nothing, so that a task that is cancelled leaves it behind.
    """

    call: Callable[[], object] = field(repr=False)
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before going on."""

    milliseconds: int


Step: TypeAlias = Ask | Visit | Work | Pause
Flow: TypeAlias = Generator[Step, Any, T]


def ask(request: Ask) -> Flow[Answer | Lost]:
    """Send one request."""
    answer: Answer | Lost = yield request
    return answer


def visit(asked: Visit) -> Flow[Returned | NoReturn]:
    """Take the person through the browser."""
    brought: Returned | NoReturn = yield asked
    return brought


def work(call: Callable[[], T]) -> Flow[T]:
    """Run a short blocking call; what it raises is raised here."""
    result: T = yield Work(call)
    return result


def look(call: Callable[[], T]) -> Flow[T]:
    """Run a blocking call of any length that holds and changes nothing."""
    result: T = yield Work(call, aside=True)
    return result


def pause(milliseconds: int) -> Flow[None]:
    """Wait."""
    yield Pause(milliseconds)
