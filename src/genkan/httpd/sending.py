"""What one connection sends, and whether the other end reads it."""

import asyncio

# What must be read of an answer between two looks at a client that lets it wait.
SLOWEST_READ_BYTES = 16 * 1024


class Sending:
    """The writing side over a transport. ``_full``: the other end does not read what it is sent."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._full = False
        self._drain: asyncio.Future[None] | None = None
        self._written = 0  # bytes that the other end was sent in all
        self._taken: int | None = None  # how many of them it had read when we last looked, where some waited

    def pause_writing(self) -> None:
        """The other end does not read: nothing more is answered until it does, and not much more is read."""
        self._full = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    def _write(self, data: bytes) -> None:
        self._written += len(data)
        self._transport.write(data)

    async def _drained(self) -> None:
        if self._full:
            self._drain = asyncio.get_running_loop().create_future()
            await self._drain

    def _is_stuck(self) -> bool:
        """Whether the other end has read next to nothing since the last look, though something waited for it."""
        unsent = self._transport.get_write_buffer_size()
        before, self._taken = self._taken, self._written - unsent if unsent else None
        return before is not None and self._taken is not None and self._taken - before < SLOWEST_READ_BYTES
