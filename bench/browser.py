"""Owns a small browser for setting up: cookies, forms, redirects over one kept connection. Knows nothing of OAuth."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer and the address that gave it."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def location(self) -> str | None:
        """Where a redirect points, made absolute."""
        target = self.headers.get("location")
        return urljoin(self.url, target) if target and 300 <= self.status < 400 else None


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, and its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """Collects the forms and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(got.get("action", ""), got.get("method", "get").lower()))
        elif tag == "a" and "href" in got:
            self.links.append(got["href"])
        elif self.forms and tag in ("input", "button"):
            self._control(self.forms[-1], tag, got)

    @staticmethod
    def _control(form: Form, tag: str, got: dict[str, str]) -> None:
        kind = got.get("type", "submit" if tag == "button" else "text").lower()
        name = got.get("name", "")
        if kind == "submit":
            form.buttons.append((name, got.get("value", "")))
        elif name and kind != "button" and (kind != "checkbox" or "checked" in got):
            form.fields[name] = got.get("value", "")
            form.kinds[name] = kind


@dataclass
class Browser:
    """One person's browser on one site."""

    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        return self._ask("GET", url, None, headers or {})

    def post(self, url: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        return self._ask("POST", url, urlencode(fields), {"Content-Type": FORM, **(headers or {})})

    def send(self, method: str, url: str, document: Mapping[str, object]) -> Answer:
        """JSON, as a page's program sends it."""
        return self._ask(method, url, json.dumps(document), {"Content-Type": "application/json"})

    def submit(self, page: Answer, form: Form, fields: dict[str, str]) -> Answer:
        """Sends a form of the page as a browser would, the given fields filled in."""
        filled = {**form.fields, **fields}
        target = urljoin(page.url, form.action)
        origin = {"Origin": self.base, "Referer": page.url}
        if form.method == "post":
            return self.post(target, filled, origin)
        return self.get(f"{target.partition('?')[0]}?{urlencode(filled)}")

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, url: str, body: str | None, headers: dict[str, str]) -> Answer:
        target = urljoin(self.base + "/", url)
        parts = urlsplit(target)
        sent = {**headers, **({"Cookie": self.cookie_header} if self.cookies else {})}
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        reply, text = self._exchange(method, path, body, sent)
        self._keep(reply.headers.get_all("set-cookie") or [])
        return Answer(target, reply.status, reply.headers, text)

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, str]:
        for last in (False, True):
            connection = self._connection or http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=15)
            self._connection = connection
            try:
                connection.request(method, path, body, headers)
                reply = connection.getresponse()
                return reply, reply.read().decode(errors="replace")
            except (http.client.RemoteDisconnected, ConnectionError):
                # A server may close a kept connection at any time: one more try on a fresh one.
                self.close()
                if last:
                    raise
        raise AssertionError("unreachable")

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"') and "max-age=0" not in line.lower().replace(" ", ""):
                self.cookies[name.strip()] = value
            else:
                self.cookies.pop(name.strip(), None)
