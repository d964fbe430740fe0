"""S6: refreshes at half their rate, first in quiet, then while people sign in with passwords and strangers guess, both
without pause.
"""

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import wrk
from bench.browser import Answer, Browser, Form, Page
from bench.flow import Person
from bench.scenarios import Refresh
from bench.station import Station
from bench.wrk import CONNECTIONS, Run

SIGNERS = 8
GUESSERS = 8
FULL = 503  # more than the lane of passwords takes in
REFUSED = (401, FULL)


@dataclass(frozen=True)
class Flooded:
    """Medians over the rounds; the flood is counted in sign-ins that succeeded and wrong guesses that were answered."""

    asked_rate: float
    quiet_rate: float
    quiet_p99_ms: float
    flooded_rate: float
    flooded_p99_ms: float
    sign_ins_per_second: float
    guesses_per_second: float

    @property
    def ratio(self) -> float:
        return self.flooded_p99_ms / self.quiet_p99_ms


def measure(station: Station, full_rate: float, full_p50_ms: float, rounds: int, seconds: float) -> Flooded:
    """Alternates quiet and flooded rounds. The pause between answer and next request is what halves the rate."""
    half = full_rate / 2
    pause = max(1, round(CONNECTIONS / half * 1000 - full_p50_ms / 2))
    quiet: list[Run] = []
    loud: list[Run] = []
    signed: list[float] = []
    guessed: list[float] = []
    scenario = Refresh(pause_ms=pause)
    for _ in range(rounds):
        quiet.append(_one(scenario, station, seconds))
        with _flood(station) as flood:
            loud.append(_one(scenario, station, seconds))
        signed.append(flood.count / loud[-1].seconds)
        guessed.append(flood.guesses / loud[-1].seconds)
    return Flooded(
        asked_rate=half,
        quiet_rate=statistics.median(run.rate for run in quiet),
        quiet_p99_ms=statistics.median(run.p99_ms for run in quiet),
        flooded_rate=statistics.median(run.rate for run in loud),
        flooded_p99_ms=statistics.median(run.p99_ms for run in loud),
        sign_ins_per_second=statistics.median(signed),
        guesses_per_second=statistics.median(guessed),
    )


def _one(scenario: Refresh, station: Station, seconds: float) -> Run:
    load = scenario.prepare(station)
    run = wrk.run(load, station.target, seconds, station.place.folder)
    if not run.valid:
        raise RuntimeError(f"{run.wrong} wrong answers in S6: {run.first_wrong}")
    scenario.settle(station, run)
    return run


class _Count:
    def __init__(self) -> None:
        self.count = 0
        self.guesses = 0
        self.fault: Exception | None = None
        self.stopping = threading.Event()


@contextmanager
def _flood(station: Station) -> Iterator[_Count]:
    counted = _Count()
    threads = [threading.Thread(target=_sign_in_for_ever, args=(station, counted)) for _ in range(SIGNERS)]
    threads += [threading.Thread(target=_guess_for_ever, args=(station, counted, who)) for who in range(GUESSERS)]
    for thread in threads:
        thread.start()
    try:
        yield counted
    finally:
        counted.stopping.set()
        for thread in threads:
            thread.join(30)
    if counted.fault:
        raise counted.fault


def _sign_in_for_ever(station: Station, counted: _Count) -> None:
    person = station.known.people[0]
    try:
        while not counted.stopping.is_set():
            signed_in = _sign_in(station, person)
            if signed_in and not counted.stopping.is_set():
                counted.count += 1
    except Exception as fault:  # noqa: BLE001 - handed to the thread that waits
        counted.fault = fault


def _guess_for_ever(station: Station, counted: _Count, who: int) -> None:
    """Wrong passwords at full speed, each for another name, so that no budget spares the site the work."""
    browser = station.browser()
    try:
        page = browser.get(station.known.login or "/login")
        form = next(form for form in Page(page.body).forms if "password" in form.fields)
        while not counted.stopping.is_set():
            _guess(browser, page, form, f"nobody-{who}-{counted.guesses}")
            counted.guesses += 1
    except Exception as fault:  # noqa: BLE001 - handed to the thread that waits
        counted.fault = counted.fault or fault
    finally:
        browser.close()


def _guess(browser: Browser, page: Answer, form: Form, name: str) -> None:
    answer = browser.submit(page, form, {"username": name, "password": "a wrong password"})
    if answer.status not in REFUSED:
        raise RuntimeError(f"a wrong guess was answered {answer.status}")


def _sign_in(station: Station, person: Person) -> bool:
    """Whether the site had room for it; where it had, the right password must do."""
    browser = station.browser()
    try:
        page = browser.get(station.known.login or "/login")
        form = next(form for form in Page(page.body).forms if "password" in form.fields)
        answer = browser.submit(page, form, {"username": person.name, "password": person.password})
        if answer.location is None and answer.status != FULL:
            raise RuntimeError(f"a sign-in with the right password was answered {answer.status}")
        return answer.status != FULL
    finally:
        browser.close()
