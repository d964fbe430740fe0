"""Reading JSON that others wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import jsontext
from tests.wire.strategies import any_text, json_values


@given(st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53) | st.booleans() | st.none()))
def test_json_is_read(value: dict[str, object]) -> None:
    """What the standard library writes is read as it was, with and without a byte order mark (RFC 8259 8.1)."""
    body = json.dumps(value).encode()
    assert jsontext.decode(body) == jsontext.decode(b"\xef\xbb\xbf" + body) == jsontext.decode_object(body) == value


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nul", b"\xff", b'{"a":1}x', b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b'"\\ud800"']
)
def test_what_is_no_json_says_why(body: bytes) -> None:
    """Broken text, broken UTF-8, hostile depth and constants that JSON lacks give a reason."""
    value = jsontext.decode(body)
    assert isinstance(value, jsontext.NotJSON)
    assert value.why
    assert jsontext.decode_object(body) is None


@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read(body: bytes) -> None:
    """Reading never raises."""
    jsontext.decode(body)


@pytest.mark.parametrize(("value", "read"), [(5, 5), ("5", 5), (5.0, 5), (-5, -5), ("007", 7), (0, 0)])
def test_whole_numbers_are_read(value: object, read: int) -> None:
    """A number or a string of ASCII digits."""
    assert jsontext.integer(value) == read


ODD_NUMBERS: list[object] = [True, None, "", "-5", "5.0", " 5", "\u0665", 5.5, 1e300, 10**18, "9" * 19, [], {}]


@pytest.mark.parametrize("value", ODD_NUMBERS)
def test_other_values_are_no_numbers(value: object) -> None:
    """Booleans, fractions, other digits and numbers beyond every sensible size are none."""
    assert jsontext.integer(value) is None


@given(any_text, st.integers(1, 100))
def test_what_is_shown_is_printable_and_short(text: str, longest: int) -> None:
    """Whatever another program wrote, what we show moves no cursor and fills no screen."""
    shown = jsontext.shown(text, longest)
    assert shown is None or (shown.isprintable() and 0 < len(shown) <= longest)


def test_only_text_is_text() -> None:
    """Empty strings, numbers and nested values are not taken for text."""
    assert [jsontext.text(value) for value in ("a", "", 5, None, ["a"])] == ["a", None, None, None, None]
    assert jsontext.texts(["a", 5, "", "b"]) == ("a", "b")
    assert jsontext.texts("ab") == ()
    assert jsontext.shown(5) is None
