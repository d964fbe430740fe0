"""A command that is told to end cleans up first."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cleaned_up_when_ended() -> Iterator[None]:
    """SIGTERM and SIGHUP cancel what is done within, as asyncio does at SIGINT, and end the process then."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    came: list[signal.Signals] = []

    def come(number: signal.Signals) -> None:
        came.append(number)
        if task is not None:
            task.cancel()

    # One that is ignored, as below nohup, stays so.
    heard = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in heard:
        loop.add_signal_handler(number, come, number)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
        if came:
            signal.raise_signal(came[0])
