"""The pages of a check from a phone in every state that looks different; the doctor says what it really says."""

from msgspec.structs import replace

from genkan.doctor.judge_phone import judge
from genkan.doctor.phone import (
    Certificate,
    Cookies,
    Crossing,
    Info,
    Passkeys,
    Return,
    Told,
)
from genkan.protocol.phone_check_steps import PhoneVisit
from genkan.site.phone_checked import Checked, shown
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown
from tests.doctor.phones import WELL
from tests.doctor.phones import a_phone as doctors_phone

AT = 1_795_455_600_000
SEALED = "AT_Sxf2xVFISBvWhP__007DJpIFKeJ0bSoumIF3tPGavbtkIaJ7lofDCFw5nl789EgCmXSLbRcS_EeY"
LINK = f"https://site.example/desk/check/{SEALED}"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Mobile/15E148 Safari/604.1"
)
BROKEN = replace(
    WELL,
    skew=7_500_000,
    crossing=Crossing.LOST,
    info=Info.REDIRECTED,
    passkeys=Passkeys.NO_LOCK,
    certificate=Certificate.REFUSED,
    fault="expired",
    app=Return.NO,
)


def pages(chosen: Chosen) -> list[Shown]:
    """The phone's page and the console's, from the button to what came."""
    return [*_on_the_phone(chosen), *_in_the_console(chosen)]


def a_phone(chosen: Chosen, told: Told, number: int, app: str | None = None) -> dict[str, object]:
    """One phone as it is shown."""
    visit = PhoneVisit(b"c", bytes([number]), AT, AT, AT, 1, chosen(IPHONE), "")
    return shown(Checked(visit, told, chosen("iPhone · iOS 18.7 · Safari 26.1"), judge(doctors_phone(told, app=app))))


def _on_the_phone(chosen: Chosen) -> list[Shown]:
    start: dict[str, object] = {
        "action": f"/desk/check/{SEALED}",
        "hidden": {"visit": SEALED},
        "script_cookie": "genkan-check-script",
        "cookie_path": "/desk/check",
        "info_url": "/desk/rest/nativemobile/1.1/info/login",
        "address": LINK,
        "intent": "",
        "is_view": False,
        "app": "",
    }
    view = {**start, "is_view": True, "app": "LINE", "intent": f"intent://site.example/desk/check/{SEALED}#Intent;end"}
    there: dict[str, object] = {
        "here": f"/desk/checked/{SEALED}",
        "certificates": True,
        "certificate_tried": True,
        "certificate_host": "certs.site.example",
        "app_address": "jira-server://oauth-callback?error=access_denied&state=genkan-check",
        "app_scheme": "jira-server",
        "again_url": f"/desk/check/{SEALED}",
        "can_again": True,
    }
    fresh = replace(WELL, certificate=Certificate.UNTOLD, app=Return.UNTOLD)
    first = {**there, "phone": a_phone(chosen, fresh, 1), "certificate_tried": False, "app": ""}
    ready = {**there, "phone": a_phone(chosen, WELL, 1), "app": "left", "can_again": False}
    broken = {**there, "phone": a_phone(chosen, BROKEN, 1), "app": "no"}
    unscripted = {**there, "phone": a_phone(chosen, Told(cookies=Cookies.LOST), 1), "certificates": False, "app": ""}
    return [
        Shown("phone-check", "phone_check.html", start),
        Shown("phone-check-view", "phone_check.html", view),
        # It leads nowhere while somebody looks at it.
        Shown("phone-check-away", "phone_check_away.html", {"back_url": "#main", "seconds": 86_400}),
        Shown("phone-checked-first", "phone_checked.html", first, forms_to=("https://certs.site.example",)),
        Shown("phone-checked-ready", "phone_checked.html", ready),
        Shown("phone-checked-broken", "phone_checked.html", broken),
        Shown("phone-checked-unscripted", "phone_checked.html", unscripted),
    ]


def _in_the_console(chosen: Chosen) -> list[Shown]:
    frame: dict[str, object] = {
        **framed(chosen, "/admin/health/phone"),
        "action": "/desk/admin/health/phone",
        "health_url": "/desk/admin/health",
        "loopback": False,
    }
    made: dict[str, object] = {
        **frame,
        "link": LINK,
        "picture_url": "/desk/qr.svg",
        "here_url": f"/desk/admin/health/phone/{SEALED}",
        "opens": True,
        "expires_at": AT,
        "phones": [],
        # Asked for again by nobody while the page is looked at.
        "waiting": False,
        "known": "",
        "seen_url": "",
    }
    gated = replace(WELL, info=Info.REDIRECTED)
    one = [a_phone(chosen, gated, 1)]
    both = [a_phone(chosen, BROKEN, 2, "LINE"), a_phone(chosen, WELL, 1)]
    return [
        Shown("phone-checks", "phone_checks.html", {**frame, "link": ""}),
        Shown("phone-checks-loopback", "phone_checks.html", {**frame, "link": "", "loopback": True}),
        Shown("phone-checks-made", "phone_checks.html", made),
        Shown("phone-checks-told", "phone_checks.html", {**made, "phones": one}),
        Shown("phone-checks-two", "phone_checks.html", {**made, "phones": both}),
        Shown("phone-checks-over", "phone_checks.html", {**made, "opens": False}),
    ]
