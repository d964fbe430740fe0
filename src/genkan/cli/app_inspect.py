"""``genkan app inspect``: the flow step by step, for whoever has to find out why an app does not get in."""

import os
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.app.agent import NoDoor
from genkan.app.choice import Unclear, completed, entry_of
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, Kept, NotReady, Problem, Ready, SignedOut
from genkan.app.session import Session, Sessions
from genkan.app.steps import Answer
from genkan.app.vault import MemoryVault
from genkan.cli.app_input import delivered_in, insecure_http
from genkan.cli.app_session import AsJson, Redirects, agent, told
from genkan.cli.app_trace import Told, TracingDriver
from genkan.cli.app_words import DONE, NO, SET_UP, fail, print_json, tell_findings
from genkan.cli.streams import json_text

WIDTH = 110


@told
def inspect(
    url: Annotated[str | None, Parameter(help="The site's address; not needed when --sites names one site.")] = None,
    /,
    *,
    sites_file: Annotated[
        Path | None,
        Parameter(name="--sites", env_var="GENKAN_APP_SITES", help="The `sites` value of the MDM set-up, in a file."),
    ] = None,
    client_id: Annotated[str | None, Parameter(help="The client ID, where the site does not tell it.")] = None,
    redirect: Redirects = (),
    sign_in: Annotated[
        bool, Parameter(negative="", help="Go on: sign in, call the API, renew, sign out again. Nothing is kept.")
    ] = False,
    browser: Annotated[bool, Parameter(help="Open a browser; else print the address and read the answer.")] = True,
    as_json: AsJson = False,
) -> int:
    """Show each request of the app and its answer, with every secret hidden, fit for a support ticket.

    Example: genkan app inspect https://jira.example.com --sign-in
    """
    delivered = delivered_in(sites_file, allow_http=insecure_http(os.environ))
    if isinstance(delivered, int):
        return delivered
    tell_findings(delivered)
    entry = entry_of(delivered, url)
    if isinstance(entry, Unclear):
        return fail(entry.sentence, SET_UP)
    address = completed(url) if url is not None else entry.base_url if entry else ""
    wanted = Wanted(address, entry, client_id, allow_http=insecure_http(os.environ), redirect_uris=redirect)
    journal = Journal(live=not as_json)
    driver = TracingDriver(clock.ticks, journal.step)
    with Sessions(MemoryVault(), clock.now_ms, clock.draw, driver) as sessions:
        came = _walk(sessions, wanted, journal, sign_in=sign_in, browser=browser)
    if as_json:
        print_json({"site": address, "steps": [asdict(step) for step in journal.steps], "verdict": came or "ok"})
    elif came is None:
        print("Everything answered as it should.")
    return DONE if came is None else fail(came, NO)


class Journal:
    """The steps so far; printed as they happen, where somebody looks on."""

    def __init__(self, *, live: bool) -> None:
        self.steps: list[Told] = []
        self._live = live

    def part(self, title: str) -> None:
        """What the next steps are for."""
        if self._live:
            print(f"{title}:")

    def step(self, told_step: Told) -> None:
        """One more of them."""
        self.steps.append(told_step)
        if self._live:
            print("\n".join(_lines(len(self.steps), told_step)), flush=True)


def _walk(sessions: Sessions, wanted: Wanted, journal: Journal, *, sign_in: bool, browser: bool) -> str | None:
    """The sentence that the way ends with where it ends badly, else None."""
    journal.part("Find the site")
    found = sessions.discover(wanted)
    if not isinstance(found, Ready):
        return _sentence(found)
    if not sign_in:
        return None
    journal.part("Sign in")
    door = agent(browser=browser).open_door(found.site.redirect_uris)
    if isinstance(door, NoDoor):
        return door.sentence
    try:
        kept = sessions.sign_in(found.site, door)
    finally:
        door.close()
    return _live(sessions, kept, journal) if isinstance(kept, Kept) else _sentence(kept)


def _live(sessions: Sessions, kept: Kept, journal: Journal) -> str | None:
    """What a signed-in phone does; it is signed out again whatever comes."""
    session = sessions.open(kept.state.id)
    sentences: list[str] = []
    try:
        _use(session, kept, journal, sentences)
    finally:
        journal.part("Sign out")
        ended = session.sign_out()
    if not isinstance(ended, SignedOut):
        sentences.append(_sentence(ended))
    return sentences[0] if sentences else None


def _use(session: Session, kept: Kept, journal: Journal, sentences: list[str]) -> None:
    """A renewal and a call; what goes wrong becomes a sentence."""
    journal.part("Renew")
    before = kept.state.tokens
    renewed = session.access(before.access if before else None)
    if not isinstance(renewed, Access):
        sentences.append(_sentence(renewed))
    journal.part("Call the API")
    answer = session.whoami()
    if not isinstance(answer, Answer):
        sentences.append(_sentence(answer))
    elif answer.status != 200:
        sentences.append(f"The site answers {answer.status} when asked who is signed in.")


def _sentence(outcome: NotReady | Problem) -> str:
    return outcome.sentence


def _lines(number: int, step: Told) -> list[str]:
    time = "" if step.milliseconds is None else f"  ({step.milliseconds} ms)"
    lines = [f"{number:>3}  {step.asked}{time}"]
    lines += [f"       > {name}: {value}" for name, value in step.sent.items()]
    if step.answered:
        lines.append(f"     {step.answered}")
    lines += [f"       < {name}: {value}" for name, value in step.headers.items()]
    if step.body is not None:
        text = step.body if isinstance(step.body, str) else _json(step.body)
        lines += [textwrap.indent(text, "       | ")]
    return lines


def _json(value: object) -> str:
    one = json_text(value, indent=None)
    return one if len(one) <= WIDTH else json_text(value)
