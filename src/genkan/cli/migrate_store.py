"""genkan migrate-store: a live site moves from SQLite to PostgreSQL, and what that came to."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, print_warning, say
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, actor_name, load_settings, told, user_name
from genkan.ops.migrate_store import Asked, CannotMove, Moved, abandon_move
from genkan.ops.migrate_store import migrate_store as move
from genkan.store.places import POSTGRES, Postgres, is_secret

LONGEST_ADDRESS = 4096


@told
def migrate_store(
    to: Annotated[
        str | None, Parameter(help="The PostgreSQL database, empty: postgresql://USER@HOST/DATABASE.")
    ] = None,
    /,
    *,
    address_file: Annotated[Path | None, Parameter(help="A file that holds the address, password included.")] = None,
    abandon: Annotated[bool, Parameter(negative="", help="Take a move back that did not end.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Move a site from SQLite to PostgreSQL while it serves; phones stay signed in.

    It is copied first. Then the site is closed for writing for about a second, what changed meanwhile is copied and
    compared, and the SQLite file is marked: no server starts on it any more. The key ring stays where it is.

    Example: genkan migrate-store postgresql://genkan@db.example.org/genkan
    """
    settings = load_settings(data_dir)
    place = settings.store_place
    if not isinstance(place, Path):
        raise Stop(
            "the site is on PostgreSQL already: this moves a SQLite site, so leave GENKAN_DATABASE_URL out", SET_UP
        )
    try:
        if abandon:
            abandon_move(place)
            return say("The site is open for writing where it was.")
        asked = Asked(place, _target(to, address_file), actor_name(), clock.ticks, print_warning)
        done = asyncio.run(move(asked, clock.system_env()))
    except CannotMove as problem:
        raise Stop(str(problem), SET_UP) from None
    return print_json(document(done)) if json else _tell(done, settings.ring_path)


def document(done: Moved) -> dict[str, object]:
    """What was moved, as JSON."""
    return {
        "movedTo": done.place,
        "onlineSeconds": round(done.online_seconds, 3),
        "closedSeconds": round(done.closed_seconds, 3),
        "followedRows": done.followed,
        "tables": {name: {"rows": one.count, "digest": one.hex} for name, one in done.sums.items()},
    }


def _target(to: str | None, address_file: Path | None) -> Postgres:
    if (to is None) == (address_file is None):
        raise Stop("name the PostgreSQL database, or with --address-file the file that holds its address", SET_UP)
    if to is not None and _has_password(to):
        raise Stop("a password on the command line can be seen by others: use ~/.pgpass, or --address-file", SET_UP)
    url = to if address_file is None else _read(address_file)
    if url is None or not url.startswith(POSTGRES):
        raise Stop("write postgresql://USER@HOST/DATABASE", SET_UP)
    return Postgres(url)


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.password is not None or any(map(is_secret, parse_qs(parts.query, keep_blank_values=True)))
    except ValueError:
        return True


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST_ADDRESS).strip()
    except OSError as problem:
        raise Stop(f"{path} cannot be read by the user {user_name()}: {problem.strerror}", SET_UP) from None
    except UnicodeDecodeError:
        raise Stop(f"{path} cannot be read: it should hold the address and nothing else", SET_UP) from None


def _tell(done: Moved, ring: Path) -> None:
    say(f"The site has moved to {done.place}.")
    if done.sums:
        rows = sum(one.count for one in done.sums.values())
        say(f"{rows} rows in {len(done.sums)} tables, copied and compared in {done.online_seconds:.1f} s;")
        say(f"it served meanwhile, and was closed for writing for {done.closed_seconds:.2f} s.")
    say("Now stop the server that still runs, and start one with these settings (and the password, if there is one):")
    say(f"  GENKAN_DATABASE_URL={quote(done.place)}")
    say(f"  GENKAN_SECRET_FILE={quote(str(ring))}")
