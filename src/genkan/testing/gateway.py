"""A reverse proxy with single sign-on, as many sites have it: whoever has no cookie of its own is sent away."""

from html import escape
from urllib.parse import parse_qs, quote

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.testing.person import GATEWAY_FIELD

PAGE = "/gateway/sign-in"
COOKIE = b"corporate=yes"


class Gateway:
    """Judges by the cookie alone, as those do that know nothing of the site behind them."""

    def __init__(self, base_path: str, exempt: tuple[str, ...]) -> None:
        self._base_path = base_path
        self._exempt = exempt

    def answer(self, arrival: Arrival) -> Answer | None:
        """The gateway's own answer; None lets the request through to the site."""
        if arrival.path == PAGE:
            return _let_in(arrival) if arrival.method == "POST" else _page(arrival)
        path = arrival.path.removeprefix(self._base_path)
        cookies = b"; ".join(arrival.headers.every(b"cookie"))
        if COOKIE in cookies or any(allowed in path for allowed in self._exempt):
            return None
        asked = f"{arrival.path}?{arrival.query.decode('latin-1')}" if arrival.query else arrival.path
        return Answer(302, ((b"location", f"{PAGE}?back={quote(asked, safe='')}".encode()),))


def _page(arrival: Arrival) -> Answer:
    back = parse_qs(arrival.query.decode("latin-1")).get("back", ["/"])[0]
    body = (
        "<!doctype html><title>Corporate sign-in</title><main><h1>Corporate sign-in</h1>"
        f'<form method="post" action="{PAGE}"><input name="{GATEWAY_FIELD}"><input type="hidden" name="back" '
        f'value="{escape(back)}"><button>Sign in</button></form></main>'
    )
    return Answer(200, ((b"content-type", b"text/html; charset=utf-8"),), body.encode())


def _let_in(arrival: Arrival) -> Answer:
    back = parse_qs(arrival.body.decode("latin-1")).get("back", ["/"])[0]
    # Only ever a path of this very host: a test that follows it must not leave the machine.
    location = "/" + quote(back.lstrip("/\\"), safe="/?&=%+:;,@!$'()*~-._")
    return Answer(303, ((b"location", location.encode()), (b"set-cookie", COOKIE + b"; Path=/; HttpOnly")))
