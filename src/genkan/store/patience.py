"""How long whoever asks may wait in a queue for the store: all reads of one request together, not each of them."""

from contextvars import ContextVar
from dataclasses import dataclass

WAIT_SECONDS = 5.0


@dataclass(slots=True)
class Patience:
    """The seconds that are left."""

    left: float = WAIT_SECONDS


# Set where a request begins. Whoever has none is given some for each read.
PATIENCE: ContextVar[Patience] = ContextVar("PATIENCE")
