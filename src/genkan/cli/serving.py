"""The question of a health check to the process that serves on this machine."""

import httpx2

from genkan.cli.output import print_json, print_warning, say
from genkan.cli.workbench import DONE, NO
from genkan.settings import Settings
from genkan.started import health_address

ASK_SECONDS = 3.0


def tell_serving(settings: Settings, json: bool) -> int:
    """Say whether it answers; the exit status."""
    asked = health_address(settings)
    fault = fault_of(asked)
    if json:
        print_json({"serving": fault is None, "asked": asked, "fault": fault})
    elif fault is None:
        say(f"{asked} answers")
    else:
        print_warning(f"{asked} {fault}")
    return DONE if fault is None else NO


def fault_of(address: str) -> str | None:
    """What is wrong, to follow the address in a sentence; None when it answers 200."""
    try:
        # The certificate is for the site's name, and this is the machine itself.
        answer = httpx2.get(address, timeout=ASK_SECONDS, verify=False, trust_env=False)
    except httpx2.HTTPError as problem:
        return f"does not answer: {problem}"
    return None if answer.status_code == httpx2.codes.OK else f"answers {answer.status_code}"
