"""The words in which PostgreSQL differs, and values that it would not keep as they are. No server is needed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.store import rows
from genkan.store.places import Postgres, place_of
from genkan.store.postgres_words import escaped, plain, spelled

ODD = st.text(st.sampled_from("\x00\x01\x02aZ\U0010ffff"))


@given(ODD, ODD)
def test_escaped_texts_come_back_and_keep_their_order(one: str, other: str) -> None:
    """No NUL is left, none is confused with another, and sorting by code points sorts as before."""
    assert "\x00" not in escaped(one)
    assert plain((escaped(one), 7, None, b"\x01\x01")) == (one, 7, None, b"\x01\x01")
    assert (escaped(one) < escaped(other)) == (one < other)


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT ? WHERE a = ? AND b = '?' AND c = ':x'", "SELECT $1 WHERE a = $2 AND b = '?' AND c = ':x'", ()),
        ("SELECT ?1, ?2, ?1", "SELECT $1, $2, $1", ()),
        ("SELECT :a, :b_c, :a", "SELECT $1, $2, $1", ("a", "b_c")),
        (
            "FROM g INDEXED BY i CROSS JOIN a b ON b.x = g.x WHERE g.y = ?",
            "FROM g CROSS JOIN LATERAL (SELECT * FROM a b WHERE b.x = g.x OFFSET 0) b WHERE g.y = $1", (),
        ),
        (
            "g LEFT JOIN a b ON b.x = g.x AND b.y = ? WHERE g.z",
            "g LEFT JOIN LATERAL (SELECT * FROM a b WHERE b.x = g.x AND b.y = $1 OFFSET 0) b ON TRUE WHERE g.z", (),
        ),
        ("g LEFT JOIN c d ON d.x = ANY(?)", "g LEFT JOIN c d ON d.x = ANY($1)", ()),
        ("FROM a b CROSS JOIN c d ON d.x = b.x OR d.x = 1", "FROM a b CROSS JOIN c d ON d.x = b.x OR d.x = 1", ()),
        (
            "FROM grants g INDEXED BY grants_by_account WHERE g.x = 1",
            "FROM (SELECT * FROM grants WHERE account_stop >= 0) g WHERE g.x = 1", (),
        ),
        ("FROM grants g INDEXED BY grants_by_link", "FROM (SELECT * FROM grants WHERE link_stop >= 0) g", ()),
        (
            "UPDATE grants INDEXED BY grants_by_link SET a = ? WHERE b = ?",
            "UPDATE grants SET a = $1 WHERE link_stop >= 0 AND b = $2", (),
        ),
        ("UPDATE g INDEXED BY i SET a = ? WHERE b = ?", "UPDATE g SET a = $1 WHERE b = $2", ()),
        (
            "DELETE FROM a WHERE b IN (SELECT b FROM a WHERE c <= ? LIMIT ?)",
            "DELETE FROM a WHERE b = ANY (ARRAY(SELECT b FROM a WHERE c <= $1 LIMIT $2))", (),
        ),
        ("SET a = MAX(a, ?), b = MIN(b, excluded.b)", "SET a = GREATEST(a, $1), b = LEAST(b, excluded.b)", ()),
        ("SELECT MAX(seen_at), COALESCE(MIN(at), 0)", "SELECT MAX(seen_at), COALESCE(MIN(at), 0)", ()),
        ("FROM accounts a CROSS JOIN links l WHERE 1", "FROM accounts a CROSS JOIN links l WHERE 1", ()),
        ("a.email = ? COLLATE NOCASE", 'lower(a.email) = lower($1 COLLATE "C")', ()),
    ],
)  # fmt: skip
def test_statements_are_spelled_anew(sql: str, text: str, names: tuple[str, ...]) -> None:
    """Placeholders and a few words; what stands in quotes stays."""
    found = spelled(sql)
    assert (found.text, found.names) == (text, names)


@pytest.mark.parametrize("address", ["", "203.0.113.7", "2001:db8::7", "a pipe", "\x00" * 4, "203.0.113.007"])
def test_every_address_is_bytes_and_comes_back(address: str) -> None:
    """An IP address in four or sixteen of them, any other text behind what no address is."""
    assert rows.unpack_address(rows.address_bytes(rows.pack_address(address))) == address


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://genkan:s3cret@db.example.org/genkan",
        "postgres://genkan:s3cret@a:5432,b:5432/genkan?sslmode=require",
        "postgresql://genkan@db/genkan?password=s3cret&sslmode=require",
        "postgresql://genkan:s3cr@s3cret@db/genkan",
        "postgresql://[genkan:s3cret",
    ],
)
def test_a_place_never_shows_its_password(url: str) -> None:
    """Neither as text nor as it is represented."""
    place = Postgres(url)
    assert "s3cret" not in f"{place} {place!r}"


def test_places_are_told_apart_by_their_beginning() -> None:
    """A file in the data folder, a file that is named, a database."""
    assert place_of("", Path("data")) == Path("data/genkan.sqlite3")
    assert place_of("sqlite:////srv/genkan.db", Path("data")) == Path("/srv/genkan.db")
    assert place_of("postgresql://db/genkan", Path("data")) == Postgres("postgresql://db/genkan")
