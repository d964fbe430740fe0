"""The page of the doctor in every state that looks different."""

from dataclasses import replace

from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import Front
from genkan.doctor.saying import plain, say
from genkan.doctor.verdicts import Probe, Verdict
from genkan.wire.sentences import Sentence
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

PATH = "/desk/rest/nativemobile/1.1/info/login"


def pages(chosen: Chosen) -> list[Shown]:
    """Before the first look; ready; with a catch; not known to be ready; broken."""
    ok = [
        _probe("name", Verdict.OK, plain(chosen("203.0.113.80"))),
        _probe(
            "certificate",
            Verdict.OK,
            say(
                "%(subject)s, from %(issuer)s, until %(not_after)s, %(key)s",
                subject="site.example",
                issuer=chosen("Example Issuing CA"),
                not_after="2027-02-13",
                key="EC secp256r1",
            ),
        ),
    ]
    gate = say(
        "%(status)s by %(name)s: sent to %(place)s, not followed",
        status=302,
        name=Front.CLOUDFLARE.value,
        place=chosen("https://team.cloudflareaccess.com/cdn-cgi/access/login"),
    )
    exempt = say(
        "Exempt %(listed)s from the sign-in of %(name)s.\n%(exemption)s",
        listed=PATH,
        name=Front.CLOUDFLARE.value,
        exemption=exemption(Front.CLOUDFLARE, [chosen(PATH)]),
    )
    wrong = _probe("info-login", Verdict.WRONG, gate, exempt)
    cookie = chosen("SERVERID")
    strict = say("%(name)s: SameSite=Strict", name=cookie)
    lax = say(
        "Set %(name)s to SameSite=Lax: a strict one is not sent when a sign-on at another site comes back.", name=cookie
    )
    warning = _probe("cookies", Verdict.WARNING, strict, lax)
    unknown = _probe("permission", Verdict.UNKNOWN, say("it cannot be seen without signing in"))
    again = say("Check again; if this stays, see in the log of the site and of its proxy why this is not answered.")
    silent = replace(_probe("info-login", Verdict.UNKNOWN, say("no answer in time"), again), blocks=True)
    return [
        Shown("doctor", "doctor.html", _values(chosen, "", [])),
        Shown("doctor-ready", "doctor.html", _values(chosen, "ok", ok)),
        Shown("doctor-doubtful", "doctor.html", _values(chosen, "warning", [warning, unknown, *ok], first=warning)),
        Shown("doctor-open", "doctor.html", _values(chosen, "unknown", [silent, *ok], first=silent)),
        Shown("doctor-wrong", "doctor.html", _values(chosen, "wrong", [wrong, warning, unknown, *ok], first=wrong)),
    ]


ASKED = {
    "name": (say("the addresses of %(host)s (A and AAAA)", host="site.example"),
             say("A phone asks its own network's DNS for this name.")),
    "certificate": (say("the certificate of %(host)s and its chain", host="site.example"),
                    say("The app takes no exception for a certificate, and shows only that the site cannot be "
                        "reached.")),
    "info-login": (say("GET %(address)s%(info_login)s, as nobody", address="https://site.example/desk",
                       info_login="/rest/nativemobile/1.1/info/login"),
                   say("Without MDM the app learns here how to sign in, before anybody has, and it follows no "
                       "redirect.")),
    "cookies": (say("the cookies of the start page and the sign-in page"),
                say("The browser comes from the app and back from a sign-on: cookies must survive both.")),
    "permission": (say("authorize with scope %(scope)s, asking nobody (prompt=none)", scope="WRITE"),
                   say("The app asks for this permission; a link with less refuses it.")),
}  # fmt: skip


def _probe(name: str, verdict: Verdict, answered: Sentence, fix: Sentence | None = None) -> Probe:
    return Probe(name, verdict, ASKED[name][0], answered, ASKED[name][1], fix)


def _values(chosen: Chosen, verdict: str, probes: list[Probe], first: Probe | None = None) -> dict[str, object]:
    note = say("The certificate is not trusted: the rest was asked all the same, without any secret.")
    return {
        **framed(chosen, "/admin/health/check"),
        "action": "/desk/admin/health/check",
        "health_url": "/desk/admin/health",
        "url": "https://site.example/desk",
        "looked": bool(verdict),
        "verdict": verdict,
        "ready": verdict != "wrong" and not any(probe.blocks for probe in probes),
        "first": first,
        "probes": probes,
        "notes": [note] if verdict == "wrong" else [],
    }
