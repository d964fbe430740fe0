"""The console's page of the sign-in policy, and the sign-in page as a policy leaves it."""

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Way
from genkan.protocol.signin.offer import Offer
from genkan.protocol.webviews import System, intent_of
from genkan.site import ways_form
from genkan.site.admin.sign_in_pages import EDIT, HERE, NONE_CHOSEN
from genkan.site.webview_page import WayOut
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown, carried, using

SIGN_IN = "/desk/login"


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    return [*_policy(chosen), *_narrowed(chosen), *_recovery(chosen)]


def _policy(chosen: Chosen) -> list[Shown]:
    values = {
        **framed(chosen, HERE),
        "action": f"/desk{EDIT}",
        "may_change": True,
        "boxes": ways_form.boxes(Way.PASSKEY | Way.CERTIFICATE),
        "max_age": "720",
        "faults": {},
        "ready": [(words, way is not Way.CORPORATE) for way, words in ways_form.WAY_WORDS.items()],
        "own": [chosen("Mobile app"), chosen("Wiki")],
        "links_url": "/desk/admin/links",
    }
    wrong = {
        **values,
        "boxes": ways_form.boxes(Way.NONE),
        "max_age": chosen("often"),
        "faults": {"ways": NONE_CHOSEN, "max_age": "Write a number of minutes, at least one, or nothing."},
        "own": [],
    }
    shut = {**values, "faults": {"ways": entry(Reason.NOBODY_COULD_SIGN_IN).public}}
    return [
        Shown("policy", "admin_sign_in.html", values),
        Shown("policy-to-read", "admin_sign_in.html", {**values, "may_change": False}),
        Shown("policy-wrong", "admin_sign_in.html", wrong, 400),
        Shown("policy-shut", "admin_sign_in.html", shut, 400),
    ]


def _narrowed(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": SIGN_IN,
        "hidden": carried(chosen),
        "username": "",
        "error": entry(Reason.WAY_NOT_TAKEN).public,
        "application": chosen("Jira Mobile"),
        "again": True,
        "offer": Offer(Way.PASSKEY),
        "passkey": using(chosen, autofill=True),
    }
    stronger = {**values, "error": "", "weak": True, "unmet_url": "/desk/rest/oauth2/latest/authorize/x?answer=unmet",
                "recovery_url": "/desk/login/recovery"}  # fmt: skip
    address = f"https://site.example/desk/rest/oauth2/latest/authorize/{'0a' * 150}"
    inside = {**values, "error": "", "again": False, "recovery_url": "/desk/login/recovery",
              "offer": Offer().without_keys()}  # fmt: skip
    anyway = "/desk/login?embedded=no"
    android = {**inside, "webview": WayOut("LINE", System.ANDROID, address, intent_of(address), anyway)}
    apple = {**inside, "webview": WayOut("", System.APPLE, address, "", anyway), "offer": Offer(Way.NONE)}
    other = {**inside, "webview": WayOut("Slack", System.OTHER, address, "", anyway)}
    return [
        Shown("login-narrowed", "login.html", values, 403),
        Shown("login-stronger", "login.html", stronger),
        Shown("login-in-app-android", "login.html", android),
        Shown("login-in-app-apple", "login.html", apple),
        Shown("login-in-app-other", "login.html", other),
    ]


def _recovery(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/login/recovery",
        "hidden": carried(chosen),
        "username": "",
        "error": "",
        "sign_in_url": SIGN_IN,
    }
    failed = {
        **values,
        "goes_on": True,
        "username": chosen("alice"),
        "error": entry(Reason.RECOVERY_CODE_REFUSED).public,
    }
    return [
        Shown("login-code", "login_recovery.html", values),
        Shown("login-code-failed", "login_recovery.html", failed, 401),
    ]
