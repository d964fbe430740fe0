"""The words of ``genkan app``: lines, rows and exit statuses for what the flows come to. Decides nothing."""

import sys
from typing import assert_never

from genkan import clock
from genkan.app.outcomes import (
    Access,
    ClientIdUnknown,
    GatewayInTheWay,
    NotReady,
    Problem,
    SwitchedOff,
    TooOld,
)
from genkan.app.state import SessionState, is_valid
from genkan.app.steps import Answer
from genkan.app.troubles import SetUpWrong, SignInNeeded, TryLater, trouble_of
from genkan.cli.streams import json_text
from genkan.wire.jsontext import decode_object, shown
from genkan.wire.login_screen import Choice
from genkan.wire.managed import Finding, Managed

DONE, NO, SET_UP, BROKEN_OFF = 0, 1, 2, 130
REFUSED = (SwitchedOff, TooOld, GatewayInTheWay)
"""Answers of a site that is found and lets nobody in: a no, where other faults of a set-up are the caller's to mend."""


def say(line: str) -> None:
    """A line for the person beside the output."""
    print(line, file=sys.stderr, flush=True)


def fail(sentence: str, status: int) -> int:
    """One line that says what stops and what to do."""
    say(f"genkan app: {sentence}")
    return status


def print_json(value: object) -> None:
    """Data for programs."""
    print(json_text(value))


def print_body(body: bytes) -> int:
    """A body as the site sent it, with a line's end after it for the terminal."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body if body.endswith(b"\n") or not body else body + b"\n")
    sys.stdout.buffer.flush()
    return DONE


def page_words(answer: Answer, address: str) -> str:
    """What a web page in an API's place means to the caller."""
    hint = "check the path." if answer.status == 404 else "open it in a browser to see what it says."
    return f"The site answered {answer.status} with a web page at {address}: {hint}"


def stopped(outcome: Problem | NotReady, state: SessionState | None = None) -> int:
    """What stops a command instead of an answer; which kind it is, is the library's to tell."""
    trouble = trouble_of(outcome)
    match trouble:
        case TryLater():
            wait = f" (The site asks to wait {trouble.after} seconds.)" if trouble.after else ""
            return fail(f"{trouble}{wait}", NO)
        case SignInNeeded():
            again = f" Type: genkan app login {state.site.base_url}" if state else ""
            return fail(f"{trouble}{again}", NO)
        case SetUpWrong():
            hint = " (--client-id)" if isinstance(trouble.problem, ClientIdUnknown) else ""
            return fail(f"{trouble}{hint}", NO if isinstance(trouble.problem, REFUSED) else SET_UP)
        case _:
            assert_never(trouble)


def findings_of(delivered: Managed | None) -> tuple[Finding, ...]:
    """What is wrong with the MDM set-up, nothing where there is none."""
    return delivered.findings if delivered else ()


def tell_findings(delivered: Managed | None) -> None:
    """Each finding as one line."""
    for found in findings_of(delivered):
        place = f" at {found.pointer}" if found.pointer else ""
        say(f"MDM set-up{place}: {found.problem} {found.fix}")


def person(body: bytes, state: SessionState) -> str:
    """The signed-in person in words, from a ``myself`` document."""
    found = decode_object(body) or {}
    name, display_name = shown(found.get("name")), shown(found.get("displayName"))
    if name is None:
        return state.label
    return f"{display_name} ({name}) at {state.site.name}" if display_name else f"{name} at {state.site.name}"


def token_row(access: Access, state: SessionState) -> dict[str, object]:
    """An access token with what is known of it."""
    return {
        "access_token": access.token,
        "token_type": "Bearer",
        "expires_in": max(0, access.expires_at - clock.now_ms()) // 1000,
        "scope": access.scope,
        "site": state.site.base_url,
        "account": state.account.name if state.account else None,
    }


def site_row(choice: Choice, saved: list[SessionState]) -> dict[str, object]:
    here = [state for state in saved if state.site.base_url == choice.base_url]
    return {
        "title": choice.title,
        "baseURL": choice.base_url,
        "managed": choice.entry is not None,
        "sessions": [
            {
                "id": state.id,
                "account": state.account.name if state.account else None,
                "signedIn": state.tokens is not None,
                "ended": state.ended,
            }
            for state in here
        ],
    }


def site_line(choice: Choice, saved: list[SessionState]) -> str:
    name = choice.base_url if choice.title == choice.base_url else f"{choice.title}  {choice.base_url}"
    here = [_standing(state) for state in saved if state.site.base_url == choice.base_url]
    return f"{name}  {', '.join(here) or 'not signed in'}"


def _standing(state: SessionState) -> str:
    who = state.account.name if state.account else "an account not yet named"
    if state.tokens is None:
        return f"{who}: signed out by the site"
    fresh = is_valid(state.tokens, clock.now_ms())
    return f"signed in as {who}" if fresh else f"signed in as {who} (to be renewed)"


def finding_row(found: Finding) -> dict[str, object]:
    return {
        "entry": found.entry,
        "pointer": found.pointer,
        "severity": found.severity,
        "problem": found.problem,
        "fix": found.fix,
    }
