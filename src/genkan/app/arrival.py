"""What is kept of a sign-in, and what it replaces: one session an account and site, under one device mark.

Owns the last steps of a sign-in, which one program of a person does at a time; the life after it is ``keeping``'s.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from genkan.app import flows, keeping, leaving, preflight
from genkan.app.entries import Room
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Kept, Problem, Retry, SignedIn, SignInAgain
from genkan.app.sealed import Spoilt
from genkan.app.state import Account, SessionState, Site, Tokens, encode
from genkan.app.steps import Flow, Lost, work
from genkan.app.vault import DEVICE, Vault, VaultTrouble
from genkan.wire.oauth import CodeExchange

BUSY = "Another program of yours is signing in and does not finish: try again."


def sign_in(keeper: Keeper, site: Site, redirect_uri: str, *, account: str | None = None) -> Flow[Kept | Problem]:
    """Sign in and keep the session: durably before the new tokens are used for the first time.

    Where an ``account`` is named, by name or key, a session of any other is ended again at once. Raises
    ``VaultTrouble``.
    """
    if (wrong := (yield from preflight.look(site, redirect_uri, keeper.draw))) is not None:
        return wrong
    device_id = yield from _device_id(keeper, site, account)
    if isinstance(device_id, Retry):
        return device_id
    asked = yield from flows.authorize(site, redirect_uri, device_id=device_id, draw=keeper.draw)
    if not isinstance(asked, CodeExchange):
        return asked
    turn = keeper.vault.turn(DEVICE)
    try:
        # One after the other: two sign-ins at once would take each other for the earlier one, and end each other.
        # Who comes too late leaves the code as it is: it ends by itself, and nothing is signed in.
        if not (yield from keeping.wait_for(turn)):
            return Retry(BUSY)
        return (yield from _arrive(keeper, site, asked, account))
    finally:
        turn.give_back()


def _arrive(keeper: Keeper, site: Site, asked: CodeExchange, wanted: str | None) -> Flow[Kept | Problem]:
    state = SessionState(keeper.draw(8).hex(), site, asked.redirect_uri, keeper.now())
    # Before the code is shown: at the site the sign-in takes the place of this device's earlier one.
    room = yield from keeping.room_for(keeper, state)
    try:
        outcome = yield from flows.exchange(site, asked, keeper.now)
        if not isinstance(outcome, SignedIn):
            return outcome
        state = replace(state, signed_in_at=keeper.now(), tokens=outcome.tokens)
        yield from _keep(room, state, outcome.tokens)
    finally:
        room.give_back()
    return (yield from _name(keeper, state, outcome.tokens, wanted))


def _keep(room: Room, state: SessionState, tokens: Tokens) -> Flow[None]:
    try:
        yield from work(lambda: room.fill(encode(state)))
    except VaultTrouble:
        # A sign-in that cannot be kept would stay open at the site with nobody to end it.
        yield from flows.sign_out(state.site, tokens)
        raise


def _name(keeper: Keeper, state: SessionState, tokens: Tokens, wanted: str | None) -> Flow[Kept | SignInAgain]:
    """Learn whose session it is, and let it replace an earlier one of the same account."""
    account = yield from _who(state.site, tokens)
    if wanted is not None and (isinstance(account, str) or wanted not in {account.name, account.key}):
        # Before anything of another account is touched: nobody asked for a session of hers, new or renewed.
        yield from leaving.sign_out(keeper, state.id, forget=True)
        found = account if isinstance(account, str) else f"At {state.site.name} {account.name} is signed in,"
        return SignInAgain(f"{found} {'and ' if isinstance(account, str) else ''}{wanted} was asked for.")
    if isinstance(account, str):
        return Kept(state, (account,))
    try:
        named = (yield from keeping.put_name(keeper, state.id, account)) or state
        yield from _replace_earlier(keeper, state, account)
    except VaultTrouble as trouble:
        return Kept(state, (str(trouble),))
    return Kept(named)


def _replace_earlier(keeper: Keeper, state: SessionState, account: Account) -> Flow[None]:
    kept = yield from work(lambda: keeping.saved(keeper.vault))
    for earlier in kept:
        if not isinstance(earlier, SessionState) or earlier.id == state.id:
            continue
        if earlier.site.is_for_the_same(state.site) and (yield from _is_of(keeper, earlier, account)):
            yield from leaving.sign_out(keeper, earlier.id, forget=True)


def _is_of(keeper: Keeper, earlier: SessionState, account: Account) -> Flow[bool]:
    """Whether a session is this account's; one that never learned whose it is asks now, and is nobody's if it ended."""
    if earlier.account is None:
        yield from keeping.whoami(keeper, earlier.id)
        found = yield from keeping.load(keeper, earlier.id)
        if not isinstance(found, SessionState):
            return False
        earlier = found
    if earlier.account is None:
        return earlier.tokens is None
    return earlier.account.key == account.key


def _who(site: Site, tokens: Tokens) -> Flow[Account | str]:
    answer = yield from flows.call(site, tokens.access, keeping.WHO_AM_I)
    if isinstance(answer, Lost):
        return f"Signed in, but not yet known as whom: {answer.sentence}"
    account = keeping.read_account(answer) if answer.status == 200 else None
    return account or f"Signed in, but {site.name} does not say as whom (status {answer.status})."


def _mark_in(vault: Vault, draw: Callable[[int], bytes]) -> str:
    try:
        known = vault.read(DEVICE)
    except Spoilt:
        # Another mark is used: a sign-in that cannot be replaced is better than none.
        known = ""
    mark = known or draw(16).hex()
    # A spoilt one stays while it may be opened again: with the key that the entries beside it were sealed with.
    if not known and (known is None or set(vault.names()) <= {DEVICE}):
        vault.write(DEVICE, mark)
    return mark


def _device_id(keeper: Keeper, site: Site, account: str | None = None) -> Flow[str | Retry]:
    """The device mark, by which a later sign-in from here replaces this one at the site.

    Made once a vault, and another for every site, so that no two sites can tell that they have the same device. A named
    account, and a link that a program named, have one of their own, so that whoever else answers in the browser, or
    signs in by another link, keeps the sign-in that is there.
    """
    turn = keeper.vault.turn(DEVICE)
    try:
        if not (yield from keeping.wait_for(turn)):
            return Retry(BUSY)
        secret = yield from work(lambda: _mark_in(keeper.vault, keeper.draw))
        link = [site.client_id, site.scope or ""] if site.linked else []
        marked = " ".join((secret, site.base_url, *link, *([account] if account else [])))
        return hashlib.sha256(marked.encode()).hexdigest()[:32]
    finally:
        turn.give_back()
