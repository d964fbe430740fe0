"""genkan sign-on: trying out the directories of the sign-on file, from this machine."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, say
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, DataDir, Stop, load_settings, told
from genkan.outside.ldap import LdapDirectory
from genkan.outside.ldap_trial import Step, try_out
from genkan.settings import Settings
from genkan.sources.ldap import LdapSource

app = cyclopts.App(name="sign-on", help="The organisation's directories that people sign in by.")


@app.command(name="test")
@told
def try_directory(
    name: Annotated[str, Parameter(help="The name of its table in the sign-on file.")],
    *,
    user: Annotated[str, Parameter(help="A user name to look for; no password is asked for.")] = "",
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Try a directory out step by step; exit status 1 when something is wrong, with what to mend.

    Example: genkan sign-on test corp --user alice
    """
    source = _source(load_settings(data_dir), name)
    steps = asyncio.run(_tried(source, user))
    if json:
        print_json({"name": name, "good": _is_good(steps), "steps": [_document(step) for step in steps]})
    else:
        for line in (line for step in steps for line in _lines(step)):
            say(line)
    return DONE if _is_good(steps) else NO


def _source(settings: Settings, name: str) -> LdapSource:
    sign_on = settings.read_sign_on()
    source = sign_on.named(name)
    known = ", ".join(one.name for one in sign_on.ldap) or "none"
    if not isinstance(source, LdapSource):
        raise Stop(f"no [[ldap]] table of GENKAN_SIGN_ON_FILE is called {name}; there is: {known}", SET_UP)
    return source


async def _tried(source: LdapSource, user: str) -> Sequence[Step]:
    # Made within the loop that it is used in.
    return await try_out(LdapDirectory(source), user, clock.system_env())


def _is_good(steps: Sequence[Step]) -> bool:
    return all(step.good for step in steps)


def _lines(step: Step) -> Sequence[str]:
    line = f"{'ok   ' if step.good else 'WRONG'}  {step.tried}: {step.found}"
    return [line, f"       {step.fix}"] if step.fix else [line]


def _document(step: Step) -> dict[str, object]:
    return {"tried": step.tried, "good": step.good, "found": step.found, "fix": step.fix}
