"""genkan status: is this installation healthy?"""

import asyncio
import os
import sys
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_fields, print_json, print_warning, say
from genkan.cli.workbench import DONE, NO, AsJson, DataDir, load_settings, told
from genkan.ops.health import Health, judge, load
from genkan.ops.served import known
from genkan.protocol.records import Moments, Served
from genkan.settings import Settings
from genkan.site.api.documents import moment
from genkan.store.sqlite_writer import is_writing

COUNTED = {"accounts": "accounts", "links": "links", "sign_ins": "signIns", "sessions": "sessions"}


@told
def status(
    *,
    deep: Annotated[bool, Parameter(negative="", help="Also read the whole database for damage.")] = False,
    serving: Annotated[
        bool, Parameter(negative="", help="Only ask the process that serves on this machine whether it answers.")
    ] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Say whether this installation is healthy, and what is wrong with it; exit status 1 when something is.

    With --serving it asks /healthz of the process here, where that announced that it listens, and reads no store: the
    health check of a container.

    Example: genkan status --json
    """
    settings, env = load_settings(data_dir), clock.system_env()
    if serving:
        from genkan.cli.serving import tell_serving  # noqa: PLC0415 - asked every few seconds, and needs no more

        return tell_serving(settings, json)
    health = judge(asyncio.run(load(settings, env, deep=deep)), env)
    if json:
        print_json(document(settings, health))
    else:
        _tell(settings, health)
    if is_writing():
        # The end of the interpreter would wait for a disk that does not answer.
        sys.stdout.flush()
        os._exit(NO)
    return DONE if health.good else NO


def document(settings: Settings, health: Health) -> dict[str, object]:
    """The verdict as JSON."""
    return {
        "healthy": health.good,
        "baseURL": known(settings, health.served).settings.public.text,
        "served": _served(health.served),
        "lastBackup": _last_backup(health.moments),
        "database": str(settings.store_place),
        "ring": str(settings.ring_path),
        "checks": [{"id": check.id, "ok": check.ok, "sentence": check.sentence} for check in health.checks],
        "counts": dict(_counts(health)),
    }


def _counts(health: Health) -> list[tuple[str, int]]:
    return [(name, getattr(health.counts, field)) for field, name in COUNTED.items()] if health.counts else []


def _served(served: Served | None) -> dict[str, object] | None:
    if served is None:
        return None
    return {"baseURL": served.base_url, "version": served.version, "startedAt": moment(served.at)}


def _last_backup(moments: Moments | None) -> str | None:
    return moment(moments.backed_up_at) if moments and moments.backed_up_at else None


def _tell(settings: Settings, health: Health) -> None:
    found, served = known(settings, health.served), health.served
    say(f"The site is {found.settings.public.text}, data in {settings.store_place}")
    if served is not None:
        say(f"Last served as {served.base_url} by Genkan {served.version}, since {moment(served.at)}")
    if found.doubt is not None:
        print_warning(found.doubt)
    if health.moments is not None:
        at = health.moments.backed_up_at
        say(f"Last backup that was read back: {moment(at)}" if at else "No backup has been made and read back yet")
    rows = [(check.id, "ok" if check.ok else "WRONG", check.sentence) for check in health.checks]
    print_fields([*rows, *((name, "", str(number)) for name, number in _counts(health))])
