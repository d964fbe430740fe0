"""Row 38: paths are matched as one spelling. A rule answers for its own path, behind its guard, or nobody does."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.app import route_table
from genkan.site.dispatch import Dispatcher
from genkan.site.door import Door
from genkan.site.pages import Pages
from genkan.site.peer import Peers
from genkan.site.reader import Reader
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule
from tests.security.serving import Serving, serving
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

HOST = "site.example"
Spelling = Callable[[str], str]


def _every(path: str) -> str:
    return "".join(c if c == "/" else f"%{ord(c):02x}" for c in path)


def _last(path: str, text: str) -> str:
    return path[:-1] + text


SPELLINGS: dict[str, Spelling] = {
    "plain": lambda path: path,
    "one letter encoded": lambda path: f"{path[:2]}%{ord(path[2]):02X}{path[3:]}" if len(path) > 2 else path,
    "every letter encoded": _every,
    "encoded twice": lambda path: _every(path).replace("%", "%25"),
    "upper case": str.upper,
    "one letter of upper case": lambda path: path[:1] + path[1:2].upper() + path[2:],
    "slash behind": lambda path: path + "/",
    "slashes behind": lambda path: path + "//",
    "double slash in front": lambda path: "/" + path,
    "double slash inside": lambda path: path[:1] + path[1:].replace("/", "//", 1),
    "encoded slash": lambda path: path[:1] + path[1:].replace("/", "%2F", 1),
    "encoded slashes": lambda path: path.replace("/", "%2f"),
    "encoded slash behind": lambda path: path + "%2F",
    "backslashes": lambda path: path[:1] + path[1:].replace("/", "\\"),
    "encoded backslashes": lambda path: path[:1] + path[1:].replace("/", "%5C"),
    "dot segment in front": lambda path: "/." + path,
    "dot segment behind": lambda path: path + "/.",
    "parent of a child": lambda path: path + "/x/..",
    "encoded parent": lambda path: path + "/x/%2e%2e",
    "encoded parent and slash": lambda path: path + "%2fx%2f%2e%2e",
    "through a public folder": lambda path: "/static/.." + path,
    "through an encoded public folder": lambda path: "/static/%2e%2e" + path,
    "through a public document": lambda path: "/healthz/.." + path,
    "above the root": lambda path: "/../.." + path,
    "NUL behind": lambda path: path + "%00",
    "NUL and a public name": lambda path: path + "%00.css",
    "line feed behind": lambda path: path + "%0A",
    "carriage return behind": lambda path: path + "%0d",
    "space behind": lambda path: path + "%20",
    "tab in front": lambda path: "/%09" + path[1:],
    "parameters of a segment": lambda path: path + ";a=b",
    "encoded query mark": lambda path: path + "%3Fa=b",
    "encoded hash": lambda path: path + "%23a",
    "suffix": lambda path: path + ".json",
    "broken encoding": lambda path: path + "%ff",
    "half an encoding": lambda path: path + "%4",
    "overlong slash": lambda path: path[:1] + path[1:].replace("/", "%c0%af"),
    "full width": lambda path: _last(path, quote(chr(ord(path[-1]) + 0xFEE0))) if path[-1].isalpha() else path,
    "dotless i": lambda path: path.replace("i", "%C4%B1"),
    "long s": lambda path: path.replace("s", "%C5%BF"),
    "the other base": lambda path: "/jira" + path,
}


def filled(rule: Rule) -> str:
    """A path of this rule, with something in place of its variables."""
    return "/".join("00" * 16 if part.startswith("{") else part for part in rule.path.split("/"))


class Blank(Pages):
    """Pages of which only the status counts: there are a hundred thousand refusals to look at."""

    def refusal(self, refused: Refused, request_id: str, reader: Reader, *, detail: str = "") -> Answer:
        """Nothing that anybody would read."""
        return Answer(entry(refused.reason).status, ())


class Recorded:
    """The site's own table, guards and dispatcher; what a rule's handler would do is only noted."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.called: list[Rule] = []
        self.site = site
        # What stands at the certificate origin is found there alone (tests/site/test_certificate_sign_in.py).
        self.table = [rule for rule in route_table(site.base) if rule.guard is not Guard.CERTIFICATE]
        rules = tuple(replace(rule, handler=self._noting(rule)) for rule in self.table)
        door = replace(site.door, pages=Blank(site.door.public, ""))
        self._parts = [(rule, rule.path.split("/")) for rule in self.table]
        self._app = Dispatcher(door, rules, Peers((), "a-secret"), lambda: 0.0)

    def _noting(self, rule: Rule) -> Any:
        async def handler(received: Received, door: Door) -> Answer:
            self.called.append(rule)
            return answer.json({})

        return handler

    async def ask(self, method: str, target: str, **headers: str) -> tuple[int, Rule | None]:
        """Send this very target, as a server reads it: the status, and the rule whose handler was called."""
        self.called.clear()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        named = {"host": HOST, **headers}
        scope = {
            "type": "http", "method": method, "scheme": "https", "path": unquote(target), "raw_path": target.encode(),
            "query_string": b"", "client": ("192.0.2.1", 1),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
        }  # fmt: skip
        await self._app(scope, receive, send)
        return sent[0]["status"], self.called[0] if self.called else None

    def owner(self, method: str, target: str) -> Rule | None:
        """Whose path this is, found without the dispatcher: decoded once, compared segment by segment."""
        path, base = unquote(target), self.site.door.public.path
        asked = "GET" if method == "HEAD" else method
        for rule in self.table:
            if asked in rule.methods and (path == rule.also_at or (path == base != "" and rule.path == "/")):
                return rule
        local = path.removeprefix(base) if path.startswith(base + "/") else ""
        parts = local.split("/")
        fitting = [rule for rule, wanted in self._parts if asked in rule.methods and _fits(wanted, parts)]
        return min(fitting, key=lambda rule: rule.path.count("{"), default=None)


def _fits(wanted: list[str], parts: list[str]) -> bool:
    if len(parts) != len(wanted):
        return False
    return all(w == p or (w.startswith("{") and p != "") for p, w in zip(parts, wanted, strict=True))


@pytest.fixture(params=["https://site.example", "https://site.example/jira"])
async def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The dispatcher of a site at a host's root, and of one below a context path."""
    site = await open_site(tmp_path, TestClock(), base_url=request.param)
    yield Recorded(site)
    await close_site(site)


async def test_a_spelling_finds_the_rule_of_the_plain_path_or_none(recorded: Recorded) -> None:
    """Whatever is served is what stands at that very path once it is decoded; all else is 404, 405 or 400."""
    base = recorded.site.door.public.path
    for rule, spelt in product(recorded.table, SPELLINGS.values()):
        for method in rule.methods:
            for target in (base + spelt(filled(rule)), spelt(base + filled(rule))):
                status, called = await recorded.ask(method, target)
                owner = recorded.owner(method, target)
                assert called is owner, (method, target)
                assert status == 200 if owner else status in {400, 404, 405}, (method, target)


async def test_no_spelling_gets_past_a_guard(recorded: Recorded) -> None:
    """Under a foreign name no page and no form is served, and no form that another origin sends, however spelt."""
    base = recorded.site.door.public.path
    guarded = [rule for rule in recorded.table if rule.guard is not Guard.MACHINE]
    for rule, spelt in product(guarded, SPELLINGS.values()):
        target = base + spelt(filled(rule))
        status, called = await recorded.ask(rule.methods[0], target, host="evil.example")
        assert called is None or called.guard is Guard.MACHINE, target
        assert called or status in {400, 404, 405}, target
        for foreign in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
            status, called = await recorded.ask("POST", target, **foreign)
            assert called is None or called.guard is Guard.MACHINE, target


def test_the_corpus_reaches_what_it_is_meant_for() -> None:
    """Most spellings differ from the plain path, and some decode to it, so that both ends of the test are there."""
    path = "/account/apps"
    assert sum(spelt(path) != path for spelt in SPELLINGS.values()) >= len(SPELLINGS) - 2
    same = {name for name, spelt in SPELLINGS.items() if unquote(spelt(path)) == path}
    assert same >= {"plain", "one letter encoded", "every letter encoded", "encoded slash"}


PIECES = st.sampled_from(
    ["/", "//", "%2f", "%5c", "..", ".", "%2e", "%00", "%0a", ";", "?", "%3f", "%25", "%", "jira", "JIRA", "account",
     "apps", "setup", "done", "rest", "oauth2", "latest", "token", "static", "login", "%6Cogin", "%ff", "00"]
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(PIECES, max_size=10).map("".join))
async def test_any_path_has_one_owner_or_none(tmp_path_factory: pytest.TempPathFactory, rest: str) -> None:
    """Random paths of the words that matter, glued together in any way."""
    site = await open_site(tmp_path_factory.mktemp("site"), TestClock())
    recorded = Recorded(site)
    try:
        for method in ("GET", "POST"):
            target = "/" + rest.partition("?")[0]
            status, called = await recorded.ask(method, target)
            assert called is recorded.owner(method, target)
            assert called or status in {400, 404, 405}
    finally:
        await close_site(site)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The real server: what it makes of a request line is what the dispatcher is given."""
    with serving(tmp_path_factory.mktemp("paths")) as site:
        yield site


def status_of(site: Serving, target: str, host: str) -> int:
    """The status of one request with this very target."""
    line = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(line)
        got = b""
        while more := connection.recv(65536):
            got += more
    return int(got.split(b" ", 2)[1])


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_server_reads_paths_as_the_table_does(served: Serving, name: str) -> None:
    """Over a socket: a page answers for spellings of its own path alone, and never under a foreign name."""
    path = "/account/apps"
    target = SPELLINGS[name](path)
    own = unquote(target) == path and target.startswith("/")
    here = f"127.0.0.1:{served.port}"
    assert status_of(served, path, here) == 302, "a stranger is sent to sign in"
    assert status_of(served, target, here) in ({302} if own else {400, 404})
    assert status_of(served, target, "evil.example") in ({400} if own else {400, 404})
