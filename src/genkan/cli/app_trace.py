"""The steps of a flow written down for support: what was asked, what came, and no secret of either.

Owns what may be shown. A value is hidden unless its name is known to be harmless; of a public document all is shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from genkan.app.drive import Door, Driver
from genkan.app.steps import Answer, Ask, Flow, Lost, NoReturn, Pause, Returned, Step, Visit
from genkan.wire.jsontext import decode, shown

T = TypeVar("T")

HARMLESS = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "scope", "prompt", "ephemeral", "code_challenge_method"),
        *("grant_type", "token_type", "token_type_hint", "expires_in", "created_at", "iss"),
        *("error", "error_description", "error_uri"),
    }
)
SECRET_ENDS = ("secret", "password", "_token", "token", "code")
HEADERS = ("content-type", "location", "server", "via", "retry-after", "www-authenticate", "date")
MOST_CHARACTERS = 2000
MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One step: what was asked, and lines or values about it that can be shown to anybody."""

    asked: str
    sent: Mapping[str, str] = field(default_factory=dict)
    answered: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    milliseconds: int | None = None


class TracingDriver(Driver):
    """Runs flows as its base does, and tells of each step after it was done."""

    def __init__(self, ticks: Callable[[], float], tell: Callable[[Told], None]) -> None:
        super().__init__(ticks)
        self._tell = tell

    def run(self, flow: Flow[T], door: Door | None = None) -> T:
        return super().run(self._traced(flow), door)

    def _traced(self, flow: Flow[T]) -> Flow[T]:
        try:
            step = next(flow)
            while True:
                began = self._ticks()
                try:
                    came = yield step
                except Exception as trouble:  # noqa: BLE001 - it belongs to the flow that is written down
                    step = flow.throw(trouble)
                    continue
                told = told_of(step, came, round((self._ticks() - began) * 1000))
                if told is not None:
                    self._tell(told)
                step = flow.send(came)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()


def told_of(step: Step, came: Any, milliseconds: int) -> Told | None:
    """What a step came to; None for what stays inside this machine."""
    match step:
        case Ask():
            return _of_request(step, came, milliseconds)
        case Visit():
            return _of_visit(step, came)
        case Pause():
            return Told(f"wait {step.milliseconds} ms, then ask again")
        case _:
            return None


def _of_request(asked: Ask, came: Answer | Lost, milliseconds: int) -> Told:
    line = f"{asked.method} {safe_url(asked.url)}"
    bearer = any(name == "Authorization" for name, _ in asked.headers)
    sent = _form_of(asked)
    if bearer:
        sent["Authorization"] = "Bearer " + hidden("the access token")
    if isinstance(came, Lost):
        return Told(line, sent, f"no answer: {came.sentence}", milliseconds=milliseconds)
    headers = {name: came.headers[name] for name in HEADERS if name in came.headers}
    shown_headers = {
        name: safe_url(value) if name == "location" else shown(value) or "" for name, value in headers.items()
    }
    is_public = asked.method == "GET" and not bearer
    return Told(line, sent, f"status {came.status}", shown_headers, _body(came, public=is_public), milliseconds)


def _form_of(asked: Ask) -> dict[str, str]:
    if not isinstance(asked.body, bytes) or ("Content-Type", "application/x-www-form-urlencoded") not in asked.headers:
        return {}
    pairs = parse_qsl(asked.body.decode("latin-1"), keep_blank_values=True)
    return {name: _value(name, value) for name, value in pairs}


def _of_visit(asked: Visit, came: Returned | NoReturn) -> Told:
    line = f"open {safe_url(asked.url)} in the browser"
    if isinstance(came, NoReturn):
        return Told(line, answered=f"nothing came back: {came.sentence}")
    return Told(line, answered=f"came back with {safe_url(came.address)}")


def safe_url(url: str) -> str:
    """An address with the values hidden that its query and its path's parameters carry, and no password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return hidden(url)
    host = parts.netloc.rpartition("@")[2]
    query = [(name, _value(name, value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    fragment = hidden(parts.fragment) if parts.fragment else ""
    path = "/".join(_safe_segment(segment) for segment in parts.path.split("/"))
    address = urlunsplit((parts.scheme, host, path, urlencode(query, safe="/:<>, ", quote_via=quote), fragment))
    return shown(address, MOST_CHARACTERS) or ""


def _safe_segment(segment: str) -> str:
    """RFC 3986 3.3: what follows a semicolon is the segment's parameters; gateways put whole sessions there."""
    # RFC 3986 2.2: an encoded one means something else, but not to everybody who writes such addresses
    name, semicolon, parameters = segment.replace("%3B", ";").replace("%3b", ";").partition(";")
    return f"{name};{hidden(parameters)}" if semicolon else name


def _value(name: str, value: str) -> str:
    return shown(value, MOST_CHARACTERS) or "" if name in HARMLESS else hidden(value)


def hidden(value: str) -> str:
    """That there is something, and how much of it: an empty or a cut value is a frequent fault."""
    return f"<hidden, {len(value)} characters>"


def _body(answer: Answer, *, public: bool) -> object:
    if not answer.body:
        return None
    value = decode(answer.body)
    if isinstance(value, dict | list):
        return _safe(value, public=public)
    kind = answer.headers.get("content-type", "no type").partition(";")[0]
    title = _title(answer.body.decode("utf-8", "replace"))
    return f"{len(answer.body)} bytes of {shown(kind)}{f', titled “{title}”' if title else ''}"


def _title(page: str) -> str | None:
    """What a page calls itself: often the name of the gateway that answers in the site's place."""
    _, begins, rest = page[:MOST_CHARACTERS].partition("<title")
    return shown(" ".join(rest.partition(">")[2].partition("</")[0].split()), 100) if begins else None


def _safe(value: object, *, public: bool, name: str = "") -> object:
    if isinstance(value, dict):
        some = list(value.items())[:MOST_MEMBERS]
        return {shown(key): _safe(each, public=public, name=str(key)) for key, each in some}
    if isinstance(value, list):
        return [_safe(each, public=public, name=name) for each in value[:MOST_MEMBERS]]
    is_open = not name.lower().endswith(SECRET_ENDS) if public else name in HARMLESS
    if not isinstance(value, str):
        return value if is_open or value is None or isinstance(value, bool) else hidden(str(value))
    return (shown(value, MOST_CHARACTERS) or "") if is_open else hidden(value)
