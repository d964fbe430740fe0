"""The table of refusals: complete, in the vocabulary of the RFCs, and fit for everybody who reads it."""

import string

import pytest

from genkan.protocol.reasons import END_SENTENCES, TABLE, EndReason, Reason, entry
from genkan.wire.oauth import ErrorCode as E

# RFC 6749 4.1.2.1, RFC 8707 2, and OpenID Connect Core 3.1.2.6
BY_REDIRECT = {
    E.INVALID_REQUEST, E.UNAUTHORIZED_CLIENT, E.ACCESS_DENIED, E.UNSUPPORTED_RESPONSE_TYPE, E.INVALID_SCOPE,
    E.SERVER_ERROR, E.TEMPORARILY_UNAVAILABLE, E.LOGIN_REQUIRED, E.INTERACTION_REQUIRED, E.CONSENT_REQUIRED,
    E.UNMET_AUTHENTICATION_REQUIREMENTS, E.REQUEST_NOT_SUPPORTED, E.REQUEST_URI_NOT_SUPPORTED, E.INVALID_TARGET,
}  # fmt: skip
OF_PROMPT_NONE = {Reason.LOGIN_REQUIRED, Reason.CONSENT_REQUIRED}
SIGN_IN_AGAIN = {
    Reason.CODE_BROKEN, Reason.CODE_FOREIGN, Reason.CODE_EXPIRED, Reason.CODE_FROM_FUTURE, Reason.CODE_REDEEMED,
    Reason.CODE_STOPPED, Reason.CODE_CONSENT_WITHDRAWN, Reason.REDIRECT_MISMATCH, Reason.VERIFIER_MISSING,
    Reason.VERIFIER_UNEXPECTED, Reason.VERIFIER_WRONG, Reason.TOKEN_BROKEN, Reason.TOKEN_KIND, Reason.TOKEN_FOREIGN,
    Reason.TOKEN_UNKNOWN, Reason.TOKEN_EXPIRED, Reason.TOKEN_OLD, Reason.GRANT_ENDED, Reason.GRANT_STOPPED,
    Reason.REFRESH_REPLAYED, Reason.GENERATIONS_EXHAUSTED,
}  # fmt: skip
COME_BACK = {
    Reason.ROTATING_TOO_FAST, Reason.SIGNING_IN_TOO_FAST, Reason.STORE_BEHIND, Reason.RING_BEHIND, Reason.BUSY,
    Reason.TOKENS_SWITCHED_OFF, Reason.SIGN_ON_UNAVAILABLE,
}  # fmt: skip
# Words of the inside: settings, commands, clauses and records are for operators.
INSIDE = {"genkan", "rfc", "sql", "row", "generation", "seal", "ring", "counter", "tombstone", "store", "stop", "key"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row(reason: Reason) -> None:
    """Each audience is told something, in whole sentences and printable ASCII that a header can carry."""
    row = entry(reason)
    assert row.public.endswith(".")
    assert row.hint
    assert set(row.public + row.hint) <= set(string.printable) - set("\r\n\t\v\f")
    assert 400 <= row.status <= 503
    assert len(row.public) <= 120


def test_the_table_has_no_row_too_many() -> None:
    """And no reason is spelled twice."""
    assert set(TABLE) == set(Reason)
    assert len({reason.value for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("reason", [reason for reason in Reason if entry(reason).redirectable])
def test_what_travels_speaks_rfc_6749(reason: Reason) -> None:
    """4.1.2.1 names the codes of the authorization endpoint; prompt=none adds its own; nothing else travels."""
    row = entry(reason)
    assert row.wire in BY_REDIRECT
    assert row.status == 400
    assert (row.wire in {E.LOGIN_REQUIRED, E.INTERACTION_REQUIRED, E.CONSENT_REQUIRED}) == (reason in OF_PROMPT_NONE)


@pytest.mark.parametrize(
    "reason",
    [
        Reason.MISSING_PARAMETER,
        Reason.UNKNOWN_CLIENT,
        Reason.REDIRECT_NOT_REGISTERED,
        Reason.REDIRECT_MISSING,
        Reason.LINK_DISABLED,
        Reason.REPEATED_PARAMETER,
        Reason.MALFORMED,
        Reason.TOO_LARGE,
        Reason.WRONG_HOST,
        Reason.INTERACTION_BROKEN,
        Reason.INTERACTION_EXPIRED,
        Reason.TOKENS_SWITCHED_OFF,
    ],
)
def test_what_is_raised_before_the_redirect_is_trusted_never_travels(reason: Reason) -> None:
    """Row 31 as the table sees it."""
    assert not entry(reason).redirectable


def test_clients_are_told_to_sign_in_again_exactly_when_that_helps() -> None:
    """Clients act on invalid_grant by signing in again: nothing else may say it, and nothing that passes may."""
    assert {reason for reason in Reason if entry(reason).wire is E.INVALID_GRANT} == SIGN_IN_AGAIN
    assert {entry(reason).status for reason in SIGN_IN_AGAIN} == {400}


def test_what_passes_by_itself_says_so() -> None:
    """429 and 503 are what clients take for try again; both are temporarily_unavailable."""
    passing = {reason for reason in Reason if entry(reason).status in {429, 503}}
    assert passing == COME_BACK
    assert {entry(reason).wire for reason in passing} == {E.TEMPORARILY_UNAVAILABLE}


def test_failed_client_authentication_is_401() -> None:
    """RFC 6749 5.2."""
    failed = {reason for reason in Reason if entry(reason).wire is E.INVALID_CLIENT}
    assert failed == {Reason.CLIENT_UNAUTHENTICATED, Reason.CLIENT_SECRET_WRONG, Reason.CLIENT_SECRET_MISSING}
    assert {entry(reason).status for reason in failed} == {401}


@pytest.mark.parametrize("reason", Reason)
def test_the_public_is_told_nothing_of_the_inside(reason: Reason) -> None:
    """The public sentence is not the operator's hint, and names no setting, command, clause or record."""
    row = entry(reason)
    assert row.hint not in row.public
    assert not INSIDE & {word.strip(".,:;()").lower() for word in row.public.split()}
    assert "GENKAN_" not in row.public


@pytest.mark.parametrize(
    "alike",
    [
        {Reason.CODE_BROKEN, Reason.CODE_FOREIGN},
        {Reason.TOKEN_BROKEN, Reason.TOKEN_FOREIGN, Reason.TOKEN_UNKNOWN, Reason.TOKEN_OLD},
        {Reason.GRANT_ENDED, Reason.GRANT_STOPPED, Reason.REFRESH_REPLAYED, Reason.GENERATIONS_EXHAUSTED},
        {Reason.CODE_STOPPED, Reason.CODE_CONSENT_WITHDRAWN},
        {Reason.STORE_BEHIND, Reason.RING_BEHIND},
    ],
)
def test_what_a_stranger_must_not_tell_apart_sounds_alike(alike: set[Reason]) -> None:
    """Whoever tries found tokens learns neither whose they were nor why they are over."""
    assert len({(entry(reason).public, entry(reason).wire, entry(reason).status) for reason in alike}) == 1


def test_every_end_has_its_sentence() -> None:
    """Each in words of its own."""
    assert set(END_SENTENCES) == set(EndReason)
    assert len(set(END_SENTENCES.values())) == len(EndReason)
    assert all(sentence.endswith(".") for sentence in END_SENTENCES.values())
