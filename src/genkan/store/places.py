"""Where a site's store is, and everything that is done to a store by its place: open, look at, migrate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from genkan.protocol.env import Env
from genkan.store import (
    postgres,
    postgres_losses,
    postgres_open,
    sqlite,
    sqlite_copy,
    sqlite_examine,
    sqlite_losses,
    sqlite_open,
)
from genkan.store.api import Store
from genkan.store.deadlines import WRITE_SECONDS
from genkan.store.migration import Plan, Schema, migrations, planned
from genkan.store.sqlite_examine import Counts
from genkan.store.sqlite_losses import Losses

POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL database. As text it has no password."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        try:
            parts = urlsplit(self.url)
            user, at, rest = parts.netloc.rpartition("@")
            return _joined(parts._replace(netloc=user.partition(":")[0] + at + rest), is_secret)
        except ValueError:
            return "the PostgreSQL database"

    @property
    def password(self) -> str | None:
        """The one in the address."""
        parts = urlsplit(self.url)
        return unquote(parts.password) if parts.password else dict(parse_qsl(parts.query)).get("password")

    def beside(self, database: str) -> "Postgres":
        """Another database of the same server, for the same role."""
        return Postgres(_joined(urlsplit(self.url)._replace(path=f"/{quote(database)}"), _names_database))


def _joined(parts: SplitResult, is_left_out: Callable[[str], bool]) -> str:
    """The address without some of its options. The standard library forgets the slashes of an address that names no
    host.
    """
    query = "&".join(word for word in parts.query.split("&") if word and not is_left_out(word.partition("=")[0]))
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")


def _names_database(option: str) -> bool:
    return unquote(option) in ("dbname", "database")


def is_secret(name: str) -> bool:
    """Whether an option of a database's address is a password: ``password``, or ``sslpassword`` of a client's key."""
    return unquote(name).lower().endswith("password")


Place = Path | Postgres


def place_of(url: str, data_dir: Path) -> Place:
    """The place that GENKAN_DATABASE_URL names; without it a file in the data folder."""
    if url.startswith(POSTGRES):
        return Postgres(url)
    return Path(url.removeprefix("sqlite:///")) if url else data_dir / "genkan.sqlite3"


def open_store(place: Place, *, create: bool, env: Env, seconds: float = WRITE_SECONDS) -> Store:
    """The store there. ``create`` makes a file where there is none; a database is made by ``genkan migrate`` alone.
    ``seconds``: how long whoever writes waits at most.

    Raises CannotOpen with one sentence for the operator.
    """
    if isinstance(place, Postgres):
        return postgres.open_store(place.url, create=False, env=env, seconds=seconds)
    return sqlite.open_store(place, create=create, env=env, seconds=seconds)


def is_apart(place: Place) -> bool:
    """Whether its clock is another machine's: a database that is asked over this machine's own addresses has ours."""
    if not isinstance(place, Postgres):
        return False
    parts = urlsplit(place.url)
    host = dict(parse_qsl(parts.query)).get("host", parts.hostname or "")
    return not (host in ("", "localhost", "::1") or host.startswith(("/", "%2f", "%2F", "127.")))


def holds_site(place: Place) -> bool:
    """Whether a site lives in this file; looking makes nothing. Of a database it is found out by opening it."""
    return isinstance(place, Postgres) or sqlite_open.has_site(place)


def schema_of(place: Place) -> Schema:
    """Raises CannotOpen for what is no store. An empty PostgreSQL database has schema 0."""
    return postgres_open.schema_of(place.url) if isinstance(place, Postgres) else sqlite_examine.schema_of(place)


def plan_of(place: Place, before: int, after: int) -> Plan:
    """What bringing its schema from one to the other does; nothing is looked at or changed."""
    folder = postgres_open.MIGRATIONS if isinstance(place, Postgres) else sqlite_open.MIGRATIONS
    return planned(migrations(folder), before, after)


def bring_to(place: Place, target: int, env: Env) -> None:
    """Move the schema up or down to ``target``; of a file a copy is made before."""
    if isinstance(place, Postgres):
        postgres_open.migrate(place.url, env, target)
    else:
        sqlite_examine.bring_to(place, target)


def count(place: Place) -> Counts:
    """Count the rows of a store at this version's schema."""
    return postgres_open.count(place.url) if isinstance(place, Postgres) else sqlite_examine.count(place)


def damage_of(place: Place) -> str | None:
    """What a whole reading finds damaged. A PostgreSQL server looks after its own pages."""
    return None if isinstance(place, Postgres) else sqlite_copy.fault_of(place)


def damage_within(place: Place, seconds: float) -> str | None:
    """What a look of so many seconds finds damaged."""
    return None if isinstance(place, Postgres) else sqlite_copy.fault_within(place, seconds)


def renew_site_id(place: Place, site_id: bytes) -> None:
    """Make a copy a site of its own (tokens.md 2). Nobody may serve it."""
    if isinstance(place, Postgres):
        postgres_open.renew_site_id(place.url, site_id)
    else:
        sqlite_copy.renew_site_id(place, site_id)


def others_at(place: Postgres) -> int:
    """How many connections of Genkan's serving processes and commands the database has beside our own."""
    return postgres_open.others(place.url)


async def losses(copy: Place, present: Place, last_event: int) -> Losses | None:
    """What the present site has that its copy has not. None where the two are different sites, or the present one
    cannot be read.
    """
    if isinstance(copy, Postgres) and isinstance(present, Postgres):
        return await postgres_losses.losses(copy.url, present.url, last_event)
    if isinstance(copy, Path) and isinstance(present, Path):
        return sqlite_losses.losses(copy, present, last_event)
    return None
