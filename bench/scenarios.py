"""Owns the scenarios S0 to S5: what each prepares, sends, and checks once more when the load is over."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench import flow
from bench.browser import FORM, Answer, Browser
from bench.flow import Client, Pkce, WrongAnswer, introspection_form
from bench.peers.bare import BODY
from bench.peers.base import Call
from bench.station import Station
from bench.wrk import Load, Run

CHAINS_A_CONNECTION = 4
TOKENS = 64
PKCE_PAIRS = 512


class Scenario(ABC):
    """One kind of load. `prepare` is called before each run, `settle` after it."""

    id: str
    title: str
    unit: str

    @abstractmethod
    def suits(self, station: Station) -> bool:
        """Whether the server offers what the scenario asks."""

    @abstractmethod
    def prepare(self, station: Station) -> Load:
        """Sets up what the load needs and has each expected answer judged."""

    def settle(self, station: Station, run: Run) -> None:  # noqa: B027 - most have nothing left to check
        """Uses what the run left behind once more; raises WrongAnswer when it is not right."""


def form_post(host: str, path: str, form: str, headers: Mapping[str, str] | None = None) -> str:
    """A form POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Type: {FORM}", f"Content-Length: {len(form)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", form])


def get(host: str, path: str, headers: Mapping[str, str] | None = None) -> str:
    """A GET as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""])


def _host(station: Station) -> str:
    return f"127.0.0.1:{station.server.port}"


class Floor(Scenario):
    """S0: a form POST of 341 bytes, headers included, that is answered without being looked at."""

    id, title, unit = "S0", "form POST of 341 bytes, fixed answer", "requests"

    def suits(self, station: Station) -> bool:
        return station.peer.floor

    def prepare(self, station: Station) -> Load:
        client = "grant_type=refresh_token&client_id=38843a89f2b02a471000bc022e4b9de8&refresh_token="
        token = "gnk_rt_" + "r" * 52
        bare = form_post(_host(station), "/token", client + token)
        request = form_post(_host(station), "/token", client + token, {"Accept": "*/*" + " " * (341 - len(bare) - 13)})
        if len(request) != 341:
            raise AssertionError(f"the request has {len(request)} bytes")
        return Load("member.lua", {"requests": [request], "bodies": [BODY.decode()]})


@dataclass(eq=False)
class Refresh(Scenario):
    """S1: sign-ins of the native link refresh with the token each got last; what is left at the end must still work."""

    id = "S1"
    title = "refresh with rotation"
    unit = "refreshes"
    pause_ms: int | None = None
    _chains: dict[str, list[str]] = field(default_factory=dict)

    def suits(self, station: Station) -> bool:
        return station.site is not None

    def prepare(self, station: Station) -> Load:
        site, chains = station.known, self.chains(station)
        data = {"path": site.ends.token, "tokens": chains, "pause_ms": self.pause_ms}
        return Load("refresh.lua", {**data, "authentication": "&" + urlencode(site.native.authentication)})

    def chains(self, station: Station) -> list[str]:
        """A live refresh token of each sign-in."""
        chains = self._chains.setdefault(station.peer.name, [])
        # Answers under way when wrk stops are lost to it: those chains are replaced by new sign-ins.
        missing = CHAINS_A_CONNECTION * station.target.connections - len(chains)
        chains += [tokens.refresh for tokens in station.sign_ins(station.known.native, missing)]
        return chains

    def settle(self, station: Station, run: Run) -> None:
        site, browser = station.known, station.browser()
        chains = [token for token in run.leftover if token]
        for token in chains[:4]:
            renewed = flow.refresh(browser, site.ends, site.native, token)
            flow.introspect(browser, site.ends, renewed.access)
        self._chains[station.peer.name] = chains[4:]


class Flow(Scenario):
    """S2: a person is signed in and has consented before: authorize, 302 with the code, token."""

    id, title, unit = "S2", "authorization code with PKCE, consent remembered", "flows"
    fresh_device = True

    def suits(self, station: Station) -> bool:
        return station.site is not None

    def client(self, station: Station) -> Client:
        return station.known.confidential

    def browsers(self, station: Station) -> list[Browser]:
        return station.signed_in(self.client(station), station.target.connections)

    def prepare(self, station: Station) -> Load:
        site, client = station.known, self.client(station)
        pairs = [Pkce.fresh() for _ in range(PKCE_PAIRS)]
        asked = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": client.redirect,
            "scope": client.scope,
            "code_challenge_method": "S256",
        }
        data = {
            "authorize": flow.with_query(site.ends.authorize, asked),
            "token": site.ends.token,
            "redirect": client.redirect,
            "authentication": "&" + urlencode(client.authentication),
            "pkce": [{"verifier": pair.verifier, "challenge": pair.challenge} for pair in pairs],
            "cookies": [browser.cookie_header for browser in self.browsers(station)],
            "allow_name": site.allow[0],
            "allow_value": site.allow[1],
            "fresh_device": self.fresh_device,
            "run": Pkce.fresh().verifier[:12],
        }
        return Load("flow.lua", data, threads=station.target.connections)

    def settle(self, station: Station, run: Run) -> None:
        site, browser = station.known, station.browser()
        tokens = [token for token in run.leftover if token]
        for access, renew in list(zip(tokens[::2], tokens[1::2], strict=True))[:8]:
            flow.introspect(browser, site.ends, access)
            renewed = flow.refresh(browser, site.ends, self.client(station), renew)
            flow.introspect(browser, site.ends, renewed.access)


class SameDevice(Flow):
    """S2r: as S2, but each browser signs in again and again: the earlier sign-in is replaced each time."""

    id, title = "S2r", "as S2, the same browser again"
    fresh_device = False

    def suits(self, station: Station) -> bool:
        return station.peer.name == "genkan"

    def settle(self, station: Station, run: Run) -> None:  # noqa: ARG002 - see below
        # A flow that was under way when wrk stopped has replaced the last counted one: only a new one is sure to live.
        tokens = station.sign_in(self.browsers(station)[0], self.client(station), 0)
        flow.introspect(station.browser(), station.known.ends, tokens.access)


class Consent(Flow):
    """S2c: the app's own link, which asks for consent each time: page, answer, code, token."""

    id, title = "S2c", "the app's link, consent answered each time"

    def suits(self, station: Station) -> bool:
        # Where the pages are a program in the browser, wrk cannot answer them.
        return station.site is not None and station.site.enter is None

    def client(self, station: Station) -> Client:
        return station.known.native

    def browsers(self, station: Station) -> list[Browser]:
        # Answering a page may renew the session's cookie, and wrk loses the answers under way at its end.
        return station.fresh_browsers(self.client(station), station.target.connections)


class Members(Scenario):
    """Questions whose right answers are known beforehand: each is asked once and judged before the load."""

    unit = "answers"

    def judged(self, requests: Sequence[tuple[str, Answer]], call: Call) -> Load:
        for _, answer in requests:
            judge(answer, call)
        header, value = call.header or (None, None)
        data = {
            "requests": [request for request, _ in requests],
            "bodies": sorted({answer.body for _, answer in requests}),
            "header": header,
            "header_value": value,
        }
        return Load("member.lua", data)


def judge(answer: Answer, call: Call) -> None:
    """Raises WrongAnswer unless the answer is what the call must give."""
    if answer.status != 200:
        raise WrongAnswer(f"{call.path} answered {answer.status}: {answer.body[:200]}")
    if call.header and answer.headers.get(call.header[0]) != call.header[1]:
        raise WrongAnswer(f"{call.path} answered without {call.header[0]}: {call.header[1]}")
    document = json.loads(answer.body) if call.members else {}
    for name, value in call.members.items():
        if _member(document, name) != value:
            raise WrongAnswer(f"{call.path} answered {name} = {_member(document, name)!r}, not {value!r}")


def _member(document: object, dotted: str) -> object:
    for name in dotted.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


class Introspection(Members):
    """S3: live opaque tokens, asked about by an authenticated caller."""

    id, title = "S3", "introspection of a live token"

    def suits(self, station: Station) -> bool:
        return station.site is not None

    def prepare(self, station: Station) -> Load:
        site, browser = station.known, station.browser()
        asked: list[tuple[str, Answer]] = []
        for tokens in station.sign_ins(site.confidential, TOKENS):
            form = urlencode(introspection_form(tokens.access))
            request = form_post(_host(station), site.ends.introspect, form, {"Authorization": site.ends.authorization})
            asked.append((request, flow.introspect(browser, site.ends, tokens.access)))
        call = Call(site.ends.introspect, {"active": True, "client_id": site.confidential.id})
        return self.judged(asked, call)


class Bearer(Members):
    """S4: a REST call with a bearer token."""

    id, title = "S4", "REST call with a bearer token"

    def suits(self, station: Station) -> bool:
        return station.site is not None

    def call(self, station: Station) -> Call:
        return station.known.bearer

    def prepare(self, station: Station) -> Load:
        site, call, browser = station.known, self.call(station), station.browser()
        asked: list[tuple[str, Answer]] = []
        for tokens in station.sign_ins(site.bearer_client or site.confidential, TOKENS, browsers=1):
            headers = {"Authorization": f"Bearer {tokens.access}"}
            asked.append((get(_host(station), call.path, headers), browser.get(call.path, headers)))
        return self.judged(asked, call)


class Verify(Bearer):
    """S4v: forward authentication with a bearer token, as a reverse proxy asks."""

    id, title = "S4v", "forward authentication with a bearer token"

    def suits(self, station: Station) -> bool:
        return station.site is not None and station.site.verify is not None

    def call(self, station: Station) -> Call:
        call = station.known.verify
        if call is None:
            raise LookupError("no forward authentication")
        return call


class Metadata(Members):
    """S5: the document that anonymous callers ask for first."""

    id, title = "S5", "the anonymous document asked for first"

    def suits(self, station: Station) -> bool:
        return station.site is not None

    def prepare(self, station: Station) -> Load:
        call = station.known.metadata
        return self.judged([(get(_host(station), call.path), station.browser().get(call.path))], call)


def all_scenarios() -> list[Scenario]:
    """In the order in which they are run."""
    return [Floor(), Refresh(), Flow(), SameDevice(), Consent(), Introspection(), Bearer(), Verify(), Metadata()]
