"""What is kept when: the flows of a session that outlives the program, over any vault.

Owns two promises: tokens are durably kept before they are first used, and one generation is refreshed once, by
whichever thread, task or process comes first.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from genkan.app import flows
from genkan.app.entries import Room, Turn, Vault, room_in
from genkan.app.losses import may_hide_a_refusal
from genkan.app.outcomes import (
    Access,
    Problem,
    Refreshed,
    Retry,
    SignInAgain,
    SiteSetUpWrong,
)
from genkan.app.sealed import Spoilt
from genkan.app.state import Account, SessionState, Site, Tokens, Unreadable, decode, encode, is_fresh, is_valid
from genkan.app.steps import INTERCEPTIONS, SET_UP_FAULTS, Answer, Call, Flow, Loss, Lost, pause, work
from genkan.app.vault import DEVICE, Away, EntryTrouble, VaultTrouble
from genkan.wire.jsontext import decode_object, shown, text

MYSELF = "/rest/api/2/myself"
WHO_AM_I = Call("GET", MYSELF)
LONGEST_NAME = 255
ASIDE_SECONDS = 5.0
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
BUSY = "Another program of yours is renewing this session and does not finish: try again."
LONGEST_SUCCESSOR = 64 * 1024
"""Bytes that are reserved for new tokens; signed ones with many groups have a few thousand each."""
TURN_POLL_MS = 25
TURN_POLLS = 2400
"""A minute: longer than a refresh with all its repetitions takes, unless the network hangs for its holder."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A vault with the clock and the chance that its flows need.

    ``secret`` is what the program names for a client (its id first): it is kept with the first renewal that takes it.
    """

    vault: Vault
    now: Callable[[], int]
    draw: Callable[[int], bytes]
    secret: tuple[str, str] | None = field(default=None, repr=False)

    def asked(self, site: Site) -> Site:
        """The site as it is asked: with the secret that the program names for this client."""
        client_id, secret = self.secret or ("", site.client_secret)
        return replace(site, client_secret=secret) if client_id == site.client_id else site


def saved(vault: Vault) -> tuple[SessionState | Unreadable, ...]:
    """Everything that is kept; raises ``VaultTrouble``."""
    found = (_one_of_all(vault, name) for name in vault.names() if name != DEVICE)
    return tuple(state for state in found if state is not None)


def _one_of_all(vault: Vault, name: str) -> SessionState | Unreadable | None:
    try:
        return read_entry(vault, name)
    except EntryTrouble as trouble:
        # One that cannot be read keeps no other from being used. What is spoilt for good does not come here.
        return Unreadable(name, str(trouble), isinstance(trouble, Away), passing=True)


def read_entry(vault: Vault, name: str) -> SessionState | Unreadable | None:
    """One entry. What is spoilt is over; what cannot be read now raises ``VaultTrouble``."""
    try:
        document = vault.read(name)
    except Spoilt as spoilt:
        return Unreadable(name, str(spoilt))
    return None if document is None else decode(name, document)


def load(keeper: Keeper, session_id: str) -> Flow[SessionState | SignInAgain]:
    """One kept session."""
    state = yield from work(lambda: read_entry(keeper.vault, session_id))
    if state is None:
        return SignInAgain("This session was signed out: sign in again.")
    return SignInAgain(state.sentence) if isinstance(state, Unreadable) else state


def access(keeper: Keeper, session_id: str, rejected: str | None = None) -> Flow[Access | Problem]:
    """An access token that can be used now, refreshed when it has to be; ``rejected`` is one that the site refused.

    Without a network a token that still holds is enough, and one that does not gives ``Retry`` with everything kept.
    Raises ``VaultTrouble``, after which nothing is lost: without room for a successor none is asked for.
    """
    state = yield from load(keeper, session_id)
    found = _usable(keeper, state, rejected)
    if found is not None:
        return found
    turn = keeper.vault.turn(session_id)
    try:
        due = yield from _due(keeper, session_id, rejected, turn, _still_good(keeper, state, rejected))
        if not isinstance(due, _Due):
            return due
        return (yield from _renew(keeper, due, rejected))
    finally:
        turn.give_back()


def _renew(keeper: Keeper, due: "_Due", rejected: str | None) -> Flow[Access | Problem]:
    """Ask for the successor, and keep what comes of it in the room that is there for it."""
    state = due.state
    try:
        outcome = yield from flows.refresh(
            keeper.asked(state.site), due.tokens, state.redirect_uri, now=keeper.now, unanswered=due.unanswered
        )
        return (yield from _settle(keeper, due, outcome, rejected))
    finally:
        due.room.give_back()


def _usable(keeper: Keeper, state: SessionState | SignInAgain, rejected: str | None) -> Access | SignInAgain | None:
    """The answer when no refresh is needed, or none can help."""
    if isinstance(state, SignInAgain):
        return state
    if state.tokens is None:
        return SignInAgain(state.ended or f"Nobody is signed in at {state.site.name}: sign in.")
    if state.tokens.access == rejected or not is_fresh(state.tokens, keeper.now(), _jitter(state, state.tokens)):
        return None
    return _access(state.tokens)


def _jitter(state: SessionState, tokens: Tokens) -> int:
    """One number for each generation of each session: drawn at every call, many calls would all find the earliest."""
    return hashlib.sha256(f"{state.id} {tokens.obtained_at}".encode()).digest()[0]


def _still_good(keeper: Keeper, state: SessionState | SignInAgain, rejected: str | None) -> Access | None:
    """The present token where it holds, and the site has not refused it."""
    tokens = state.tokens if isinstance(state, SessionState) else None
    return _access(tokens) if tokens and tokens.access != rejected and is_valid(tokens, keeper.now()) else None


def _access(tokens: Tokens) -> Access:
    return Access(tokens.access, tokens.expires_at, tokens.scope)


@dataclass(frozen=True, slots=True)
class _Due:
    """What is to be refreshed, with the turn for it, and the room that its successor will take."""

    state: SessionState
    tokens: Tokens
    room: Room
    unanswered: bool


def _due(
    keeper: Keeper, session_id: str, rejected: str | None, turn: Turn, good: Access | None
) -> Flow[_Due | Access | Problem]:
    try:
        if good is None:
            held = yield from wait_for(turn)
        elif not (held := (yield from work(turn.take))):
            # Somebody renews it already, and until then it is as good as it was: nobody waits for that.
            return good
        # Read again: whoever had the turn before may have refreshed or signed out.
        state = yield from load(keeper, session_id)
        found = _usable(keeper, state, rejected)
        if found is not None:
            return found
        if not isinstance(state, SessionState) or state.tokens is None or not held:
            return Retry(BUSY)
        return (yield from _reserved(keeper, state, state.tokens))
    except VaultTrouble:
        # A disk that is full now may not be when the present token runs out.
        if good is None:
            raise
        return good


def _reserved(keeper: Keeper, state: SessionState, tokens: Tokens) -> Flow[_Due]:
    """The next token makes the present one worthless: it is not asked for before there is a place for it.

    On the disk before the request leaves: room for the successor, and that a renewal is under way.
    """
    room = yield from room_for(keeper, state)
    try:
        yield from keep(keeper, replace(state, renewing=True))
    except BaseException:
        room.give_back()
        raise
    return _Due(replace(state, renewing=False), tokens, room, state.renewing)


def room_for(keeper: Keeper, state: SessionState) -> Flow[Room]:
    """Room for this session with new tokens; raises ``VaultTrouble``."""
    size = 2 * len(encode(state).encode()) + LONGEST_SUCCESSOR
    return (yield from work(lambda: room_in(keeper.vault, state.id, size)))


def wait_for(turn: Turn, polls: int | None = None) -> Flow[bool]:
    """Wait for a turn, as long as its holder may reasonably take unless told otherwise."""
    # Asked again and again rather than waited for: a thread that sleeps in a lock can neither be cancelled nor end.
    for _ in range(TURN_POLLS if polls is None else polls):
        if (yield from work(turn.take)):
            return True
        yield from pause(TURN_POLL_MS)
    return False


def over(state: SessionState, sentence: str) -> SessionState:
    """The session as one that has ended, for this reason."""
    return replace(state, tokens=None, ended=sentence, renewing=False)


def _settle(keeper: Keeper, due: _Due, outcome: Refreshed | Problem, rejected: str | None) -> Flow[Access | Problem]:
    state, tokens = due.state, due.tokens
    match outcome:
        case Refreshed():
            site = keeper.asked(state.site)
            yield from _fill(due, replace(state, site=site, tokens=outcome.tokens, ended=None))
            return _access(outcome.tokens)
        case SignInAgain():
            return (yield from _end_unless_renewed(keeper, due, outcome))
        case Retry() | SiteSetUpWrong():
            if rejected == tokens.access and isinstance(outcome, SiteSetUpWrong) and outcome.client_refused:
                # Neither is taken: the next program finds that out at once, and need not try the token first.
                state = replace(state, tokens=replace(tokens, expires_at=tokens.obtained_at))
            is_open = due.unanswered or (isinstance(outcome, Retry) and outcome.may_have_renewed)
            yield from _fill(due, replace(state, renewing=is_open))
            # An early refresh may fail: the present token is good until it expires.
            return _still_good(keeper, state, rejected) or outcome


def _fill(due: _Due, state: SessionState) -> Flow[None]:
    yield from work(lambda: due.room.fill(encode(state)))


def _end_unless_renewed(keeper: Keeper, due: _Due, outcome: SignInAgain) -> Flow[Access | Problem]:
    """The site takes the refresh token for over. Where the vault holds another by now, that is why, and no end.

    Turns do not reach everywhere: a folder on a network file system, a keyring that two machines share.
    """
    state, spent = due.state, due.tokens.refresh
    latest = yield from load(keeper, state.id)
    if isinstance(latest, SessionState) and latest.tokens is not None and latest.tokens.refresh != spent:
        if is_fresh(latest.tokens, keeper.now()):
            return _access(latest.tokens)
        return Retry("Another program of yours has renewed this session: try again.")
    yield from _fill(due, over(state, outcome.sentence))
    return outcome


def keep(keeper: Keeper, state: SessionState) -> Flow[None]:
    """Keep a session durably; raises ``VaultTrouble``."""
    yield from work(lambda: keeper.vault.write(state.id, encode(state)))


def call(keeper: Keeper, session_id: str, asked: Call) -> Flow[Answer | Problem]:
    """One request of the API. A token refused as invalid is renewed and the request sent once more.

    A 401 that is the API's own, for the site takes the token elsewhere, is an answer as any other. Raises
    ``VaultTrouble``, and what a file says that is sent or written.
    """
    rejected: str | None = None
    for _ in range(2):
        token = yield from access(keeper, session_id, rejected)
        if not isinstance(token, Access):
            return token
        site = yield from _site_of(keeper, session_id)
        if not isinstance(site, Site):
            return site
        answer = yield from flows.call(site, token.token, asked)
        if isinstance(answer, Lost):
            if may_hide_a_refusal(answer, asked.body):
                yield from _renew_for_the_next(keeper, session_id, token.token, site)
            return flows.not_asked(site, answer) if answer.loss in INTERCEPTIONS else no_answer(answer, asked.method)
        # RFC 6750 3.1: 401 says that the token was not accepted, so nothing was done and asking again is safe
        if answer.status != 401 or not (yield from is_about_the_token(site, token.token, asked.path, answer.headers)):
            return answer
        rejected = token.token
    return SiteSetUpWrong(
        "The site does not accept a token that it has just issued: does a proxy in front of it drop the "
        "Authorization header?"
    )


def _renew_for_the_next(keeper: Keeper, session_id: str, token: str, site: Site) -> Flow[None]:
    """Whether the site acted on a request stays unknown, so it is not sent again; but the next one is not lost, too."""
    answer = yield from flows.call(site, token, replace(WHO_AM_I, seconds=ASIDE_SECONDS))
    if isinstance(answer, Answer) and answer.status == 401:
        with suppress(VaultTrouble):
            yield from access(keeper, session_id, token)


def is_about_the_token(site: Site, access: str, path: str, headers: Mapping[str, str]) -> Flow[bool]:
    """Whether a 401 with these headers asks for another token, or for something else: a password typed once more, say.

    ``path`` is what was asked below the base URL; header names are lower case.
    """
    # RFC 6750 3.1: a token that expired or was revoked is invalid_token; what says so needs no second question
    if "invalid_token" in headers.get("www-authenticate", "") or path.partition("?")[0] == MYSELF:
        return True
    answer = yield from flows.call(site, access, WHO_AM_I)
    return not (isinstance(answer, Answer) and answer.status == 200 and read_account(answer) is not None)


def _site_of(keeper: Keeper, session_id: str) -> Flow[Site | Problem]:
    state = yield from load(keeper, session_id)
    return state.site if isinstance(state, SessionState) else state


def no_answer(lost: Lost, method: str) -> Problem:
    """What a request that got no answer comes to."""
    if lost.loss in SET_UP_FAULTS or lost.loss is Loss.UNREADABLE:
        return SiteSetUpWrong(lost.sentence)
    # RFC 9110 9.2.1: a safe method asks for no change, so it does not matter whether the site got it
    acted = lost.loss is Loss.INTERRUPTED and method.upper() not in SAFE_METHODS
    return Retry(lost.sentence, may_have_acted=acted)


def whoami(keeper: Keeper, session_id: str) -> Flow[Answer | Problem]:
    """The site's ``myself`` document; a session that did not know whose it is learns it on the way."""
    answer = yield from call(keeper, session_id, WHO_AM_I)
    if isinstance(answer, Answer) and answer.status == 200:
        yield from _learn_name(keeper, session_id, read_account(answer))
    return answer


def _learn_name(keeper: Keeper, session_id: str, account: Account | None) -> Flow[None]:
    try:
        state = yield from load(keeper, session_id)
        if account is not None and isinstance(state, SessionState) and state.account != account:
            yield from put_name(keeper, session_id, account, polls=1)
    except VaultTrouble:
        # The answer is what was asked for; the name can be learned another time.
        return


def put_name(
    keeper: Keeper, session_id: str, account: Account, *, polls: int | None = None
) -> Flow[SessionState | None]:
    """Keep whose session it is, beside the tokens as they stand then; raises ``VaultTrouble``."""
    return (yield from change(keeper, session_id, lambda state: replace(state, account=account), polls))


def change(
    keeper: Keeper, session_id: str, made: Callable[[SessionState], SessionState], polls: int | None = None
) -> Flow[SessionState | None]:
    """Keep what ``made`` makes of a session as it stands then; None without a turn, or where there is none.

    Raises ``VaultTrouble``.
    """
    turn = keeper.vault.turn(session_id)
    try:
        if not (yield from wait_for(turn, polls)):
            return None
        state = yield from load(keeper, session_id)
        if isinstance(state, SignInAgain):
            return None
        changed = made(state)
        yield from keep(keeper, changed)
        return changed
    finally:
        turn.give_back()


def read_account(answer: Answer) -> Account | None:
    """The account in a ``myself`` document, None in anything else."""
    found = decode_object(answer.body) or {}
    # Names are the site's text and end up on a terminal: nothing but printable characters gets there.
    name = shown(found.get("name"), LONGEST_NAME)
    if name is None:
        return None
    return Account(text(found.get("key")) or name, name, shown(found.get("displayName"), LONGEST_NAME))
