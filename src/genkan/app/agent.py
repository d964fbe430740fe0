"""User agents: how a person gets to the site's sign-in page and how the answer gets back.

Owns the choice of the way back (RFC 8252): loopback where the site registered one, else the app's own scheme by a
handler, else an address that the person copies. Judges no answer.
"""

import errno
import shlex
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from genkan.app import throwaway
from genkan.app.drive import Door
from genkan.app.loopback import LoopbackDoor
from genkan.app.steps import NoReturn, Returned, Visit
from genkan.app.throwaway import Throwaway
from genkan.wire.redirects import Kind, RedirectURI, parse_redirect

TAKEN = {errno.EADDRINUSE, errno.EACCES}
"""Listened at by another program, or kept for the system: Windows reserves ports, and Unix those below 1024."""
BROWSER_VARIABLE = "GENKAN_BROWSER"

OpenBrowser = Callable[[str], bool]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class NoDoor:
    """There is no way back from the browser."""

    sentence: str


class PrivateBrowser(Protocol):
    """A browser for one sign-in; ``close`` leaves nothing of it behind."""

    def open(self, url: str) -> bool: ...

    def close(self) -> None: ...


class UserAgent(Protocol):
    """Opens the way back first, for the request has to name it; whoever gets a door closes it."""

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor: ...


class HandedAgent:
    """The caller's own browser: a phone's web authentication session, or a test.

    ``walk`` takes the address to open and returns the address that came back, or None.
    """

    def __init__(self, walk: Callable[[str], str | None], redirect_uri: str | None = None) -> None:
        self._walk = walk
        self._redirect_uri = redirect_uri

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        """The redirect that was asked for, else the first of the app's own schemes, else the first of all."""
        chosen = self._redirect_uri or _of_kind(redirect_uris, Kind.PRIVATE_USE) or next(iter(redirect_uris), None)
        return _HandedDoor(chosen, self._walk) if chosen else NoDoor("The site registered no address to come back to.")


class _HandedDoor:
    def __init__(self, redirect_uri: str, walk: Callable[[str], str | None]) -> None:
        self.redirect_uri = redirect_uri
        self._walk = walk

    def visit(self, asked: Visit) -> Returned | NoReturn:
        address = self._walk(asked.url)
        return Returned(address.strip()) if address else NoReturn("The sign-in was broken off: start it again.")

    def close(self) -> None:
        """Nothing stays open."""


class PastingAgent:
    """The person opens the address, on any machine, and pastes the one that the browser ends at."""

    def __init__(self, show: Say, explain: Say, read_line: Callable[[], str]) -> None:
        self._show = show
        self._explain = explain
        self._read_line = read_line

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        """The app's own scheme first: a browser without the app stays on a page that shows its address."""

        def walk(url: str) -> str:
            self._explain("Open this address in a browser and sign in:")
            self._show(url)
            self._explain(
                f"Then paste the address that the browser ends at; it begins with {_head(chosen)}. "
                "A page that only tries to open an app may offer to show it:"
            )
            return _unquoted(self._read_line())

        chosen = _of_kind(redirect_uris, Kind.PRIVATE_USE) or next(iter(redirect_uris), "")
        return HandedAgent(walk, chosen).open_door(redirect_uris)


def _head(redirect_uri: str) -> str:
    return redirect_uri.partition("?")[0]


def _unquoted(line: str) -> str:
    """A pasted address, without the spaces, quotes and angle brackets that come along with it."""
    return line.strip().strip("'\"<>").strip()


@dataclass(frozen=True, slots=True)
class Hints:
    """What a program adds to the library's words: how the wait is ended, and how a browser elsewhere is had."""

    waiting: str = ""
    elsewhere: str = ""


NO_HINTS = Hints()


class SystemBrowser:
    """The browser of this machine, with the way back that the site and the desktop allow."""

    def __init__(
        self,
        open_browser: OpenBrowser,
        say: Say,
        otherwise: UserAgent,
        handler: Callable[[str, Callable[[str], None]], Door | None] = lambda _redirect, _open: None,
        tried: str = "",
        private_browser: Callable[[], PrivateBrowser | None] | None = None,
        *,
        hints: Hints = NO_HINTS,
    ) -> None:
        """``tried`` says in words which browser ``open_browser`` is, for when it does not open; ``private_browser``
        finds one that keeps nothing, for a site that wants that: else the person's own browser knows one.
        """
        self._tried = tried
        self._hints = hints
        known = open_browser.private if isinstance(open_browser, PersonsBrowser) else _none
        self._private_browser = private_browser or known
        self._open_browser = open_browser
        self._say = say
        self._otherwise = otherwise
        self._handler = handler

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        """Loopback, else a handler for the app's scheme, else the pasted address."""
        opening = _Opening(self._open, self._say, self._private_browser)
        taken = []
        for registered in _loopbacks(redirect_uris):
            try:
                return _BrowserDoor(LoopbackDoor(registered, opening.open), opening)
            except OSError as trouble:
                # No such address family here, or the registered port is taken: the next one may do.
                if trouble.errno in TAKEN:
                    taken.append(registered)
        scheme = _of_kind(redirect_uris, Kind.PRIVATE_USE)
        door = self._handler(scheme, opening.open) if scheme else None
        return _BrowserDoor(door, opening) if door else self._by_other_means(redirect_uris, taken)

    def _by_other_means(self, redirect_uris: Sequence[str], taken: Sequence[str]) -> Door | NoDoor:
        """With the reason, where it is one that the person can do something about."""
        door = self._otherwise.open_door(redirect_uris)
        if not taken:
            return door
        why = (
            f"The answer cannot come back by itself: {' and '.join(taken)} cannot be listened at, for another program "
            "has that port or keeps it. End that program and start again to go without what follows."
        )
        if isinstance(door, NoDoor):
            return NoDoor(f"{why} {door.sentence}")
        self._say(why)
        return door

    def _open(self, url: str) -> None:
        if self._open_browser(url):
            self._say(
                f"Sign in on the page that opens in your browser; this program waits for it.{self._hints.waiting}\n"
                f"If no page opens, open this address on this machine:\n{url}"
            )
        else:
            self._say(
                f"No browser could be opened{self._tried}. Open this address on this machine.{self._hints.elsewhere}"
                f"\n{url}"
            )


class _Opening:
    """Which browser a sign-in opens is known only when it comes: one that keeps nothing, where the site wants that."""

    def __init__(
        self, usual: Callable[[str], None], say: Say, private_browser: Callable[[], PrivateBrowser | None]
    ) -> None:
        self.private = False
        self._usual = usual
        self._say = say
        self._find = private_browser
        self._browser: PrivateBrowser | None = None

    def open(self, url: str) -> None:
        if self.private:
            self._browser = self._find()
            if self._browser is not None and self._browser.open(url):
                self._say("Sign in in the browser window that opens; it keeps nothing and closes by itself.")
                return
            self._say(
                "This site wants a sign-in that the browser does not keep, and this one keeps what it always keeps: "
                "sign out of the site there afterwards, or open the address in a private window."
            )
        self._usual(url)

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()
            self._browser = None


class _BrowserDoor:
    """A door whose browser ends with it, where it is one for this sign-in alone."""

    def __init__(self, door: Door, opening: _Opening) -> None:
        self._door = door
        self._opening = opening
        self.redirect_uri = door.redirect_uri

    def visit(self, asked: Visit) -> Returned | NoReturn:
        self._opening.private = asked.private
        return self._door.visit(asked)

    def close(self) -> None:
        self._door.close()
        self._opening.close()


def _loopbacks(redirect_uris: Sequence[str]) -> list[str]:
    """Registered loopback addresses, 127.0.0.1 first: a name may resolve to something else (RFC 8252 8.3)."""
    found = [uri for uri in map(parse_redirect, redirect_uris) if isinstance(uri, RedirectURI)]
    order = {"127.0.0.1": 0, "::1": 1}
    loopback = [uri for uri in found if uri.kind is Kind.LOOPBACK]
    return [uri.text for uri in sorted(loopback, key=lambda uri: order.get(uri.host or "", 2))]


def _of_kind(redirect_uris: Sequence[str], kind: Kind) -> str | None:
    found = (uri for uri in map(parse_redirect, redirect_uris) if isinstance(uri, RedirectURI))
    return next((uri.text for uri in found if uri.kind is kind), None)


class PersonsBrowser:
    """Opens an address in the person's browser: the command of ``GENKAN_BROWSER``, else the system's."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._command = environ.get(BROWSER_VARIABLE, "").strip()

    def __call__(self, url: str) -> bool:
        """Whether it was opened."""
        return _run(self._command, url) if self._command else _system(url)

    def private(self) -> PrivateBrowser | None:
        """A browser that keeps nothing; none in the place of a command that the person chose."""
        found = None if self._command else throwaway.find(self._environ)
        return Throwaway(found) if found else None


def browser_of(environ: Mapping[str, str]) -> PersonsBrowser:
    """The person's browser: ``GENKAN_BROWSER`` (a command; the address is put for %s or last), else the system's."""
    return PersonsBrowser(environ)


def _none() -> PrivateBrowser | None:
    return None


def tried_of(environ: Mapping[str, str]) -> str:
    """Which command was to open it, where the person chose one."""
    command = environ.get(BROWSER_VARIABLE, "").strip()
    return f": {BROWSER_VARIABLE} says {command!r}, which cannot be started" if command else ""


def _run(command: str, url: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        # A quote that is never closed: no command at all.
        return False
    line = [word.replace("%s", url) for word in words] if any("%s" in word for word in words) else [*words, url]
    quiet = subprocess.DEVNULL
    try:
        # The command is the person's own setting, run without a shell.
        browser = subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603
    except OSError:
        return False
    # Somebody has to wait for it, or it stays a zombie for as long as this program lives.
    threading.Thread(target=browser.wait, name="browser", daemon=True).start()
    return True


def _system(url: str) -> bool:
    import webbrowser  # noqa: PLC0415 - looks for browsers when imported, which only a sign-in needs

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
