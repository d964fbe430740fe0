"""The gallery on loopback, for a browser: with plain values, with hostile ones, and hostile without any protection."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from genkan.site.answer import Answer
from genkan.site.qr_picture import picture
from tests.browser import gallery_mobile
from tests.browser.gallery import gallery, rendered, the_pages
from tests.browser.hostile import ALL, MARKUP

STATIC = "/desk/static/"
QR = "/desk/qr.svg"
TOLD = "/desk/told"
# What is put behind every value. Without escaping, markup that leads away would hide what else happens.
WAYS = {"hostile": ALL, "unescaped": MARKUP["title"], "unprotected": MARKUP["title"]}


@dataclass(frozen=True, slots=True)
class Exhibition:
    """``origin`` answers for pages by their name below the way they are shown."""

    origin: str
    names: tuple[str, ...]

    def plain(self, name: str, language: str = "en") -> str:
        """The page with the values of everyday."""
        return f"{self.origin}/{language}/plain/{name}"

    def hostile(self, name: str) -> str:
        """The page with markup in every value that somebody can choose."""
        return f"{self.origin}/en/hostile/{name}"

    def unescaped(self, name: str, *, policy: bool) -> str:
        """The hostile page as a broken site would send it: nothing escaped, with or without a security policy."""
        return f"{self.origin}/en/{'unescaped' if policy else 'unprotected'}/{name}"


@contextlib.contextmanager
def exhibition() -> Iterator[Exhibition]:
    """Answer on a free port until left."""
    names = tuple(shown.name for shown in gallery())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Exhibition(f"http://127.0.0.1:{server.server_address[1]}", names)
        server.shutdown()
        thread.join()


def _answer(path: str) -> Answer:
    pages = the_pages()
    language, _, rest = path.strip("/").partition("/")
    way, _, name = rest.rpartition("/")
    if path.startswith(STATIC):
        asset = pages.assets[name]
        headers = ((b"content-type", asset.content_type), (b"cache-control", b"max-age=3600"))
        return Answer(200, headers, asset.body)
    if path == QR:
        return Answer(200, ((b"content-type", b"image/svg+xml"),), picture("https://site.example/desk"))
    if path == TOLD:
        return Answer(200, ((b"content-type", b"application/json"),), gallery_mobile.TOLD.encode())
    shown = {one.name: one for one in gallery(lambda text: text + WAYS.get(way, ""))}
    if name not in shown:
        return Answer(404, ())
    made = rendered(shown[name], pages, language)
    if way in ("plain", "hostile"):
        return made
    kept = tuple(header for header in made.headers if way == "unescaped" or header[0] != b"content-security-policy")
    return Answer(made.status, kept, unescape(made.body.decode()).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer = _answer(self.path)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name.decode(), value.decode())
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""
