"""What a program goes on with when its session is gone: the one that took its place in the vault.

Owns that search; how a session lives and ends is ``keeping``'s.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from genkan.app import keeping, leaving
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Problem, SignedOut, SignInAgain
from genkan.app.state import Account, SessionState, Site
from genkan.app.steps import Flow, work
from genkan.app.vault import VaultTrouble

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """The session that a program holds, and whose it is; one that never learned that has no successor."""

    id: str
    site: Site
    account: Account | None


def followed(keeper: Keeper, held: Held, use: Callable[[str], Flow[T | Problem]]) -> Flow[tuple[str, T | Problem]]:
    """Use a session; where it has ended, the live one of the same site, link and account. Says which it was."""
    outcome = yield from use(held.id)
    if not isinstance(outcome, SignInAgain):
        return held.id, outcome
    # Nothing was done yet: only a token that was not accepted, or none, comes to this.
    other = yield from _live(keeper, held)
    return (held.id, outcome) if other is None else (other, (yield from use(other)))


def sign_out(keeper: Keeper, held: Held, *, forget: bool) -> Flow[SignedOut | Problem]:
    """End the session, or the one that took its place."""
    try:
        state = yield from keeping.load(keeper, held.id)
    except VaultTrouble:
        state = None
    gone = not isinstance(state, SessionState) or state.tokens is None
    other = (yield from _live(keeper, held)) if gone else None
    return (yield from leaving.sign_out(keeper, other or held.id, forget=forget))


def _live(keeper: Keeper, held: Held) -> Flow[str | None]:
    if held.account is None:
        return None
    try:
        kept = yield from work(lambda: keeping.saved(keeper.vault))
    except VaultTrouble:
        return None
    live = [state for state in kept if isinstance(state, SessionState) and _replaces(state, held, held.account)]
    return max(live, key=lambda state: state.signed_in_at).id if live else None


def _replaces(state: SessionState, held: Held, account: Account) -> bool:
    same_account = state.account is not None and state.account.key == account.key
    return state.id != held.id and state.tokens is not None and same_account and held.site.is_for_the_same(state.site)
