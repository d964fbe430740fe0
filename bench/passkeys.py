"""S7: signing in with a passkey, the whole ceremony: page, challenge, an assertion signed in software, session. Of
Genkan alone, since the peers have no passkeys."""

import html
import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urljoin

from bench import machine, station
from bench.browser import Browser, Page
from bench.flow import WrongAnswer
from bench.peers.base import Place
from bench.peers.genkan import PERSON, Genkan
from tests.software_key import SoftwareKey

WARM = 10


class OnHostName(Genkan):
    """Browsers keep passkeys for host names, so the site is reached by one."""

    def environment(self, place: Place) -> dict[str, str]:
        return {**super().environment(place), "GENKAN_BASE_URL": f"http://localhost:{place.port}"}


@dataclass(frozen=True)
class Ceremonies:
    """How long a ceremony took, its client's own work included, and what the server worked for it."""

    count: int
    per_second: float
    p50_ms: float
    p95_ms: float
    server_ms: float


def measure(seconds: float, cache: Path, folder: Path) -> Ceremonies:
    """One person, one passkey, a browser without a session each time; ceremonies one after the other."""
    where = station.start(OnHostName(), cache, folder)
    try:
        base = f"http://localhost:{where.server.port}"
        key = _registered(base)
        for _ in range(WARM):
            _ceremony(base, key)
        took: list[float] = []
        cpu, began = machine.cpu_seconds(where.server.pid), time.perf_counter()
        while time.perf_counter() - began < seconds:
            took.append(_ceremony(base, key))
        wall, cpu = time.perf_counter() - began, machine.cpu_seconds(where.server.pid) - cpu
        marks = quantiles(took, n=20)
        return Ceremonies(
            len(took), len(took) / wall, marks[9] * 1000, marks[18] * 1000, cpu / len(took) * 1000
        )  # fmt: skip
    finally:
        where.server.stop()


def _registered(base: str) -> SoftwareKey:
    """A passkey that a person made on the account page, after signing in by password."""
    browser = Browser(base)
    page = browser.get("/login?next=" + base + "/account/passkeys/create")
    form = next(form for form in Page(page.body).forms if "password" in form.kinds)
    made = browser.submit(page, form, {"username": PERSON.name, "password": PERSON.password})
    page = browser.get(made.location or "")
    form = next(form for form in Page(page.body).forms if form.action.endswith("/passkeys/create"))
    options = json.loads(browser.get("/account/passkeys/options").body)
    key = SoftwareKey(origin=base, counter=1)
    done = browser.submit(page, form, {"ticket": options["ticket"], "credential": key.create(options)})
    if done.status != 303:
        raise WrongAnswer(f"the passkey was not taken: {done.status}")
    return key


def _ceremony(base: str, key: SoftwareKey) -> float:
    """Seconds from the page to the session, which is used once to see that it is one."""
    browser, began = Browser(base), time.perf_counter()
    page = browser.get("/login")
    carried = json.loads(html.unescape(page.body.partition("data-carried='")[2].partition("'")[0]))
    options = json.loads(browser.get("/login/passkey").body)
    sent = {**carried, "ticket": options["ticket"], "credential": key.get(options)}
    done = browser.post("/login/passkey", sent, {"Origin": base, "Referer": urljoin(base, "/login")})
    took = time.perf_counter() - began
    if done.status != 303 or browser.get("/account/profile").status != 200:
        raise WrongAnswer(f"the passkey signed nobody in: {done.status}")
    browser.close()
    return took
