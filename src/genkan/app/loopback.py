"""A listener on this machine for the one answer that the browser brings back (RFC 8252 7.3).

Owns sockets and the few words spoken to the browser; what the answer means is the flows' matter.
"""

import hashlib
import socket
import socketserver
import threading
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from genkan.app.awaited import DEADLINE_SECONDS, AwaitedAnswer, Offered
from genkan.app.steps import NoReturn, Returned, Visit
from genkan.wire import uri

REQUEST_SECONDS = 5.0
LAST_PAGE_SECONDS = 2.0
DONE_PATH = "/done"
REFUSED_PATH = "/refused"

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;padding:12vh 1rem;background:light-dark(#f3f2ec,#1b1c1e);"
    "color:light-dark(#1d2126,#e8e6e1)}"
    "main{max-width:26rem;margin:auto;padding:1.5rem 2rem;border:1px solid light-dark(#d6d4cb,#3a3c40);"
    "border-radius:.8rem;background:light-dark(#fff,#242629)}"
    "h1{font-size:1.4rem;margin:.5rem 0}"
)


def _page(title: str, words: str) -> bytes:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    body = f"<main><h1>{title}</h1><p>{words}</p></main>"
    page = f'<!doctype html><html lang="en">{head}<title>{title}</title><style>{_STYLE}</style>{body}</html>'
    return page.encode()


_DONE = _page("Back to the app", "The app goes on from here. You can close this page.")
_REFUSED = _page("Nobody was signed in", "The site did not let the app in. Why, the app says. You can close this page.")
_NOT_OURS = _page("Not this sign-in", "Nothing was accepted. Go back to the app and start again.")
_LAST_PAGES = {DONE_PATH: _DONE, REFUSED_PATH: _REFUSED}
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    # RFC 9700 4.2.4: the address of the answer holds the code, so nothing is loaded and no referrer is sent
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LoopbackDoor:
    """Listens for one sign-in at a registered loopback address; a free port unless the registered one names a port."""

    def __init__(self, registered: str, open_browser: Callable[[str], None], seconds: float = DEADLINE_SECONDS) -> None:
        place = _Place.of(registered)
        self._open_browser = open_browser
        self._answer = AwaitedAnswer(seconds)
        self._last_page = threading.Event()
        self._servers = _listen(place, self)
        self._authority = f"{place.host}:{self._servers[0].server_address[1]}"
        self._path = place.path
        self.redirect_uri = f"http://{self._authority}{place.tail}"
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), name="loopback", daemon=True).start()

    def visit(self, asked: Visit) -> Returned | NoReturn:
        """Open the browser and wait for the answer with this state."""
        self._answer.expect(asked.state)
        self._open_browser(asked.url)
        return self._answer.wait()

    def close(self) -> None:
        """Let the browser fetch its last page, then stop listening."""
        if self._answer.taken:
            self._last_page.wait(LAST_PAGE_SECONDS)
        self._answer.end()
        servers, self._servers = self._servers, []
        for server in servers:
            server.shutdown()
            server.server_close()

    def judge(self, hosts: list[str], target: str) -> tuple[int, str | None]:
        """What to say to a request: a status, and for a redirect where to."""
        if hosts != [self._authority]:
            # A page elsewhere that rebinds its name to this machine sends its own name.
            return 421, None
        path, _, query = target.partition("?")
        if path in _LAST_PAGES and self._answer.taken:
            return 200, None
        if path != self._path:
            return 404, None
        match self._answer.offer(f"http://{self._authority}{path}?{query}"):
            case Offered.TAKEN:
                # RFC 6749 4.1.2.1: an error comes back the same way as a code.
                refused = any(pair.partition("=")[0] == "error" for pair in query.split("&"))
                return 303, REFUSED_PATH if refused else DONE_PATH
            case Offered.LATE:
                return 410, None
            case Offered.STRANGER:
                return 400, None

    def page_sent(self, status: int) -> None:
        """The browser has the last page."""
        if status == 200:
            self._last_page.set()


class _Place:
    """A registered loopback address taken apart: ``http://<host>[:<port>]<path>[?<query>]``."""

    def __init__(self, host: str, port: int | None, path: str, query: str | None) -> None:
        self.host = host
        self.port = port
        self.path = path or "/"
        self.tail = path + ("" if query is None else f"?{query}")

    @classmethod
    def of(cls, registered: str) -> "_Place":
        parts = uri.split(registered)
        authority = uri.split_authority(parts.authority or "") if parts else None
        if parts is None or authority is None:
            raise ValueError("not a loopback address")
        return cls(authority.bracketed, authority.port, parts.path, parts.query)


class _Listener(socketserver.ThreadingTCPServer):
    """Each connection has a thread: browsers open connections ahead that never ask anything."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int], door: LoopbackDoor) -> None:
        self.address_family = family
        self.door = door
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is the browser's business; printing would show the address with the code."""


def _listen(place: _Place, door: LoopbackDoor) -> list[_Listener]:
    """The address family that the redirect names; for ``localhost`` both, since the browser chooses."""
    port = place.port or 0
    if place.host == "[::1]":
        return [_Listener(socket.AF_INET6, ("::1", port), door)]
    first = _Listener(socket.AF_INET, ("127.0.0.1", port), door)
    if place.host != "localhost":
        return [first]
    try:
        return [first, _Listener(socket.AF_INET6, ("::1", first.server_address[1]), door)]
    except OSError:
        return [first]


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = REQUEST_SECONDS
    server_version = "genkan"
    sys_version = ""

    def do_GET(self) -> None:
        hosts = self.headers.get_all("Host") or []
        status, location = self.server.door.judge(hosts, self.path)
        page = _LAST_PAGES[self.path.partition("?")[0]] if status == 200 else _NOT_OURS
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        self.server.door.page_sent(status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the request line holds the code."""
