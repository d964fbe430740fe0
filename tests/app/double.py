"""A small site for the app's tests: `info/login`, metadata, authorize, token with enforced rotation, revoke, myself.

Not the provider: it knows one person and agrees to every sign-in, but is strict about codes, verifiers and rotation.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from genkan.wire import login_info, metadata
from genkan.wire.login_info import LoginInfo
from genkan.wire.pkce import challenge_of
from genkan.wire.redirects import find, with_answer

CLIENT_ID = "38843a89f2b02a471000bc022e4b9de8"
REDIRECTS = ("jira-server://oauth-callback", "http://127.0.0.1/oauth-callback", "http://[::1]/oauth-callback")
INFO = "/rest/nativemobile/1.1/info/login"
TOKEN = "/rest/oauth2/latest/token"
JSON = {"Content-Type": "application/json"}


@dataclass
class Reply:
    """What the double answers; `dropped` cuts the connection after the request was acted on."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    dropped: bool = False


@dataclass
class Asked:
    """A request that the double saw."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


class Double:
    """The site; every attribute may be changed between requests."""

    def __init__(self) -> None:
        self.base_url = ""
        self.redirects: tuple[str, ...] = REDIRECTS
        self.switch_on = True
        self.has_metadata = True
        self.expires_in = 3600
        self.person: dict[str, Any] = {"name": "alice", "key": "u1", "displayName": "Alice A.", "active": True}
        self.overrides: dict[str, Callable[[Asked], Reply | None]] = {}
        self.drop_answers: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.rotations: Counter[int] = Counter()
        self.retries: Counter[int] = Counter()
        self.generation = 0
        self.seen = False
        self.ended: str | None = None
        self.device_ids: list[str] = []
        self.revoked: list[str] = []
        self._sign_ins = 0
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def paths(self) -> list[str]:
        """The paths that were asked, without queries."""
        return [asked.path.partition("?")[0] for asked in self.asked]

    def handle(self, asked: Asked) -> Reply:
        """Answer one request."""
        path = asked.path.partition("?")[0]
        with self._lock:
            self.asked.append(asked)
            override = self.overrides.get(path)
            reply = override(asked) if override else None
            if path == "/rest/oauth2/latest/authorize" and "genkan-app" in asked.headers.get("user-agent", ""):
                reply = reply or Reply(302, b"", {"Location": "/login.jsp"})  # nobody is signed in there
            elif path == "/rest/oauth2/latest/authorize":
                reply = reply or Reply(302, b"", {"Location": self.walk(asked.path)})
            reply = reply or self._route(path, asked)
            if self.drop_answers[path] > 0:
                self.drop_answers[path] -= 1
                reply.dropped = True
            return reply

    def walk(self, url: str) -> str:
        """What a browser does with an authorization address when the person agrees: where it ends."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert find(self.redirects, asked["redirect_uri"]) is not None
        self._sign_ins += 1
        code = f"code-{self._sign_ins}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"]}
        return with_answer(asked["redirect_uri"], {**answer, "iss": self.base_url} if self.has_metadata else answer)

    def _route(self, path: str, asked: Asked) -> Reply:
        if path == INFO:
            info = LoginInfo(self.switch_on, CLIENT_ID, self.redirects, "WRITE") if self.switch_on else LoginInfo(False)
            return _json(login_info.render(info))
        if path in metadata.well_known_paths(self.base_url) and self.has_metadata:
            return _json(metadata.document(self.base_url))
        if path == TOKEN:
            return self._token(asked.form)
        if path == "/rest/oauth2/latest/revoke":
            self.ended = self.ended or "revoked"
            self.revoked.append(asked.form["token"])
            return Reply(body=b"")
        if path == "/rest/api/2/myself":
            return self._protected(asked) or _json(self.person)
        if path == "/rest/api/2/echo":
            return self._protected(asked) or _json({"method": asked.method, "form": asked.form})
        return Reply(404, b"<h1>nothing here</h1>", {"Content-Type": "text/html"})

    def _protected(self, asked: Asked) -> Reply | None:
        given = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.ended or given != f"at-{self.generation}":
            return Reply(401, b'{"error":"invalid_token"}', {"WWW-Authenticate": "Bearer", **JSON})
        self.seen = True
        return None

    def _token(self, form: dict[str, str]) -> Reply:
        assert form["client_id"] == CLIENT_ID
        if form["grant_type"] == "authorization_code":
            return self._exchange(form)
        shown = int(form["refresh_token"].removeprefix("rt-"))
        if self.ended:
            return _refusal("invalid_grant", "The sign-in has ended.")
        if shown == self.generation:
            self.rotations[shown] += 1
            self.generation, self.seen = shown + 1, False
        elif shown == self.generation - 1 and not self.seen:
            self.retries[shown] += 1
        else:
            self.ended = "replayed"
            return _refusal("invalid_grant", "The refresh token was used before.")
        return self._tokens()

    def _exchange(self, form: dict[str, str]) -> Reply:
        asked = self._codes.pop(form["code"], None)
        if asked is None:
            self.ended = "code used twice"
            return _refusal("invalid_grant", "The code was used before.")
        if asked["redirect_uri"] != form["redirect_uri"] or asked["code_challenge"] != challenge_of(
            form["code_verifier"]
        ):
            return _refusal("invalid_grant", "The code does not belong to this request.")
        self.device_ids.append(form["device_id"])
        self.ended, self.seen, self.generation = None, False, self.generation + 100
        return self._tokens()

    def _tokens(self) -> Reply:
        return _json(
            {
                "access_token": f"at-{self.generation}",
                "refresh_token": f"rt-{self.generation}",
                "token_type": "bearer",
                "expires_in": self.expires_in,
                "scope": "WRITE",
            }
        )


def _json(value: object) -> Reply:
    return Reply(body=json.dumps(value).encode())


def _refusal(error: str, description: str) -> Reply:
    return Reply(400, json.dumps({"error": error, "error_description": description}).encode())


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    """The double on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            form = {} if "json" in headers.get("content-type", "") else dict(parse_qsl(body))
            reply = double.handle(Asked(self.command, self.path, headers, form))
            if reply.dropped:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    double.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
