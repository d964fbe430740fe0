"""What is kept when: the flows of a session that outlives the program, over any vault.

Owns two promises: tokens are durably kept before they are first used, and one generation is refreshed once, by
whichever thread, task or process comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from genkan.app import flows
from genkan.app.outcomes import (
    Access,
    Kept,
    Problem,
    Refreshed,
    Retry,
    SignedIn,
    SignedOut,
    SignInAgain,
    SiteSetUpWrong,
)
from genkan.app.state import Account, SessionState, Site, Tokens, Unreadable, decode, encode, is_fresh, is_valid
from genkan.app.steps import Answer, Flow, Lost, pause, work
from genkan.app.vault import Turn, Vault, VaultTrouble
from genkan.wire.jsontext import decode_object, shown, text

DEVICE = "device"
MYSELF = "/rest/api/2/myself"
LONGEST_NAME = 255
TURN_POLL_MS = 25
TURN_POLLS = 2400
"""A minute: longer than a refresh with all its repetitions takes, unless the network hangs for its holder."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A vault with the clock and the chance that its flows need."""

    vault: Vault
    now: Callable[[], int]
    draw: Callable[[int], bytes]


def saved(vault: Vault) -> tuple[SessionState | Unreadable, ...]:
    """Everything that is kept; raises ``VaultTrouble``."""
    documents = ((name, vault.read(name)) for name in vault.names() if name != DEVICE)
    return tuple(decode(name, document) for name, document in documents if document is not None)


def load(keeper: Keeper, session_id: str) -> Flow[SessionState | SignInAgain]:
    """One kept session."""
    document = yield from work(lambda: keeper.vault.read(session_id))
    if document is None:
        return SignInAgain("This session was signed out: sign in again.")
    state = decode(session_id, document)
    return SignInAgain(state.sentence) if isinstance(state, Unreadable) else state


def access(keeper: Keeper, session_id: str, rejected: str | None = None) -> Flow[Access | Problem]:
    """An access token that can be used now, refreshed when it has to be; ``rejected`` is one that the site refused.

    Without a network a token that still holds is enough, and one that does not gives ``Retry`` with everything kept.
    """
    try:
        state = yield from load(keeper, session_id)
        found = _usable(keeper, state, rejected)
        return found or (yield from _refresh_in_turn(keeper, session_id, rejected))
    except VaultTrouble as trouble:
        # Nothing is lost: what could not be kept was not used, and the site gives the same successor again.
        return Retry(str(trouble))


def _usable(keeper: Keeper, state: SessionState | SignInAgain, rejected: str | None) -> Access | SignInAgain | None:
    """The answer when no refresh is needed, or none can help."""
    if isinstance(state, SignInAgain):
        return state
    if state.tokens is None:
        return SignInAgain(state.ended or f"Nobody is signed in at {state.site.name}: sign in.")
    if state.tokens.access == rejected or not is_fresh(state.tokens, keeper.now(), keeper.draw(1)[0]):
        return None
    return _access(state.tokens)


def _access(tokens: Tokens) -> Access:
    return Access(tokens.access, tokens.expires_at, tokens.scope)


def _refresh_in_turn(keeper: Keeper, session_id: str, rejected: str | None) -> Flow[Access | Problem]:
    turn = keeper.vault.turn(session_id)
    try:
        held = yield from _wait_for(turn)
        # Read again: whoever had the turn before may have refreshed or signed out.
        state = yield from load(keeper, session_id)
        found = _usable(keeper, state, rejected)
        if found is not None:
            return found
        if not isinstance(state, SessionState) or state.tokens is None or not held:
            return Retry("Another program of yours is renewing this session and does not finish: try again.")
        outcome = yield from flows.refresh(state.site, state.tokens, state.redirect_uri, now=keeper.now)
        return (yield from _settle(keeper, state, state.tokens, outcome, rejected))
    finally:
        turn.give_back()


def _wait_for(turn: Turn) -> Flow[bool]:
    # Asked again and again rather than waited for: a thread that sleeps in a lock can neither be cancelled nor end.
    for _ in range(TURN_POLLS):
        if turn.take():
            return True
        yield from pause(TURN_POLL_MS)
    return False


def _settle(
    keeper: Keeper, state: SessionState, tokens: Tokens, outcome: Refreshed | Problem, rejected: str | None
) -> Flow[Access | Problem]:
    match outcome:
        case Refreshed():
            yield from _keep(keeper, replace(state, tokens=outcome.tokens, ended=None))
            return _access(outcome.tokens)
        case SignInAgain():
            yield from _keep(keeper, replace(state, tokens=None, ended=outcome.sentence))
            return outcome
        case Retry() | SiteSetUpWrong():
            # An early refresh may fail: the present token is good until it expires.
            still_good = tokens.access != rejected and is_valid(tokens, keeper.now())
            return _access(tokens) if still_good else outcome


def _keep(keeper: Keeper, state: SessionState) -> Flow[None]:
    yield from work(lambda: keeper.vault.write(state.id, encode(state)))


def call(
    keeper: Keeper,
    session_id: str,
    method: str,
    path: str,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
) -> Flow[Answer | Problem]:
    """One request of the API. A token refused as invalid is renewed and the request sent once more."""
    rejected: str | None = None
    for _ in range(2):
        token = yield from access(keeper, session_id, rejected)
        if not isinstance(token, Access):
            return token
        site = yield from _site_of(keeper, session_id)
        if not isinstance(site, Site):
            return site
        answer = yield from flows.call(site, token.token, method, path, headers=headers, body=body)
        if isinstance(answer, Lost):
            return Retry(answer.sentence)
        # RFC 6750 3.1: 401 says that the token was not accepted, so nothing was done and asking again is safe
        if answer.status != 401:
            return answer
        rejected = token.token
    return SiteSetUpWrong(
        "The site does not accept a token that it has just issued: does a proxy in front of it drop the "
        "Authorization header?"
    )


def _site_of(keeper: Keeper, session_id: str) -> Flow[Site | Problem]:
    try:
        state = yield from load(keeper, session_id)
    except VaultTrouble as trouble:
        return Retry(str(trouble))
    return state.site if isinstance(state, SessionState) else state


def whoami(keeper: Keeper, session_id: str) -> Flow[Answer | Problem]:
    """The site's ``myself`` document; a session that did not know whose it is learns it on the way."""
    answer = yield from call(keeper, session_id, "GET", MYSELF)
    if isinstance(answer, Answer) and answer.status == 200:
        yield from _learn_name(keeper, session_id, read_account(answer))
    return answer


def _learn_name(keeper: Keeper, session_id: str, account: Account | None) -> Flow[None]:
    turn = keeper.vault.turn(session_id)
    try:
        state = yield from load(keeper, session_id)
        if account is None or isinstance(state, SignInAgain) or state.account == account:
            return
        if turn.take():
            state = yield from load(keeper, session_id)
            if isinstance(state, SessionState):
                yield from _keep(keeper, replace(state, account=account))
    except VaultTrouble:
        # The answer is what was asked for; the name can be learned another time.
        return
    finally:
        turn.give_back()


def sign_in(keeper: Keeper, site: Site, redirect_uri: str) -> Flow[Kept | Problem]:
    """Sign in and keep the session: durably before the new tokens are used for the first time."""
    try:
        device_id = yield from _device_id(keeper)
        outcome = yield from flows.sign_in(site, redirect_uri, device_id=device_id, now=keeper.now, draw=keeper.draw)
        if not isinstance(outcome, SignedIn):
            return outcome
        state = SessionState(keeper.draw(8).hex(), site, redirect_uri, keeper.now(), tokens=outcome.tokens)
        try:
            yield from _keep(keeper, state)
        except VaultTrouble as trouble:
            # A sign-in that cannot be kept would stay open at the site with nobody to end it.
            yield from flows.sign_out(site, outcome.tokens)
            return SiteSetUpWrong(str(trouble))
    except VaultTrouble as trouble:
        return SiteSetUpWrong(str(trouble))
    return (yield from _name(keeper, state, outcome.tokens))


def _name(keeper: Keeper, state: SessionState, tokens: Tokens) -> Flow[Kept]:
    """Learn whose session it is, and let it replace an earlier one of the same account."""
    account = yield from _who(state.site, tokens)
    if isinstance(account, str):
        return Kept(state, (account,))
    named = replace(state, account=account)
    try:
        yield from _keep(keeper, named)
        kept = yield from work(lambda: saved(keeper.vault))
    except VaultTrouble as trouble:
        return Kept(state, (str(trouble),))
    for earlier in kept:
        if isinstance(earlier, SessionState) and _same_account(earlier, named):
            yield from sign_out(keeper, earlier.id, forget=True)
    return Kept(named)


def _same_account(earlier: SessionState, named: SessionState) -> bool:
    return (
        earlier.id != named.id
        and earlier.site.base_url == named.site.base_url
        and earlier.account is not None
        and named.account is not None
        and earlier.account.key == named.account.key
    )


def _who(site: Site, tokens: Tokens) -> Flow[Account | str]:
    answer = yield from flows.call(site, tokens.access, "GET", MYSELF)
    if isinstance(answer, Lost):
        return f"Signed in, but not yet known as whom: {answer.sentence}"
    account = read_account(answer) if answer.status == 200 else None
    return account or f"Signed in, but {site.name} does not say as whom (status {answer.status})."


def read_account(answer: Answer) -> Account | None:
    """The account in a ``myself`` document, None in anything else."""
    found = decode_object(answer.body) or {}
    # Names are the site's text and end up on a terminal: nothing but printable characters gets there.
    name = shown(found.get("name"), LONGEST_NAME)
    if name is None:
        return None
    return Account(text(found.get("key")) or name, name, shown(found.get("displayName"), LONGEST_NAME))


def _device_id(keeper: Keeper) -> Flow[str]:
    """The device mark: random, made once a vault, so that a later sign-in from here replaces this one at the site."""
    turn = keeper.vault.turn(DEVICE)
    try:
        yield from _wait_for(turn)
        known = yield from work(lambda: keeper.vault.read(DEVICE))
        if known:
            return known
        fresh = keeper.draw(16).hex()
        yield from work(lambda: keeper.vault.write(DEVICE, fresh))
        return fresh
    finally:
        turn.give_back()


def sign_out(keeper: Keeper, session_id: str, *, forget: bool = False) -> Flow[SignedOut | Problem]:
    """End the session at the site, then forget it here; with ``forget`` forget it whatever the site says."""
    turn = keeper.vault.turn(session_id)
    try:
        if not (yield from _wait_for(turn)):
            return Retry("Another program of yours is renewing this session and does not finish: try again.")
        state = yield from load(keeper, session_id)
        outcome = yield from _end(state)
        if forget or isinstance(outcome, SignedOut):
            yield from work(lambda: keeper.vault.remove(session_id))
    except VaultTrouble as trouble:
        return Retry(str(trouble))
    else:
        return outcome
    finally:
        turn.give_back()


def _end(state: SessionState | SignInAgain) -> Flow[SignedOut | Problem]:
    if isinstance(state, SignInAgain):
        return SignedOut(f"Nothing was ended at the site. {state.sentence}")
    if state.tokens is None:
        return SignedOut(f"The site had already ended the sign-in: {state.ended or state.site.name}")
    return (yield from flows.sign_out(state.site, state.tokens))
