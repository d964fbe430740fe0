"""The one answer that a sign-in waits for: the first that carries its state, however it comes in.

Owns that choice and the wait; sockets and handlers are its callers'.
"""

import hmac
import threading
from enum import Enum
from urllib.parse import parse_qs

from genkan.app.steps import NoReturn, Returned

DEADLINE_SECONDS = 300.0


class Offered(Enum):
    """What became of an address that was brought."""

    TAKEN = "taken"
    LATE = "late"
    STRANGER = "stranger"


class AwaitedAnswer:
    """Thread-safe; one sign-in each."""

    def __init__(self, seconds: float = DEADLINE_SECONDS) -> None:
        self._seconds = seconds
        self._came = threading.Event()
        self._lock = threading.Lock()
        self._state: str | None = None
        self._address: str | None = None
        self._strangers = 0

    @property
    def taken(self) -> bool:
        """Whether the answer is there."""
        return self._address is not None

    def expect(self, state: str) -> None:
        """From now on an answer with this state is the one."""
        self._state = state

    def offer(self, address: str) -> Offered:
        """Bring an address; only the first with the right state is taken, so that nobody else's can block it."""
        with self._lock:
            if self._address is not None:
                return Offered.LATE
            if self._state is None or not hmac.compare_digest(state_in(address).encode(), self._state.encode()):
                # Any page and any program on this machine can bring an address; only the site knows the state.
                self._strangers += 1
                return Offered.STRANGER
            self._address = address
            self._came.set()
            return Offered.TAKEN

    def wait(self) -> Returned | NoReturn:
        """Wait for the answer, for the deadline, or for the end."""
        self._came.wait(self._seconds)
        if self._address is not None:
            return Returned(self._address)
        if self._strangers:
            return NoReturn("The browser brought back answers of other sign-ins only: start the sign-in again.")
        return NoReturn("No answer came back from the browser in time: start the sign-in again.")

    def end(self) -> None:
        """Stop waiting."""
        self._came.set()


def state_in(address: str) -> str:
    """The state that an address carries; empty where it carries none, or several."""
    query = address.partition("#")[0].partition("?")[2]
    try:
        states = parse_qs(query, max_num_fields=64).get("state", [])
    except ValueError:
        return ""
    return states[0] if len(states) == 1 else ""
