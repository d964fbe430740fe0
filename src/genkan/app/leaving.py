"""The end of kept sessions by their person's wish: at the site first, then here.

Owns what counts as ended, and that one session which cannot be ended keeps no other; the entries are ``keeping``'s.
"""

from genkan.app import flows
from genkan.app.keeping import BUSY, Keeper, read_entry, saved, wait_for
from genkan.app.outcomes import Problem, Retry, SignedOut, SiteSetUpWrong
from genkan.app.state import SessionState, Unreadable
from genkan.app.steps import Flow, work
from genkan.app.vault import Vault, VaultTrouble


def _read_to_forget(vault: Vault, name: str) -> SessionState | Unreadable | None:
    try:
        return read_entry(vault, name)
    except VaultTrouble as trouble:
        return Unreadable(name, str(trouble))


def sign_out(keeper: Keeper, session_id: str, *, forget: bool = False) -> Flow[SignedOut | Problem]:
    """End the session at the site, then forget it here; with ``forget`` forget it whatever the site says.

    One that cannot be read stays without ``forget``: the site still takes its tokens. Raises ``VaultTrouble``.
    """
    turn = keeper.vault.turn(session_id)
    try:
        if not (yield from wait_for(turn)):
            return Retry(BUSY)
        read = _read_to_forget if forget else read_entry
        state = yield from work(lambda: read(keeper.vault, session_id))
        outcome = yield from _end(keeper, state)
        if forget or isinstance(outcome, SignedOut):
            yield from work(lambda: keeper.vault.remove(session_id))
        return outcome
    finally:
        turn.give_back()


def _end(keeper: Keeper, state: SessionState | Unreadable | None) -> Flow[SignedOut | Problem]:
    if state is None:
        return SignedOut("Nothing was ended at the site: this session was signed out before.")
    if isinstance(state, Unreadable):
        return SiteSetUpWrong(f"Its site cannot be told that it ends. {state.sentence}")
    if state.tokens is None:
        return SignedOut(f"The site had already ended the sign-in: {state.ended or state.site.name}")
    return (yield from flows.sign_out(keeper.asked(state.site), state.tokens))


def sign_out_everywhere(keeper: Keeper, *, forget: bool = False) -> Flow[tuple[tuple[str, SignedOut | Problem], ...]]:
    """End every kept session, each by itself: what one site does not take keeps no other from being ended."""
    kept = yield from work(lambda: saved(keeper.vault))
    ended = []
    for state in kept:
        label = state.label if isinstance(state, SessionState) else f"session {state.id}, which cannot be read"
        ended.append((label, (yield from _sign_out_of_many(keeper, state.id, forget=forget))))
    return tuple(ended)


def _sign_out_of_many(keeper: Keeper, session_id: str, *, forget: bool) -> Flow[SignedOut | Problem]:
    try:
        return (yield from sign_out(keeper, session_id, forget=forget))
    except VaultTrouble as trouble:
        return Retry(str(trouble))
