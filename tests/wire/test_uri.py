"""The URI grammar: what is split how, and what is refused instead of repaired."""

import re
import string
from urllib.parse import quote_plus, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import uri
from genkan.wire.uri import URI, Authority
from tests.wire.strategies import any_text, base_urls, confusing_text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://a.b:8/c?d#e", URI("https", "a.b:8", "/c", "d", "e")),
        ("https://a.b", URI("https", "a.b", "", None, None)),
        ("https://a.b?", URI("https", "a.b", "", "", None)),
        ("https://a.b/#", URI("https", "a.b", "/", None, "")),
        ("app:/x", URI("app", None, "/x", None, None)),
        ("app://x", URI("app", "x", "", None, None)),
        ("app:///x", URI("app", "", "/x", None, None)),
        ("app:x", URI("app", None, "x", None, None)),
        ("https://a.b?c/d@e", URI("https", "a.b", "", "c/d@e", None)),
        ("https://a.b#c?d", URI("https", "a.b", "", None, "c?d")),
    ],
)
def test_components_are_cut_where_the_grammar_says(text: str, parts: URI) -> None:
    """Five components, with absent and empty told apart (RFC 3986 3)."""
    assert uri.split(text) == parts


@pytest.mark.parametrize("text", ["", "a", "/a", "//a.b/c", "?a", ":a", "1a:b", "a b:c", "é:a", "-a:b", "%61:b"])
def test_a_text_without_scheme_is_not_split(text: str) -> None:
    """A relative reference and a malformed scheme give None (RFC 3986 3.1)."""
    assert uri.split(text) is None


@given(confusing_text)
def test_the_parts_make_up_the_whole(rest: str) -> None:
    """Nothing is dropped or changed: the components put together are the text again."""
    parts = uri.split("s:" + rest)
    assert parts is not None
    authority = "" if parts.authority is None else "//" + parts.authority
    query = "" if parts.query is None else "?" + parts.query
    fragment = "" if parts.fragment is None else "#" + parts.fragment
    assert f"s:{authority}{parts.path}{query}{fragment}" == "s:" + rest


@given(base_urls())
def test_good_addresses_are_read_as_the_standard_library_reads_them(text: str) -> None:
    """On addresses in good order we agree with another reader on host and port."""
    parts, other = uri.split(text), urlsplit(text)
    assert parts is not None
    assert parts.authority is not None
    assert uri.split_authority(parts.authority) == Authority(other.hostname or "", other.port)


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("a", Authority("a", None)),
        ("a.b:1", Authority("a.b", 1)),
        ("A-b_c.d:65535", Authority("A-b_c.d", 65535)),
        ("127.0.0.1:80", Authority("127.0.0.1", 80)),
        ("[::1]", Authority("::1", None)),
        ("[2001:DB8::1]:443", Authority("2001:DB8::1", 443)),
        ("xn--caf-dma.example", Authority("xn--caf-dma.example", None)),
    ],
)
def test_hosts_and_ports_are_read(text: str, authority: Authority) -> None:
    """Names, IPv4 and bracketed IPv6, each with or without port."""
    assert uri.split_authority(text) == authority
    assert text.startswith(authority.bracketed)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            ":80",
            "a:",
            "a:b",
            "a:0",
            "a:080",
            "a:65536",
            "a:999999",
            "a:-1",
            "a:+1",
            "a: 1",
            "a:1:2",
            "a:\u0661",
            "a:1/",
        ],
        *[
            "u@a",
            "u:p@a",
            "@a",
            "a@",
            "a%40b",
            "a%2eb",
            "a b",
            "a\\b",
            "a..b",
            ".a",
            "a.",
            "-a.b",
            "a-.b",
            "a,b",
            "a*b",
            "*.b",
        ],
        *[
            "127.1",
            "127.0.0.1.",
            "127.0.0.01",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "1.2.3.4.5",
            "a.1",
            "256.1.1.1",
        ],
        *[
            "[::1",
            "::1",
            "[::1]a",
            "[::1]:",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[127.0.0.1]",
            "[a]",
            "[]",
            "[[::1]]",
            "[v1.a]",
        ],
        *["a" * 64, ".".join(["a" * 50] * 6), "caf\u00e9.example", "a\u3002b", "a\uff0fb", "a\u00adb", "a\0b", "a\tb"],
    ],
)
def test_odd_hosts_and_ports_are_refused(text: str) -> None:
    """Userinfo, escapes, numbers in other spellings, zones, empty and overlong labels: none is a host of ours."""
    assert uri.split_authority(text) is None


@given(any_text | confusing_text)
def test_any_text_is_read(text: str) -> None:
    """The readers give an answer for any text."""
    assert isinstance(uri.split(text), URI | None)
    assert isinstance(uri.split_authority(text), Authority | None)
    assert uri.escapes_hold(text) in {True, False}
    assert uri.has_dot_segment(text) in {True, False}
    assert uri.odd_character(text) in {None, *text}


@given(st.text(st.sampled_from(string.printable + "\u00e9\u2028\udc80"), max_size=30))
def test_the_first_odd_character_is_named(text: str) -> None:
    """What is reported is the first character outside RFC 3986 2, and only such a one."""
    legal = string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=%"
    assert uri.odd_character(text) == next((character for character in text if character not in legal), None)


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("", True),
        ("%41", True),
        ("%4", False),
        ("%", False),
        ("%zz", False),
        ("a%20%2F", True),
        ("%%20", False),
        ("%4\u0661", False),
    ],
)
def test_escapes_are_two_digits(text: str, hold: bool) -> None:
    """A percent sign is followed by two hexadecimal digits (RFC 3986 2.1)."""
    assert uri.escapes_hold(text) is hold


@pytest.mark.parametrize(
    "path",
    [
        *("/.", "/..", "/a/../b", "/a/./b", "/%2e%2E/b", "/.%2e", "/a%2f..%2fb", "/a/..\\b", "/%5c..%5c", ".."),
        *("/..;/b", "/a/.;x=1/b", "/%2e%2e;x/b", "/..%3bx/b", "/a/..;x", "/..%00/b", "/..\0/b"),
    ],
)
def test_dot_segments_are_seen_in_every_spelling(path: str) -> None:
    """Escaped dots and slashes count, since some programs resolve them; some take parameters off a segment before."""
    assert uri.has_dot_segment(path)


@pytest.mark.parametrize("path", ["", "/", "/a", "/a.b", "/...", "/.well-known/x", "/a..b", "/..a", "/...;", "/a;../b"])
def test_dots_in_names_are_no_dot_segments(path: str) -> None:
    """Only whole segments of one or two dots climb."""
    assert not uri.has_dot_segment(path)


@given(st.text(), st.booleans())
def test_a_form_is_decoded_as_it_was_encoded(text: str, lowered: bool) -> None:
    """WHATWG URL 5.1, whatever is escaped and however the escapes are spelled."""
    encoded = quote_plus(text, safe="")
    spelled = re.sub("%..", lambda found: found[0].lower(), encoded) if lowered else encoded
    assert uri.form_decoded(spelled) == text


@given(st.text("%23AaFf:/+ é", max_size=12))
def test_an_escape_that_is_none_is_never_repaired(text: str) -> None:
    """RFC 3986 2.1: two hexadecimal digits stand behind each percent sign, also behind one that looks like another's
    first digit.
    """
    good = re.fullmatch("(?:[^%]|%[0-9A-Fa-f]{2})*", text) is not None
    try:
        decoded = uri.form_decoded(text)
    except UnicodeDecodeError:
        assert good
        return
    assert decoded == (unquote_plus(text, errors="strict") if good else None)


def test_half_a_character_is_no_text() -> None:
    """Whatever a form is read from may hold a lone surrogate: that is refused like bytes that are no UTF-8."""
    with pytest.raises(UnicodeDecodeError):
        uri.form_decoded("\udc80")
