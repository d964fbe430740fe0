"""genkan phones check: a QR code in the terminal, for a phone that looks at the site, and what it finds."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.check_words import tell
from genkan.cli.output import print_json, say
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.doctor.phone import Return
from genkan.doctor.verdicts import Report, Verdict
from genkan.outside.ring_file import read_ring_of
from genkan.protocol.env import SECOND
from genkan.protocol.phone_checks import LIFE, Check, issue, number
from genkan.protocol.ring import RingProblem
from genkan.protocol.sealing import Sealer
from genkan.settings import Settings
from genkan.site import phone_checked
from genkan.site.api.outside_api import phone_check_document
from genkan.site.phone_checked import Checked
from genkan.site.qr_picture import blocks
from genkan.store.api import Store
from genkan.wire.sentences import visible
from genkan.wire.urls import BaseURL

LOOK_SECONDS = 1.0
# What a phone tells last.
_LAST = frozenset({Return.LEFT, Return.YES, Return.NO})


@dataclass(frozen=True, slots=True)
class _Ground:
    settings: Settings
    public: BaseURL
    store: Store


@told
def check(
    *,
    wait: Annotated[int, Parameter(help="How many seconds to wait at most for a phone to tell everything.")] = 900,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Show a QR code for a phone that looks at the site, wait for it, and say what to change.

    Ends once a phone has gone through all steps; exit status 1 when something is wrong, or when no phone told anything.
    The console shows the same, under Health.

    Example: genkan phones check
    """

    async def work(site: Workbench) -> tuple[Check, str, list[Checked], _Ground]:
        ground = _Ground(site.settings, await site.address(), site.store)
        made = issue(await _sealer(site), site.env())
        _show(phone_checked.address_of(made.sealed, ground.public))
        return made.check, made.sealed, await _awaited(made.check, wait, ground, site), ground

    made, sealed, found, ground = at_site(data_dir, work)
    if json:
        print_json(phone_check_document(made, sealed, found, ground.public))
    else:
        _say(found, ground.public)
    return NO if not found or found[0].report.verdict is Verdict.WRONG else DONE


async def _sealer(site: Workbench) -> Sealer:
    facts = await site.store.site()
    ring = read_ring_of(site.settings.ring_path, facts)
    if isinstance(ring, RingProblem):
        raise Stop(ring.sentence, SET_UP)
    return Sealer(ring, facts.site_id)


def _show(address: str) -> None:
    """Beside the output, which programs read."""
    if sys.stderr.encoding.lower().startswith("utf"):
        sys.stderr.write(blocks(address) + "\n")
    print(f"Open it on the phone: {visible(address)}", file=sys.stderr, flush=True)


async def _awaited(check: Check, seconds: int, ground: _Ground, site: Workbench) -> list[Checked]:
    """What phones told, newest first: as soon as one told everything, else when the time is over."""
    until = min(site.env().now + seconds * SECOND, check.expires_at + LIFE)
    while True:
        found = await phone_checked.checked_of(check, ground, site.env().now)
        if site.env().now >= until or any(one.told.app in _LAST for one in found):
            return found
        await asyncio.sleep(LOOK_SECONDS)


def _say(found: list[Checked], base: BaseURL) -> None:
    for one in found:
        say(f"{number(one.visit.id)}: {one.device}")
        tell(Report(base.text, tuple(said.probe for said in one.probes)), whole=True)
        say("")
    if not found:
        say("No phone told anything.")
