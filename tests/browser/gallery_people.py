"""The pages about people and of one's own account, with values to show them by."""

from genkan.protocol.ends import END_SENTENCES, EndReason
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import FailedTries, Way
from genkan.protocol.signin.offer import Offer
from genkan.site.account.second_device import NO_NUMBER
from genkan.site.flashes import SENTENCES, Flash
from genkan.site.login.typed_accounts import PRESENT_WRONG, UNKNOWN_ZONE
from genkan.site.onward import Onward
from tests.browser import gallery_passkeys, gallery_person
from tests.browser.gallery_console import framed
from tests.browser.gallery_person import DAY, NOW, ZONES, sessions
from tests.browser.showing_values import Chosen, Shown, carried


def pages(chosen: Chosen) -> list[Shown]:
    """Each state that looks different once."""
    return [*_recover(chosen), *_profile(chosen), *_apps(chosen), *_sessions(chosen), *_sign_in(chosen),
            *_second_device(chosen),
            *gallery_person.pages(chosen)]  # fmt: skip


def _recover(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/recover/0123456789abcdef",
        "hidden": carried(chosen),
        "error": "",
        "person_name": chosen("alice"),
        "person_display": chosen("Alice Adams"),
        "is_first": False,
        "sign_out": True,
        "expires_at": NOW + DAY,
        "least": 10,
        "offer": Offer(),
        "passkey": {"works": True, "options": "/desk/recover/0123456789abcdef/passkey"},
    }
    failed = {**values, "error": "The two passwords differ."}
    return [
        Shown("recover", "recover.html", values),
        Shown("recover-failed", "recover.html", failed, 400),
        Shown("recover-by-key", "recover.html", {**values, "offer": Offer(Way.PASSKEY)}),
        Shown("recover-once", "recover.html", {**values, "offer": Offer(Way.CERTIFICATE)}),
        Shown("recover-first", "recover.html", {**values, "is_first": True}),
    ]


def _profile(chosen: Chosen) -> list[Shown]:
    account = {
        "name": chosen("alice"),
        "email": chosen("alice@site.example"),
        "permission": "WRITE",
        "groups": (chosen("developers"), chosen("release managers of the northern region")),
        "created_at": NOW,
    }
    values: dict[str, object] = {
        **framed(chosen, "/account/profile", flash=Flash.SAVED),
        "action": "/desk/account/profile",
        "values": {"display_name": chosen("Alice Adams"), "locale": "", "time_zone": "Asia/Tokyo"},
        "faults": {},
        "most": 200,
        "zones": ZONES,
        "account": account,
        "export_url": "/desk/account/export",
        "kept": {"session": 7, "audit": 365},
    }
    failed = {
        **values,
        "flash": "",
        "faults": {"display_name": "Display name: at most 200 printable characters.", "time_zone": UNKNOWN_ZONE},
        "account": {**account, "email": "", "groups": ()},
        "kept": {"session": 1, "audit": 0},
    }
    return [
        Shown("profile", "account_profile.html", values),
        Shown("profile-failed", "account_profile.html", failed, 400),
    ]


def _apps(chosen: Chosen) -> list[Shown]:
    live: dict[str, object] = {
        "device": chosen("iPhone"),
        "application": chosen("Jira Mobile"),
        "signed_in_at": 1_793_607_300_000,
        "last_seen": NOW,
        "state": "signed_in",
        "possibly_same": False,
        "reason_sentence": "",
        "method": ["pwd", "mfa"],
        "action": "/desk/account/apps/00/sign-out",
        "withdraw_action": "/desk/account/apps/00/withdraw",
    }
    fresh = {**live, "device": chosen("Terminal"), "last_seen": None, "method": ["pwd"], "possibly_same": True}
    ended = {
        **live,
        "device": chosen("An app with a name that nobody has"),
        "state": "signed_out",
        "reason_sentence": END_SENTENCES[EndReason.REPLAYED],
        "withdraw_action": "",
    }
    expired = {**live, "device": chosen("Android"), "state": "expired", "withdraw_action": ""}
    consent = {
        "application": chosen("Reports of the Facilities Department"),
        "permission": "SYSTEM_ADMIN",
        "given_at": NOW,
        "action": "/desk/account/apps/consents/1/withdraw",
    }
    frame = framed(chosen, "/account/apps", flash=Flash.SIGNED_OUT)
    return [
        Shown(
            "apps",
            "account_apps.html",
            {**frame, "phones": [live, fresh, ended, expired], "consents": [consent], "is_cut": True},
        ),
        Shown("apps-none", "account_apps.html", {**frame, "phones": [], "consents": [], "is_cut": False}),
    ]


def _sessions(chosen: Chosen) -> list[Shown]:
    frame = framed(chosen, "/account/sessions", flash=Flash.BROWSERS_ENDED)
    here, *others = sessions(chosen)
    alone = {**frame, "sessions": [here], "others_action": ""}
    several = {**frame, "sessions": [here, *others], "others_action": "/desk/account/sessions/end-others"}
    return [
        Shown("sessions", "account_sessions.html", several),
        Shown("sessions-alone", "account_sessions.html", alone),
    ]


def told_tries(chosen: Chosen) -> dict[str, object]:
    """Somebody has tried to sign in, and a code was used."""
    tries = FailedTries(7, NOW - 86_400_000, NOW, "192.0.2.0/24", NOW)
    hidden = {**carried(chosen), "last_at": str(NOW), "next": "https://site.example/desk/account/sign-in"}
    return {"tries": tries, "tries_hidden": hidden}


def _linked(chosen: Chosen) -> list[dict[str, object]]:
    unlink = "/desk/account/identities/corp/unlink"
    linked = {"title": chosen("Example Corp"), "label": chosen("alice@example.com"), "seen_at": NOW}
    return [{**linked, "remove_url": unlink}]


def _sign_in(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        **framed(chosen, "/account/sign-in", flash=Flash.PASSWORD_CHANGED_EVERYWHERE),
        "action": "/desk/account/sign-in",
        "person_name": chosen("alice"),
        "password_set_at": NOW,
        "faults": {},
        "sign_out": True,
        "least": 10,
        "takes_password": True,
        "may_set": False,
        "codes_left": None,
        "codes_action": "/desk/account/sign-in/codes",
        "device_action": "/desk/account/sign-in/device",
        **gallery_passkeys.own(chosen),
        "identities": _linked(chosen),
    }  # fmt: skip
    nothing = {
        **values,
        "flash": "",
        "identities": [],
        "password_set_at": None,
        "passkeys": [],
        "only_certain_models": False,
    }
    nowhere = {**nothing, "passkeys_work": False, "takes_password": False, "codes_left": 1}
    recovered = {**values, "flash": SENTENCES[Flash.CODE_USED], "may_set": True, "codes_left": 9, **told_tries(chosen)}
    codes = {
        **framed(chosen, "/account/sign-in"),
        "codes": [f"0123-4567-89ab-cd{number:02}" for number in range(10)],
        "back_url": "/desk/account/sign-in",
    }
    full = {**nothing, "passkeys_full": True}
    wrong = {
        **values,
        "flash": "",
        "faults": {"current_password": PRESENT_WRONG, "password": "The two passwords differ."},
        "sign_out": False,
    }
    return [
        Shown("sign-in-methods", "account_sign_in.html", values),
        Shown("sign-in-methods-failed", "account_sign_in.html", wrong, 400),
        Shown("sign-in-methods-none", "account_sign_in.html", nothing),
        Shown("sign-in-methods-nowhere", "account_sign_in.html", nowhere),
        Shown("sign-in-methods-recovered", "account_sign_in.html", recovered),
        *_going_on(chosen, recovered, nothing),
        Shown("recovery-codes", "account_codes.html", codes),
        Shown("sign-in-methods-full", "account_sign_in.html", full),
    ]


def _going_on(chosen: Chosen, recovered: dict[str, object], nothing: dict[str, object]) -> list[Shown]:
    """Where an application waits, and where a page does."""
    waits = {**recovered, "onward": Onward("https://site.example/desk/authorize/0a", chosen("Jira Mobile"))}
    to_a_page = {**nothing, "may_set": True, "onward": Onward("https://site.example/desk/account/apps", "")}
    return [
        Shown("sign-in-methods-app-waits", "account_sign_in.html", waits),
        Shown("sign-in-methods-going-on", "account_sign_in.html", to_a_page),
    ]


def _second_device(chosen: Chosen) -> list[Shown]:
    sealed = "0a" * 120
    device = {
        **framed(chosen, "/account/sign-in"),
        "action": "/desk/account/sign-in/device",
        "ticket": sealed,
        "picture_url": "/desk/qr.svg",
        "link": f"https://site.example/desk/login/device/{sealed}",
        "back_url": "/desk/account/sign-in",
        "faults": {},
    }
    second = {"action": f"/desk/login/device/{sealed}", "hidden": carried(chosen), "number": "012 345", "error": ""}
    kept_out = entry(Reason.DEVICE_NOT_LET_IN).public
    return [
        Shown("device", "account_device.html", device),
        Shown("device-failed", "account_device.html", {**device, "faults": {"number": NO_NUMBER}}, 400),
        Shown("device-number", "login_device.html", second),
        Shown("device-not-let-in", "login_device.html", {**second, "error": kept_out}, 403),
    ]
