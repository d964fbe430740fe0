"""The address of a PostgreSQL database: told without what is secret in it, and that of a database beside it."""

import pytest

from genkan.store.places import Postgres

ADDRESSES = [
    ("postgresql://a:b%3A@h:5433/x", "postgresql://a@h:5433/x", "b:"),
    ("postgresql:///x?host=/var/run/postgresql", "postgresql:///x?host=/var/run/postgresql", None),
    ("postgres://a@/x?host=/tmp&password=b+c&sslmode=prefer", "postgres://a@/x?host=/tmp&sslmode=prefer", "b c"),
    ("postgresql://a@h/x?sslpassword=b", "postgresql://a@h/x", None),
    ("postgresql://a@h1,h2:5433/x", "postgresql://a@h1,h2:5433/x", None),
    ("postgresql://a@h?dbname=x", "postgresql://a@h?dbname=x", None),
]


@pytest.mark.parametrize(("url", "told", "password"), ADDRESSES)
def test_an_address_is_told_without_its_password(url: str, told: str, password: str | None) -> None:
    """As PostgreSQL's own programs read it: also where it names no host."""
    assert str(Postgres(url)) == told
    assert Postgres(url).password == password
    assert repr(Postgres(url)) == "Postgres()"


@pytest.mark.parametrize(("url", "told", "password"), ADDRESSES)
def test_a_database_beside_it_is_another_on_the_same_server(url: str, told: str, password: str | None) -> None:
    """For the same role, with the same options; whichever way the first one was named."""
    beside = Postgres(url).beside("y z")
    assert beside.password == password
    assert str(beside) == told.replace("?dbname=x", "/x").replace("/x", "/y%20z", 1)
