"""A mover that is killed: it kills itself before or behind the step that is named."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genkan.ops import migrate_store as moving
from genkan.store.postgres_moving import Target
from tests.ops.moving import moved

STEPS: dict[str, Any] = {
    "write_down": moving, "mark_moved": moving, "close_for_writing": moving,
    "copy": moving.Mover, "compare": moving.Mover, "compare_counts": moving.Mover,
    "commit": Target, "open_site": Target,
}  # fmt: skip


def die() -> None:
    """As the kernel ends a process: nothing is said, nothing saved."""
    os.kill(os.getpid(), signal.SIGKILL)


def fatal(step: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """The step, with death on one side of it."""

    async def run_async(*words: Any) -> Any:
        if before:
            die()
        result = await step(*words)
        die()
        return result

    def run(*words: Any) -> Any:
        if before:
            die()
        result = step(*words)
        die()
        return result

    return run_async if asyncio.iscoroutinefunction(step) else run


def main(path: str, url: str, step: str, side: str) -> None:
    """Move, and die."""
    place = STEPS[step]
    setattr(place, step, fatal(getattr(place, step), before=side == "before"))
    asyncio.run(moved(Path(path), url))


if __name__ == "__main__":
    main(*sys.argv[1:])
