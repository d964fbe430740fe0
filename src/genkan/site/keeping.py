"""One round of a task that goes round for as long as the process lives: what stops one round stops no other."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from genkan.site.door import Door
from genkan.store.api import StoreUnavailable

Found = TypeVar("Found")


async def survived(round_: Callable[[], Awaitable[Found]], name: str, waits: str, door: Door) -> Found | None:
    """What the round found; None where it ended early, which the log says: ``waits`` where the store is away."""
    try:
        return await round_()
    except StoreUnavailable as problem:
        door.store_failed(problem)
        door.log("warning", waits, problem=str(problem))
    except Exception as bug:  # noqa: BLE001 - a bug in one round must not end all that come after it
        door.log("error", "bug", route=name, error=repr(bug), exc_info=bug)
    return None
