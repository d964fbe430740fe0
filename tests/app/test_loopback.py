"""The way back from the browser: the listener on this machine, the pasted address, the choice between them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from genkan.app.agent import HandedAgent, Hints, NoDoor, OpenBrowser, PastingAgent, SystemBrowser, browser_of, tried_of
from genkan.app.loopback import LoopbackDoor
from genkan.app.steps import NoReturn, Returned, Visit
from genkan.wire.redirects import matches
from tests.app.by_hand import APP

V4, V6, NAMED = "http://127.0.0.1/oauth-callback", "http://[::1]/oauth-callback", "http://localhost/oauth-callback"
STATE = "the-state-of-this-sign-in"
GOOD = f"/oauth-callback?code=the-code&state={STATE}"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="IPv6 loopback is not available")
FAMILIES = [pytest.param(V4, id="v4"), pytest.param(V6, id="v6", marks=needs_ipv6)]


class Browser:
    """Speaks raw HTTP to the listener, so that every header is the test's own."""

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        assert parts.hostname is not None
        self.host, self.port, self.authority = parts.hostname, parts.port, parts.netloc

    def ask(self, target: str, host: str | None = None, method: str = "GET", extra: str = "") -> tuple[int, str, str]:
        """Status, headers and body of one request."""
        head = f"{method} {target} HTTP/1.1\r\nHost: {self.authority if host is None else host}\r\n{extra}\r\n"
        raw = self.raw(head.encode())
        headers, _, body = raw.partition("\r\n\r\n")
        return int(headers.split(" ", 2)[1]), headers, body

    def raw(self, sent: bytes) -> str:
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            connection.sendall(sent)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received.decode()


@contextmanager
def waiting(registered: str, seconds: float = 10) -> Iterator[tuple[LoopbackDoor, Browser, list[Returned | NoReturn]]]:
    """A door with somebody waiting at it; leaving waits for what came."""
    opened = threading.Event()
    door = LoopbackDoor(registered, lambda _url: opened.set(), seconds)
    came: list[Returned | NoReturn] = []
    waiter = threading.Thread(target=lambda: came.append(door.visit(Visit("https://site.example/authorize", STATE))))
    waiter.start()
    opened.wait(10)
    try:
        yield door, Browser(door.redirect_uri), came
    finally:
        waiter.join(15)
        door.close()


@pytest.mark.parametrize("registered", FAMILIES)
def test_one_answer_gets_through(registered: str) -> None:
    """The answer with this sign-in's state is taken whole, on the address that was registered with a free port."""
    with waiting(registered) as (door, browser, came):
        assert matches(registered, door.redirect_uri)
        status, headers, _ = browser.ask(GOOD)
        assert (status, "Location: /done" in headers) == (303, True)
        assert browser.ask("/done")[0] == 200
    assert came == [Returned(f"{door.redirect_uri}?code=the-code&state={STATE}")]


def test_who_said_no_is_not_told_that_the_app_goes_on() -> None:
    """RFC 6749 4.1.2.1: an error is taken like a code, and the last page says that nobody was signed in."""
    with waiting(V4) as (_, browser, came):
        status, headers, _body = browser.ask(f"/oauth-callback?error=access_denied&state={STATE}")
        assert (status, "Location: /refused" in headers) == (303, True)
        assert "Nobody was signed in" in browser.ask("/refused")[2]
    assert len(came) == 1


def test_what_the_browser_is_shown_holds_no_secret() -> None:
    """The page that stays open, and the redirect to it, carry neither code nor state, and nothing is cached (RFC 9700
    4.2.4).
    """
    with waiting(V4) as (_, browser, _came):
        answers = [browser.ask(GOOD), browser.ask("/done")]
    for _, headers, body in answers:
        assert "the-code" not in headers + body
        assert STATE not in headers + body
        assert "Cache-Control: no-store" in headers
        assert "Referrer-Policy: no-referrer" in headers
        assert "default-src 'none'" in headers
    assert "close this page" in answers[1][2]


def test_one_shot() -> None:
    """A second answer is refused, whatever it holds, and does not replace the first."""
    with waiting(V4) as (_, browser, came):
        browser.ask(GOOD)
        assert browser.ask(f"/oauth-callback?code=second&state={STATE}")[0] == 410
        browser.ask("/done")
    assert len(came) == 1
    assert isinstance(came[0], Returned)
    assert "code=the-code" in came[0].address


@pytest.mark.parametrize(
    "target",
    ["/", "/done", "/oauth-callback/", "/OAUTH-CALLBACK", "/favicon.ico", "/x/../oauth-callback"],
)
def test_only_the_registered_path_answers(target: str) -> None:
    """Every other path is not there, the last page included until there is something to say on it."""
    with waiting(V4) as (_, browser, _came):
        assert browser.ask(f"{target}?code=x&state={STATE}")[0] == 404
        browser.ask(GOOD)
        browser.ask("/done")


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "", "127.0.0.1:1", "[::1]:80"])
def test_only_the_right_host_answers(host: str) -> None:
    """A page that points its own name at this machine sends that name, and gets nothing."""
    with waiting(V4) as (_, browser, came):
        assert browser.ask(GOOD, host=host)[0] == 421
        assert browser.ask(GOOD, extra=f"Host: {host}\r\n")[0] == 421
        assert came == []
        browser.ask(GOOD)
        browser.ask("/done")


def test_other_methods_do_nothing() -> None:
    """Only GET brings an answer."""
    with waiting(V4) as (_, browser, came):
        for method in ("POST", "HEAD", "OPTIONS", "PUT"):
            assert browser.ask(GOOD, method=method)[0] == 501
        assert came == []
        browser.ask(GOOD)
        browser.ask("/done")


@pytest.mark.parametrize(
    "query", ["", "code=x", "code=x&state=", "code=x&state=other", f"state={STATE}&state={STATE}", "&" * 100]
)
def test_strangers_neither_enter_nor_block(query: str) -> None:
    """An answer without this sign-in's state is refused and the right one is still taken afterwards."""
    with waiting(V4) as (_, browser, came):
        assert browser.ask(f"/oauth-callback?{query}")[0] == 400
        assert came == []
        assert browser.ask(GOOD)[0] == 303
        browser.ask("/done")
    assert isinstance(came[0], Returned)


def test_idle_connections_do_not_block() -> None:
    """A browser that opens connections ahead and never asks on them does not hold the answer up."""
    with waiting(V4) as (door, browser, came):
        port = urlsplit(door.redirect_uri).port
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        assert browser.ask(GOOD)[0] == 303
        browser.ask("/done")
        for connection in idle:
            connection.close()
    assert isinstance(came[0], Returned)


def test_the_wait_ends() -> None:
    """Without an answer the deadline gives a sentence; with answers of others only, another one."""
    with waiting(V4, seconds=0.05) as (_, _browser, came):
        pass
    assert isinstance(came[0], NoReturn)
    assert "in time" in came[0].sentence
    with waiting(V4, seconds=1) as (_, browser, came):
        browser.ask("/oauth-callback?code=x&state=other")
    assert isinstance(came[0], NoReturn)
    assert "other sign-ins" in came[0].sentence


def test_closing_frees_the_port() -> None:
    """After close nothing listens any more, also when nobody ever came."""
    door = LoopbackDoor(V4, lambda _url: None)
    port = urlsplit(door.redirect_uri).port
    door.close()
    door.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_closing_ends_the_wait() -> None:
    """A sign-in that is broken off from elsewhere does not wait for its deadline."""
    opened = threading.Event()
    door = LoopbackDoor(V4, lambda _url: opened.set(), 60)
    came: list[Returned | NoReturn] = []
    waiter = threading.Thread(target=lambda: came.append(door.visit(Visit("https://x", STATE))))
    waiter.start()
    opened.wait(10)
    door.close()
    waiter.join(10)
    assert isinstance(came[0], NoReturn)


@needs_ipv6
def test_localhost_answers_on_both_families() -> None:
    """`localhost` may mean either loopback address to a browser: both listen on the one port."""
    with waiting(NAMED) as (door, browser, came):
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, browser.port), timeout=5):
                pass
        browser.host = "::1"
        assert browser.ask(GOOD)[0] == 303
        browser.ask("/done")
        assert door.redirect_uri == f"http://localhost:{browser.port}/oauth-callback"
    assert isinstance(came[0], Returned)


def test_a_registered_port_is_used_as_it_is() -> None:
    """Providers that compare every byte get the very address that was registered, query included."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    door = LoopbackDoor(f"http://127.0.0.1:{port}/cb?app=1", lambda _url: None)
    door.close()
    assert door.redirect_uri == f"http://127.0.0.1:{port}/cb?app=1"


def no_door(_redirect: str, _open: Callable[[str], None]) -> None:
    return None


def test_the_system_browser_takes_loopback_where_it_is_registered() -> None:
    """Loopback comes first, 127.0.0.1 before the rest; the browser gets the very address of the request (RFC 8252)."""
    opened: list[str] = []
    said: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        return True

    agent = SystemBrowser(open_browser, said.append, HandedAgent(lambda _url: None))
    door = agent.open_door((APP, NAMED, V6, V4))
    assert not isinstance(door, NoDoor)
    assert door.redirect_uri.startswith("http://127.0.0.1:")
    assert door.redirect_uri.startswith("http://127.0.0.1:")
    threading.Timer(0.05, door.close).start()
    door.visit(Visit("https://site.example/authorize?x=1", STATE))
    assert opened == ["https://site.example/authorize?x=1"]


def test_without_a_browser_the_address_is_said() -> None:
    """Where no browser can be opened the person gets the address instead of a wait for nothing."""
    said: list[str] = []
    door = SystemBrowser(lambda _url: False, said.append, HandedAgent(lambda _url: None)).open_door((V4,))
    assert not isinstance(door, NoDoor)
    assert door.redirect_uri.startswith("http://127.0.0.1:")
    threading.Timer(0.05, door.close).start()
    door.visit(Visit("https://site.example/authorize?x=1", STATE))
    assert "https://site.example/authorize?x=1" in said[0]


def test_unregistered_loopback_is_never_used() -> None:
    """With the app's scheme alone the answer comes by handler or by hand, never by a listener."""
    agent = SystemBrowser(lambda _url: True, lambda _line: None, HandedAgent(lambda _url: "pasted"), no_door)
    door = agent.open_door((APP,))
    assert not isinstance(door, NoDoor)
    assert not isinstance(door, LoopbackDoor)
    assert door.redirect_uri == APP
    assert door.visit(Visit("https://x", STATE)) == Returned("pasted")


def test_a_taken_port_leads_to_the_next_way() -> None:
    """A registered port that somebody else listens on does not end the sign-in."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        registered = f"http://127.0.0.1:{taken.getsockname()[1]}/cb"
        agent = SystemBrowser(lambda _url: True, lambda _line: None, HandedAgent(lambda _url: "pasted"))
        door = agent.open_door((registered, APP))
        assert not isinstance(door, NoDoor)
        assert door.redirect_uri == APP


@pytest.mark.parametrize("line", ["  {}\n", '"{}"\n', "<{}>", "'{}'\r\n"])
def test_pasting(line: str) -> None:
    """The address to open is shown alone on its line, and what is pasted is freed of what came along with it."""
    shown: list[str] = []
    explained: list[str] = []
    address = f"{APP}?code=x&state={STATE}"
    agent = PastingAgent(shown.append, explained.append, lambda: line.format(address))
    door = agent.open_door((V4, APP))
    assert not isinstance(door, NoDoor)
    assert door.redirect_uri == APP
    assert door.visit(Visit("https://site.example/authorize", STATE)) == Returned(address)
    assert shown == ["https://site.example/authorize"]
    assert any(APP in line for line in explained)


def test_pasting_nothing() -> None:
    """The end of input breaks the sign-in off with a sentence."""
    door = PastingAgent(lambda _line: None, lambda _line: None, lambda: "").open_door((V4,))
    assert not isinstance(door, NoDoor)
    assert isinstance(door.visit(Visit("https://x", STATE)), NoReturn)


def test_no_redirect_at_all() -> None:
    """A site without any registered redirect ends before a browser opens."""
    assert isinstance(PastingAgent(print, print, str).open_door(()), NoDoor)


def test_the_browser_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`GENKAN_BROWSER` is a command; the address is put for %s or last, never through a shell."""
    folder = tmp_path_factory.mktemp("browser")
    out = folder / "out"
    script = folder / "browse"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {out}.part && mv {out}.part {out}\n')
    script.chmod(0o755)
    url = "https://x.example/a?b=$(touch pwned)&c='d'"
    for command, expected in ((f"{script} --new", ["--new", url]), (f"{script} %s --last", [url, "--last"])):
        assert browser_of({"GENKAN_BROWSER": command})(url)
        waited = threading.Event()
        while not out.exists():
            waited.wait(0.01)
        assert out.read_text().splitlines() == expected
        out.unlink()
    assert not browser_of({"GENKAN_BROWSER": str(folder / "missing")})(url)
    assert not browser_of({"GENKAN_BROWSER": "'never closed"})(url)


def test_a_browser_that_cannot_be_started_is_named() -> None:
    """Whoever set GENKAN_BROWSER learns that this is what was tried; of the system's own nothing is said."""
    told: list[str] = []
    for environ in ({"GENKAN_BROWSER": "/no/such %s"}, {}):
        agent = SystemBrowser(lambda _url: False, told.append, HandedAgent(lambda _url: None), tried=tried_of(environ))
        agent._open("https://x.example/")
    assert told[0].startswith(
        "No browser could be opened: GENKAN_BROWSER says '/no/such %s', which cannot be started. "
    )
    assert told[1].startswith("No browser could be opened. Open this address")


def test_the_librarys_words_name_no_option_of_a_command() -> None:
    """A program that is no command gets sentences that hold for it; a command adds its own."""
    told: list[str] = []
    opening: list[OpenBrowser] = [lambda _url: True, lambda _url: False]
    for open_browser in opening:
        for hints in (Hints(), Hints(" Ctrl-C ends it.", " Or start again with --no-browser.")):
            SystemBrowser(open_browser, told.append, HandedAgent(lambda _url: None), hints=hints)._open(
                "https://x.example"
            )
    plain, hinted, failed, hinted_failed = told
    assert "Ctrl-C" not in plain + failed
    assert "--" not in plain + failed
    assert "Ctrl-C ends it." in hinted
    assert "--no-browser" in hinted_failed
