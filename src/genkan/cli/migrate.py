"""genkan migrate: brings the store's schema up, or down for an older Genkan."""

import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, load_settings, told
from genkan.outside import locks
from genkan.store.places import bring_to, schema_of
from genkan.store.sqlite_examine import Schema


@told
def migrate(
    *,
    to: Annotated[int | None, Parameter(help="The schema to end at; the newest that this version knows.")] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the store's schema to this version's: SQLite's after a copy of the file, while no server runs.

    For SQLite genkan serve does the same by itself; PostgreSQL's waits for this command, also in a new database. Going
    down is for putting an older Genkan back.

    Example: genkan migrate
    """
    place = load_settings(data_dir).store_place
    schema = schema_of(place)
    target = schema.newest if to is None else to
    _refuse(schema, target)
    try:
        with locks.serving(place) if isinstance(place, Path) else contextlib.nullcontext():
            bring_to(place, target, clock.system_env())
    except locks.Held:
        raise Stop(f"genkan serve uses {place}; stop it first", SET_UP) from None
    except locks.CannotLock as problem:
        raise Stop(str(problem), SET_UP) from None
    if json:
        return print_json({"before": schema.present, "now": target, "newest": schema.newest})
    return say(f"schema {target}" if target == schema.present else f"schema {schema.present} became {target}")


def _refuse(schema: Schema, target: int) -> None:
    if schema.present > schema.newest:
        raise Stop(f"schema {schema.present} is of a newer Genkan, this one knows {schema.newest}", SET_UP)
    if not 1 <= target <= schema.newest:
        raise Stop(f"there is no schema {target}: this version knows 1 to {schema.newest}", NO)
