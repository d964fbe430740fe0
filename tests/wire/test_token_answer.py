"""The token endpoint's answer: tolerant of how providers write it, strict about what it may be used for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire.token_answer import (
    LONGEST_LIFE,
    OAuthFailure,
    TokenAnswer,
    parse_revocation_answer,
    parse_token_answer,
)
from tests.wire.strategies import json_values

VENDOR = json.loads((Path(__file__).parents[1] / "vectors" / "vendor.json").read_text())
tokens = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
counts = st.integers(0, LONGEST_LIFE)


def a_body(**members: object) -> bytes:
    """A good answer's body with some members replaced, and those set to `...` removed."""
    whole = {"access_token": "a", "token_type": "bearer", "expires_in": 3600, "refresh_token": "r", **members}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def an_answer(**members: object) -> TokenAnswer:
    """The answer that such a body is."""
    answer = parse_token_answer(200, a_body(**members))
    assert isinstance(answer, TokenAnswer), answer
    return answer


def a_failure(status: int, body: bytes, retry_after: str | None = None) -> OAuthFailure:
    """The failure that an answer is."""
    failure = parse_token_answer(status, body, retry_after=retry_after)
    assert isinstance(failure, OAuthFailure), failure
    return failure


def test_the_vendors_sample_is_read() -> None:
    """The answer that the vendor prints is understood member by member (RFC 6749 5)."""
    sample = VENDOR["token_answer"]
    assert parse_token_answer(200, json.dumps(sample).encode()) == TokenAnswer(
        sample["access_token"], sample["refresh_token"], 7200, None, 1607635748, "bearer"
    )


@given(tokens, st.none() | tokens, counts, st.none() | tokens, st.none() | counts)
def test_what_is_written_is_read(
    access: str, refresh: str | None, life: int, scope: str | None, created: int | None
) -> None:
    """One side's answer is the other side's answer, absent members included (RFC 6749 5.1)."""
    answer = TokenAnswer(access, refresh, life, scope, created)
    assert parse_token_answer(200, json.dumps(answer.encode()).encode()) == answer
    assert None not in answer.encode().values()


def test_the_answer_is_written_in_the_vendors_order() -> None:
    """The members stand as in the vendor's sample, the scope behind them."""
    assert list(TokenAnswer("a", "r", 1, "WRITE", 2).encode()) == [
        *("access_token", "token_type", "expires_in", "refresh_token", "created_at", "scope")
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *[(3600, 3600), ("3600", 3600), (3600.0, 3600), (0, 0), (-5, 0), (10**17, LONGEST_LIFE), (10**30, 3600)],
        *[(..., 3600), (None, 3600), ("soon", 3600), ("", 3600), (True, 3600), ([], 3600), (1.5, 3600)],
        *[("\u0661", 3600), ("9" * 5000, 3600)],
    ],
)
def test_the_life_is_a_number_however_it_is_written(written: object, read: int) -> None:
    """Numbers and strings of digits count; an absent or unreadable life is the documented hour."""
    assert an_answer(expires_in=written).expires_in == read


@pytest.mark.parametrize("written", ["bearer", "Bearer", "BEARER", ...])
def test_the_type_is_read_in_any_case(written: object) -> None:
    """The token type is case-insensitive (RFC 6749 5.1), and an absent one is the only one there is."""
    assert an_answer(token_type=written).token_type == "bearer"


@pytest.mark.parametrize(
    "members", [{"token_type": "mac"}, {"token_type": "DPoP"}, {"token_type": None}, {"token_type": 1}]
)
def test_a_token_of_an_unknown_type_is_not_used(members: dict[str, object]) -> None:
    """A client uses no token whose type it does not know (RFC 6749 7.1)."""
    assert a_failure(200, a_body(**members)).kind == "configuration"


@pytest.mark.parametrize("bad", [..., "", None, 5, "a\r\nX: y", "a\0", "caf\u00e9", "a\u2028b"])
def test_a_token_fit_for_no_header_is_no_token(bad: object) -> None:
    """A missing access token, or one that could end a header line, makes the answer none (RFC 6749 A.12)."""
    assert a_failure(200, a_body(access_token=bad)).kind == "configuration"


def test_a_refresh_token_may_be_absent() -> None:
    """Without a new refresh token the old one stays in use (RFC 6749 6), which is the caller's business; one that
    could end a header line spoils the answer (RFC 6749 A.17).
    """
    assert an_answer(refresh_token=...).refresh_token is None
    assert a_failure(200, a_body(refresh_token="r\n")).kind == "configuration"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 200])
def test_invalid_grant_asks_for_a_new_sign_in(status: int) -> None:
    """Only this code says that the sign-in is over (RFC 6749 5.2)."""
    failure = a_failure(status, b'{"error": "invalid_grant", "error_description": "It was used."}')
    assert (failure.kind, failure.error, failure.description) == ("sign_in_again", "invalid_grant", "It was used.")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": "invalid_grant"}', b'{"error": "server_error"}'])
def test_a_provider_in_trouble_is_asked_again(status: int, body: bytes) -> None:
    """With these statuses nobody is signed out, whatever stands in the body."""
    assert a_failure(status, body).kind == "retry"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("5", 5),
        (" 5 ", 5),
        ("0", 0),
        ("-1", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("9" * 17, LONGEST_LIFE),
    ],
)
def test_the_providers_pause_is_passed_on(header: str | None, seconds: int | None) -> None:
    """Seconds are read; a date is left to the caller's own pause, since there is no clock here."""
    assert a_failure(503, b"", header).retry_after == seconds


@pytest.mark.parametrize(
    "error", ["invalid_client", "invalid_request", "unauthorized_client", "invalid_scope", "unsupported_grant_type"]
)
@pytest.mark.parametrize("status", [400, 401])
def test_every_other_code_is_a_matter_of_configuration(status: int, error: str) -> None:
    """Neither a new sign-in nor a retry would help."""
    failure = a_failure(status, json.dumps({"error": error}).encode())
    assert (failure.kind, failure.error, failure.status) == ("configuration", error, status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>login</html>", b"[]", b"null", b'"x"', b"{", b"{}", b"\xff", b'{"error": 5}']
)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404])
def test_a_body_that_says_nothing_counts_by_its_status(status: int, body: bytes) -> None:
    """A proxy's page never signs anybody out."""
    assert a_failure(status, body).kind == "configuration"


def test_a_description_is_made_fit_to_be_shown() -> None:
    """Line breaks, escape sequences and length of a description stay outside."""
    body = json.dumps({"error": "x\x1b[31m", "error_description": "a\nb\x1b[2J" + "c" * 1000}).encode()
    failure = a_failure(400, body)
    assert failure.error == "x [31m"
    assert failure.description is not None
    assert failure.description.isprintable()
    assert len(failure.description) <= 300


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some servers write one in front of JSON (RFC 8259 8.1 lets a reader ignore it)."""
    assert isinstance(parse_token_answer(200, b"\xef\xbb\xbf" + a_body()), TokenAnswer)


@given(
    st.integers(100, 599),
    st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()),
    st.none() | st.text(max_size=20),
)
def test_any_answer_is_read(status: int, body: bytes, header: str | None) -> None:
    """Reading never raises, and only a body with a token of 2xx is an answer."""
    parsed = parse_token_answer(status, body, retry_after=header)
    assert isinstance(parsed, TokenAnswer | OAuthFailure)
    assert isinstance(parsed, OAuthFailure) or 200 <= status <= 299


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(TokenAnswer.__match_args__, json_values)))
def test_any_members_are_read(members: dict[str, object]) -> None:
    """Whatever stands in the members of an answer, what comes out has the types it promises."""
    parsed = parse_token_answer(200, json.dumps(members).encode())
    if isinstance(parsed, TokenAnswer):
        assert parsed.access_token.isprintable()
        assert 0 <= parsed.expires_in <= LONGEST_LIFE
        assert isinstance(parsed.scope, str | None)
        assert isinstance(parsed.created_at, int | None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", None),
        (200, b"x", None),
        (204, b"", None),
        (503, b"", "retry"),
        (401, b'{"error":"invalid_client"}', "configuration"),
        (400, b'{"error":"invalid_grant"}', "sign_in_again"),
    ],
)
def test_a_revocation_is_done_or_not(status: int, body: bytes, kind: str | None) -> None:
    """200 means gone, known or not (RFC 7009 2.2); all else is a failure as for tokens."""
    failure = parse_revocation_answer(status, body)
    assert (None if failure is None else failure.kind) == kind
