"""genkan migrate-store: a live site moves from SQLite to PostgreSQL, and what that came to."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.addresses import address, address_in
from genkan.cli.output import print_json, print_warning, say
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, actor_name, load_settings, told
from genkan.ops.migrate_store import Asked, CannotMove, Moved, abandon_move
from genkan.ops.migrate_store import migrate_store as move
from genkan.store.places import Postgres


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
    if to is not None and address_file is None:
        return address(to, "--address-file")
    if to is None and address_file is not None:
        return address_in(address_file)
    raise Stop("name the PostgreSQL database, or with --address-file the file that holds its address", SET_UP)


def _tell(done: Moved, ring: Path) -> None:
    say(f"The site has moved to {done.place}.")
    if done.sums:
        rows = sum(one.count for one in done.sums.values())
        say(f"{rows} rows in {len(done.sums)} tables, copied and compared in {done.online_seconds:.1f} s;")
        say(f"it served meanwhile, and was closed for writing for {done.closed_seconds:.2f} s.")
    say("Now stop the server that still runs, and start one with these settings (and the password, if there is one):")
    say(f"  GENKAN_DATABASE_URL={quote(done.place)}")
    say(f"  GENKAN_SECRET_FILE={quote(str(ring))}")
