"""How fast one connection goes: what is sent is read by the other end or not, and what comes in crumbs is read now and
then.
"""

import asyncio

# What must be read of an answer between two looks at a client that lets it wait.
SLOWEST_READ_BYTES = 16 * 1024
# A request that came in so many reads of so few bytes is not looked at for a while after each further one: thousands
# that send byte after byte would keep us busy with nothing else.
CRUMB_BYTES = 512
CRUMBS = 8
CRUMB_SECONDS = 0.25


class Flow:
    """Over a transport. ``_full``: the other end does not read what it is sent. ``_paused``: we read nothing until what
    waits is answered.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._full = False
        self._drain: asyncio.Future[None] | None = None
        self._written = 0  # bytes that the other end was sent in all
        self._taken: int | None = None  # how many of them it had read when we last looked, where some waited
        self._paused = False
        self._crumbs = 0

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

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _read_again(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _count_crumb(self, size: int) -> None:
        """A part of a request has come."""
        if size < CRUMB_BYTES:
            self._crumbs += 1
            if self._crumbs > CRUMBS and not self._paused:
                self._transport.pause_reading()
                asyncio.get_running_loop().call_later(CRUMB_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._transport.resume_reading()
