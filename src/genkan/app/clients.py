"""The HTTP clients of the drivers: made when a request needs one, and each process its own.

Owns what they are made with (no cookie kept, no redirect followed, no proxy for this machine) and what keeps one from
being made: the proxies and certificates that the environment names.
"""

import os
import threading
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from genkan import __version__
from genkan.app import owned
from genkan.app.exchange import CONNECT_SECONDS, READ_SECONDS
from genkan.app.steps import Loss, Lost

if TYPE_CHECKING:
    # httpx2 takes a tenth of a second to import, which a session that needs no request should not pay.
    import httpx2

    from genkan.app.deadline import Deadline

T = TypeVar("T")

USER_AGENT = f"genkan-app/{__version__} AtlassianMobileApp"
LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


class BlockingClient:
    """One for threads, with the deadline that its connections keep to; may be shared between threads."""

    def __init__(self, ticks: Callable[[], float], transport: "httpx2.BaseTransport | None") -> None:
        self._ticks = ticks
        self._transport = transport
        self._lock = threading.Lock()
        self._made: tuple[httpx2.Client, Deadline] | None = None
        _ours.add(self)

    def opened(self) -> "tuple[httpx2.Client, Deadline] | Lost":
        """The client; why there is none, where it cannot be made."""
        with self._lock:
            if self._made is None:
                client = _tried(self._make)
                if isinstance(client, Lost):
                    return client
                self._made = client
            return self._made

    def _make(self) -> "tuple[httpx2.Client, Deadline]":
        import httpx2  # noqa: PLC0415 - see above

        from genkan.app.deadline import Deadline, bound  # noqa: PLC0415 - see above

        # A proxy of the environment is never asked for this machine itself.
        direct: dict[str, httpx2.BaseTransport | None] = dict.fromkeys(LOOPBACK)
        made = httpx2.Client(**_rules(), transport=self._transport, mounts=direct), Deadline(self._ticks)
        bound(*made)
        return made

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            made, self._made = self._made, None
            if made is not None:
                made[0].close()

    def leave(self) -> None:
        """In a forked child: the connections are the parent's, and a thread that held the lock is not there."""
        self._lock = threading.Lock()
        made, self._made = self._made, None
        if made is not None:
            # Its descriptors alone: a farewell of TLS would end what the parent is about.
            made[1].let_go()


class TaskClient:
    """One for the tasks of an event loop."""

    def __init__(self, transport: "httpx2.AsyncBaseTransport | None") -> None:
        self._transport = transport
        self._made: httpx2.AsyncClient | None = None
        _ours.add(self)

    def opened(self) -> "httpx2.AsyncClient | Lost":
        """The client; why there is none, where it cannot be made."""
        if self._made is None:
            client = _tried(self._make)
            if isinstance(client, Lost):
                return client
            self._made = client
        return self._made

    def _make(self) -> "httpx2.AsyncClient":
        import httpx2  # noqa: PLC0415 - see above

        direct: dict[str, httpx2.AsyncBaseTransport | None] = dict.fromkeys(LOOPBACK)
        return httpx2.AsyncClient(**_rules(), transport=self._transport, mounts=direct)

    async def close(self) -> None:
        """Close the connections."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()

    def leave(self) -> None:
        """In a forked child: the connections are those of the parent's loop, and are left alone with it."""
        made, self._made = self._made, None
        if made is not None:
            # Kept: some loops reach into what the processes share when one of their connections is let go of.
            _inherited.append(made)


_ours: WeakSet[BlockingClient | TaskClient] = WeakSet()
_inherited: list[object] = []


def _forked() -> None:
    for client in list(_ours):
        client.leave()


if owned.HAS_MODES:
    # Two processes on one connection get each other's answers: HTTP/1.1 tells them apart by their order alone.
    os.register_at_fork(after_in_child=_forked)


def _rules() -> dict[str, Any]:
    import httpx2  # noqa: PLC0415 - see above

    return {
        "headers": {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
        # A token stands for itself: a cookie that rode along could act for somebody else.
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "timeout": httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        "follow_redirects": False,
    }


def _tried(make: Callable[[], T]) -> T | Lost:
    import httpx2  # noqa: PLC0415 - see above

    try:
        return make()
    except OSError as trouble:
        # A file of certificates, or one for keys: TLS says which kind of trouble, and not where.
        return Lost(Loss.MACHINE, _of_files(trouble))
    except (ValueError, ImportError, httpx2.InvalidURL):
        return Lost(Loss.MACHINE, _of_proxies())


def _of_files(trouble: OSError) -> str:
    named = [name for name in FILES if os.environ.get(name)]
    if not named:
        return f"The certificates of this machine cannot be read ({type(trouble).__name__}): install them anew."
    return f"The file that {' or '.join(named)} names cannot be used: correct that variable, or unset it."


def _of_proxies() -> str:
    """Only the names of variables: a value may hold a password."""
    spelled = [spelling for name in PROXIES for spelling in (name, name.lower()) if os.environ.get(spelling)]
    wrong = [name for name in spelled if _is_wrong(os.environ[name])]
    if not wrong:
        return "The proxies that this machine names cannot be used: correct its proxy set-up, NO_PROXY included."
    return (
        f"The proxy that {' or '.join(wrong)} names cannot be used: write it as in http://proxy.example.com:3128 ("
        "SOCKS is not spoken here), or unset that variable."
    )


def _is_wrong(value: str) -> bool:
    import httpx2  # noqa: PLC0415 - see above

    try:
        proxy = httpx2.Proxy(value if "://" in value else f"http://{value}")
    except (ValueError, httpx2.InvalidURL):
        return True
    return proxy.url.scheme not in {"http", "https"}
