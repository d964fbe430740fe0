"""What the connections of one server have in common."""

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from uvicorn.server import ServerState

from genkan.httpd import written
from genkan.httpd.shares import Shares
from genkan.httpd.turns import Turns
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.site.measure import ServerFigures

KEEP_ALIVE_SECONDS = 75.0
MOST_CONNECTIONS = 10_000

Site = Callable[[Arrival], Coroutine[Any, Any, Answer]]


@dataclass(slots=True)
class Shared:
    """What the connections of one server have in common. ``state`` is uvicorn's: whom to wait for at the end, and the
    headers that every answer has. ``boot`` begins the numbers of requests; ``log`` takes a level, an event and fields.
    ``is_proxy``: whether an address is one of ours that everybody comes from. ``leaving``: the server goes, and every
    answer ends its connection.
    """

    site: Site
    log: Callable[..., None]
    boot: str = "0"
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    most_connections: int = MOST_CONNECTIONS
    is_proxy: Callable[[str], bool] = lambda _: False
    leaving: bool = False
    state: ServerState = field(default_factory=ServerState)
    figures: ServerFigures = field(default_factory=ServerFigures)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    turns: Turns = field(default_factory=Turns)
    shares: Shares = field(init=False)
    _told: list[tuple[bytes, bytes]] = field(default_factory=list)
    _lines: bytes = b""

    def __post_init__(self) -> None:
        self.shares = Shares(self.most_connections, self.figures, self.is_proxy)

    @property
    def lines(self) -> bytes:
        """The header lines that every answer has; uvicorn makes a new list whenever one changes."""
        if self.state.default_headers is not self._told:
            self._told = self.state.default_headers
            self._lines = written.lines(self._told)
        return self._lines
