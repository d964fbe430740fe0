"""``genkan app status``: what is kept here, whether it still holds, and how long; asks the site only when told to."""

from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.app.choice import NobodySignedIn, sessions_of
from genkan.app.session import Sessions
from genkan.app.state import SessionState, is_valid
from genkan.app.steps import Answer
from genkan.cli.app_session import AccountName, Address, AsJson, nobody, opened, readable, say_hidden, shelter, told
from genkan.cli.app_words import DONE, NO, SET_UP, print_json


@told
def status(
    url: Address = None,
    /,
    *,
    account: AccountName = None,
    online: Annotated[bool, Parameter(negative="", help="Ask each site whether it still takes the session.")] = False,
    as_json: AsJson = False,
) -> int:
    """Say who is signed in where, and how long the access tokens last. Exit status 1 when a session has ended.

    Example: genkan app status --online
    """
    vault = shelter().find()
    with opened(vault) as sessions:
        saved = sessions.saved()
        hidden = say_hidden(saved)
        found = sessions_of(readable(saved), url, account)
        here = [] if isinstance(found, NobodySignedIn) else found
        said = {state.id: _asked(sessions, state) for state in here if online and state.tokens}
        # What the site said may have ended a session, or renewed it.
        after = {state.id: state for state in sessions.saved() if isinstance(state, SessionState)} if said else {}
    rows = [_row(after.get(state.id, state), said.get(state.id)) for state in here]
    if as_json:
        print_json({"vault": vault.words, "sessions": rows})
    else:
        for row in rows:
            print(_line(row))
        if rows:
            print(f"Kept in {vault.words}.")
    if isinstance(found, NobodySignedIn):
        return SET_UP if hidden else nobody(found, url)
    return DONE if all(row["signedIn"] and row.get("answers") in {None, "yes"} for row in rows) else NO


def _asked(sessions: Sessions, state: SessionState) -> str:
    answer = sessions.open(state.id).whoami()
    if not isinstance(answer, Answer):
        return answer.sentence
    return "yes" if answer.status == 200 else f"The site answers {answer.status} when asked who is signed in."


def _row(state: SessionState, answers: str | None) -> dict[str, object]:
    tokens, now = state.tokens, clock.now_ms()
    row: dict[str, object] = {
        "id": state.id,
        "site": state.site.base_url,
        "title": state.site.title,
        "account": state.account.name if state.account else None,
        "signedIn": tokens is not None,
        "ended": state.ended,
        "expiresIn": max(0, tokens.expires_at - now) // 1000 if tokens else 0,
        "fresh": tokens is not None and is_valid(tokens, now),
        "renewable": tokens is not None and tokens.refresh is not None,
        "renewing": state.renewing,
        "scope": (tokens.scope if tokens else None) or state.site.scope,
    }
    return row if answers is None else {**row, "answers": answers}


def _line(row: dict[str, object]) -> str:
    who = f"{row['account'] or 'an account not yet named'} at {row['title'] or row['site']}"
    if not row["signedIn"]:
        return f"{who}: signed out. {row['ended'] or ''}".rstrip()
    lasts = f"the access token lasts {row['expiresIn']} s" if row["fresh"] else "the access token has expired"
    renews = "renewed by itself" if row["renewable"] else "not renewable: sign in again then"
    answers = row.get("answers")
    asked = "" if answers is None else ", and the site takes it" if answers == "yes" else f". {answers}"
    # Said of a program that died on the way as well: the next use finds out what the site has made of it.
    under_way = ". A renewal is under way" if row["renewing"] else ""
    return f"{who}: signed in, {lasts} ({renews}){asked}{under_way}"
