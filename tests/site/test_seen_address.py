"""What a browser sees beside what the setting says: which part differs, and which line would mend it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.site.seen_address import Difference, difference
from genkan.wire.urls import BaseURL, parse_base_url


def a_base(text: str) -> BaseURL:
    parsed = parse_base_url(text, allow_http=True)
    assert isinstance(parsed, BaseURL)
    return parsed


@pytest.mark.parametrize(
    ("base", "seen", "part", "line"),
    [
        ("https://site.example/desk", "http://site.example", "scheme", ""),
        ("http://localhost:8080", "https://localhost:8080", "scheme", "GENKAN_BASE_URL=https://localhost:8080"),
        ("https://site.example/desk", "https://desk.example", "host", "GENKAN_BASE_URL=https://desk.example/desk"),
        ("https://site.example", "https://site.example:8443", "host", "GENKAN_BASE_URL=https://site.example:8443"),
        ("http://localhost:8080", "http://192.0.2.7:8080", "host", ""),
        ("http://localhost:8080", "http://127.0.0.1:8080", "host", "GENKAN_BASE_URL=http://127.0.0.1:8080"),
        ("https://site.example", "https://a b", "host", ""),
        ("https://site.example", "https://user@site.example", "host", ""),
        ("https://site.example", "https://", "host", ""),
    ],
)
def test_a_difference_is_named(base: str, seen: str, part: str, line: str) -> None:
    """The line is there only where the address could be a site's: with https, or on this machine."""
    assert difference(seen, a_base(base)) == Difference(part, line)


@given(st.text(max_size=100))
def test_whatever_a_client_sends_is_judged(host: str) -> None:
    """Never a line that the settings would refuse."""
    found = difference(f"https://{host}", a_base("https://site.example/desk"))
    text = found.line.removeprefix("GENKAN_BASE_URL=")
    assert not text or isinstance(parse_base_url(text), BaseURL)
