"""One conversation with a directory's server: connected, secured, bound and asked, each step within time and size.

The sockets are asyncio's, so nothing here holds the loop up; who may converse at once is bounded by ``ldap_lane``.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from genkan.outside import ldap_messages as messages
from genkan.outside.ldap_ber import Garbled, frame_rest
from genkan.outside.ldap_messages import Code, Entry, Message, Result, Search
from genkan.sources.ldap_servers import Security, Server

MOST_MESSAGE = 1024 * 1024
MOST_BYTES = 8 * 1024 * 1024  # of one conversation
SETTLED = frozenset({Code.SUCCESS, Code.NO_SUCH_OBJECT, Code.SIZE_LIMIT})


class Trouble(StrEnum):
    """What kept a directory from answering; ``genkan sign-on test`` has a fix for each."""

    NAME = "name"  # its host cannot be resolved
    CONNECTION = "connection"
    CERTIFICATE = "certificate"  # its certificate is not trusted or not its own
    TLS = "tls"  # no TLS with it, for another reason
    SLOW = "slow"
    ANSWER = "answer"  # it does not speak LDAP, or too much
    SERVICE = "service"  # it refuses our own bind
    BASE = "base"  # the place where people are looked for does not exist
    SEARCH = "search"  # it refuses the search
    BLIND = "blind"  # it shows us nobody at all


class Cannot(Exception):
    """A directory did not answer what was asked. ``sentence`` is for the operator and holds no secret."""

    def __init__(self, trouble: Trouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; ``has_more``: the server had more than it was asked to give."""

    entries: tuple[Entry, ...]
    has_more: bool


class Conversation:
    """A connection that is open and secured. One operation at a time."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._left = MOST_BYTES

    async def secure(self, context: ssl.SSLContext) -> None:
        """StartTLS: go on within TLS, with nothing kept of what came before it."""
        result = await self._ask(messages.start_tls(self._next()), messages.EXTENDED_ANSWER)
        if result.code != Code.SUCCESS:
            raise Cannot(Trouble.TLS, f"{self.server.text} refuses StartTLS{said(result)}")
        loop = asyncio.get_running_loop()
        # RFC 4511 4.14.3.1: what was learnt in the clear is forgotten. A new reader takes over, so that bytes which
        # somebody on the way put behind the server's answer are never read as if they had come within TLS.
        reader = asyncio.StreamReader(limit=MOST_MESSAGE)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport = await loop.start_tls(
            self._writer.transport, protocol, context, server_hostname=self.server.host
        )  # fmt: skip
        if transport is None:
            raise Cannot(Trouble.CONNECTION, f"{self.server.text} ended the connection")
        protocol.connection_made(transport)
        self._reader, self._writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def bind(self, dn: str, password: str) -> Result:
        """Say who we are. An empty password is a mistake of the caller: many servers take it for nobody and say yes."""
        if dn and not password:
            # RFC 4513 5.1.2, 6.3.1: a name without a password is an unauthenticated bind, which proves nothing.
            raise ValueError("a bind with a name needs a password")
        return await self._ask(messages.bind(self._next(), dn, password), messages.BIND_ANSWER)

    async def search(self, asked: Search) -> Found:
        """The entries that fit, at most ``asked.size``; nothing where the base does not exist is Trouble.BASE."""
        entries: list[Entry] = []
        cookie = b""
        while True:
            done = await self._page(asked, cookie, entries)
            result = done.body
            if not isinstance(result, Result) or result.code not in SETTLED:
                raise Cannot(Trouble.SEARCH, f"{self.server.text} refuses the search{said(result)}")
            if result.code == Code.NO_SUCH_OBJECT:
                raise Cannot(Trouble.BASE, f"{self.server.text} has no entry {asked.base!r}")
            cookie = done.cookie
            has_more = result.code == Code.SIZE_LIMIT or len(entries) > asked.size
            if has_more or not cookie:
                return Found(tuple(entries[: asked.size]), has_more)

    async def _page(self, asked: Search, cookie: bytes, entries: list[Entry]) -> Message:
        number = self._next()
        await self._send(messages.search(number, asked, cookie))
        while True:
            message = await self._receive(number)
            if isinstance(message.body, Entry):
                entries.append(message.body)
                if len(entries) > asked.size + asked.page + 1:
                    raise Cannot(Trouble.ANSWER, f"{self.server.text} gives more entries than it was asked for")
            elif isinstance(message.body, Result):
                if message.body.tag != messages.SEARCH_DONE:
                    raise self._unasked()
                return message

    async def _ask(self, request: bytes, answer: int) -> Result:
        await self._send(request)
        message = await self._receive(self._number)
        if not isinstance(message.body, Result) or message.body.tag != answer:
            raise self._unasked()
        return message.body

    async def _send(self, request: bytes) -> None:
        self._writer.write(request)
        await self._writer.drain()

    async def _receive(self, number: int) -> Message:
        head = await self._reader.readexactly(1)
        while (rest := frame_rest(head)) is None:
            head += await self._reader.readexactly(1)
        self._left -= len(head) + rest
        if rest > MOST_MESSAGE or self._left < 0:
            raise Cannot(Trouble.ANSWER, f"{self.server.text} answers with more bytes than anybody needs")
        message = messages.decode(head + await self._reader.readexactly(rest))
        if message.id == 0 and isinstance(message.body, Result):
            # RFC 4511 4.4.1: a notice that it hangs up.
            raise Cannot(Trouble.CONNECTION, f"{self.server.text} hangs up{said(message.body)}")
        if message.id != number:
            raise self._unasked()
        return message

    def _unasked(self) -> Cannot:
        return Cannot(Trouble.ANSWER, f"{self.server.text} answers something that was not asked")

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def hang_up(self) -> None:
        """End it, politely where that needs no waiting."""
        try:
            if not self._writer.transport.is_closing():
                # RFC 4511 4.3: an unbind has no answer. Nor is the server's end of TLS waited for: a directory that
                # keeps it back would keep a socket of ours open half a minute.
                self._writer.write(messages.unbind(self._next()))
                await asyncio.sleep(0)
        finally:
            self.cut()

    def cut(self) -> None:
        """End it at once: nobody listens any more."""
        self._writer.transport.abort()


@asynccontextmanager
async def conversation(
    server: Server, context: ssl.SSLContext, connect_seconds: float
) -> AsyncIterator[Conversation]:  # fmt: skip
    """An open, secured connection for as long as the block lasts. Raises Cannot, also for what breaks within it.

    ``connect_seconds`` covers the look-up of the name, the connection and TLS; the whole is the caller's to bound.
    """
    opened: Conversation | None = None
    ended_well = False
    with _faults(server):
        try:
            try:
                async with asyncio.timeout(connect_seconds):
                    opened = await _connect(server, context)
                    if server.security is Security.START_TLS:
                        await opened.secure(context)
            except TimeoutError:
                raise Cannot(
                    Trouble.SLOW, f"{server.text} did not accept a connection within {connect_seconds:g} seconds"
                ) from None
            yield opened
            ended_well = True
        finally:
            if opened is not None:
                await opened.hang_up() if ended_well else opened.cut()


async def _connect(server: Server, context: ssl.SSLContext) -> Conversation:
    secured = context if server.security is Security.TLS else None
    name = server.host if secured else None
    reader, writer = await asyncio.open_connection(
        server.host, server.port, ssl=secured, server_hostname=name, limit=MOST_MESSAGE
    )
    return Conversation(server, reader, writer)


class _faults:  # noqa: N801 - reads as the statement that it is
    """Says what went wrong below us in the words of Cannot."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        told = None if problem is None else cannot(self._server, problem)
        if told is not None:
            raise told from None


def cannot(server: Server, problem: BaseException) -> Cannot | None:
    """A fault of the network, TLS or grammar as Cannot; None for what is something else."""
    where = server.text
    match problem:
        case ssl.SSLCertVerificationError():
            return Cannot(Trouble.CERTIFICATE, f"the certificate of {where} is not trusted: {problem.verify_message}")
        case ssl.SSLError():
            return Cannot(Trouble.TLS, f"no TLS with {where}: {problem.reason or 'it does not speak it'}")
        case ssl.CertificateError():
            return Cannot(Trouble.CERTIFICATE, f"the certificate of {where} is not trusted: {problem}")
        case asyncio.IncompleteReadError() | ConnectionError():
            return Cannot(Trouble.CONNECTION, f"{where} does not accept the connection or ended it")
        case Garbled():
            return Cannot(Trouble.ANSWER, f"{where} does not speak LDAP: {problem}")
        case socket.gaierror():
            return Cannot(Trouble.NAME, f"the name {server.host} cannot be resolved: {problem.strerror}")
        case OSError():
            return Cannot(
                Trouble.CONNECTION, f"{where} cannot be reached: {problem.strerror or type(problem).__name__}"
            )
    return None


def said(result: object) -> str:
    """What the server itself said of it, with the number that its manual explains."""
    if not isinstance(result, Result):
        return ""
    name = Code(result.code).name.lower().replace("_", " ") if result.code in set(Code) else "result"
    return f" ({name} {result.code}{': ' if result.text else ''}{result.text})"
