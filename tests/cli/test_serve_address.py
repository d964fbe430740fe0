"""genkan serve with a mistyped address of its database: what only a person can mend ends for good, by its name."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.store import postgres
from genkan.store.api import CannotOpen, StoreAway
from tests.cli.test_serve import ran, refusal
from tests.ports import free_port
from tests.postgres import Server, running_postgres
from tests.store.builders import an_env

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that asks for passwords, with a site."""
    with running_postgres() as server:
        server.a_database("mine")
        server.sql("CREATE ROLE app LOGIN PASSWORD 'right'; CREATE ROLE shut NOLOGIN PASSWORD 'right'")
        server.sql("CREATE ROLE bare LOGIN; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        server.stop()
        (server.data / "pg_hba.conf").write_text("local all genkan,bare trust\nlocal mine all scram-sha-256\n")
        server.start()
        yield server


# User and password with the database; what the server says to them.
WRONG = {
    "password": ("app:mistyped@/mine", "password authentication failed for user"),
    "no password": ("app@/mine", "password authentication failed for user"),
    "user": ("nobody:right@/mine", "password authentication failed for user"),
    "not to log in": ("shut:right@/mine", "is not permitted to log in"),
    "shut out": ("app:right@/postgres", "no pg_hba.conf entry"),
    "database": ("genkan@/mistyped", 'database "mistyped" does not exist'),
}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("where", "said"), WRONG.values(), ids=WRONG)
def test_what_the_server_will_never_take_is_not_tried_again(
    server: Server, tmp_path: Path, where: str, said: str, workers: str
) -> None:
    """Status 2, which the systemd unit leaves alone, and one line with the setting; no password is in it."""
    told = refusal(
        ran(
            tmp_path, GENKAN_PORT=str(free_port()), GENKAN_WORKERS=workers,
            GENKAN_DATABASE_URL=f"postgresql://{where}?host={server.folder}",
            GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
        )
    )  # fmt: skip
    assert said in told
    assert told.endswith("; mend GENKAN_DATABASE_URL (database_url)\n")
    assert ":right" not in told
    assert ":mistyped" not in told


def test_an_address_that_is_none_is_not_tried_again(tmp_path: Path) -> None:
    """Nor quoted."""
    settings = {"GENKAN_DATABASE_URL": "postgresql://app:right@host:port/mine", "GENKAN_PORT": str(free_port())}
    told = refusal(ran(tmp_path, **settings, GENKAN_SECRET_FILE=str(tmp_path / "ring.json")))
    assert told.endswith("# as %23); mend GENKAN_DATABASE_URL (database_url)\n")


def test_a_port_where_nobody_is_may_be_tried_again() -> None:
    """A server that starts later refuses connections until then."""
    with pytest.raises(StoreAway):
        postgres.open_store(f"postgresql://app@127.0.0.1:{free_port()}/mine", create=False, env=an_env())


def test_a_name_that_leads_nowhere_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut the name server may come up later."""

    def nowhere(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(StoreAway, match="nobody here knows the host that its address names"):
        postgres.open_store("postgresql://app@database.example/mine", create=False, env=an_env())


def test_a_refusal_is_one_line(server: Server) -> None:
    """Where the server tells of details in a second one."""
    where = f"postgresql://bare@/postgres?host={server.folder}"
    with pytest.raises(CannotOpen) as told:
        postgres.open_store(where, create=False, env=an_env())
    assert "permission denied" in str(told.value)
    assert "\n" not in str(told.value)
