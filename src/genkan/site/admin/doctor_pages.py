"""The console's page on which the doctor looks at the site's base URL, when somebody presses the button."""

from genkan.doctor.verdicts import Report, Verdict
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/admin/health/check"
_ORDER = (Verdict.WRONG, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK)


async def before(received: Received, door: Door) -> Answer:
    """GET /admin/health/check: asks nobody anything."""
    inside = await console.entrance(received, door)
    return inside if isinstance(inside, Answer) else _page(inside, door, None)


async def look(received: Received, door: Door) -> Answer:
    """POST /admin/health/check: the report, which is kept nowhere."""
    inside = await console.entrance(received, door, back=PATH)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, PATH)
    report = await door.outlook.look(door.public)
    return console.busy(inside, received, door) if report is None else _page(inside, door, report)


def _page(inside: console.Inside, door: Door, report: Report | None) -> Answer:
    first = report.first if report is not None else None
    probes = sorted(report.probes, key=lambda probe: _ORDER.index(probe.verdict)) if report is not None else []
    values = {
        "action": door.public.path + PATH,
        "health_url": f"{door.public.path}/admin/health",
        "url": door.public.text,
        "looked": report is not None,
        "verdict": report.verdict.value if report is not None else "",
        "ready": report is not None and report.ready,
        "first": first,
        "probes": probes,
        "notes": report.notes if report is not None else (),
    }
    return console.page(inside, door, "doctor.html", values)


RULES = (
    Rule(PATH, ("GET",), before, Who.ADMINISTRATOR, Guard.PAGE, "Where the doctor is asked to look at the site."),
    Rule(PATH, ("POST",), look, Who.ADMINISTRATOR, Guard.FORM, "Has the doctor look at the site.", recent=False),
)
