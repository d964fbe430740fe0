"""The console's page of the mobile app, in each state of its switch, and the question before it is turned off."""

import json
from dataclasses import replace

from genkan.site.api.documents import mobile_document
from genkan.site.flashes import Flash
from tests.browser.gallery_console import framed
from tests.browser.gallery_first import a_guide
from tests.browser.showing_values import Chosen, Shown
from tests.protocol.builders import a_link, a_site

ANSWER = {
    "oauth": {
        "enabled": True,
        "clientID": "38843a89f2b02a471000bc022e4b9de8",
        "redirectURI": "jira-server://oauth-callback",
        "scope": "WRITE",
        "redirectURIs": ["jira-server://oauth-callback", "http://127.0.0.1/oauth-callback"],
        "authorizationEndpoint": "https://site.example/desk/rest/oauth2/latest/authorize",
        "tokenEndpoint": "https://site.example/desk/rest/oauth2/latest/token",
    },
    "loginOptions": [{"type": "OAUTH2"}, {"type": "LOGIN_FORM"}],
}
TOLD = json.dumps(ANSWER)
OFF = {"oauth": {"enabled": False}, "loginOptions": [{"type": "LOGIN_FORM"}]}


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    on: dict[str, object] = {
        **framed(chosen, "/admin/mobile", flash=Flash.MOBILE_ON),
        "state": "on",
        "app": mobile_document(a_site(mobile_enabled=True), a_link()),
        "told_url": "https://site.example/desk/rest/nativemobile/1.1/info/login",
        "asks": "/desk/told",
        "told": json.dumps(ANSWER, indent=2),
        "askers": _askers(chosen),
        "guide": a_guide(chosen),
    }
    off = {**on, **framed(chosen, "/admin/mobile"), "state": "off", "told": json.dumps(OFF, indent=2), "askers": []}
    fresh = {**off, "app": mobile_document(a_site(), None)}
    local = {**on, "guide": replace(a_guide(chosen), qr_url="")}
    asked = {**framed(chosen, "/admin/mobile/off"), "phones": 1234, "complete": True}
    return [
        Shown("mobile", "admin_mobile.html", on),
        Shown("mobile-off", "admin_mobile.html", off),
        Shown("mobile-never", "admin_mobile.html", fresh),
        Shown("mobile-stuck", "admin_mobile.html", {**local, "state": "stuck"}),
        Shown("mobile-ask", "admin_mobile_off.html", asked),
        Shown("mobile-ask-many", "admin_mobile_off.html", {**asked, "phones": 10_000, "complete": False}),
        Shown("mobile-ask-none", "admin_mobile_off.html", {**asked, "phones": 0}),
    ]


def _askers(chosen: Chosen) -> list[dict[str, object]]:
    phone = {
        "app": chosen("AtlassianMobileApp 2.0.1"),
        "device": chosen("iPhone"),
        "user_agent": chosen("AtlassianMobileApp/2.0.1 (iPhone; iOS 26.1; Scale/3.00) CFNetwork/1568.200.51"),
        "network": "203.0.113.0/24",
        "last_at": 1_795_455_600_000,
        "count": 12,
    }
    browser = {
        **phone,
        "app": "",
        "device": "Linux",
        "user_agent": chosen("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142"),
        "network": "2001:db8:5::/48",
        "count": 1,
    }
    return [phone, browser]
