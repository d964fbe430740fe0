"""An answer of the site's API as programs read it: status, headers, body, and JSON or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genkan.app.steps import Answer
from genkan.app.troubles import ApiRefused
from genkan.wire.jsontext import NotJSON, decode, decode_object, shown, texts
from genkan.wire.token_answer import seconds_in

MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """Header names are lower case; ``site`` is whom the answer is from, in words."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    site: str

    @property
    def ok(self) -> bool:
        """Whether the site did what was asked (a status below 300)."""
        return 200 <= self.status <= 299

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def checked(self) -> "Reply":
        """This answer if it is a good one, else raises ``ApiRefused`` with what the site says."""
        if not self.ok:
            after = seconds_in(self.headers.get("retry-after"))
            raise ApiRefused(f"{self.site} answered {self.status}{_said(self.body)}", self.status, after)
        return self

    def json(self) -> Any:
        """The decoded body of a good answer; raises ``ApiRefused`` for any other, and for a page."""
        value = decode(self.checked().body)
        if isinstance(value, NotJSON):
            kind = shown(self.headers.get("content-type"), 80) or "something"
            raise ApiRefused(f"{self.site} answered {kind} where JSON belongs.", self.status)
        return value


def reply_of(answer: Answer, site: str) -> Reply:
    """An answer as it came."""
    return Reply(answer.status, answer.headers, answer.body, site)


def _said(body: bytes) -> str:
    """The reason in the site's own words, where it gives one in the form of its API or of OAuth 2.0."""
    members = decode_object(body) or {}
    errors = members.get("errors")
    of_fields = list(errors.values()) if isinstance(errors, dict) else []
    told = [*texts(members.get("errorMessages")), *texts(of_fields)]
    one = " ".join(told) or members.get("message") or members.get("error_description") or members.get("error")
    words = shown(one, MOST_SHOWN) if isinstance(one, str) else None
    return f": {words}" if words else "."
