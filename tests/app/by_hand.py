"""Drives flows by hand: each step is checked and answered by the test, no socket, no clock."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from genkan.app.state import Site
from genkan.app.steps import Answer, Ask, Flow, Pause, Step, Work
from genkan.app.vault import VaultTrouble

T = TypeVar("T")
Script = Callable[[Step], object]

BASE = "https://jira.example.com"
CLIENT = "38843a89f2b02a471000bc022e4b9de8"
APP = "jira-server://oauth-callback"


def drive(flow: Flow[T], script: Script, paused: Callable[[Pause], None] = lambda _pause: None) -> T:
    """Run a flow; `script` answers every step but pauses and local work."""
    try:
        step = next(flow)
        while True:
            if isinstance(step, Work):
                try:
                    came = step.call()
                except VaultTrouble as trouble:
                    step = flow.throw(trouble)
                else:
                    step = flow.send(came)
            elif isinstance(step, Pause):
                paused(step)
                step = flow.send(None)
            else:
                step = flow.send(script(step))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def served(documents: Mapping[str, Answer | object], asked: list[str] | None = None) -> Script:
    """A script that answers GETs by their path below the host; what is not there is a 404 page."""

    def script(step: Step) -> object:
        assert isinstance(step, Ask)
        path = urlsplit(step.url).path
        if asked is not None:
            asked.append(step.url)
        return documents.get(path, page(404))

    return script


def document(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps(value).encode())


def page(status: int, text: str = "<h1>A page</h1>", **headers: str) -> Answer:
    return Answer(status, {"content-type": "text/html; charset=utf-8", **headers}, text.encode())


def form_of(step: Step) -> dict[str, str]:
    assert isinstance(step, Ask)
    assert ("Content-Type", "application/x-www-form-urlencoded") in step.headers
    assert isinstance(step.body, bytes)
    return dict(parse_qsl(step.body.decode(), strict_parsing=True))


def a_site(**changed: object) -> Site:
    values: dict[str, object] = {
        "base_url": BASE,
        "client_id": CLIENT,
        "redirect_uris": (APP, "http://127.0.0.1/oauth-callback"),
        "authorization_endpoint": f"{BASE}/rest/oauth2/latest/authorize",
        "token_endpoint": f"{BASE}/rest/oauth2/latest/token",
        "revocation_endpoint": f"{BASE}/rest/oauth2/latest/revoke",
        "issuer": BASE,
        "issuer_promised": True,
        "scope": "WRITE",
    }
    return Site(**{**values, **changed})  # type: ignore[arg-type]
