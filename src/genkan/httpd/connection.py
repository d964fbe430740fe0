"""One connection of HTTP/1.1: requests are read whole and bounded, the site is asked for one after another, and every
answer is one piece.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import ClassVar, cast

import httptools

from genkan.httpd import written
from genkan.httpd.flow import Flow
from genkan.httpd.reading import MOST_HEAD_BYTES, Reading, Stage
from genkan.httpd.shared import Shared
from genkan.httpd.shares import Arriving
from genkan.httpd.tls import secured
from genkan.site.answer import Answer
from genkan.site.arrival import MOST_BODY_BYTES, Arrival

MOST_WAITING = 16
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
LINGER_SECONDS = 2.0
# Bytes that requests which are not whole yet may take in all: a thousand of the largest.
MOST_UNFINISHED_BYTES = 64 * 1024 * 1024
# The same of answers that their clients let wait.
MOST_UNREAD_BYTES = 64 * 1024 * 1024

_FAILED = Answer(500, ((b"content-type", b"text/plain"),), b"Internal Server Error")


class Connection(Flow, Reading, asyncio.Protocol):
    """Each whole request waits for its turn, which begins when the one before it is answered. A request that comes in
    one read, as nearly all do, pays a few comparisons and no timer.
    """

    head_seconds: ClassVar[float] = HEAD_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS
    linger_seconds: ClassVar[float] = LINGER_SECONDS

    def __init__(self, shared: Shared, *, asks: bool = False, arriving: Arriving | None = None) -> None:
        Reading.__init__(self)
        Flow.__init__(self)
        self._shared = shared
        self._asks = asks  # for the client's certificate, where there is TLS of our own
        self._arriving = arriving  # the handshake, which had a place already
        self._loop = asyncio.get_running_loop()
        # The requests that are answered
        self._asked: Arrival | None = None
        self._task: asyncio.Task[None] | None = None  # of the last one that was asked; a loop holds no task by itself
        self.waiting: deque[Arrival] = deque()
        self.held = 0  # bytes of the request that is being read, as the server counts them
        self._is_unfinished = False  # that request does not come in one read
        self._unread = False  # the other end may still be sending
        self._said_all = False  # the other end sends no more; it may have left
        self._is_last = False  # the request that is being read ends the connection
        self._finished = False
        self._deadline: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None

    # What the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection that never says anything is idle like one between two requests."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if isinstance(peer, tuple) else ""
        self._take_place()
        self._shared.state.connections.add(self)  # type: ignore[arg-type]
        if transport.get_extra_info("sslcontext"):
            self._scheme, self._secured = "https", secured(transport, asks=self._asks)
        self._rest()
        self._watch_idleness(self._shared.keep_alive_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Nobody is there any more; what is being decided for them is still decided."""
        self._over = True
        self._shared.shares.leave(self)
        self.waiting.clear()
        self.resume_writing()
        self._stop_clock()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._task is not None and not self._task.done():
            # uvicorn waits for connections, and then for what is left of those that were lost.
            self._shared.state.tasks.add(self._task)
            self._task.add_done_callback(self._shared.state.tasks.discard)
        self._shared.state.connections.discard(self)

    def pause_writing(self) -> None:
        """It does not read: what it is sent waits in our memory, of which everybody has a share."""
        super().pause_writing()
        self._shared.shares.wait(self, self._transport.get_write_buffer_size(), MOST_UNREAD_BYTES)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._shared.shares.reads(self)
        self._next()

    def eof_received(self) -> bool:
        """Who has said all may still wait for the answer; False closes, where nobody does."""
        self._over = self._said_all = True
        self._stop_clock()
        # RFC 8446 6.1: TLS could be half closed as well; asyncio's cannot.
        return self._secured is None and (self._asked is not None or bool(self.waiting))

    def shutdown(self) -> None:
        """uvicorn's word for the end: what was asked is answered, at the last a request whose body is on its way."""
        if self._stage is Stage.BODY and not self._over:
            self._is_last = True
        elif not self._finished:
            self._over = True
            self._stop_clock()
            self._finish()

    def break_off(self) -> asyncio.Task[None] | None:
        """The server waits no longer. The task that was to answer, if there is one."""
        self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see what is still to come."""
        if self._over:
            return
        self._idle_since = None
        if self._stage is Stage.WHOLE:
            self._stage = Stage.HEAD
        self._read = len(data)
        self._moved = False
        try:
            self._feed(data)
            if self._stage is not Stage.WHOLE and not self._over:
                self._wait_for_more()
        except httptools.HttpParserError:
            # Where it is over, the parser stopped because we said so.
            if not self._over:
                self._refuse(self._fault)

    def _take_place(self) -> None:
        """Where as many are here as may be, one of the source that has most goes, or this one."""
        shares, arriving = self._shared.shares, self._arriving
        if arriving is not None:
            arriving.end()
        has_room = arriving is not None or shares.make_room()
        shares.enter(self)
        if not has_room:
            shares.goes(self)
            self._transport.write(written.refusal(HTTPStatus.SERVICE_UNAVAILABLE, self._shared.lines))
            self.leave()

    @property
    def address(self) -> str:
        """The other end's."""
        return self._client

    @property
    def is_answered(self) -> bool:
        """Whether an answer is being made, or is being read."""
        return self._asked is not None and not self._full

    @property
    def idle_since(self) -> float | None:
        """Since when nothing was asked, where nobody waits for anything."""
        return None if self._over else self._idle_since

    def leave(self) -> None:
        """Go, for somebody who has something to ask."""
        self._over = self._finished = True
        self._transport.close()

    def give_way(self) -> None:
        """The same for somebody whose source has less, with a word where something was being asked. TLS would wait for
        the other end's goodbye.
        """
        if self._is_unfinished and self._asked is None:
            self._transport.write(written.refusal(HTTPStatus.SERVICE_UNAVAILABLE, self._shared.lines))
        self._stop_clock()
        self.leave()
        if self._secured is not None or self._full:
            self._transport.abort()

    # What becomes of it

    def _take(self, *, too_large: bool) -> None:
        arrival = self._arrival(f"{self._shared.boot}-{next(self._shared.numbers):x}", too_large=too_large)
        self._stage = Stage.WHOLE
        self._stop_clock()
        # After a request that ends the connection nothing is read (RFC 9110 7.8: as after one that wishes for another
        # protocol, for what follows may be of that); the site says what it has against a body too long.
        self._over, self._unread = self._is_last or not arrival.keep_alive, too_large
        if self._asked is None and not self._full:
            self._ask(arrival)
        else:
            self.waiting.append(arrival)
            self._pause()

    def _gone(self) -> bool:
        return self._said_all or self._transport.is_closing()

    def _takes_more(self) -> bool:
        return len(self.waiting) < MOST_WAITING

    def _ask(self, arrival: Arrival) -> None:
        self._asked = arrival
        self._task = self._loop.create_task(self._answer(arrival))

    async def _answer(self, arrival: Arrival) -> None:
        try:
            answer = await self._shared.site(arrival)
            last = self._begin(arrival, answer)
            if answer.parts is not None and arrival.method != "HEAD" and not self._transport.is_closing():
                last = await self._send_parts(arrival, answer.parts, last)
        except Exception as bug:  # noqa: BLE001 - the site answers for its own; this is one in how it does that
            self._tell(arrival, bug)
            last = self._begin(arrival, _FAILED)
        except BaseException:
            # A task that is cancelled answers no more, and nobody shall wait for it.
            self._transport.abort()
            raise
        self._asked = None
        if last:
            self._finish()
        else:
            self._next()

    def _begin(self, arrival: Arrival, answer: Answer) -> bool:
        """Send all that is there of an answer. True where the connection ends with it. Raises ValueError."""
        if self._shared.leaving and not self.waiting and self._stage is Stage.WHOLE:
            # RFC 9112 9.6: who is told so opens another connection, at a server that stays.
            self._over = True
        last = not arrival.keep_alive or (self._over and not self.waiting)
        if self._transport.is_closing():
            return True
        more = self._shared.lines
        if answer.parts is None:
            is_head = arrival.method == "HEAD"
            self._write(written.whole(answer, more, arrival.number, head=is_head, last=last))
        else:
            chunked = arrival.version == "1.1"  # RFC 9112 7.1: HTTP/1.0 knows no chunks.
            last = last or not chunked
            self._write(written.opened(answer, more, arrival.number, chunked=chunked, last=last))
        return last

    async def _send_parts(self, arrival: Arrival, parts: AsyncGenerator[bytes, None], last: bool) -> bool:
        """Part after part, as fast as the other end reads. True where the connection ends with it."""
        write, chunked = self._write, arrival.version == "1.1"
        try:
            async with aclosing(parts):
                async for part in parts:
                    await self._drained()
                    if self._transport.is_closing():
                        return True
                    if part:
                        write(written.chunk(part) if chunked else part)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the status was sent long ago
            self._tell(arrival, fault)
            # RFC 9112 8: what fails on the way is broken off, so that it is not taken for a whole answer.
            self._transport.abort()
            return True
        if chunked and not self._transport.is_closing():
            write(written.chunk(b""))
        return last

    def _tell(self, arrival: Arrival, fault: Exception) -> None:
        fields = {"route": "connection", "request_id": arrival.number, "error": repr(fault)}
        self._shared.log("error", "bug", **fields, exc_info=fault)

    def _next(self) -> None:
        if self._asked is not None or self._full:
            return
        if self.waiting:
            self._shared.turns.take(self._go_on)
        elif self._over:
            self._finish()
        else:
            self._rest()

    def _go_on(self) -> None:
        """Its turn has come, if there is still something to be done in it."""
        if self.waiting and self._asked is None and not self._full:
            self._ask(self.waiting.popleft())

    def _rest(self) -> None:
        """Nothing is to be done until more comes."""
        self._read_again()
        if self._deadline is None:
            self._idle_since = self._loop.time()
        else:
            self._let_go_on()

    def _finish(self) -> None:
        """Close once nothing is being answered."""
        if self._asked is not None or self.waiting or self._finished or self._transport.is_closing():
            return
        self._finished = True
        if not self._unread:
            self._transport.close()
            return
        # RFC 9112 9.6: closing on what is still being sent would take the answer away from its reader; so what comes
        # is thrown away for a while.
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._deadline = self._loop.call_later(self.linger_seconds, self._transport.close)

    # What does not come, or not in time

    def _wait_for_more(self) -> None:
        self._unframed = 0 if self._moved else self._unframed + self._read
        if self._unframed > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._stage is Stage.BODY and self._announced() > MOST_BODY_BYTES:
            self._take(too_large=True)
        else:
            self._let_go_on()
            if self._deadline is None:
                self._start_clock()
            self._count_crumb(self._read)
            self._hold()

    def _hold(self) -> None:
        """Requests that are not whole yet take so much memory in all; one of the source that takes most is left."""
        held = self._unframed + self._body_bytes
        more, self.held = held - self.held, held
        leaves = self._shared.shares.hold(self, more, MOST_UNFINISHED_BYTES)
        if leaves is self:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        elif leaves is not None:
            leaves.give_way()

    def _let_go_on(self) -> None:
        """RFC 9110 10.1.1: who waits for our word before it sends the body is given it, once."""
        if self._stage is not Stage.BODY or self._continued or self._asked is not None:
            return
        self._continued = True
        expects = any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._pairs)
        if expects and self._parser.get_http_version() == "1.1":
            self._transport.write(written.CONTINUE)

    def _start_clock(self) -> None:
        seconds = self.head_seconds if self._stage is Stage.HEAD else self.body_seconds
        self._deadline = self._loop.call_later(seconds, self._too_late)
        self._is_unfinished = True
        self._shared.shares.begin(self)

    def _stop_clock(self) -> None:
        if self._is_unfinished:
            self._is_unfinished, self._crumbs = False, 0
            self._shared.shares.end(self)
        if self.held:
            self._shared.shares.hold(self, -self.held, MOST_UNFINISHED_BYTES)
            self.held = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._paused:
            # It is we who do not read: an earlier answer is not finished yet.
            self._start_clock()
        else:
            self._shared.figures.cut_off[self._stage.name.lower()] += 1
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why where an answer is awaited, and close; what was asked before is answered first."""
        self._over = self._unread = True
        self._stop_clock()
        # Whoever is out there can cause this, as often as they like.
        self._shared.log("debug", "a request could not be read", status=status.value)
        if self._asked is None and not self.waiting:
            self._transport.write(written.refusal(status, self._shared.lines))
        self._finish()

    def _watch_idleness(self, seconds: float) -> None:
        self._idle_timer = self._loop.call_later(seconds, self._perhaps_idle)

    def _perhaps_idle(self) -> None:
        """One timer looks now and then: winding it up anew with every request would cost more than the look. It looks
        on after the end, until all is sent.
        """
        seconds = left = self._shared.keep_alive_seconds
        if self._is_stuck():
            self._shared.figures.cut_off["answer"] += 1
            self._transport.abort()
        elif self._idle_since is not None:
            left = self._idle_since + seconds - self._loop.time()
            if left <= 0:
                self._transport.close()
        self._watch_idleness(left if left > 0 else seconds)
