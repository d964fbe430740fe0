"""genkan migrate-store: what it prints and refuses, on a real PostgreSQL server where there is one."""

from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell
from tests.postgres import Server, running_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with running_postgres() as one:
        yield one


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the PostgreSQL database"),
        (("postgresql://a@b/c", "--address-file", "d"), "name the PostgreSQL database"),
        (("postgresql://a:b@c/d",), "can be seen by others"),
        (("postgresql://a@c/d?password=b",), "can be seen by others"),
        (("sqlite:///c",), "write postgresql://"),
        (("--address-file", "none"), "none cannot be read by the user"),
    ],
)
def test_an_address_that_will_not_do(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """One sentence that says which; a password is never repeated."""
    refused = shell.refused("migrate-store", *words, status=2)
    assert said in refused
    assert "a:b" not in refused


def test_where_there_is_nothing_to_move(bare: Shell) -> None:
    """No site, or one that is on PostgreSQL already."""
    assert "there is no site" in bare.refused("migrate-store", "postgresql://a@b/c", status=2)
    bare.patch.setenv("GENKAN_DATABASE_URL", "postgresql://a@b/c")
    bare.patch.setenv("GENKAN_SECRET_FILE", "secrets.json")
    assert "on PostgreSQL already" in bare.refused("migrate-store", "postgresql://a@b/c", status=2)


def test_a_database_that_cannot_be_reached(shell: Shell) -> None:
    """One sentence, and the site takes writes as before."""
    assert "cannot be opened" in shell.refused("migrate-store", f"postgresql://a@/b?host={shell.folder}", status=2)
    shell.add_user("alice")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://a:b/c@d/e", "in a password write @ as %40, / as %2F, # as %23"),
        ("postgresql://a@d/e?sslmode=verify-full", "root.crt to check the server's certificate with"),
        ("postgresql://a@d/e?sslmode=verify-full&sslrootcert=no.crt", "a file that its address names"),
    ],
)
def test_an_address_that_leads_nowhere(shell: Shell, url: str, said: str) -> None:
    """What to change of it; a password that was cut in two is not quoted."""
    shell.patch.setenv("HOME", str(shell.folder))
    (shell.folder / "address").write_text(url)
    refused = shell.refused("migrate-store", "--address-file", "address", status=2)
    assert said in refused
    assert "b/c" not in refused
    assert "'b'" not in refused


@pytest.mark.needs("postgres")
def test_a_move_and_what_is_said_of_it(shell: Shell, server: Server) -> None:
    """The figures as JSON; the old place names the new one in whatever command, the new one knows the people."""
    shell.add_user("alice")
    server.sql("CREATE DATABASE first TEMPLATE template0")
    done = shell("migrate-store", server.url("first"), "--json")
    assert done.status == 0
    assert "read back and compared" in done.err
    assert done.json["tables"]["accounts"]["rows"] == 1
    assert len(done.json["tables"]["accounts"]["digest"]) == 64
    assert done.json["closedSeconds"] >= 0
    for words in (("user", "list"), ("status",), ("migrate", "--to", "12"), ("migrate-store", "--abandon")):
        assert "has moved to postgresql://genkan@" in shell.refused(*words, status=2)
    (shell.folder / "pass").touch(0o600)
    (shell.folder / "pass").write_text("correct horse battery")
    assert "has moved to" in shell.refused("backup", "file", "--passphrase-file", "pass", status=2)
    shell.patch.setenv("GENKAN_DATABASE_URL", server.url("first"))
    shell.patch.setenv("GENKAN_SECRET_FILE", str(shell.ring_path))
    assert [user["name"] for user in shell.good("user", "list", "--json").json] == ["alice"]


@pytest.mark.needs("postgres")
def test_the_words_for_a_person(shell: Shell, server: Server) -> None:
    """By an address file; the settings to write come last, and a move that was never begun is abandoned at will."""
    shell.good("migrate-store", "--abandon")
    server.sql("CREATE DATABASE second TEMPLATE template0")
    (shell.folder / "address").write_text(server.url("second").replace("genkan@", "genkan:very-secret@") + "\n")
    told = shell.good("migrate-store", "--address-file", "address").out
    assert "was closed for writing for" in told
    assert "GENKAN_DATABASE_URL='postgresql://genkan@" in told
    assert f"GENKAN_SECRET_FILE={shell.ring_path}" in told
    assert "very-secret" not in told + shell.refused("user", "list", status=2)
