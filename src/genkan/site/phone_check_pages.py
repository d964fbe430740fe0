"""The phone's side of a check: nobody is signed in, each step tells what was found and leads to the next, and all of it
works without a script, which finds out less then.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from msgspec.structs import replace

from genkan.doctor.phone import Certificate, Cookies, Crossing, Return, Told, decoded, encoded, one_of, told_of_form
from genkan.protocol import phone_checks
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.phone_checks import Check, Shown, Visit
from genkan.protocol.reasons import Reason
from genkan.protocol.webviews import System, embedded, intent_of
from genkan.site import answer, browser, phone_checked, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.phone_checked import CHECK, CHECKED
from genkan.site.presented_person import presented_person
from genkan.site.received import Received, set_cookie
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import INFO_LOGIN
from genkan.store.rounds import TRIES

COOKIE, STRICT, SCRIPT_COOKIE = "genkan-check", "genkan-check-strict", "genkan-check-script"
PRESENT = CHECK + "/certificate"
_COOKIE_SECONDS = phone_checks.LIFE // 1000
# HTML 4.11: a document in a sandbox has an origin of its own, so that the browser takes what it leads to for a visit
# from another site, without there being one.
_SANDBOX = b"; sandbox allow-scripts allow-top-navigation"
_DIRECT = (Return.ASKED, Return.LEFT, Return.YES, Return.NO)


async def start(received: Received, door: Door) -> Answer:
    """GET /check/{check}: what will be looked at, and the button. Writes nothing but the cookies that are looked at."""
    env = door.env()
    check = phone_checks.open_check(received.parameters["check"], door.sealer, env)
    if check is None:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    user_agent = received.text(b"user-agent", phone_checks.LONGEST_USER_AGENT)
    view = embedded(user_agent)
    here = phone_checked.address_of(received.parameters["check"], door.public)
    values = {
        "action": door.public.path + f"{CHECK}/{received.parameters['check']}",
        "hidden": {"visit": phone_checks.begin(check, door.sealer, env)},
        "script_cookie": SCRIPT_COOKIE,
        "cookie_path": door.public.path + CHECK,
        "info_url": door.public.path + INFO_LOGIN,
        "address": here,
        "intent": intent_of(here) if view is not None and view.system is System.ANDROID else "",
        "is_view": view is not None,
        "app": view.app if view is not None else "",
    }
    page = door.pages.page("phone_check.html", values, received.reader)
    return page.plus(*_cookies("1", _COOKIE_SECONDS, door))


async def tell(received: Received, door: Door) -> Answer:
    """POST /check/{check}: what the page found out, beside what its request shows; then away, to come back."""
    env = door.env()
    form = read.form(received)
    visit = phone_checks.open_visit(form.get("visit", ""), door.sealer, env)
    check = phone_checks.open_check(received.parameters["check"], door.sealer, env)
    if visit is None or check is None or visit.check != check:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    cookies = _cookies_came(received, form, door)
    crossing = Crossing.AWAY if cookies is Cookies.KEPT else Crossing.UNTOLD

    def decide(before: Told) -> Told:
        return replace(told_of_form(form, env.now, before), cookies=cookies, crossing=crossing)

    step = "/away" if cookies is Cookies.KEPT else ""
    return await _keep(visit, decide, step, received, door)


async def away(received: Received, door: Door) -> Answer:
    """GET /checked/{visit}/away: a page of no site at all, which leads back."""
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, door.env())
    if visit is None:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    back = f"{door.public.path}{CHECKED}/{received.parameters['visit']}/back"
    page = door.pages.page("phone_check_away.html", {"back_url": back, "seconds": 0}, received.reader)
    policy = (b"content-security-policy", dict(page.headers)[b"content-security-policy"] + _SANDBOX)
    return replace(page, headers=(*(pair for pair in page.headers if pair[0] != policy[0]), policy))


async def back(received: Received, door: Door) -> Answer:
    """GET /checked/{visit}/back: whether the cookie came along from elsewhere."""
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, door.env())
    if visit is None:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    crossing = _crossed(received, door)

    def decide(before: Told) -> Told:
        return replace(before, crossing=crossing) if before.crossing is Crossing.AWAY else before

    done = await _keep(visit, decide, "", received, door)
    return done.plus(*_cookies("", 0, door))


async def result(received: Received, door: Door) -> Answer:
    """GET /checked/{visit}: what was found, and the steps that want a tap."""
    env = door.env()
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, env)
    kept = await door.store.phone_visit(visit.id) if visit is not None else None
    if visit is None or kept is None:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    one = await phone_checked.checked(kept, door, env.now)
    redirect = await phone_checked.app_redirect(door)
    origin = door.settings.certificate_origin
    here = f"{door.public.path}{CHECKED}/{received.parameters['visit']}"
    values = {
        "phone": phone_checked.shown(one),
        "here": here,
        "certificates": origin is not None or door.settings.certificate_on_every_hop,
        "certificate_tried": one.told.certificate is not Certificate.UNTOLD,
        "certificate_host": (origin or door.public).host,
        "app_address": phone_checked.app_address(redirect, door),
        "app_scheme": redirect.scheme,
        "app": one.told.app.value,
        "again_url": f"{door.public.path}{CHECK}/{_resealed(visit.check, door, env)}",
        "can_again": env.now <= visit.check.expires_at,
    }
    forms_to = (origin.origin,) if origin is not None else ()
    return door.pages.page("phone_checked.html", values, received.reader, forms_to=forms_to)


async def go(received: Received, door: Door) -> Answer:
    """POST /checked/{visit}/certificate: to the origin that asks for one; where every address asks, this request is the
    answer.
    """
    env = door.env()
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, env)
    origin = door.settings.certificate_origin
    if visit is None or (origin is None and not door.settings.certificate_on_every_hop):
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    found = Shown(visit, Certificate.AWAY) if origin is not None else await _presented(visit, received, door, env)
    done = await _keep(visit, _certificate(found), "", received, door)
    if origin is None or done.status != 303:
        return done
    return answer.redirect(f"{origin.origin}{PRESENT}?{urlencode({'visit': received.parameters['visit']})}", 303)


async def present(received: Received, door: Door) -> Answer:
    """GET /check/certificate at the origin that asks for certificates: whether one came and would be taken, and nothing
    of whose it is. Nobody without a visit of this site is looked at.
    """
    env = door.env()
    text = read.query(received).get("visit", "")
    visit = phone_checks.open_visit(text, door.sealer, env)
    if visit is None:
        return answer.redirect(f"{door.public.text}/")
    sealed = phone_checks.seal_shown(await _presented(visit, received, door, env), door.sealer, env)
    return answer.redirect(f"{door.public.text}{CHECKED}/{text}/certificate?{urlencode({'shown': sealed})}")


async def came(received: Received, door: Door) -> Answer:
    """GET /checked/{visit}/certificate: what the other origin found."""
    env = door.env()
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, env)
    shown = phone_checks.open_shown(read.query(received).get("shown", ""), door.sealer, env)
    if visit is None or shown is None or shown.visit != visit:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)
    return await _keep(visit, _certificate(shown), "", received, door)


async def opened(received: Received, door: Door) -> Answer:
    """POST /checked/{visit}/app: whether the app opened, as the page saw or the person says."""
    env = door.env()
    visit = phone_checks.open_visit(received.parameters["visit"], door.sealer, env)
    said = one_of(Return, read.form(received).get("app", ""))
    if visit is None or said not in _DIRECT:
        return _refused(Reason.PHONE_CHECK_DEAD, received, door)

    def decide(before: Told) -> Told:
        # That it was asked for is no news once it is known how it went.
        known = said is Return.ASKED and before.app is not Return.UNTOLD
        return before if known else replace(before, app=said)

    return await _keep(visit, decide, "", received, door)


async def _keep(visit: Visit, decide: Callable[[Told], Told], step: str, received: Received, door: Door) -> Answer:
    """What a browser told, beside what it had told before; then on."""
    env = door.env()
    user_agent = received.text(b"user-agent", phone_checks.LONGEST_USER_AGENT)
    for _ in range(TRIES):
        kept = await door.store.phone_visit(visit.id)
        told = decide(decoded(kept.told) if kept is not None else Told())
        change = phone_checks.put(kept, visit, encoded(told), user_agent, env)
        if change is None:
            return _refused(Reason.PHONE_CHECK_FULL, received, door)
        if await door.store.apply(change):
            sealed = phone_checks.reseal_visit(visit, door.sealer, env)
            return answer.redirect(f"{door.public.text}{CHECKED}/{sealed}{step}", 303)
        if kept is None and await door.store.phone_visit(visit.id) is None:
            return _refused(Reason.PHONE_CHECK_FULL, received, door)
    return _refused(Reason.BUSY, received, door)


async def _presented(visit: Visit, received: Received, door: Door, env: Env) -> Shown:
    found = await presented_person(received, door, env)
    if isinstance(found, CertificateFault):
        return Shown(visit, Certificate.REFUSED, found.fault)
    return Shown(visit, Certificate.NONE if found is None else Certificate.ACCEPTED)


def _certificate(shown: Shown) -> Callable[[Told], Told]:
    state = one_of(Certificate, shown.state)
    return lambda before: replace(before, certificate=state, fault=shown.fault)


def _cookies_came(received: Received, form: read.Form, door: Door) -> Cookies:
    """Whose fault it is where the cookie did not come is told by one that the script made for itself."""
    if received.cookie(browser.cookie_name(door, COOKIE)) is not None:
        return Cookies.KEPT
    if form.get("script") != "1":
        return Cookies.LOST
    if form.get("own") != "1":
        return Cookies.BROWSER
    return Cookies.DOWN if received.cookie(SCRIPT_COOKIE) is not None else Cookies.UP


def _crossed(received: Received, door: Door) -> Crossing:
    """RFC 6265bis 5.7.3: from another site a Lax cookie comes and a Strict one does not; Fetch Metadata says it too."""
    if received.cookie(browser.cookie_name(door, COOKIE)) is None:
        return Crossing.LOST
    said = received.header(b"sec-fetch-site")
    strict = received.cookie(browser.cookie_name(door, STRICT)) is not None
    return Crossing.SAME if (strict if said is None else said != "cross-site") else Crossing.KEPT


def _cookies(value: str, seconds: int, door: Door) -> tuple[tuple[bytes, bytes], ...]:
    secure = door.public.secure
    lax, strict = browser.cookie_name(door, COOKIE), browser.cookie_name(door, STRICT)
    return (
        (b"set-cookie", set_cookie(lax, value, secure=secure, longest=seconds)),
        (b"set-cookie", set_cookie(strict, value, secure=secure, longest=seconds, same_site="Strict")),
    )


def _resealed(check: Check, door: Door, env: Env) -> str:
    return phone_checks.reseal_check(check, door.sealer, env)


def _refused(reason: Reason, received: Received, door: Door) -> Answer:
    refused = Refused(reason)
    door.note(refused, received, door.env().now)
    return door.pages.refusal(refused, received.request_id, received.reader)


_HERE = CHECKED + "/{visit}"
RULES = (
    Rule(CHECK + "/{check}", ("GET",), start, Who.RECOVERY, Guard.PAGE, "A check of the site by this very phone."),
    Rule(CHECK + "/{check}", ("POST",), tell, Who.RECOVERY, Guard.FORM, "Tells what the phone’s browser found."),
    Rule(_HERE, ("GET",), result, Who.RECOVERY, Guard.PAGE, "What a check found about this phone."),
    Rule(_HERE + "/away", ("GET",), away, Who.RECOVERY, Guard.PAGE, "Leads back, as another site would."),
    Rule(_HERE + "/back", ("GET",), back, Who.RECOVERY, Guard.PAGE, "Tells whether the cookie came along."),
    Rule(_HERE + "/certificate", ("POST",), go, Who.RECOVERY, Guard.FORM, "Leads to the origin that asks for one."),
    Rule(_HERE + "/certificate", ("GET",), came, Who.RECOVERY, Guard.PAGE, "Tells what that origin found."),
    Rule(_HERE + "/app", ("POST",), opened, Who.RECOVERY, Guard.FORM, "Tells whether the app opened."),
    Rule(
        PRESENT,
        ("GET",),
        present,
        Who.ANYONE,
        Guard.CERTIFICATE,
        "At the certificate origin alone: whether a certificate came and would be taken, for a check.",
    ),
)
