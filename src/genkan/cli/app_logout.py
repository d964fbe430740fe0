"""``genkan app logout``: one session or all of them ended at their sites, each by itself, and forgotten here."""

from typing import Annotated

from cyclopts import Parameter

from genkan.app.outcomes import SignedOut
from genkan.app.session import Sessions
from genkan.app.state import SessionState, Unreadable
from genkan.app.vault import VaultTrouble
from genkan.cli.app_session import AccountName, Address, chosen, opened, shelter, told
from genkan.cli.app_words import DONE, NO, SET_UP, fail, say
from genkan.wire.sentences import visible


@told
def logout(
    url: Address = None,
    /,
    *,
    account: AccountName = None,
    session: Annotated[
        str | None, Parameter(help="A session by its id, as the line about one that cannot be read has it.")
    ] = None,
    everywhere: Annotated[bool, Parameter(negative="", help="Every session that is kept here.")] = False,
    forget: Annotated[bool, Parameter(negative="", help="Forget it here even if the site cannot be told.")] = False,
) -> int:
    """End a session at the site, then forget it here.

    Example: genkan app logout https://jira.example.com
    """
    if sum((url is not None or account is not None, session is not None, everywhere)) > 1:
        return fail("Name a session, by its address and account or by --session, or give --everywhere.", SET_UP)
    with opened(shelter().find(forgetting=forget)) as sessions:
        if everywhere:
            return max((_end(sessions, kept, forget=forget) for kept in sessions.saved()), default=DONE)
        kept = chosen(sessions, url, account) if session is None else _by_id(sessions, session)
        return kept if isinstance(kept, int) else _end(sessions, kept, forget=forget)


def _by_id(sessions: Sessions, session_id: str) -> SessionState | Unreadable | int:
    found = next((kept for kept in sessions.saved() if kept.id == session_id), None)
    return found or fail(
        f"No session {visible(session_id)} is kept here: genkan app status --json has the ids of all.", NO
    )


def _end(sessions: Sessions, kept: SessionState | Unreadable, *, forget: bool) -> int:
    label = kept.label if isinstance(kept, SessionState) else f"the unreadable session {kept.id}"
    try:
        outcome = sessions.open(kept.id).sign_out(forget=forget)
    except VaultTrouble as trouble:
        # A place that does not answer keeps no session of another from being ended.
        return fail(f"Still kept here: {label}. {trouble}", SET_UP)
    if isinstance(outcome, SignedOut):
        print(f"Signed out: {label}.")
        return DONE
    if forget:
        say(f"{outcome.sentence} The site may still count {label} as signed in.")
        print(f"Forgotten here: {label}.")
        return DONE
    return fail(f"{outcome.sentence} Nothing was changed; --forget forgets the session here all the same.", NO)
