"""genkan sign-on: trying out the directories of the sign-on file, from this machine."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, say
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, DataDir, Stop, served_settings, told
from genkan.outside import ldap_trial
from genkan.outside.ldap import LdapDirectory
from genkan.outside.ldap_trial import Step
from genkan.outside.openid import trial as openid_trial
from genkan.outside.openid.client_proof import BadCredential, read_credential
from genkan.outside.openid.provider import Upstream
from genkan.settings import Settings
from genkan.sources.ldap import LdapSource
from genkan.sources.openid import OpenIDSource

app = cyclopts.App(name="sign-on", help="The organisation's directories that people sign in by.")


@app.command(name="test")
@told
def try_directory(
    name: Annotated[str, Parameter(help="The name of its table in the sign-on file.")],
    *,
    user: Annotated[str, Parameter(help="A user name to look for in LDAP; no password is asked for.")] = "",
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Try a directory out step by step; exit status 1 when something is wrong, with what to mend.

    Example: genkan sign-on test corp --user alice
    """
    settings = served_settings(data_dir)
    steps = asyncio.run(_tried(_source(settings, name), user, settings))
    if json:
        print_json({"name": name, "good": _is_good(steps), "steps": [_document(step) for step in steps]})
    else:
        for line in (line for step in steps for line in _lines(step)):
            say(line)
    return DONE if _is_good(steps) else NO


def _source(settings: Settings, name: str) -> LdapSource | OpenIDSource:
    sign_on = settings.read_sign_on()
    source = sign_on.named(name)
    known = ", ".join(one.name for one in sign_on.sources) or "none"
    if not isinstance(source, LdapSource | OpenIDSource):
        raise Stop(f"no table of GENKAN_SIGN_ON_FILE is called {name}; there is: {known}", SET_UP)
    return source


async def _tried(source: LdapSource | OpenIDSource, user: str, settings: Settings) -> Sequence[Step]:
    # Made within the loop that it is used in.
    if isinstance(source, LdapSource):
        return await ldap_trial.try_out(LdapDirectory(source), user, clock.system_env())
    try:
        credential = read_credential(source)
    except BadCredential as problem:
        raise Stop(str(problem), SET_UP) from None
    here = f"{settings.public.text}/login/openid/{source.name}"
    upstream = Upstream(source, credential, settings.reach, clock.system_env)
    return await openid_trial.try_out(upstream, f"{here}/callback", f"{here}/backchannel-logout")


def _is_good(steps: Sequence[Step]) -> bool:
    return all(step.good for step in steps)


def _lines(step: Step) -> Sequence[str]:
    line = f"{'ok   ' if step.good else 'WRONG'}  {step.tried}: {step.found}"
    return [line, f"       {step.fix}"] if step.fix else [line]


def _document(step: Step) -> dict[str, object]:
    return {"tried": step.tried, "good": step.good, "found": step.found, "fix": step.fix}
