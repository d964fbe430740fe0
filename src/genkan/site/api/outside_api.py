"""The doctor's look at this site by REST: everything that the console's page shows of it."""

from msgspec import Struct

from genkan.doctor.verdicts import Report
from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/rest/genkan/1.0/installation/check"


class ProbeDocument(Struct, frozen=True):
    """One thing that was looked at; ``fix`` is empty where there is nothing to change."""

    id: str
    verdict: str
    asked: str
    answered: str
    why: str
    fix: str


class LookDocument(Struct, frozen=True):
    """What ``genkan check`` prints with ``--json``: the probes in the order in which one fault explains the next."""

    url: str
    verdict: str
    probes: tuple[ProbeDocument, ...]


async def look(received: Received, door: Door) -> Answer:
    """POST installation/check: has the doctor look at the base URL. Changes nothing, and keeps nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    report = await door.outlook.look(door.public)
    if report is None:
        return answer.busy(5)
    return answer.json(look_document(report))


def look_document(report: Report) -> LookDocument:
    """The report as JSON."""
    probes = tuple(
        ProbeDocument(probe.id, probe.verdict.value, probe.asked, probe.answered, probe.why, probe.fix)
        for probe in report.probes
    )
    return LookDocument(report.url, report.verdict.value, probes)


OPERATIONS = (
    Operation(
        Rule(PATH, ("POST",), look, Who.ADMINISTRATOR, Guard.MACHINE, "Has the doctor look at the site.", recent=False),
        LookDocument,
    ),
)
