"""HTTP Basic for clients, RFC 6749 2.3.1: what is read, and how strictly."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire.client_auth import ClientCredentials, parse_basic
from tests.wire.strategies import any_text

some_text = st.text(max_size=30)


def encoded(pair: str | bytes) -> str:
    """A header with this pair."""
    return "Basic " + b64encode(pair if isinstance(pair, bytes) else pair.encode()).decode()


@given(some_text.filter(bool), some_text)
def test_what_is_written_is_read(client_id: str, secret: str) -> None:
    """Colons, percent signs, spaces and every other character of id and secret survive."""
    written = encoded(f"{quote_plus(client_id)}:{quote_plus(secret)}")
    assert parse_basic(written) == ClientCredentials(client_id, secret)


def test_the_specifications_way_of_writing() -> None:
    """Id and secret are form-encoded, joined by a colon, and base64-encoded."""
    assert parse_basic(encoded("a%3Ab+c:d%25")) == ClientCredentials("a:b c", "d%")


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    """The name of an authentication scheme is case-insensitive (RFC 9110 11.1)."""
    assert parse_basic(f"{scheme} {b64encode(b'a:b').decode()}") == ClientCredentials("a", "b")


def test_a_secret_may_be_empty_or_hold_colons() -> None:
    """Only the first colon separates; an empty secret is left for the caller to refuse."""
    assert parse_basic(encoded("a:")) == ClientCredentials("a", "")
    assert parse_basic(encoded("a:b:c")) == ClientCredentials("a", "b:c")


@pytest.mark.parametrize(
    "header",
    [
        *[
            "",
            "Basic",
            "Basic ",
            "Bearer abc",
            "Basic a",
            "Basic ===",
            "Basic \u00e9",
            "Basic YTpi YTpi",
            "Basic YTp\nYg==",
            "Basic YTpi=",
            "Basic YTpiYg",
            "Basic YTpiYh==",
            "Basic YTo-Pz8_",
        ],
        *[encoded(pair) for pair in ("", "a", ":b", "a%:b", "a:%zz", "%ff:b", "a:%80", b"\xff:b", b"a:\xff")],
        encoded("a:" + "b" * 5000),
    ],
)
def test_what_is_not_well_formed_is_none(header: str) -> None:
    """Loosely decoded credentials have let callers in elsewhere: here broken base64, escapes or UTF-8 are none."""
    assert parse_basic(header) is None


@given(any_text | any_text.map("Basic ".__add__) | st.binary(max_size=40).map(encoded))
def test_any_header_is_read(header: str) -> None:
    """Reading never raises."""
    assert isinstance(parse_basic(header), ClientCredentials | None)


def test_a_secret_is_not_shown() -> None:
    """Credentials in a log or a traceback show the id only."""
    assert repr(ClientCredentials("a", "hunter2")) == "ClientCredentials(client_id='a')"
