"""The authorization endpoint, its hub and the consent page (RFC 6749 4.1.1): every step returns to the hub, which
decides afresh.
"""

from typing import assert_never

from genkan.protocol.authorize import ErrorPage, ErrorRedirect, GoOn, Interaction, consider
from genkan.protocol.env import Env
from genkan.protocol.interaction import (
    AskConsent,
    AskSignIn,
    Decision,
    HubFacts,
    Issue,
    NextStep,
    next_step,
    open_interaction,
    refusing_step,
    remember_consent,
    seal_interaction,
)
from genkan.protocol.link_wishes import redirect_kind
from genkan.protocol.outcomes import Change, CloseSession, Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.provider import trial
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import ANSWER, UNMET
from genkan.store.rounds import TRIES
from genkan.wire import redirects
from genkan.wire.scopes import WORDS

AUTHORIZE = "/rest/oauth2/latest/authorize"
AUTHORIZE_1_0 = "/rest/oauth2/1.0/authorize"
CONSENT = "/plugins/servlet/oauth2/consent"
INTERACTION = "interaction"
SHOWN = "permission"
ISSUING = 10 + 12  # the random bits of a grant's id, and the code's nonce


async def authorize(received: Received, door: Door) -> Answer:
    """GET authorize: check the request, then decide as the hub does, so that a signed-in person is one step from
    the code.
    """
    env = door.env()
    parameters = read.query(received)
    if not door.settings.enable_access_tokens:
        return _error_page(Refused(Reason.TOKENS_SWITCHED_OFF), received, door, env)
    link = await door.store.link_by_client_id(parameters.get("client_id", ""))
    outcome = consider(read.authorize_request(parameters), link, env)
    match outcome:
        case ErrorPage(refused):
            return _error_page(refused, received, door, env)
        case ErrorRedirect():
            return _leave(received, door, answer.error_location(outcome, door.endpoints.issuer))
        case GoOn(interaction):
            return await _walk(received, door, interaction, env)
        case _:
            assert_never(outcome)


async def hub(received: Received, door: Door) -> Answer:
    """GET authorize/{interaction}: where sign-in and consent come back to."""
    opened = _opened(received.parameters[INTERACTION], door)
    if isinstance(opened, Refused):
        return _error_page(opened, received, door, door.env())
    if opened.acrs and received.query and read.query(received).get(ANSWER) == UNMET:
        # RFC 9470 5: the person has none of the ways that were asked for, and says so instead of being stuck.
        told = ErrorRedirect(Refused(Reason.AUTHENTICATION_UNMET), opened.redirect_uri, opened.state)
        return await _finish(await _still_registered(opened, told, door), opened, received, door, door.env())
    return await _walk(received, door, opened, door.env())


async def _still_registered(asked: Interaction, told: ErrorRedirect, door: Door) -> ErrorRedirect | ErrorPage:
    """RFC 9700 4.1: no answer at an address that is not the link's any more."""
    step = refusing_step(asked, await door.store.link(asked.link_id))
    return step or told


async def _walk(received: Received, door: Door, asked: Interaction, env: Env) -> Answer:
    env = env.drawn(ISSUING)
    _, facts = await _visit(asked, received, door, env)
    step = next_step(asked, facts, None, env)
    match step:
        case AskSignIn():
            sealed = seal_interaction(door.sealer, asked, env)
            return answer.redirect(f"{door.public.text}/login?{INTERACTION}={sealed}")
        case AskConsent():
            sealed = seal_interaction(door.sealer, asked, env)
            return answer.redirect(f"{door.public.text}{CONSENT}?{INTERACTION}={sealed}")
        case _:
            return await _finish(step, asked, received, door, env)


async def consent_page(received: Received, door: Door) -> Answer:
    """GET consent: who asks, what it may do, where the answer goes, as whom."""
    env = door.env()
    parameters = read.query(received)
    opened = _opened(parameters.get(INTERACTION, ""), door)
    if isinstance(opened, Refused):
        return _error_page(opened, received, door, env)
    who, facts = await _visit(opened, received, door, env)
    step = next_step(opened, facts, None, env)
    if not isinstance(step, AskConsent):
        return answer.redirect(_hub_address(opened, door, env))
    return browser.with_device(_consent_answer(step, opened, parameters, who, door, env), who, door)


def _consent_answer(
    step: AskConsent, asked: Interaction, parameters: read.Form, who: browser.Visitor, door: Door, env: Env
) -> Answer:
    sealed = seal_interaction(door.sealer, asked, env)
    hidden = {
        INTERACTION: sealed,
        SHOWN: step.permission.name,
        browser.PAGE_FIELD: browser.page_token(who, door, env),
    }
    as_page = parameters.get(ANSWER) == "page"
    effective = min(step.permission, step.account.permission)
    kind = redirect_kind(asked.redirect_uri)
    here = f"{door.public.path}{CONSENT}"
    values = {
        "action": here,
        "hidden": {**hidden, ANSWER: "page"} if as_page else hidden,
        "application": step.link.name,
        # What the application will be able to do is never more than the person can.
        "permission": effective.name,
        "permission_words": WORDS[effective],
        "destination": asked.redirect_uri,
        "destination_kind": kind.value if kind else "",
        "person_name": step.account.name,
        "person_display": step.account.display_name,
        "switch_action": f"{door.public.path}/logout",
        "switch_hidden": hidden,
        "page_answer_url": "" if as_page or asked.trial or kind is not redirects.Kind.PRIVATE_USE
        else f"{here}?{INTERACTION}={sealed}&{ANSWER}=page",
        "answer_as_page": as_page,
        "is_trial": bool(asked.trial),
    }  # fmt: skip
    return door.pages.page(
        "consent.html", values, who.reader, forms_to=(redirects.form_action_source(asked.redirect_uri),)
    )


async def consent_decision(received: Received, door: Door) -> Answer:
    """POST consent: allow or deny. The form's token ties the decision to this browser and this session."""
    env = door.env()
    form = read.form(received)
    opened = _opened(form.get(INTERACTION, ""), door)
    if isinstance(opened, Refused):
        return _error_page(opened, received, door, env)
    who, facts = await _visit(opened, received, door, env)
    decision = form.get("decision")
    if decision not in (Decision.ALLOW.value, Decision.DENY.value) or browser.form_fault(
        received, form, who, door, env
    ):
        # Stale, double or of another session: nothing is lost by asking again.
        return answer.redirect(_hub_address(opened, door, env), 303)
    step = await _decided(opened, Decision(decision), form.get(SHOWN, ""), facts, received, door)
    if isinstance(step, AskSignIn | AskConsent):
        return answer.redirect(_hub_address(opened, door, env), 303)
    return await _finish(step, opened, received, door, env, as_page=form.get(ANSWER) == "page")


async def _decided(
    asked: Interaction, decision: Decision, shown: str, facts: HubFacts, received: Received, door: Door
) -> NextStep:
    """The step after a decision, with a consent to remember written first. ``shown`` is the permission on the page."""
    for _ in range(TRIES):
        env = door.env()
        wanted = next_step(asked, facts, None, env)
        step = next_step(asked, facts, decision, env)
        if decision is Decision.DENY or not isinstance(wanted, AskConsent) or not isinstance(step, Issue):
            return step
        if wanted.permission.name != shown:
            # What would be given now is not what the page said: the person is asked about what it is now.
            return wanted
        change = None if asked.trial else remember_consent(wanted, facts.consent, env, received.peer.address)
        if change is None or await door.store.apply(change):
            return step
        _, facts = await _visit(asked, received, door, door.env())
    return ErrorPage(Refused(Reason.BUSY, retry_after=1))


async def _visit(asked: Interaction, received: Received, door: Door, env: Env) -> tuple[browser.Visitor, HubFacts]:
    who, facts = await browser.visitor_for(asked.link_id, received, door, env)
    device = who.device if not who.fresh else None
    return who, HubFacts(facts.link, who.person, facts.consent, device, facts.site)


async def _finish(
    step: NextStep, asked: Interaction, received: Received, door: Door, env: Env, *, as_page: bool = False
) -> Answer:
    match step:
        case Issue():
            location = _code_location(step, door, env)
            if asked.trial:
                return trial.answered(asked, location, received, door, env)
            if step.ends_session is not None:
                await door.store.apply(Change((CloseSession(step.ends_session),)))
                return browser.without_session(_leave(received, door, location, as_page=as_page), door)
            return _leave(received, door, location, as_page=as_page)
        case ErrorRedirect():
            location = answer.error_location(step, door.endpoints.issuer)
            if asked.trial:
                return trial.answered(asked, location, received, door, env)
            return _leave(received, door, location, as_page=as_page)
        case ErrorPage(refused):
            return _error_page(refused, received, door, env)
        case AskSignIn() | AskConsent():
            raise TypeError("the walk asks, it does not finish")
        case _:
            assert_never(step)


def _code_location(step: Issue, door: Door, env: Env) -> str:
    """RFC 6749 4.1.2: the code goes back with ``state`` as it came, and ``iss`` (RFC 9207 2)."""
    code = {"code": door.sealer.code(step.code, env)}
    return redirects.with_answer(step.redirect_uri, answer.redirect_parameters(code, step.state, door.endpoints.issuer))


def _leave(received: Received, door: Door, location: str, *, as_page: bool = False) -> Answer:
    """Back to the application: by redirect, or by a page with a button where a browser would want a gesture.

    A browser that navigates by itself (no form, no tap: Sec-Fetch-User absent) may refuse to open an app by redirect.
    """
    by_itself = (
        received.method == "GET"
        and received.header(b"sec-fetch-mode") == "navigate"
        and received.header(b"sec-fetch-user") is None
    )
    if as_page or (by_itself and redirect_kind(location.partition("?")[0]) is redirects.Kind.PRIVATE_USE):
        return door.pages.page(
            "return.html", {"target": location, "application": "", "automatic": not as_page}, received.reader
        )
    return answer.redirect(location, 303 if received.method == "POST" else 302)


def _opened(text: str, door: Door) -> Interaction | Refused:
    env = door.env()
    opened = open_interaction(door.sealer, text, env, door.lifetimes)
    if isinstance(opened, Refused) and opened.reason is Reason.RING_BEHIND:
        door.ring.renew(env.now)
        opened = open_interaction(door.sealer, text, env, door.lifetimes)
        if isinstance(opened, Refused) and opened.reason is Reason.RING_BEHIND:
            return Refused(Reason.INTERACTION_BROKEN)
    return opened


def _hub_address(asked: Interaction, door: Door, env: Env) -> str:
    return f"{door.public.text}{AUTHORIZE}/{seal_interaction(door.sealer, asked, env)}"


def _error_page(refused: Refused, received: Received, door: Door, env: Env) -> Answer:
    door.note(refused, received, env.now)
    return door.pages.refusal(refused, received.request_id, received.reader, detail=refused.detail)


RULES = (
    Rule(AUTHORIZE, ("GET",), authorize, Who.ANYONE, Guard.PAGE, "The authorization endpoint."),
    Rule(AUTHORIZE_1_0, ("GET",), authorize, Who.ANYONE, Guard.PAGE, "The same under the numbered version."),
    Rule(
        AUTHORIZE + "/{interaction}", ("GET",), hub, Who.ANYONE, Guard.PAGE, "Where sign-in and consent come back to."
    ),
    Rule(
        CONSENT,
        ("GET",),
        consent_page,
        Who.ANYONE,
        Guard.PAGE,
        "The consent page; without a session it leads to sign-in.",
    ),
    Rule(
        CONSENT,
        ("POST",),
        consent_decision,
        Who.PERSON,
        Guard.FORM,
        "The decision made on the consent page.",
        recent=False,
    ),
)
