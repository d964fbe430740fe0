"""Every page with values to show it by: what the pages are looked at, read and attacked with. An area of the
console has a module of its own and a line in AREAS.

A value that a person, an administrator or a caller can choose is made by ``chosen``, so that one gallery has plain
values and another one markup.
"""

from functools import cache
from urllib.parse import quote

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin.offer import Offer
from genkan.site.answer import Answer
from genkan.site.pages import ADVICE, Pages
from genkan.site.reader import Reader
from genkan.wire.urls import BaseURL, parse_base_url
from tests.browser import (
    gallery_base_url,
    gallery_certificates,
    gallery_console,
    gallery_corporate,
    gallery_directory,
    gallery_first,
    gallery_links,
    gallery_mdm,
    gallery_mobile,
    gallery_operations,
    gallery_passkeys,
    gallery_people,
    gallery_phone_check,
    gallery_phones,
    gallery_policy,
    gallery_preview,
)
from tests.browser.showing_values import Chosen, Shown, carried, plain, using

__all__ = ["ORIGIN", "Shown", "a_base", "gallery", "rendered", "the_pages"]

ORIGIN = "https://site.example"
AREAS = (
    gallery_base_url,
    gallery_certificates,
    gallery_console,
    gallery_corporate,
    gallery_directory,
    gallery_first,
    gallery_links,
    gallery_mdm,
    gallery_mobile,
    gallery_operations,
    gallery_passkeys,
    gallery_people,
    gallery_phone_check,
    gallery_phones,
    gallery_policy,
    gallery_preview,
)


def a_base(text: str = f"{ORIGIN}/desk") -> BaseURL:
    parsed = parse_base_url(text)
    if not isinstance(parsed, BaseURL):
        raise TypeError(parsed.sentence)
    return parsed


@cache
def the_pages(base: str = f"{ORIGIN}/desk", title: str = "Example Desk") -> Pages:
    return Pages(a_base(base), title)


def rendered(shown: Shown, pages: Pages, language: str = "en") -> Answer:
    reader = Reader(language, "Asia/Tokyo" if language == "ja" else "UTC")
    return pages.page(shown.template, shown.values, reader, status=shown.status, forms_to=shown.forms_to)


def gallery(chosen: Chosen = plain) -> list[Shown]:
    """All pages, each state that looks different once."""
    return [*_sign_in(chosen), *_consent(chosen), *_return(chosen), *_start(chosen), *_errors(chosen),
            *(shown for area in AREAS for shown in area.pages(chosen))]  # fmt: skip


def _sign_in(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/login",
        "hidden": carried(chosen),
        "username": "",
        "error": "",
        "application": "",
        "again": False,
        "offer": Offer(),
        "passkey": using(chosen),
    }
    failed = {
        **values,
        "username": chosen("alice"),
        "error": entry(Reason.SIGN_IN_FAILED).public,
        "application": chosen("Jira Mobile"),
        "again": True,
    }
    return [Shown("login", "login.html", values), Shown("login-failed", "login.html", failed, 401)]


def _consent(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/plugins/servlet/oauth2/consent",
        "hidden": carried(chosen),
        "application": chosen("Jira Mobile"),
        "permission": "WRITE",
        "permission_words": "See, create, change and delete what you can on this site",
        "destination": chosen("jira-server://oauth-callback"),
        "destination_kind": "private-use",
        "person_name": chosen("alice"),
        "person_display": chosen("Alice Adams"),
        "switch_action": "/desk/logout",
        "switch_hidden": carried(chosen),
        "page_answer_url": "/desk/plugins/servlet/oauth2/consent?answer=page",
        "answer_as_page": False,
    }
    terminal = {
        **values,
        "destination": chosen("http://127.0.0.1:40123/oauth-callback"),
        "destination_kind": "loopback",
        "page_answer_url": "",
    }
    website = {
        **values,
        "application": chosen("Reports of the Facilities Department"),
        "destination": chosen("https://reports.internal.example.com/oauth/callback/jira?tenant=facilities-and-grounds"),
        "destination_kind": "https",
        "person_display": chosen("alice"),
        "page_answer_url": "",
    }
    as_page = {**values, "answer_as_page": True, "page_answer_url": ""}
    return [
        Shown("consent", "consent.html", values, forms_to=("jira-server:",)),
        Shown("consent-terminal", "consent.html", terminal),
        Shown("consent-website", "consent.html", website),
        Shown("consent-trial", "consent.html", {**terminal, "is_trial": True}),
        Shown("consent-as-page", "consent.html", as_page),
    ]


def _return(chosen: Chosen) -> list[Shown]:
    """Values travel percent-encoded in an address; nothing else may stand in one (genkan.wire.redirects)."""
    state = quote(chosen("af0ifjsldkj"), safe="")
    target = f"jira-server://oauth-callback?code=gnk_ac_{'Zm9v' * 60}&state={state}&iss=https%3A%2F%2Fsite.example"
    return [
        Shown("return", "return.html", {"target": target, "application": chosen("Jira Mobile")}),
        Shown("return-by-hand", "return.html", {"target": target, "application": "", "automatic": False}),
    ]


def _start(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "person": None,
        "sign_in_url": "/desk/login",
        "sign_out_action": "/desk/logout",
        "sign_out_hidden": carried(chosen),
        "mobile_on": True,
        "mobile_action": "/desk/setup/mobile",
        "next_command": f"genkan app login {ORIGIN}/desk",
        "is_administrator": False,
        "has_administrator": True,
        "apps_url": "/desk/account/apps",
    }
    person = {"name": chosen("alice"), "display_name": chosen("Alice Adams"), "permission_name": "SYSTEM_ADMIN"}
    administrator = {**values, "person": person, "is_administrator": True, "mobile_on": False}
    return [
        Shown("home", "home.html", values),
        Shown("home-administrator", "home.html", administrator),
        Shown("home-not-set-up", "home.html", {**values, "has_administrator": False, "mobile_on": False}),
        Shown("signed-out", "signed_out.html", {"sign_in_url": "/desk/login"}),
    ]


def _errors(chosen: Chosen) -> list[Shown]:
    def error(status: int, sentence: str, detail: str = "") -> dict[str, object]:
        return {"status": status, "sentence": sentence, "detail": detail, "request_id": "9f3c21aa-1b",
                "advice": ADVICE if detail else ""}  # fmt: skip

    unknown = error(400, "This site does not know the application that sent you here.", chosen("client_id"))
    return [
        Shown("error", "error.html", unknown, 400),
        Shown("error-not-found", "error.html", error(404, entry(Reason.NOT_FOUND).public), 404),
        Shown("error-busy", "error.html", error(503, "The site is busy; try again."), 503),
    ]
