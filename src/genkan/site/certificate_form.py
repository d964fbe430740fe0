"""Signing in by certificate wherever it is offered: the way there, the session that it opens, and what is said where it
opens none.
"""

from urllib.parse import urlencode

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Way
from genkan.protocol.signin.certificate import sign_in
from genkan.protocol.signin.session import NewSession
from genkan.site import browser
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.presented_person import Person, facts_of, presented_person
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.sign_in_form import SignedIn, after_sign_in, demand_of_form, login_form, this_browser
from genkan.store.rounds import TRIES


async def at_the_door(parameters: Form, received: Received, who: Visitor, door: Door) -> Answer | None:
    """Sign in without a form where certificates are asked for everywhere; None where this request shows none, or where
    none is taken.
    """
    if Way.CERTIFICATE not in (await demand_of_form(parameters, door, door.env())).offered:
        return None
    found = await presented_person(received, door, door.env())
    if found is None:
        return None
    if isinstance(found, CertificateFault):
        door.note(Refused(Reason.CERTIFICATE_REFUSED), received, door.env().now)
    done = await by_presented(found, parameters, received, who, door) if isinstance(found, Person) else found
    if isinstance(done, Answer):
        return browser.with_device(done, who, door)
    return await refused_page(done, parameters, received, who, door)


async def by_presented(
    person: Person, parameters: Form, received: Received, who: Visitor, door: Door
) -> Answer | CertificateFault | Refused:
    """Sign in whom the request's own certificate means, and go on where ``parameters`` say."""
    facts = person.facts
    ways = (await demand_of_form(parameters, door, door.env())).offered
    for _ in range(TRIES):
        outcome = sign_in(facts, ways, this_browser(received, who), door.env(), door.lifetimes)
        if not isinstance(outcome, NewSession):
            return outcome
        if await door.store.apply(outcome.change):
            return opened(outcome, person.account, parameters, who, door)
        # Revoked, kept or given to another account a moment ago.
        facts = await facts_of(facts.accepted, door)
    return Refused(Reason.BUSY, retry_after=1)


def opened(session: NewSession, account: Account, parameters: Form, who: Visitor, door: Door) -> Answer:
    """The way on, with the new session."""
    return SignedIn(session.cookie, account).signed_in(after_sign_in(parameters, account, who, door), who, door)


async def refused_page(
    fault: CertificateFault | Refused, parameters: Form, received: Received, who: Visitor, door: Door
) -> Answer:
    """The sign-in page, which says what was wrong with the certificate and has the other ways still there."""
    if isinstance(fault, Refused):
        door.note(fault, received, door.env().now)
        row = entry(fault.reason)
        page = await login_form(parameters, who, door, door.env(), error=row.public, status=row.status)
    else:
        page = await login_form(parameters, who, door, door.env(), error=fault.public, status=403)
    return browser.with_device(page, who, door)


def none_page(parameters: Form, who: Visitor, door: Door) -> Answer:
    """Nobody showed a certificate: how one gets on a phone or computer, and the ways on."""
    asked = f"?{urlencode(parameters)}" if parameters else ""
    values = {
        "again_url": f"{door.public.path}/login/certificate/start{asked}",
        "other_url": f"{door.public.path}/login{asked}{'&' if asked else '?'}form=1",
    }
    return browser.with_device(door.pages.page("certificate_none.html", values, who.reader, status=403), who, door)
