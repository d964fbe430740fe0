"""genkan status: is this installation healthy?"""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_fields, print_json, say
from genkan.cli.workbench import DONE, NO, AsJson, DataDir, load_settings, told
from genkan.ops.health import Health, judge, load
from genkan.settings import Settings

COUNTED = {"accounts": "accounts", "links": "links", "sign_ins": "signIns", "sessions": "sessions"}


@told
def status(
    *,
    deep: Annotated[bool, Parameter(negative="", help="Also read the whole database for damage.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Say whether this installation is healthy, and what is wrong with it; exit status 1 when something is.

    Example: genkan status --json
    """
    settings, env = load_settings(data_dir), clock.system_env()
    health = judge(asyncio.run(load(settings, env, deep=deep)), env)
    if json:
        print_json(document(settings, health))
    else:
        _tell(settings, health)
    return DONE if health.good else NO


def document(settings: Settings, health: Health) -> dict[str, object]:
    """The verdict as JSON."""
    return {
        "healthy": health.good,
        "baseURL": settings.public.text,
        "database": str(settings.store_place),
        "ring": str(settings.ring_path),
        "checks": [{"id": check.id, "ok": check.ok, "sentence": check.sentence} for check in health.checks],
        "counts": dict(_counts(health)),
    }


def _counts(health: Health) -> list[tuple[str, int]]:
    return [(name, getattr(health.counts, field)) for field, name in COUNTED.items()] if health.counts else []


def _tell(settings: Settings, health: Health) -> None:
    guessed = "" if settings.base_url else " (no base URL is set here; a site that was started with one has another)"
    say(f"This terminal's settings give {settings.public.text}{guessed}, data in {settings.store_place}")
    rows = [(check.id, "ok" if check.ok else "WRONG", check.sentence) for check in health.checks]
    print_fields([*rows, *((name, "", str(number)) for name, number in _counts(health))])
