"""The ASGI application: reads a request whole and bounded, finds its rule, guards it, and sends the handler's
answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import aclosing
from itertools import count
from typing import Any

from starlette.routing import compile_path

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.signin.password import LaneFull
from genkan.site import answer, browser
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.former import FormerAddresses, is_at
from genkan.site.peer import Headers, Peer, PeerFault, Peers, network_of
from genkan.site.reader import reader_of
from genkan.site.received import MOST_FORM_BYTES, Malformed, Received
from genkan.site.routes import Guard, Rule, checked
from genkan.site.seen_address import difference
from genkan.store.api import StoreUnavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MOST_QUERY_BYTES = 16 * 1024
MOST_HEADERS = 100


class Dispatcher:
    """Paths without variables are found in a dictionary, the others by Starlette's patterns."""

    def __init__(self, door: Door, rules: Sequence[Rule], peers: Peers, ticks: Callable[[], float]) -> None:
        table = checked(rules)
        self._door = door
        self._peers = peers
        self._ticks = ticks
        self._base = door.public.path
        self._former = FormerAddresses(door.public, door.settings.former)
        self._logs_all = door.settings.log_level == "debug"
        self._exact: dict[str, dict[str, Rule]] = {}
        self._patterns = [(compile_path(rule.path)[0], rule) for rule in table if "{" in rule.path]
        for rule in table:
            for path in self._addresses(rule) if "{" not in rule.path else ():
                self._exact.setdefault(path, {}).update(dict.fromkeys(rule.methods, rule))
        boot = door.env().draw(4).hex()
        self._request_ids: Iterator[str] = (f"{boot}-{number:x}" for number in count(1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry: HTTP only; the server's lifespan is composed elsewhere."""
        if scope["type"] != "http":
            return
        started = self._ticks()
        headers = Headers(scope["headers"])
        peer = self._peers.of((scope.get("client") or ("", 0))[0], scope["scheme"], headers)
        moved = self._moved(peer, scope["path"]) if self._former else None
        path = scope["path"] if moved is None else self._base + moved
        rules, parameters = self._find(path)
        method = scope["method"]
        rule = rules.get("GET" if method == "HEAD" else method)
        request_id = next(self._request_ids)
        if moved is not None and rule is not None and rule.guard is Guard.PAGE:
            reply = self._led_on(scope, moved, request_id, headers)
        else:
            scope = scope if moved is None else {**scope, "path": path}
            reply = await self._reply(scope, receive, headers, peer, rule, rules, parameters, request_id)
        await _send(send, receive, reply, request_id, head=method == "HEAD")
        seconds = self._ticks() - started
        route = rule.path if rule else "unknown"
        self._door.measures.answered(route, reply.status, seconds)
        if reply.status >= 400 or self._logs_all:
            level = "error" if reply.status >= 500 else "debug" if reply.status < 400 else "info"
            self._door.log(level, "answered", route=route, method=method, status=reply.status, request_id=request_id,
                           ms=round(seconds * 1000, 1))  # fmt: skip

    async def _reply(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        peer: Peer | PeerFault,
        rule: Rule | None,
        rules: dict[str, Rule],
        parameters: dict[str, str],
        request_id: str,
    ) -> Answer:
        if not isinstance(peer, PeerFault) and not peer.host and scope["http_version"] == "1.1":
            peer = PeerFault("host")  # RFC 9112 3.2: a request of HTTP/1.1 without Host is answered with 400.
        if isinstance(peer, PeerFault):
            refused = Refused(Reason.MALFORMED, f"header {peer.header}")
            client = (scope.get("client") or ("", 0))[0]
            self._door.note_from(network_of(client), refused, self._door.env().now)
            return answer.error(refused)
        if rule is None:
            return self._no_rule(rules, request_id, headers)
        try:
            received = await _received(scope, headers, receive, peer, request_id, parameters, rule)
            if rule.guard is not Guard.MACHINE:
                self._door.pages.site_title = await self._door.title()
            fault = self._guard_fault(rule, received)
            return self._refusal(rule, fault, received) if fault else await rule.handler(received, self._door)
        except Malformed as malformed:
            self._door.note_from(peer.network, malformed.refused, self._door.env().now)
            return self._shaped(rule, malformed.refused, request_id, headers)
        except (StoreUnavailable, LaneFull):
            return self._shaped(rule, Refused(Reason.BUSY, retry_after=1), request_id, headers)
        except Exception as bug:  # noqa: BLE001 - the last line of defence: a bug is logged and told as 500, never shown
            self._door.log("error", "bug", route=rule.path, request_id=request_id, error=repr(bug), exc_info=bug)
            return self._shaped(rule, Refused(Reason.SERVER_ERROR), request_id, headers)

    def _moved(self, peer: Peer | PeerFault, path: str) -> str | None:
        """The path below a former base URL, where the request came under one."""
        return None if isinstance(peer, PeerFault) else self._former.below(_origin(peer), path)

    def _led_on(self, scope: Scope, below: str, request_id: str, headers: Headers) -> Answer:
        """A page of before the move leads to the same page now. The answer is kept by nobody: lists can be wrong."""
        query = scope["query_string"]
        if len(query) > MOST_QUERY_BYTES:
            return self._door.pages.refusal(Refused(Reason.TOO_LARGE), request_id, reader_of(headers, None))
        target = self._former.present(below, query.decode("utf-8", "replace"))
        if target is None:
            return self._door.pages.refusal(Refused(Reason.NOT_FOUND), request_id, reader_of(headers, None))
        return answer.redirect(target)

    def _find(self, path: str) -> tuple[dict[str, Rule], dict[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        if not path.startswith(self._base + "/"):
            return {}, {}
        local = path[len(self._base) :]
        found: dict[str, Rule] = {}
        parameters: dict[str, str] = {}
        for pattern, rule in self._patterns:
            # Not match(): the pattern ends with $, before which a line feed may stand.
            match = pattern.fullmatch(local)
            if match:
                found.update(dict.fromkeys(rule.methods, rule))
                parameters = match.groupdict()
        return found, parameters

    def _addresses(self, rule: Rule) -> tuple[str, ...]:
        below = self._base + rule.path
        # The base URL itself, as people type it, is the start page with or without its last slash.
        bare = (self._base,) if rule.path == "/" and self._base else ()
        return (below, *bare) if rule.also_at is None else (below, rule.also_at)

    def _no_rule(self, rules: dict[str, Rule], request_id: str, headers: Headers) -> Answer:
        if not rules:
            return self._door.pages.refusal(Refused(Reason.NOT_FOUND), request_id, reader_of(headers, None))
        allow = ", ".join(sorted({*rules, *(["HEAD"] if "GET" in rules else [])})).encode()
        # RFC 9110 15.5.6: a 405 names the methods that are allowed.
        return answer.json({"error": "invalid_request", "error_description": "Method not allowed."}, 405).plus(
            (b"allow", allow)
        )

    def _guard_fault(self, rule: Rule, received: Received) -> Refused | None:
        if rule.guard is Guard.MACHINE:
            return None
        seen = _origin(received.peer)
        if not is_at(self._door.public, seen):
            return Refused(Reason.WRONG_HOST, seen[:200])
        if rule.guard is Guard.FORM and browser.is_cross_origin(received, self._door):
            return Refused(Reason.CROSS_ORIGIN)
        return None

    def _refusal(self, rule: Rule, refused: Refused, received: Received) -> Answer:
        self._door.note(refused, received, self._door.env().now)
        if refused.reason is Reason.WRONG_HOST:
            found = difference(refused.detail, self._door.public)
            moved = self._former.knows(refused.detail)
            values = {"seen": refused.detail, "expected": self._door.public.origin,
                      "differs": "moved" if moved else found.part, "setting_line": "" if moved else found.line,
                      "request_id": received.request_id}  # fmt: skip
            return self._door.pages.page("wrong_host.html", values, received.reader, status=400)
        return self._shaped(rule, refused, received.request_id, received.headers)

    def _shaped(self, rule: Rule, refused: Refused, request_id: str, headers: Headers) -> Answer:
        if rule.guard is Guard.MACHINE:
            return answer.error(refused)
        page = self._door.pages.refusal(refused, request_id, reader_of(headers, None), detail=refused.detail)
        return page if refused.retry_after is None else page.plus((b"retry-after", str(refused.retry_after).encode()))


async def _received(
    scope: Scope,
    headers: Headers,
    receive: Receive,
    peer: Peer,
    request_id: str,
    parameters: dict[str, str],
    rule: Rule,
) -> Received:
    if len(scope["query_string"]) > MOST_QUERY_BYTES or len(headers.pairs) > MOST_HEADERS:
        raise Malformed(Reason.TOO_LARGE)
    body = b"" if scope["method"] in ("GET", "HEAD", "OPTIONS") else await _body(headers, receive)
    return Received(scope["method"], scope["path"], scope["query_string"], headers, body, peer, request_id, parameters,
                    rule.recent is True)  # fmt: skip


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The body, bounded: RFC 9110 15.5.14, refused by its announced length or as soon as it has grown too long."""
    for value in headers.every(b"content-length"):
        if not value.isdigit() or int(value) > MOST_FORM_BYTES:
            raise Malformed(Reason.TOO_LARGE)
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed(Reason.MALFORMED, "the request was cut off")
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MOST_FORM_BYTES:
            raise Malformed(Reason.TOO_LARGE)
        if not message.get("more_body", False):
            return body


async def _send(send: Send, receive: Receive, reply: Answer, request_id: str, *, head: bool) -> None:
    headers = [*reply.headers, (b"x-request-id", request_id.encode())]
    if reply.parts is None:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.parts is not None and not head:
        await _send_parts(send, receive, reply.parts)
    else:
        await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def _send_parts(send: Send, receive: Receive, parts: AsyncGenerator[bytes, None]) -> None:
    """Part after part, and none that nobody waits for any more. What fails on the way breaks the answer off, so that
    it is not taken for a whole one.
    """
    gone = asyncio.ensure_future(_client_left(receive))
    try:
        async with aclosing(parts):
            async for part in parts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _origin(peer: Peer) -> str:
    """What the client asked for, as its proxy tells it."""
    return f"{peer.scheme}://{peer.host}".lower()
