"""S11: the console's and the account's pages as a signed-in administrator asks for them, with a million phones and a
hundred thousand people in the store. A page is fetched many times, of other people and phones each time, and read for
what it must show."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles

from bench import machine, servers, station
from bench.browser import Browser, Page
from bench.console_store import Known, fill
from bench.copies import opened
from bench.flow import WrongAnswer
from bench.peers.genkan import PERSON, Genkan, say
from bench.runner import DISTURBED
from bench.station import Station

ASKED = 60
WARM = 3
LIMIT_MS = 50.0
NOT_FOUND = 404
# Seconds of processor time in a second below which a server rests, and how long that is waited for.
RESTING, REST_S = 0.03, 300
UPKEEP_S = 5
RETAKEN = 2
ABSENT = "there is no such page"
Address = Callable[[Known, int], str]


@dataclass(frozen=True)
class Asked:
    """A page: its name, where its number so and so is, and a word that it must show."""

    name: str
    address: Address
    shows: str


@dataclass(frozen=True)
class Taken:
    """How long a page took, in milliseconds. ``fault``: why there is no figure. ``others``: how much of the two cores
    other programs used meanwhile.
    """

    name: str
    p50: float = 0.0
    p95: float = 0.0
    worst: float = 0.0
    fault: str = ""
    others: float = 0.0

    @property
    def met(self) -> bool:
        return not self.fault and self.p95 <= LIMIT_MS

    @property
    def disturbed(self) -> bool:
        return self.others > DISTURBED


def _at(path: str) -> Address:
    return lambda _known, _number: path


def _of(path: str, members: Callable[[Known], object]) -> Address:
    """The path with one of the samples in it, another one each time."""

    def address(known: Known, number: int) -> str:
        some = members(known)
        if not isinstance(some, list | tuple):
            raise TypeError(path)
        return path.replace("{}", str(some[number * 7 % len(some)]))

    return address


_MANY = 'name="phone-'
PAGES = (
    Asked("overview", _at("/admin"), "<h1>"),
    Asked("phones, first page", _at("/admin/phones"), _MANY),
    Asked("phones, from the middle", _of("/admin/phones?after=0000000000000000{}", lambda k: k.phones), _MANY),
    Asked("phones, all states, oldest first", _at("/admin/phones?state=all&order=oldest"), "<tbody"),
    Asked("phones, by person", _at("/admin/phones?order=person"), _MANY),
    Asked("phones, by link", _at("/admin/phones?order=link"), _MANY),
    Asked("phones of names that begin so", _of("/admin/phones?person={}", lambda k: [n[:11] for n in k.names]), _MANY),
    Asked("phones of one person", _of("/admin/phones?state=all&account={}", lambda k: k.people), "<tbody"),
    Asked("phones of one link", _of("/admin/phones?link={}", lambda k: [k.native]), _MANY),
    Asked("phones, signed out", _at("/admin/phones?state=signed_out"), "<tbody"),
    Asked("phones, replayed", _at("/admin/phones?reason=replayed"), "<tbody"),
    Asked("phones, expired", _at("/admin/phones?state=expired&order=oldest"), "<tbody"),
    Asked("phones, not seen for 30 days", _at("/admin/phones?unseen=30"), _MANY),
    Asked("phones, not seen for 90 days", _at("/admin/phones?unseen=90&state=all"), "<h1>"),
    Asked("phones, nothing fits", _at("/admin/phones?reason=key_revoked"), "<h1>"),
    Asked("one phone", _of("/admin/phones/{}", lambda k: k.phones), 'class="timeline"'),
    Asked("sign-out, asked first", _of("/admin/phones/sign-out?person={}", lambda k: k.people), "<form"),
    Asked("connected applications", _at("/admin/applications"), _MANY),
    Asked("application links", _at("/admin/links"), "<h1>"),
    Asked("one application link", _of("/admin/links/{}", lambda k: [k.confidential, k.native]), "<h1>"),
    Asked("people, first page", _at("/admin/people"), "person0"),
    Asked("people of names that begin so", _of("/admin/people?prefix={}", lambda k: [n[:12] for n in k.names]),
          "person0"),
    Asked("one person", _of("/admin/people/{}", lambda k: k.people), "<h1>"),
    Asked("audit log, first page", _at("/admin/audit"), "<h1>"),
    Asked("audit log of one kind", _at("/admin/audit?kind=link.created"), "<h1>"),
    Asked("mobile app", _at("/admin/mobile"), "<h1>"),
    Asked("API keys", _at("/admin/api-keys"), "<h1>"),
    Asked("health", _at("/admin/health"), "<h1>"),
    Asked("base URL", _at("/admin/base-url"), "<h1>"),
    Asked("account: profile", _at("/account/profile"), "<h1>"),
    Asked("account: phones and applications", _at("/account/apps"), "<h1>"),
    Asked("account: browsers", _at("/account/sessions"), "<h1>"),
    Asked("account: sign-in methods", _at("/account/sign-in"), "<h1>"),
)  # fmt: skip


def measure(phones: int, people: int, cache: Path, folder: Path) -> list[Taken]:
    """Fills a store, starts the server on it, signs an administrator in, and asks for every page."""
    where = station.start(Genkan(limited=True), cache, folder)
    try:
        known = _filled(where, phones, people)
        browser = _signed_in(where)
        return [_told(_undisturbed(page, browser, known, where.server.pid)) for page in PAGES]
    finally:
        where.server.stop()


def _filled(where: Station, phones: int, people: int) -> Known:
    site = where.known
    for client in (site.native, site.confidential):
        where.sign_in(where.browser(), client, 0)
    where.server.stop()
    peer, place = where.peer, where.place
    if isinstance(peer, Genkan):
        say(peer.environment(place), "user", "permission", PERSON.name, "SYSTEM_ADMIN")
    with opened(place.folder / "data" / "genkan.sqlite3") as connection:
        known = fill(connection, phones, people)
    where.server = servers.start(peer.command(place), place.port, place.folder)
    _await_rest(where.server.pid)
    return known


def _await_rest(pid: int) -> None:
    """What was filled in at once is sealed and swept first, as it would have been in years of use."""
    time.sleep(UPKEEP_S)
    until = time.perf_counter() + REST_S
    before, used = machine.cpu_seconds(pid), 1.0
    while used > RESTING and time.perf_counter() < until:
        time.sleep(1)
        now = machine.cpu_seconds(pid)
        before, used = now, now - before


def _signed_in(where: Station) -> Browser:
    """The administrator's browser; signing in also makes the sign-in recent enough for every page."""
    browser = where.browser()
    page = browser.get("/login")
    form = next(form for form in Page(page.body).forms if "password" in form.fields)
    answer = browser.submit(page, form, {"username": PERSON.name, "password": PERSON.password})
    if answer.status not in (302, 303):
        raise WrongAnswer(f"the administrator is not let in: {answer.status}")
    return browser


def _undisturbed(page: Asked, browser: Browser, known: Known, pid: int) -> Taken:
    """A page that other programs disturbed is taken again, twice at most; what remains disturbed says so."""
    taken = _watched(page, browser, known, pid)
    for _ in range(RETAKEN):
        if taken.fault or not taken.disturbed:
            break
        taken = _watched(page, browser, known, pid)
    return taken


def _watched(page: Asked, browser: Browser, known: Known, pid: int) -> Taken:
    began, cores, ours = time.perf_counter(), _busy(), _ours(pid)
    taken = _taken(page, browser, known)
    others = _busy() - cores - (_ours(pid) - ours)
    return replace(taken, others=max(0.0, others / (time.perf_counter() - began) / 2))


def _ours(pid: int) -> float:
    return machine.cpu_seconds(pid) + time.process_time()


def _busy() -> float:
    return machine.busy_seconds(machine.SERVER_CORE) + machine.busy_seconds(machine.LOAD_CORE)


def _taken(page: Asked, browser: Browser, known: Known) -> Taken:
    times: list[float] = []
    for number in range(WARM + ASKED):
        address = page.address(known, number)
        began = time.perf_counter()
        answer = browser.get(address)
        took = (time.perf_counter() - began) * 1000
        if answer.status == NOT_FOUND and number == 0:
            return Taken(page.name, fault=ABSENT)
        if answer.status != 200 or page.shows not in answer.body:
            return Taken(page.name, fault=f"{address} answered {answer.status} without {page.shows}")
        times += [took] if number >= WARM else []
    cuts = quantiles(times, n=100, method="inclusive")
    return Taken(page.name, cuts[49], cuts[94], max(times))


def _told(taken: Taken) -> Taken:
    figures = taken.fault or f"p50 {taken.p50:6.1f} ms  p95 {taken.p95:6.1f} ms  worst {taken.worst:6.1f} ms"
    remark = f"  others used {taken.others:.0%} of the cores" if taken.disturbed else ""
    print(f"S11  {taken.name:36} {figures}{remark}", file=sys.stderr, flush=True)
    return taken
