"""The first run, and the page of a request that came for another address than the site's."""

from genkan.site.phone_guide import Guide, mdm_value
from tests.browser.showing_values import Chosen, Shown, carried
from tests.protocol.builders import a_link

ORIGIN = "https://site.example"
BASE = f"{ORIGIN}/desk"


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    return [*_setup(chosen), *_setup_done(chosen), *_wrong_address(chosen)]


def a_guide(chosen: Chosen) -> Guide:
    """What to do on a phone."""
    value = mdm_value(chosen("Front Desk"), BASE, a_link())
    return Guide(BASE, "/desk/qr.svg", value, f"genkan app login {BASE}")


def _setup(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/setup/0123456789abcdef",
        "hidden": carried(chosen),
        "below": "/setup/0123456789abcdef",
        "error": "",
        "values": {"site_title": "", "username": "", "display_name": "", "email": ""},
        "title_is_set": False,
        "least": 10,
        "passkey": {"works": True, "options": "/desk/setup/0123456789abcdef/passkey"},
    }
    typed = {
        "site_title": chosen("Front Desk"),
        "username": chosen("alice"),
        "display_name": chosen("Alice Adams"),
        "email": chosen("alice@site.example"),
    }
    failed = {**values, "error": "The two passwords differ.", "values": typed}
    return [
        Shown("setup", "setup.html", values),
        Shown("setup-named", "setup.html", {**values, "title_is_set": True}),
        Shown("setup-failed", "setup.html", failed, 400),
    ]


def _setup_done(chosen: Chosen) -> list[Shown]:
    done: dict[str, object] = {
        "person_name": chosen("Alice Adams"),
        "mobile_action": "/desk/setup/mobile",
        "mobile_hidden": carried(chosen),
        "mobile_on": False,
        "guide": a_guide(chosen),
        "passkey_url": "/desk/account/passkeys/create",
    }
    return [
        Shown("setup-done", "setup_done.html", done),
        Shown("setup-done-on", "setup_done.html", {**done, "mobile_on": True, "is_administrator": True}),
    ]


def _wrong_address(chosen: Chosen) -> list[Shown]:
    host = {
        "seen": chosen("https://desk.example"),
        "expected": ORIGIN,
        "request_id": "9f3c21aa-1c",
        "differs": "host",
        "setting_line": chosen("GENKAN_BASE_URL=https://desk.example/desk"),
    }
    scheme = {**host, "seen": chosen("http://site.example"), "differs": "scheme", "setting_line": ""}
    moved = {**host, "differs": "moved", "setting_line": ""}
    return [
        Shown("wrong-host", "wrong_host.html", host, 400),
        Shown("wrong-moved", "wrong_host.html", moved, 400),
        Shown("wrong-scheme", "wrong_host.html", scheme, 400),
    ]
