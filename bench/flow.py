"""Owns the OAuth flow as one client walks it, for setting up and for checking what a load left behind. Not for load."""

import base64
import hashlib
import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.browser import Answer, Browser, Form, Page

HOPS = 12


class WrongAnswer(RuntimeError):
    """A server answered something that a client could not accept."""


@dataclass(frozen=True)
class Client:
    """A client as the server registered it; without a secret it is a public one."""

    id: str
    redirect: str
    scope: str
    secret: str | None = None

    @property
    def authentication(self) -> dict[str, str]:
        """The client's credentials as form parameters (RFC 6749 2.3.1)."""
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})


@dataclass(frozen=True)
class Person:
    """Someone who can sign in."""

    name: str
    password: str


@dataclass(frozen=True)
class Pkce:
    """A verifier and its S256 challenge (RFC 7636 4.2)."""

    verifier: str
    challenge: str

    @classmethod
    def fresh(cls) -> "Pkce":
        verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).decode().rstrip("="))


@dataclass(frozen=True)
class Tokens:
    """An answer of the token endpoint."""

    access: str
    refresh: str
    expires_in: int


@dataclass(frozen=True)
class Endpoints:
    """Paths of a provider, and who may introspect there: name and secret, or a whole Authorization header."""

    authorize: str
    token: str
    introspect: str
    introspector: tuple[str, str] | str

    @property
    def authorization(self) -> str:
        """The introspecting caller's Authorization header."""
        if isinstance(self.introspector, str):
            return self.introspector
        return "Basic " + base64.b64encode(":".join(self.introspector).encode()).decode()


def authorize_url(path: str, client: Client, challenge: str, state: str) -> str:
    """The request with which a flow begins (RFC 6749 4.1.1, RFC 7636 4.3)."""
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect,
        "scope": client.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return with_query(path, asked)


def with_query(path: str, asked: Mapping[str, str]) -> str:
    """The path with this query, behind the one that it may have."""
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"


def sign_in(browser: Browser, ends: Endpoints, client: Client, person: Person, device: str | None = None) -> Tokens:
    """The whole flow: authorize, whatever the person is asked, code exchange."""
    pkce, state = Pkce.fresh(), secrets.token_urlsafe(8)
    back = _walk(browser, authorize_url(ends.authorize, client, pkce.challenge, state), client, person)
    got = parse_qs(urlsplit(back).query)
    if got.get("state") != [state] or len(got.get("code", [])) != 1:
        raise WrongAnswer(f"the answer to the authorization request carries no code for this state: {sorted(got)}")
    form = {
        "grant_type": "authorization_code",
        "code": got["code"][0],
        "redirect_uri": client.redirect,
        "code_verifier": pkce.verifier,
        **client.authentication,
        **({"device_id": device} if device else {}),
    }
    return _tokens(browser.post(ends.token, form))


def refresh(browser: Browser, ends: Endpoints, client: Client, token: str) -> Tokens:
    """One rotation (RFC 6749 6)."""
    form = {"grant_type": "refresh_token", "refresh_token": token, **client.authentication}
    return _tokens(browser.post(ends.token, form))


def introspection_form(token: str) -> dict[str, str]:
    """What the introspecting caller sends (RFC 7662 2.1)."""
    return {"token": token, "token_type_hint": "access_token"}


def introspect(browser: Browser, ends: Endpoints, token: str) -> Answer:
    """The answer on a token, which must be live."""
    answer = browser.post(ends.introspect, introspection_form(token), {"Authorization": ends.authorization})
    if not isinstance(document := parsed(answer), Mapping) or document.get("active") is not True:
        raise WrongAnswer(f"a token that should be live is not: {answer.body[:200]}")
    return answer


def parsed(answer: Answer) -> object:
    """The JSON of a successful answer."""
    if answer.status != 200:
        raise WrongAnswer(f"{urlsplit(answer.url).path} answered {answer.status}: {answer.body[:300]}")
    try:
        return json.loads(answer.body)
    except ValueError as fault:
        raise WrongAnswer(f"{urlsplit(answer.url).path} answered no JSON: {answer.body[:200]}") from fault


def _tokens(answer: Answer) -> Tokens:
    match parsed(answer):
        case {"access_token": str(access), "refresh_token": str(renew), "expires_in": int(left), "token_type": kind}:
            if str(kind).lower() == "bearer" and left > 0:
                return Tokens(access, renew, left)
    raise WrongAnswer(f"the token endpoint's answer is incomplete: {answer.body[:200]}")


def _walk(browser: Browser, url: str, client: Client, person: Person) -> str:
    """Follows redirects and answers pages until the browser is sent back to the client; returns that address."""
    answer = browser.get(url)
    for _ in range(HOPS):
        if back := _sent_back(answer, client):
            return back
        if answer.location:
            answer = browser.get(answer.location)
        elif answer.status == 200:
            answer = _answer_page(browser, answer, person)
        else:
            break
    raise WrongAnswer(f"the flow ended at {urlsplit(answer.url).path} with {answer.status}: {answer.body[:300]}")


def _sent_back(answer: Answer, client: Client) -> str | None:
    """The address at the client that the answer leads to: by redirect, or by a page that offers the way."""
    if answer.location and answer.location.startswith(client.redirect):
        return answer.location
    if answer.status != 200:
        return None
    links = (html.unescape(link) for link in Page(answer.body).links)
    return next((link for link in links if link.startswith(client.redirect + "?")), None)


def _answer_page(browser: Browser, page: Answer, person: Person) -> Answer:
    forms = Page(page.body).forms
    for form in forms:
        if password := next((name for name, kind in form.kinds.items() if kind == "password"), None):
            return browser.submit(page, form, {_name_field(form, password): person.name, password: person.password})
    for form in forms:
        if allow := _allow_button(form):
            return browser.submit(page, form, dict([allow]))
    raise WrongAnswer(f"{urlsplit(page.url).path} asks something unknown: {page.body[:300]}")


def _name_field(form: Form, password: str) -> str:
    return next(name for name, kind in form.kinds.items() if kind in ("text", "email") and name != password)


def _allow_button(form: Form) -> tuple[str, str] | None:
    """The button that consents: named `decision` or `allow`, as the peers have it."""
    wanted = {("decision", "allow")}
    return next((button for button in form.buttons if button in wanted or button[0] == "allow"), None)
