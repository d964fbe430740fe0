"""The page of the doctor in every state that looks different."""

from typing import Any

from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

FIX = """Exempt /desk/rest/nativemobile/1.1/info/login from the sign-in of Cloudflare Access.
Cloudflare Zero Trust, Access, Applications: add a self-hosted application for each of these paths, with one
policy whose action is Bypass and whose rule includes Everyone:
    YOUR-HOST/desk/rest/nativemobile/1.1/info/login"""


def pages(chosen: Chosen) -> list[Shown]:
    """Before the first look; ready; with a catch; broken."""
    ok = [
        _probe(chosen, "name", "ok", "203.0.113.80"),
        _probe(chosen, "certificate", "ok", "site.example, from Example Issuing CA, until 2027-02-13, EC secp256r1"),
    ]
    gate = "302 by Cloudflare Access: sent to https://team.cloudflareaccess.com/cdn-cgi/access/login, not followed"
    wrong = _probe(chosen, "info-login", "wrong", gate, FIX)
    warning = _probe(chosen, "cookies", "warning", "SERVERID: SameSite=Strict", "Set SERVERID to SameSite=Lax.")
    unknown = _probe(chosen, "permission", "unknown", "it cannot be seen without signing in")
    return [
        Shown("doctor", "doctor.html", _values(chosen, "", [])),
        Shown("doctor-ready", "doctor.html", _values(chosen, "ok", ok)),
        Shown("doctor-doubtful", "doctor.html", _values(chosen, "warning", [warning, unknown, *ok], first=warning)),
        Shown("doctor-wrong", "doctor.html", _values(chosen, "wrong", [wrong, warning, unknown, *ok], first=wrong)),
    ]


ASKED = {
    "name": ("the addresses of site.example (A and AAAA)", "A phone asks its own network's DNS for this name."),
    "certificate": ("the certificate of site.example and its chain", "The app takes no exception for a certificate."),
    "info-login": ("GET https://site.example/desk/rest/nativemobile/1.1/info/login, as nobody",
                   "Without MDM the app learns here how to sign in, before anybody has, and it follows no redirect."),
    "cookies": ("the cookies of the start page and the sign-in page", "The browser comes from the app and back."),
    "permission": ("authorize with scope WRITE, asking nobody", "A link with less refuses what the app asks for."),
}  # fmt: skip


def _probe(chosen: Chosen, name: str, verdict: str, answered: str, fix: str = "") -> dict[str, Any]:
    asked, why = ASKED[name]
    return {
        "id": name,
        "verdict": verdict,
        "asked": asked,
        "answered": chosen(answered),
        "why": why,
        "fix": chosen(fix) if fix else "",
    }


def _values(
    chosen: Chosen, verdict: str, probes: list[dict[str, Any]], first: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        **framed(chosen, "/admin/health/check"),
        "action": "/desk/admin/health/check",
        "health_url": "/desk/admin/health",
        "url": "https://site.example/desk",
        "looked": bool(verdict),
        "verdict": verdict,
        "first": first,
        "probes": probes,
        "notes": ["The certificate is not trusted: the rest was asked all the same, without any secret."][
            : verdict == "wrong"
        ],
    }
