"""genkan sign-in: which ways to sign in the site takes, and how recent a sign-in must be."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.named import WaysNamed, ways_of
from genkan.cli.output import print_fields, print_json
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.signin.site_policy import PolicyWish, set_policy
from genkan.site.api.documents import policy_document
from genkan.wire.scopes import Permission

app = cyclopts.App(name="sign-in")

MaxAgeMinutes = Annotated[
    int | None,
    Parameter(help="How many minutes old a sign-in may be when an application asks for one; 0: any age."),
]


@app.command
@told
def show(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show the ways that the site takes.

    Example: genkan sign-in show --json
    """
    at_site(data_dir, lambda site: _show(site, json))


@app.command(name="set")
@told
def set_(
    *,
    ways: WaysNamed = None,
    max_age_minutes: MaxAgeMinutes = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Set the ways that the site takes; nobody is signed out by it.

    It is refused where no system administrator could come in by what is left.

    Example: genkan sign-in set --ways passkey,certificate
    """
    if ways is None and max_age_minutes is None:
        raise Stop("nothing to change: name at least one option", SET_UP)

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            now = await site.store.site()
            wish = PolicyWish(
                now.ways if ways is None else ways_of(ways),
                now.max_age if max_age_minutes is None else max_age_minutes * MINUTE or None,
            )
            env, here = site.env(), site.entrances
            left = await site.store.has_administrator_by(here.by(wish.ways), Permission.SYSTEM_ADMIN, env.now)
            return set_policy(now, wish, here, site.actor, env, somebody_left=left)

        await site.apply(decide)
        await _show(site, json)

    at_site(data_dir, work)


async def _show(site: Workbench, as_json: bool) -> None:
    document = policy_document(await site.store.site())
    if as_json:
        return print_json(document)
    age = document.max_age_seconds
    return print_fields(
        [("ways", ", ".join(document.ways)), ("at most old", "any age" if age is None else f"{age // 60} minutes")]
    )
