"""Signing in by client certificate: from the site to the origin that asks for one, and back with what became of it."""

from urllib.parse import urlencode

from genkan.protocol.certificate_records import KeepCertificate
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.signin import hand_over as ho
from genkan.protocol.signin.certificate import kept, sign_in_known
from genkan.protocol.signin.session import NewSession
from genkan.site import answer, browser, certificate_form, read, typed
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.presented_person import Person, facts_of, person_in, presented_person
from genkan.site.received import Received, set_cookie
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import CARRIED, demand_of_form, this_browser
from genkan.store.rounds import TRIES

NONCE = "genkan-certificate"
START, DONE, PRESENT = "/login/certificate/start", "/login/certificate/done", "/login/certificate"


async def start(received: Received, door: Door) -> Answer:
    """GET /login/certificate/start: to the origin that asks for a certificate, with a nonce that this browser keeps.
    Where certificates are asked for everywhere, the one of this very request counts.
    """
    env = door.env()
    parameters = _carried(read.query(received))
    who = await browser.visitor(received, door, env)
    origin = door.settings.certificate_origin
    if origin is None:
        return await _here(parameters, received, who, door)
    nonce = env.draw(ho.NONCE_BYTES).hex()
    ticket = ho.seal_ticket(ho.Ticket(ho.digest_of(nonce), parameters, env.now), door.sealer, env)
    there = answer.redirect(f"{origin.origin}{PRESENT}?{urlencode({'ticket': ticket})}")
    return browser.with_device(_with_nonce(there, nonce, ho.TICKET_LIFE // 1000, door), who, door)


async def _here(parameters: read.Form, received: Received, who: Visitor, door: Door) -> Answer:
    if not door.settings.certificate_on_every_hop:
        return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, who.reader)
    done = await certificate_form.at_the_door(parameters, received, who, door)
    return certificate_form.none_page(parameters, who, door) if done is None else done


async def present(received: Received, door: Door) -> Answer:
    """GET /login/certificate at the origin that asks for certificates: judge what came, remember what is good, and lead
    back with the outcome. Nobody without a ticket of this site is looked at.
    """
    env = door.env()
    ticket = ho.open_ticket(read.query(received).get("ticket", ""), door.sealer)
    if ticket is None:
        return answer.redirect(f"{door.public.text}/login")
    if ho.is_late(ticket, env):
        return _back(ho.HandOver(ticket, env.now, fault=ho.LATE), door, env)
    found = await presented_person(received, door, env)
    if isinstance(found, Person):
        found = await _remember(found, door, env)
    if isinstance(found, CertificateFault):
        door.note(Refused(Reason.CERTIFICATE_REFUSED), received, env.now)
    return _back(_outcome(ticket, found, env), door, env)


def _back(outcome: ho.HandOver, door: Door, env: Env) -> Answer:
    sealed = ho.seal_hand_over(outcome, door.sealer, env)
    return answer.redirect(f"{door.public.text}{DONE}?{urlencode({'outcome': sealed})}")


async def _remember(person: Person, door: Door, env: Env) -> Person | CertificateFault | None:
    """Keep what is needed to ask again whether it stands; who revoked it a moment ago is believed."""
    for _ in range(TRIES):
        if await door.store.apply(Change((KeepCertificate(kept(person.facts, person.account, env)),))):
            return person
        facts = await facts_of(person.facts.accepted, door)
        again = person_in(facts)
        if isinstance(again, CertificateFault):
            return again
        person = again
    return None


def _outcome(ticket: ho.Ticket, found: Person | CertificateFault | None, env: Env) -> ho.HandOver:
    if isinstance(found, Person):
        fingerprint = found.facts.accepted.leaf.fingerprint
        return ho.HandOver(ticket, env.now, found.account.id, fingerprint)
    if found is None:
        return ho.HandOver(ticket, env.now, fault=ho.MISSING)
    return ho.HandOver(ticket, env.now, fault=found.fault, values=found.values)


async def done(received: Received, door: Door) -> Answer:
    """GET /login/certificate/done: take the hand-over once, and go on as somebody or with the reason why not."""
    env = door.env()
    text = read.query(received).get("outcome", "")
    who = await browser.visitor(received, door, env)
    nonce = received.cookie(browser.cookie_name(door, NONCE))
    taken = ho.take(text, nonce, door.sealer, env)
    if isinstance(taken, Refused):
        # Nothing is opened, and the way that the person was on is not lost.
        return await certificate_form.refused_page(
            taken, _carried(ho.carried(text, door.sealer)), received, who, door
        )  # fmt: skip
    parameters = _carried(taken.ticket.carried)
    if taken.fault == ho.MISSING:
        return certificate_form.none_page(parameters, who, door)
    fault = taken.refused or await _open(text, taken, parameters, received, who, door)
    if isinstance(fault, Answer):
        return browser.with_device(_with_nonce(fault, "", 0, door), who, door)
    return await certificate_form.refused_page(fault, parameters, received, who, door)


async def _open(
    text: str, taken: ho.HandOver, parameters: read.Form, received: Received, who: Visitor, door: Door
) -> Answer | CertificateFault | Refused:
    """The session, in one write with the use of the hand-over; what it depends on is read anew."""
    ways = (await demand_of_form(parameters, door, door.env())).offered
    for _ in range(TRIES):
        known = await door.store.certificate(taken.fingerprint)
        account = await door.store.account(taken.account_id)
        if known is None or account is None or known.account_id != account.id:
            break
        outcome = sign_in_known(known, account, ways, this_browser(received, who), door.env(), door.lifetimes)
        if not isinstance(outcome, NewSession):
            return outcome
        session = outcome.after((ho.spending(text, taken),))
        if await door.store.apply(session.change):
            return certificate_form.opened(session, account, parameters, who, door)
    return Refused(Reason.CERTIFICATE_LATE)


def _carried(given: read.Form) -> read.Form:
    """What an address has room for: what somebody was typing has not, and is typed again."""
    return {name: given[name] for name in CARRIED if given.get(name) and name != typed.FIELD}


def _with_nonce(done: Answer, nonce: str, seconds: int, door: Door) -> Answer:
    name = browser.cookie_name(door, NONCE)
    return done.plus((b"set-cookie", set_cookie(name, nonce, secure=door.public.secure, longest=seconds)))


RULES = (
    Rule(START, ("GET",), start, Who.ANYONE, Guard.PAGE, "Leads to the origin that asks for client certificates."),
    Rule(DONE, ("GET",), done, Who.ANYONE, Guard.PAGE, "Takes what became of the certificate, once, and goes on."),
    Rule(
        PRESENT,
        ("GET",),
        present,
        Who.ANYONE,
        Guard.CERTIFICATE,
        "At the certificate origin alone: judges the client's certificate, and leads back.",
    ),
)
