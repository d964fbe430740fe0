"""The gate: every way to sign in × every state of an account × every policy, and the session that comes of it."""

import pytest

from genkan.protocol.outcomes import OpenSession, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Method, Standing, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin.ways import way_of, ways_named, words_of
from tests.protocol.builders import an_account, an_env

BROWSER = Browser("Safari", "192.0.2.7", b"before")
METHODS = (
    Method.PWD, Method.HWK | Method.USER | Method.MFA, Method.SWK | Method.USER | Method.MFA, Method.POP, Method.FED,
    Method.RECOVERY,
)  # fmt: skip


def entered(method: Method, ways: Way = ALL_WAYS, standing: Standing = Standing.ACTIVE) -> NewSession | Refused:
    return enter(an_account(standing=standing), method, ways, BROWSER, an_env(), Lifetimes(), certificate=7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("standing", Standing)
def test_each_authenticator_stops_at_each_account_that_is_stopped(method: Method, standing: Standing) -> None:
    """Row 7: disabled or deleted, no authenticator lets anybody in, and the answer is that of a wrong password."""
    opened = entered(method, standing=standing)
    if standing is Standing.ACTIVE:
        assert isinstance(opened, NewSession)
    else:
        assert opened == Refused(Reason.SIGN_IN_FAILED)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bits", range(16))
def test_each_authenticator_is_held_to_each_policy(method: Method, bits: int) -> None:
    """Only the ways that are taken open a session; a one-time link or code goes none, and opens the door once."""
    opened = entered(method, Way(bits))
    taken = method is Method.RECOVERY or way_of(method) in Way(bits)
    assert isinstance(opened, NewSession) if taken else opened == Refused(Reason.WAY_NOT_TAKEN)


def test_nothing_at_all_opens_nothing() -> None:
    """A session without any method would be nobody's proof."""
    assert entered(Method.NONE) == Refused(Reason.WAY_NOT_TAKEN)


@pytest.mark.parametrize("method", METHODS)
def test_the_browsers_session_before_is_dead(method: Method) -> None:
    """Row 15: the id changes at each privilege step, and the one from before dies in the same write."""
    opened = entered(method)
    assert isinstance(opened, NewSession)
    [step] = opened.change.steps
    assert isinstance(step, OpenSession)
    assert step.replaces == b"before"
    assert step.session.id not in (b"before", opened.cookie.encode())
    assert (step.session.method, step.session.certificate) == (method, 7)


@pytest.mark.parametrize("bits", range(16))
def test_ways_have_words(bits: int) -> None:
    """Files, commands and documents name ways and find them again."""
    assert ways_named(words_of(Way(bits))) == Way(bits)


def test_a_word_that_is_no_way_is_none() -> None:
    """A misspelt way must not be left out of a policy silently."""
    assert ways_named(["password", "passkeys"]) is None
