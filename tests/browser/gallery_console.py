"""The frame of the console and the account pages, and the pages that belong to the frame itself."""

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Way
from genkan.protocol.signin.offer import Offer
from genkan.site import navigation
from genkan.site.flashes import SENTENCES, Flash
from genkan.site.sign_in_form import SESSION_OVER
from tests.browser.showing_values import Chosen, Shown, carried, using


def framed(chosen: Chosen, here: str, *, flash: Flash | None = None, notice: str = "") -> dict[str, object]:
    """What ``console.page`` gives every page of console and account beside the page's own values."""
    groups = navigation.CONSOLE if here.startswith("/admin") else navigation.ACCOUNT
    return {
        "hidden": carried(chosen),
        "navigation": navigation.shown(groups, "/desk", here),
        "person_display": chosen("Alice Adams"),
        "sign_out_action": "/desk/logout",
        "is_administrator": True,
        "flash": SENTENCES[flash] if flash else "",
        "notice": notice,
    }


def pages(chosen: Chosen) -> list[Shown]:
    """All states of the frame's own pages."""
    return [*_confirm(chosen), *_overview(chosen)]


def _confirm(chosen: Chosen) -> list[Shown]:
    person = {"person_name": chosen("alice"), "person_display": chosen("Alice Adams")}
    out = {"sign_out_action": "/desk/logout", "sign_out_hidden": carried(chosen)}
    passkey = using(chosen)
    asked = {**person, **out, "action": "/desk/confirm", "hidden": carried(chosen), "error": "", "passkey": passkey,
             "offer": Offer(), "other_url": "/desk/login?next=%2Fdesk%2Fadmin"}  # fmt: skip
    over = {"action": "/desk/login", "hidden": carried(chosen), "username": "", "error": "", "application": "",
            "again": False, "notice": SESSION_OVER, "passkey": passkey, "offer": Offer()}  # fmt: skip
    kept = {"action": "/desk/admin/links/create", "hidden": carried(chosen), "person_name": chosen("Alice Adams")}
    return [
        Shown("confirm", "confirm.html", asked),
        Shown("confirm-failed", "confirm.html", {**asked, "error": entry(Reason.SIGN_IN_FAILED).public}, 401),
        Shown(
            "confirm-after-certificate",
            "confirm.html",
            {**asked, "by_device": True, "other_url": "", "recovery_url": "/desk/login/recovery"},
        ),
        Shown("confirm-by-key", "confirm.html", {**asked, "offer": Offer(Way.PASSKEY)}),
        Shown("login-over", "login.html", over, 401),
        Shown("kept", "kept.html", kept),
        Shown("not-allowed", "not_allowed.html", {**person, **out, "permission": "WRITE"}, 403),
    ]


def _overview(chosen: Chosen) -> list[Shown]:
    phone = {
        "address": "/desk/admin/phones/00",
        "person": chosen("Alice Adams"),
        "link": chosen("Mobile app"),
        "device": {"name": chosen("iPhone")},
        "signed_in_at": 1_793_607_300_000,
        "state": "signed_in",
        "disabled": False,
    }
    ended = {**phone, "state": "signed_out", "device": {"name": "Unknown"}}
    refused = [{"sentence": entry(Reason.SIGN_IN_FAILED).public, "count": 12},
               {"sentence": entry(Reason.UNKNOWN_CLIENT).public, "count": 1}]  # fmt: skip
    urls = {name: f"/desk/admin/{name}" for name in ("mobile_url", "links_url", "phones_url", "refusals_url")}
    values = {"mobile_on": True, "links": 12, "disabled_links": 1, "unsettled": 0, "newest": [phone, ended],
              "refused": refused, **urls}  # fmt: skip
    fresh = {"mobile_on": False, "links": 0, "disabled_links": 0, "unsettled": 1, "newest": [], "refused": [], **urls}
    return [
        Shown("admin", "admin.html", {**framed(chosen, "/admin", flash=Flash.SAVED), **values}),
        Shown("admin-fresh", "admin.html", {**framed(chosen, "/admin", notice=SESSION_OVER), **fresh}),
    ]
