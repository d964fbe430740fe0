"""The doctor by REST, from this machine and from a phone: everything that the console's pages show of both."""

from msgspec import Struct

from genkan.doctor.verdicts import Report
from genkan.protocol import phone_checks
from genkan.protocol.outcomes import Refused
from genkan.protocol.phone_checks import KEPT, Check, open_check
from genkan.protocol.reasons import Reason
from genkan.site import answer, phone_checked
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.documents import moment
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.phone_checked import Checked
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire.urls import BaseURL

PATH = "/rest/genkan/1.0/installation/check"
PHONES = "/rest/genkan/1.0/installation/phone-checks"


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


class PhoneCheckedDocument(Struct, frozen=True, rename="camel"):
    """A phone that told something. ``number`` tells it from the others of its check; ``userAgent`` is what it says."""

    number: str
    device: str
    user_agent: str
    opened_at: str
    changed_at: str
    verdict: str
    probes: tuple[ProbeDocument, ...]


class PhoneCheckDocument(Struct, frozen=True, rename="camel"):
    """A check from a phone: ``url`` is opened on the phone until ``expiresAt``; ``phones`` are the newest first."""

    id: str
    url: str
    expires_at: str
    phones: tuple[PhoneCheckedDocument, ...]


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
    return LookDocument(report.url, report.verdict.value, _probes(report))


def _probes(report: Report) -> tuple[ProbeDocument, ...]:
    return tuple(
        ProbeDocument(probe.id, probe.verdict.value, probe.asked, probe.answered, probe.why, probe.fix)
        for probe in report.probes
    )


async def make_phone_check(received: Received, door: Door) -> Answer:
    """POST installation/phone-checks: an address for a phone, good for fifteen minutes. Writes nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    made = phone_checks.issue(door.sealer, door.env())
    return answer.json(phone_check_document(made.check, made.sealed, [], door.public), 201)


async def show_phone_check(received: Received, door: Door) -> Answer:
    """GET installation/phone-checks/{check}: what phones told, for a day."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    env, sealed = door.env(), received.parameters["check"]
    check = open_check(sealed, door.sealer, env, KEPT)
    if check is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    found = await phone_checked.checked_of(check, door, env.now)
    return answer.json(phone_check_document(check, sealed, found, door.public))


def phone_check_document(check: Check, sealed: str, found: list[Checked], base: BaseURL) -> PhoneCheckDocument:
    """The check as JSON, as it is in the API and the command."""
    address = phone_checked.address_of(sealed, base)
    return PhoneCheckDocument(sealed, address, moment(check.expires_at), tuple(map(_phone_document, found)))


def _phone_document(one: Checked) -> PhoneCheckedDocument:
    visit, report = one.visit, one.report
    return PhoneCheckedDocument(
        phone_checks.number(visit.id),
        one.device,
        visit.user_agent,
        moment(visit.made_at),
        moment(visit.changed_at),
        report.verdict.value,
        _probes(report),
    )


OPERATIONS = (
    Operation(
        Rule(PATH, ("POST",), look, Who.ADMINISTRATOR, Guard.MACHINE, "Has the doctor look at the site.", recent=False),
        LookDocument,
    ),
    Operation(
        Rule(
            PHONES,
            ("POST",),
            make_phone_check,
            Who.ADMINISTRATOR,
            Guard.MACHINE,
            "Makes an address at which a phone looks at the site.",
            recent=False,
        ),
        PhoneCheckDocument,
        status=201,
    ),
    Operation(
        Rule(PHONES + "/{check}", ("GET",), show_phone_check, Who.ADMINISTRATOR, Guard.MACHINE, "What phones told."),
        PhoneCheckDocument,
    ),
)
