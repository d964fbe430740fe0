"""A person with a browser: fills the site's real forms until an address leaves the site."""

from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urljoin

import httpx2

MOST_STEPS = 16
GATEWAY_FIELD = "gateway_visitor"
"""A form with this field is the gateway's own: whoever fills it in is let through."""


class Browser(Protocol):
    """What a person needs of a browser: it keeps cookies and follows nothing by itself."""

    def get(self, url: str) -> httpx2.Response: ...

    def post(self, url: str, fields: Mapping[str, str]) -> httpx2.Response: ...


class RealBrowser:
    """Over the network, straight to this machine; ``transport``: connections that are shared, cookies never are."""

    def __init__(self, transport: httpx2.BaseTransport | None = None) -> None:
        self._client = httpx2.Client(timeout=30, trust_env=False, transport=transport)

    def get(self, url: str) -> httpx2.Response:
        return self._client.get(url)

    def post(self, url: str, fields: Mapping[str, str]) -> httpx2.Response:
        return self._client.post(url, data=dict(fields))

    def close(self) -> None:
        self._client.close()


class Person:
    """Signs in with these passwords one after the other, then decides; gives up at a page that asks nothing."""

    def __init__(
        self, browser: Browser, name: str = "alice", passwords: Sequence[str] = (), decision: str = "allow"
    ) -> None:
        self.browser = browser
        self.name = name
        self.decision = decision
        self._passwords: Iterator[str] = iter(passwords)
        self.pages: list[str] = []
        self.visited: list[str] = []
        self.said = ""

    def __call__(self, url: str) -> str | None:
        """Go where the app sends; the address outside the site that the way ends at, None when it ends on a page."""
        self.visited.append(url)
        answer = self.browser.get(url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                location = urljoin(str(answer.url), answer.headers["location"])
                if not _same_site(location, url):
                    return location
                answer = self.browser.get(location)
                continue
            self.pages.append(title_of(answer.text))
            pressed = self._press(answer)
            if pressed is None:
                self.said = words_of(answer.text)
                return None
            answer = pressed
        raise AssertionError(f"the way does not end: {self.pages}")

    def _press(self, page: httpx2.Response) -> httpx2.Response | None:
        for action, fields in forms_of(page.text):
            there = urljoin(str(page.url), action)
            if GATEWAY_FIELD in fields:
                return self.browser.post(there, {**fields, GATEWAY_FIELD: self.name})
            if "password" in fields:
                password = next(self._passwords, None)
                typed = {**fields, "username": self.name, "password": password or ""}
                return None if password is None else self.browser.post(there, typed)
            if there.endswith("/plugins/servlet/oauth2/consent"):
                return self.browser.post(there, {**fields, "decision": self.decision})
        return None


def _same_site(location: str, url: str) -> bool:
    return location.split("/")[:3] == url.split("/")[:3]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.title = ""
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside.append(tag)
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in values:
            self.forms[-1][1][values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        elif "main" in self._inside:
            self.words.append(data)


def _read(page: str) -> _Page:
    parser = _Page()
    parser.feed(page)
    return parser


def forms_of(page: str) -> list[tuple[str, dict[str, str]]]:
    """(action, fields) of every form on a page."""
    return _read(page).forms


def title_of(page: str) -> str:
    """What the page calls itself."""
    return " ".join(_read(page).title.split())


def words_of(page: str) -> str:
    """All words of the page's main part."""
    return " ".join(" ".join(_read(page).words).split())
