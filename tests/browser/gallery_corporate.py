"""Pages about the organisation's own sign-in, with values to show them by."""

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Way
from genkan.protocol.signin.offer import Offer
from genkan.site.admin.person_identities import LINKED_ALREADY
from genkan.site.corporate_offer import Button
from tests.browser.gallery_person import facts
from tests.browser.showing_values import Chosen, Shown, carried, using

NOW = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """Each state that looks different once."""
    return [*_login(chosen), *_link(chosen)]


def _login(chosen: Chosen) -> list[Shown]:
    buttons = [
        Button(chosen("Example Corp"), "/desk/login/openid/corp"),
        Button(chosen("The Northern Region's Sign-in for Contractors and Their Guests"), "/desk/login/openid/north"),
    ]
    values: dict[str, object] = {
        "action": "/desk/login",
        "hidden": carried(chosen),
        "username": "",
        "error": "",
        "application": "",
        "again": False,
        "passkey": using(chosen),
        "offer": Offer(),
        "corporate": buttons,
    }
    person = {"person_name": chosen("alice"), "person_display": chosen("Alice Adams")}
    out = {"sign_out_action": "/desk/logout", "sign_out_hidden": carried(chosen)}
    confirm = {**person, **out, "action": "/desk/confirm", "hidden": carried(chosen), "error": "",
               "passkey": using(chosen), "corporate": buttons[:1], "offer": Offer(),
               "other_url": "/desk/login?next=%2Fdesk%2Fadmin"}  # fmt: skip
    refused = entry(Reason.SIGN_ON_REFUSED)
    return [
        Shown("login-corporate", "login.html", values),
        Shown("login-corporate-refused", "login.html", {**values, "error": refused.public}, refused.status),
        Shown("login-corporate-only", "login.html", {**values, "offer": Offer(Way.CORPORATE)}),
        Shown("confirm-corporate", "confirm.html", confirm),
    ]


def _link(chosen: Chosen) -> list[Shown]:
    fresh: dict[str, object] = {
        **facts(chosen, "/identities/add"),
        "values": {"source": "", "subject": "", "label": ""},
        "sources": [("corp", chosen("Example Corp")), ("north", chosen("The Northern Region"))],
        "strangers": [
            {"at": NOW, "title": chosen("Example Corp"), "name": chosen("alice@example.com"),
             "subject": chosen("00u1" * 20)},
        ],
        "faults": {},
        "error": "",
    }  # fmt: skip
    typed = {"source": "north", "subject": chosen("00u1"), "label": chosen("alice")}
    failed = {**fresh, "values": typed, "faults": {"subject": LINKED_ALREADY}, "strangers": []}
    above = {**fresh, "error": entry(Reason.ABOVE_CALLER).public, "strangers": []}
    return [
        Shown("person-identity", "person_identity.html", fresh),
        Shown("person-identity-failed", "person_identity.html", failed, 409),
        Shown("person-identity-above", "person_identity.html", above, 403),
    ]
