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
    ok = [_probe(chosen, "name", "ok", ""), _probe(chosen, "certificate", "ok", "")]
    wrong = _probe(chosen, "info-login", "wrong", FIX)
    warning = _probe(chosen, "cookies", "warning", "Set SERVERID to SameSite=Lax.")
    unknown = _probe(chosen, "permission", "unknown", "")
    return [
        Shown("doctor", "doctor.html", _values(chosen, "", [])),
        Shown("doctor-ready", "doctor.html", _values(chosen, "ok", ok)),
        Shown("doctor-doubtful", "doctor.html", _values(chosen, "warning", [warning, unknown, *ok], first=warning)),
        Shown("doctor-wrong", "doctor.html", _values(chosen, "wrong", [wrong, warning, unknown, *ok], first=wrong)),
    ]


def _probe(chosen: Chosen, name: str, verdict: str, fix: str) -> dict[str, Any]:
    answered = chosen("302 by Cloudflare Access: sent to https://team.cloudflareaccess.com/cdn-cgi/access/login")
    why = "Without MDM the app learns here how to sign in."
    return {
        "id": name,
        "verdict": verdict,
        "asked": f"{name} of the site",
        "answered": answered,
        "why": why,
        "fix": fix,
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
