"""Every request's way: find its rule, guard it, and have the handler answer."""

from collections.abc import Callable, Sequence

from starlette.routing import compile_path

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.signin.password import LaneFull
from genkan.site import answer, browser
from genkan.site.answer import Answer
from genkan.site.arrival import BODILESS, Arrival
from genkan.site.asgi import Asgi, Receive, Scope, Send
from genkan.site.certificate_origin import CertificateOrigin
from genkan.site.door import Door
from genkan.site.former import FormerAddresses, is_at
from genkan.site.peer import Headers, Peer, PeerFault, Peers, network_of
from genkan.site.reader import reader_of
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Rule, checked
from genkan.site.seen_address import difference
from genkan.site.switch import INFO_LOGIN
from genkan.store.api import StoreUnavailable
from genkan.store.patience import PATIENCE, Patience

MOST_QUERY_BYTES = 16 * 1024
MOST_HEADERS = 100
ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
# What neither makes nor ends anything: answered while the time is in doubt, too (tokens.md 8).
TIMELESS = ALWAYS | {INFO_LOGIN, "/static/{digest}/{name}"}


class Dispatcher:
    """Paths without variables are found in a dictionary, the others by Starlette's patterns."""

    def __init__(self, door: Door, rules: Sequence[Rule], peers: Peers, ticks: Callable[[], float]) -> None:
        table = checked(rules)
        self._door = door
        self._peers = peers
        self._ticks = ticks
        self._figures = door.measures.server
        self._health = door.health
        door.measures.routes = frozenset(rule.path for rule in table)
        self._most = door.settings.most_requests
        self._base = door.public.path
        self._own = tuple(door.public.origin.split("://"))
        self._former = FormerAddresses(door.public, door.settings.former)
        self._has_moved = bool(self._former)
        self._logs_all = door.settings.log_level == "debug"
        origin, everywhere = door.settings.certificate_origin, door.settings.certificate_on_every_hop
        self._certificates = CertificateOrigin(origin, table, everywhere=everywhere) if origin else None
        table = tuple(rule for rule in table if rule.guard is not Guard.CERTIFICATE)
        self._exact: dict[str, dict[str, Rule]] = {}
        self._patterns = [(compile_path(rule.path)[0], rule) for rule in table if "{" in rule.path]
        for rule in table:
            for path in self._addresses(rule) if "{" not in rule.path else ():
                self._exact.setdefault(path, {}).update(dict.fromkeys(rule.methods, rule))
        self._asgi = Asgi(self.respond)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry, for other servers than ours and for what stands around the site."""
        await self._asgi(scope, receive, send)

    async def respond(self, arrival: Arrival) -> Answer:
        """The answer, whatever happens; counted, and logged where it is a refusal. What fails on the way to a handler,
        or in telling of its failure, is counted as the 500 that the server then answers.
        """
        started = self._ticks()
        PATIENCE.set(Patience())
        try:
            rule, reply = await self._answered(arrival)
        except Exception:
            self._door.measures.answered("unknown", 500, self._ticks() - started)
            raise
        seconds = self._ticks() - started
        route = rule.path if rule else "unknown"
        self._door.measures.answered(route, reply.status, seconds)
        if reply.status >= 400 or self._logs_all:
            level = "error" if reply.status >= 500 else "debug" if reply.status < 400 else "info"
            self._door.log(level, "answered", route=route, method=arrival.method, status=reply.status,
                           request_id=arrival.number, ms=round(seconds * 1000, 1))  # fmt: skip
        return reply

    async def _answered(self, arrival: Arrival) -> tuple[Rule | None, Answer]:
        """The answer, and the rule that it is by."""
        shown = None if arrival.secured is None else arrival.secured.certificate
        peer = self._peers.of(arrival.client, arrival.scheme, arrival.headers, shown)
        moved = self._moved(peer, arrival.path) if self._has_moved else None
        path = arrival.path if moved is None else self._base + moved
        elsewhere = None if self._certificates is None else self._certificates.found(arrival, peer)
        rules, parameters = self._find(path) if elsewhere is None else (elsewhere.rules, {})
        rule = rules.get("GET" if arrival.method == "HEAD" else arrival.method)
        if moved is not None and rule is not None and rule.guard is Guard.PAGE:
            reply = self._led_on(arrival, moved)
        elif elsewhere is not None and not rules:
            reply = answer.error(Refused(elsewhere.reason))
        else:
            kind = "programs" if rule is None or rule.guard is Guard.MACHINE else "people"
            full = self._no_room(kind, rule, arrival) if self._figures.requests[kind] >= self._most else None
            self._figures.requests[kind] += 1
            try:
                reply = full or await self._reply(arrival, path, peer, rule, rules, parameters)
            finally:
                self._figures.requests[kind] -= 1
        return rule, reply

    def _no_room(self, kind: str, rule: Rule | None, arrival: Arrival) -> Answer | None:
        """That there is too much to do. Programs and people have room of their own, so that neither keeps the others
        out; whoever looks after the process is always told.
        """
        if rule is not None and rule.path in ALWAYS:
            return None
        self._figures.shed[kind] += 1
        refused = Refused(Reason.BUSY, retry_after=1)
        return answer.error(refused) if rule is None else self._shaped(rule, refused, arrival.number, arrival.headers)

    async def _reply(
        self,
        arrival: Arrival,
        path: str,
        peer: Peer | PeerFault,
        rule: Rule | None,
        rules: dict[str, Rule],
        parameters: dict[str, str],
    ) -> Answer:
        headers, request_id = arrival.headers, arrival.number
        if not isinstance(peer, PeerFault) and not peer.host and arrival.version == "1.1":
            peer = PeerFault("host")  # RFC 9112 3.2: a request of HTTP/1.1 without Host is answered with 400.
        if isinstance(peer, PeerFault):
            refused = Refused(Reason.MALFORMED, f"header {peer.header}")
            self._door.note_from(network_of(arrival.client), refused, self._door.env().now)
            return answer.error(refused)
        if rule is None:
            return self._no_rule(rules, path, request_id, headers)
        if self._health.clock.in_doubt and rule.path not in TIMELESS:
            return self._shaped(rule, Refused(Reason.BUSY, "clock", retry_after=10), request_id, headers)
        try:
            received = _received(arrival, path, peer, parameters, rule)
            if rule.guard is not Guard.MACHINE:
                self._door.pages.site_title = await self._door.title()
                if fault := self._guard_fault(rule, received):
                    return self._refusal(rule, fault, received)
            return await rule.handler(received, self._door)
        except Malformed as malformed:
            self._door.note_from(peer.network, malformed.refused, self._door.env().now)
            return self._shaped(rule, malformed.refused, request_id, headers)
        except (StoreUnavailable, LaneFull) as problem:
            self._door.store_failed(problem)
            return self._shaped(rule, Refused(Reason.BUSY, retry_after=1), request_id, headers)
        except Exception as bug:  # noqa: BLE001 - the last line of defence: a bug is logged and told as 500, never shown
            self._door.log("error", "bug", route=rule.path, request_id=request_id, error=repr(bug), exc_info=bug)
            return self._shaped(rule, Refused(Reason.SERVER_ERROR), request_id, headers)

    def _moved(self, peer: Peer | PeerFault, path: str) -> str | None:
        """The path below a former base URL, where the request came under one."""
        return None if isinstance(peer, PeerFault) else self._former.below(_origin(peer), path)

    def _led_on(self, arrival: Arrival, below: str) -> Answer:
        """A page of before the move leads to the same page now. The answer is kept by nobody: lists can be wrong."""
        reader, query = reader_of(arrival.headers, None), arrival.query
        if len(query) > MOST_QUERY_BYTES:
            return self._door.pages.refusal(Refused(Reason.TOO_LARGE), arrival.number, reader)
        target = self._former.present(below, query.decode("utf-8", "replace"))
        if target is None:
            return self._door.pages.refusal(Refused(Reason.NOT_FOUND), arrival.number, reader)
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

    def _no_rule(self, rules: dict[str, Rule], path: str, request_id: str, headers: Headers) -> Answer:
        if not rules and path.startswith(f"{self._base}/rest/"):
            # Whoever asks there is a program: it is told in the form that it reads.
            return answer.error(Refused(Reason.NOT_FOUND))
        if not rules:
            return self._door.pages.refusal(Refused(Reason.NOT_FOUND), request_id, reader_of(headers, None))
        allow = ", ".join(sorted({*rules, *(["HEAD"] if "GET" in rules else [])})).encode()
        # RFC 9110 15.5.6: a 405 names the methods that are allowed.
        told = answer.error_document({"error": "invalid_request", "error_description": "Method not allowed."})
        return answer.json(told, 405).plus((b"allow", allow))

    def _guard_fault(self, rule: Rule, received: Received) -> Refused | None:
        if rule.guard is Guard.CERTIFICATE:
            return None
        if (received.peer.scheme, received.peer.host) != self._own:
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


def _received(arrival: Arrival, path: str, peer: Peer, parameters: dict[str, str], rule: Rule) -> Received:
    # RFC 9110 15.5.14: a body that was too long to be read is refused, whatever it is for.
    if arrival.too_large or len(arrival.query) > MOST_QUERY_BYTES or len(arrival.headers.pairs) > MOST_HEADERS:
        raise Malformed(Reason.TOO_LARGE)
    body = b"" if arrival.method in BODILESS else arrival.body
    return Received(arrival.method, path, arrival.query, arrival.headers, body, peer, arrival.number, parameters,
                    rule.recent is True, arrival.gone)  # fmt: skip


def _origin(peer: Peer) -> str:
    """What the client asked for, as its proxy tells it."""
    return f"{peer.scheme}://{peer.host}".lower()
