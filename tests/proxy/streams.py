"""An application with a WebSocket echo and an event stream, and a client for each, on plain sockets."""

import base64
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from urllib.parse import urlsplit

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
# RFC 6455 5.2: a text in one frame; a client's is masked, with zeros too.
_TEXT, _MASKED = 0x81, 0x80


def _accepts(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()


class Streams:
    """/events says one event, and the next when ``go_on`` is set; everything else is a WebSocket's, or 426."""

    def __init__(self) -> None:
        self.go_on = go_on = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """A stream, or an opening as RFC 6455 4.2.1 wants it."""
                opens = self.headers.get("upgrade") == "websocket" and self.headers.get("connection", "").lower()
                self.close_connection = True
                if self.path.endswith("/events"):
                    self._events()
                elif opens == "upgrade":
                    self._echo(f"{self.headers['remote-user']}: ".encode())
                else:
                    self.send_error(426)

            def _events(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.write(b"data: first\n\n")
                go_on.wait(20)
                self.wfile.write(b"data: second\n\n")

            def _echo(self, before: bytes) -> None:
                self.send_response(101)
                accept = _accepts(self.headers["sec-websocket-key"])
                told = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept}
                for name, value in told.items():
                    self.send_header(name, value)
                self.end_headers()
                while (said := _hear(self.rfile)) is not None:
                    self.wfile.write(bytes((_TEXT, len(before + said))) + before + said)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop answering."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def _hear(source: BufferedIOBase) -> bytes | None:
    head = source.read(2)
    if len(head) < 2:
        return None
    mask = source.read(4) if head[1] & _MASKED else b""
    said = source.read(head[1] & 0x7F)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(said)) if mask else said


class Opened:
    """A WebSocket through a proxy at this origin, or whatever status it answered."""

    def __init__(self, origin: str, path: str, *headers: str) -> None:
        address = urlsplit(origin)
        self._socket = socket.create_connection((address.hostname or "", address.port or 0), 20)
        opening = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                   f"Sec-WebSocket-Key: {_KEY}", *headers)  # fmt: skip
        lines = (f"GET {path} HTTP/1.1", f"Host: {address.netloc}", *opening, "", "")
        self._socket.sendall("\r\n".join(lines).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        head = [line.decode().strip().lower() for line in iter(self._file.readline, b"\r\n")]
        self.accepted = f"sec-websocket-accept: {_accepts(_KEY)}".lower() in head

    def say(self, text: str) -> str:
        """Send a short text, and wait for the answer."""
        said = text.encode()
        self._socket.sendall(bytes((_TEXT, _MASKED | len(said))) + bytes(4) + said)
        return (_hear(self._file) or b"").decode()

    def close(self) -> None:
        """Leave nothing open."""
        self._file.close()
        self._socket.close()
