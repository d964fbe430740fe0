"""genkan migrate: brings the store's schema up, or down for an older Genkan."""

import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, load_settings, told
from genkan.outside import locks
from genkan.store.migration import Plan, PlannedStep, Schema
from genkan.store.places import Place, bring_to, plan_of, schema_of


@told
def migrate(
    *,
    plan: Annotated[
        bool, Parameter(negative="", help="Only say what would happen, and whether it can be undone.")
    ] = False,
    to: Annotated[int | None, Parameter(help="The schema to end at; the newest that this version knows.")] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the store's schema to this version's: SQLite's after a copy of the file, while no server runs.

    For SQLite genkan serve does the same by itself; PostgreSQL's waits for this command, also in a new database. Going
    down is for putting an older Genkan back.

    Example: genkan migrate --plan
    """
    place = load_settings(data_dir).store_place
    schema = schema_of(place)
    target = schema.newest if to is None else to
    _refuse(schema, target)
    if plan:
        return _tell(place, plan_of(place, schema.present, target), json=json)
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


def _tell(place: Place, plan: Plan, *, json: bool) -> None:
    if json:
        return print_json(_document(place, plan))
    if not plan.steps:
        return say(f"schema {plan.before}; nothing to do")
    say(f"schema {plan.before} would become {plan.after}")
    for step in plan.steps:
        say(_sentence(step))
    for sentence in (_meanwhile(place, plan), _copied(place, plan), _undone(plan)):
        if sentence:
            say(sentence)
    return None


def _document(place: Place, plan: Plan) -> dict[str, object]:
    steps = [
        {"schema": step.schema, "name": step.name, "direction": "up" if step.up else "down", "additive": step.additive,
         "loses": step.loses or None}
        for step in plan.steps
    ]  # fmt: skip
    return {"before": plan.before, "after": plan.after, "steps": steps, "serversMayRun": _may_run(place, plan),
            "copy": str(_copy(place, plan) or "") or None, "undo": plan.undo}  # fmt: skip


def _sentence(step: PlannedStep) -> str:
    if not step.up:
        return f"  down to {step.schema}, undoing {step.name}: " + _lost(step.loses)
    kind = "only adds" if step.additive else "changes what is there"
    return f"  up to {step.schema}, {step.name}: {kind}; on the way back " + _lost(step.loses)


def _lost(what: str) -> str:
    return f"{what} is lost" if what else "nothing is lost"


def _may_run(place: Place, plan: Plan) -> bool:
    """Whether servers may go on: those of a file hold it, and a new database has none."""
    return not isinstance(place, Path) and plan.beside


def _meanwhile(place: Place, plan: Plan) -> str:
    if isinstance(place, Path):
        return "stop the server first"
    if plan.beside:
        return f"servers of a Genkan that knows schema {plan.before} go on meanwhile and afterwards"
    return "stop every server first, and start none of the version before afterwards" if plan.before else ""


def _copy(place: Place, plan: Plan) -> Path | None:
    """Where the file is copied before."""
    there = isinstance(place, Path) and plan.before and plan.steps
    return place.with_name(f"{place.name}.before-{plan.after}") if there and isinstance(place, Path) else None


def _copied(place: Place, plan: Plan) -> str:
    copy = _copy(place, plan)
    if copy is not None:
        return f"before, the file is copied to {copy}"
    return "make a backup before (pg_dump)" if plan.before else ""


def _undone(plan: Plan) -> str:
    if plan.undo is not None:
        return f"undone by: genkan migrate --to {plan.undo}, with this version of Genkan"
    return "what is lost on the way down does not come back by going up" if plan.before else ""
