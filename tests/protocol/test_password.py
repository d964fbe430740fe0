"""Password sign-in: every account state with every credential, one answer for every failure, one hash on every path."""

from itertools import product
from typing import Any

import pytest

from genkan.protocol.outcomes import Change, CloseSession, OpenSession, PutGuesses, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Account, Guesses, Method, Standing
from genkan.protocol.signin import lockout
from genkan.protocol.signin.password import Failed, PasswordFacts, hash_to_verify, sign_in
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin_steps import NoteFailedTry
from tests.protocol.builders import NOW, an_account, an_env

LIFETIMES = Lifetimes()
HASH, DECOY = "$argon2id$own", "$argon2id$decoy"
BROWSER = Browser("Safari", "192.0.2.7", b"old session")
TRIES = lockout.tries("alice", "192.0.2.0/24", None)
FULL = {TRIES.keys[0]: Guesses(NOW + lockout.PER_NETWORK.size, 10)}
ALMOST = {TRIES.keys[0]: Guesses(NOW + lockout.PER_NETWORK.size - lockout.PER_NETWORK.interval, 9)}
STATES: dict[str, Account | None] = {
    "nobody": None,
    **{standing.value: an_account(standing=standing) for standing in Standing},
}


def tried(account: Account | None, kept: str | None, right: bool, guesses: dict[bytes, Guesses]) -> NewSession | Failed:
    facts = PasswordFacts(account, kept, guesses)
    return sign_in(facts, TRIES, right, ALL_WAYS, BROWSER, an_env(), LIFETIMES)


@pytest.mark.parametrize(
    ("state", "kept", "right", "guesses"),
    list(product(STATES, [HASH, None], [True, False], [{}, ALMOST, FULL])),
)
def test_one_way_in(state: str, kept: str | None, right: bool, guesses: dict[bytes, Guesses]) -> None:
    """Row 7: an active account, its own hash, the right password and room in the budget, all at once."""
    outcome = tried(STATES[state], kept, right, guesses)
    opens = state == "active" and kept == HASH and right and guesses is not FULL
    assert isinstance(outcome, NewSession) == opens
    if isinstance(outcome, Failed):
        assert outcome.refused == Refused(Reason.SIGN_IN_FAILED), "one answer, without a detail"
        assert not [step for step in outcome.change.steps if not isinstance(step, PutGuesses | NoteFailedTry)]


@pytest.mark.parametrize(("state", "kept"), list(product(STATES, [HASH, None])))
def test_exactly_one_hash_is_computed_on_every_path(state: str, kept: str | None) -> None:
    """The account's own where there is one, else the decoy: one string, never two and never none."""
    verified: list[str] = [hash_to_verify(PasswordFacts(STATES[state], kept, {}), DECOY)]
    assert verified == [kept or DECOY]


def test_all_failures_are_counted_alike() -> None:
    """Unknown, wrong, disabled and without password fill the same buckets; besides, only a person who can sign in is
    told of it. No line of it is in the audit.
    """
    filled = lockout.failed(TRIES, {}, NOW)
    assert filled is not None
    for state, account in STATES.items():
        told = (NoteFailedTry(77, "192.0.2.0/24", NOW),) if state == "active" else ()
        for kept in (HASH, None):
            assert tried(account, kept, False, {}).change == Change((filled, *told))


def test_a_try_beyond_the_budget_writes_nothing() -> None:
    """A flood of refused tries costs no write, right or wrong."""
    for right in (True, False):
        assert tried(an_account(), HASH, right, FULL).change == Change(())


def test_a_sign_in_replaces_the_browsers_session() -> None:
    """Row 15: the id of before dies in the same write, and the method is kept."""
    outcome = tried(an_account(), HASH, True, {})
    assert isinstance(outcome, NewSession)
    assert outcome.change.steps == (OpenSession(outcome.session, b"old session"),)
    assert outcome.session.method is Method.PWD
    assert outcome.session.id != b"old session"


def test_a_right_password_is_forgiven_earlier_mistakes() -> None:
    """In the same write that opens the session."""
    outcome = tried(an_account(), HASH, True, ALMOST)
    assert isinstance(outcome, NewSession)
    opened, forgiven = outcome.change.steps
    assert isinstance(opened, OpenSession)
    assert forgiven == PutGuesses(((TRIES.keys[0], 0, 0),))


def test_a_decoy_that_fits_opens_nothing() -> None:
    """Even if somebody knew the decoy's password, there is no account behind it."""
    assert isinstance(tried(an_account(), None, True, {}), Failed)
    assert isinstance(tried(None, None, True, {}), Failed)
    assert isinstance(tried(None, HASH, True, {}), Failed)


def test_neither_hash_nor_cookie_is_printed() -> None:
    """Facts and outcomes can be logged."""
    assert HASH not in repr(PasswordFacts(an_account(), HASH, {}))
    outcome: Any = tried(an_account(), HASH, True, {})
    assert outcome.cookie not in repr(outcome)
    assert not [step for step in outcome.change.steps if isinstance(step, CloseSession)]
