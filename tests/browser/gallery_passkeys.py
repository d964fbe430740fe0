"""The pages about passkeys, and what other pages are given of them, with values to show them by."""

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin.offer import Offer
from genkan.site.flashes import Flash
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown, carried, using

NOW = 1_795_455_600_000


def passkeys(chosen: Chosen) -> list[dict[str, object]]:
    """Each of them looks different."""
    synced: dict[str, object] = {
        "name": chosen("Alice’s phone"),
        "action": "/desk/account/passkeys/0123456789abcdef",
        "created_at": NOW,
        "last_used": NOW,
        "cloned_at": 0,
        "synced": True,
        "may_sync": True,
        "aaguid": "08987058-cadc-4b81-b6e1-30de50dcbe96",
        "model": "",
        "proved": False,
        "host": "",
    }
    key = {**synced, "name": chosen("Grey key"), "last_used": 0, "synced": False, "may_sync": False,
           "model": chosen("Example Key 5"), "proved": True, "host": chosen("desk.example")}  # fmt: skip
    copied = {**key, "name": chosen("Old key"), "cloned_at": NOW, "aaguid": "", "model": "", "host": ""}
    return [synced, {**synced, "name": chosen("Laptop"), "synced": False}, key, copied]


def own(chosen: Chosen) -> dict[str, object]:
    """What a person's own page about signing in is given."""
    return {
        "passkeys": passkeys(chosen),
        "passkeys_work": True,
        "passkeys_full": False,
        "create_url": "/desk/account/passkeys/create",
        "only_certain_models": True,
        "signals": {
            "host": "site.example",
            "person": "AAAAAAAAAE0",
            "accepted": ["a2V5", "b3RoZXI"],
            "name": chosen("alice"),
            "displays": chosen("Alice Adams"),
        },
    }


def pages(chosen: Chosen) -> list[Shown]:
    """Each state that looks different once."""
    return [*_login(chosen), *_create(chosen), *_remove(chosen)]


def _login(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/login", "hidden": carried(chosen), "username": "", "application": "", "again": False,
        "offer": Offer(),
        "error": entry(Reason.PASSKEY_REFUSED).public,
    }  # fmt: skip
    moved = [{"host": chosen("desk.example"), "options": "/desk/login/passkey?host=desk.example"}]
    refused = {**values, "passkey": using(chosen, unknown="a2V5", former=moved)}
    return [
        Shown("login-passkey-refused", "login.html", refused, 401),
        Shown("login-without-passkeys", "login.html", {**values, "error": "", "passkey": using(chosen, works=False)}),
    ]


def _create(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        **framed(chosen, "/account/sign-in"),
        "action": "/desk/account/passkeys/create",
        "back": "/desk/account/sign-in",
        "passkey": {"works": True, "options": "/desk/account/passkeys/options"},
        "passkey_name": "",
        "usual_name": "Chrome on iPhone",
        "most": 60,
        "error": "",
    }
    failed = {**values, "passkey_name": chosen("Laptop"), "error": entry(Reason.PASSKEY_MODEL).public}
    nowhere = {**values, "passkey": {"works": False, "options": "/desk/account/passkeys/options"}}
    return [
        Shown("passkey-create", "account_passkey_create.html", values),
        Shown("passkey-create-failed", "account_passkey_create.html", failed, 403),
        Shown("passkey-create-nowhere", "account_passkey_create.html", nowhere),
    ]


def _remove(chosen: Chosen) -> list[Shown]:
    one, *_ = passkeys(chosen)
    values: dict[str, object] = {
        **framed(chosen, "/account/sign-in", flash=Flash.SAVED),
        "passkey": one,
        "is_last": False,
        "keeps_the_site": False,
        "unticked": False,
        "back": "/desk/account/sign-in",
    }
    from tests.browser.gallery_person import facts

    theirs: dict[str, object] = {**facts(chosen), "passkey": one, "is_last": False, "error": ""}
    last = {**theirs, "is_last": True, "error": entry(Reason.LAST_ADMINISTRATOR).public}
    return [
        Shown("person-passkey", "person_passkey.html", theirs),
        Shown("person-passkey-last", "person_passkey.html", last, 409),
        Shown("passkey-remove-only", "account_passkey_remove.html", {**values, "keeps_the_site": True}, 400),
        Shown("passkey-remove", "account_passkey_remove.html", values),
        Shown("passkey-remove-last", "account_passkey_remove.html", {**values, "is_last": True, "unticked": True}, 400),
    ]
