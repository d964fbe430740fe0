"""A server of files for one session that is made by hand: of any length, slow, cut or refused, as a test says.

Not a site: it takes every token, gives a new one for each refresh, and knows one person. What it is for are answers
and bodies that a real site of ours does not have.
"""

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase

from genkan.app import Account, SessionState, Tokens, Vault
from genkan.app.state import encode
from genkan.clock import now_ms
from genkan.testing.faults import MYSELF, TOKEN
from tests.app.by_hand import a_site

PIECE = 64 * 1024
JSON = {"Content-Type": "application/json"}
EARLY = (
    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\n'
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


@dataclass
class Reply:
    """An answer. ``pieces`` go out one after the other in the place of the body, after ``length``; fewer are a cut."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    pieces: Iterable[bytes] | None = None
    length: int = 0


@dataclass
class Asked:
    """A request; of its body the size and the SHA-256."""

    method: str
    path: str
    headers: dict[str, str]
    size: int
    digest: str


class Filing:
    """The server; ``answers`` may be changed between requests."""

    def __init__(self) -> None:
        self.base_url = ""
        self.answers: dict[str, Callable[[Asked], Reply]] = {}
        self.asked: list[Asked] = []
        self.refreshed = 0
        self.ended = False
        self.refused_early: set[str] = set()
        """Access tokens that are refused before the body of a request is read."""

    def keep_session(self, vault: Vault) -> None:
        """Alice is signed in."""
        endpoint = f"{self.base_url}/rest/oauth2/latest"
        site = a_site(
            base_url=self.base_url,
            issuer=self.base_url,
            authorization_endpoint=f"{endpoint}/authorize",
            token_endpoint=f"{endpoint}/token",
            revocation_endpoint=f"{endpoint}/revoke",
        )
        tokens = Tokens("at-0", "rt-0", now_ms(), now_ms() + 3_600_000)
        alice = Account("u1", "alice")
        vault.write("5e", encode(SessionState("5e", site, "app:/cb", now_ms(), account=alice, tokens=tokens)))

    def requests(self) -> list[Asked]:
        """What was asked but for tokens and people."""
        return [asked for asked in self.asked if asked.path not in {TOKEN, MYSELF}]

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.path == TOKEN:
            return self._tokens()
        if asked.path == MYSELF and self.is_refused(asked.headers.get("authorization", "")):
            return Reply(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if asked.path == MYSELF:
            return Reply(body=b'{"name": "alice", "key": "u1"}')
        found = self.answers.get(asked.path.partition("?")[0])
        return found(asked) if found else Reply()

    def is_refused(self, authorization: str) -> bool:
        return authorization.removeprefix("Bearer ") in self.refused_early

    def _tokens(self) -> Reply:
        if self.ended:
            return Reply(400, b'{"error": "invalid_grant"}')
        self.refreshed += 1
        given = {"access_token": f"at-{self.refreshed}", "refresh_token": f"rt-{self.refreshed}", "expires_in": 3600}
        return Reply(body=json.dumps({**given, "token_type": "bearer"}).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, filing: Filing) -> None:
        self.filing = filing
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no fault of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.command == "PUT" and self.server.filing.is_refused(self.headers.get("Authorization", "")):
            self._refuse_early()
            return
        size, digest = _received(self.rfile, int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.filing.answer(Asked(self.command, self.path, headers, size, digest))
        pieces, length = ([reply.body], len(reply.body)) if reply.pieces is None else (reply.pieces, reply.length)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            for piece in pieces:
                self.wfile.write(piece)
                length -= len(piece)
        self.close_connection = length != 0

    def _refuse_early(self) -> None:
        """As Tomcat: 2 MiB more are taken, and then the connection is closed with the rest still on the way."""
        with suppress(ConnectionError):
            self.wfile.write(EARLY)
            self.wfile.flush()
            _received(self.rfile, 2 << 20)
        self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


def _received(file: BufferedIOBase, length: int) -> tuple[int, str]:
    digest, left = hashlib.sha256(), length
    while left and (piece := file.read(min(left, PIECE))):
        digest.update(piece)
        left -= len(piece)
    return length - left, digest.hexdigest()


@contextmanager
def serving() -> Iterator[Filing]:
    """On a free loopback port."""
    filing = Filing()
    server = _Server(filing)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    filing.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield filing
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
