"""What the doctor would tell to change first at a site that an app cannot sign in to.

Owns the one place where the app's side asks the doctor: after a failure, in a thread of its own, within seconds.
"""

import asyncio
import threading

from genkan.app.machine import Machine
from genkan.app.outcomes import NotReady, Problem, Retry, SignInAgain
from genkan.app.state import Site

EXAMINATION_SECONDS = 15.0


def advice_for(address: str, machine: Machine, site: Site | None = None, redirect_uri: str | None = None) -> str:
    """One sentence and its fix; empty where the doctor finds nothing wrong, or nothing that can be asked.

    ``redirect_uri`` is the one of the sign-in that failed.
    """
    said: list[str] = []

    def ask() -> None:
        said.append(asyncio.run(_examined(address, machine, site, redirect_uri)))

    # A program that already runs an event loop may ask as well.
    thread = threading.Thread(target=ask, name="doctor", daemon=True)
    thread.start()
    thread.join(2 * EXAMINATION_SECONDS)
    return said[0] if said else ""


def advice_on(
    problem: NotReady | Problem,
    address: str,
    machine: Machine,
    site: Site | None = None,
    redirect_uri: str | None = None,
) -> str:
    """The advice for what stopped a sign-in; empty where nobody has to change anything, and then nothing is asked."""
    if isinstance(problem, Retry | SignInAgain):
        return ""
    return advice_for(address, machine, site, redirect_uri)


async def _examined(address: str, machine: Machine, site: Site | None, redirect_uri: str | None) -> str:
    # The doctor brings an HTTP client and X.509 along, which an app that works never needs.
    from genkan.doctor.examine import Means, examine, target_of  # noqa: PLC0415
    from genkan.doctor.observed import APP_REDIRECT, APP_SCOPE  # noqa: PLC0415
    from genkan.doctor.reach import Clocks  # noqa: PLC0415
    from genkan.doctor.verdicts import Verdict  # noqa: PLC0415
    from genkan.wire.urls import BaseURLProblem  # noqa: PLC0415

    target = target_of(
        address,
        client_id=site.client_id if site else None,
        redirect_uri=redirect_uri or APP_REDIRECT,
        scope=(site.scope if site else None) or APP_SCOPE,
    )
    if isinstance(target, BaseURLProblem):
        return ""
    means = Means(Clocks(machine.now, machine.ticks), seconds=EXAMINATION_SECONDS)
    first = (await examine(target, means)).first
    if first is None or first.verdict is not Verdict.WRONG:
        return ""
    return f"genkan check says: {first.answered}. {first.fix}"
