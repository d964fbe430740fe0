"""Judgements of what a phone's own browser told: the doctor's verdicts, in sentences that can be said in any
language.
"""

from collections.abc import Callable
from dataclasses import dataclass

from genkan.doctor.judge_clock import SKEW_DOUBTFUL_MS
from genkan.doctor.judge_login import INFO_LOGIN
from genkan.doctor.phone import (
    Autofill,
    Certificate,
    Cookies,
    Crossing,
    Info,
    Passkeys,
    Phone,
    Protocol,
    Return,
)
from genkan.doctor.phone_words import FAULTS, OUTCOMES, PROBES
from genkan.doctor.verdicts import Probe, Report, Verdict
from genkan.wire import uri
from genkan.wire.sentences import Sentence, sentence

# How long somebody may look for a certificate before the way there counts as a dead end.
PATIENCE_MS = 60_000
# As long as an access token lives: an app that reckons its end by created_at takes a new one for an old one.
SKEW_WRONG_MS = 3_600_000
_OK, _WARNING, _WRONG, _UNKNOWN = Verdict.OK, Verdict.WARNING, Verdict.WRONG, Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Said:
    """A probe whose words can still be said in another language. ``fix`` is None where there is nothing to change."""

    id: str
    verdict: Verdict
    asked: Sentence
    answered: Sentence
    why: Sentence
    fix: Sentence | None

    @property
    def probe(self) -> Probe:
        """As the doctor's other probes are."""
        return Probe(self.id, self.verdict, self.asked, self.answered, self.why, self.fix)


Outcome = tuple[Verdict, str]


def judge(phone: Phone) -> tuple[Said, ...]:
    """Every probe, in the order in which one fault explains the next."""
    values = {
        "url": phone.base.text + INFO_LOGIN,
        "path": phone.base.path + INFO_LOGIN,
        "base": phone.base.text,
        "origin": phone.origin or "—",
        "scheme": phone.scheme,
        "app": phone.app or "",
        "protocol": _PROTOCOLS[phone.told.protocol],
        "seconds": str(max(2, round(abs(phone.told.skew or 0) / 1000))),
        "status": str(phone.told.status or "?"),
    }
    return tuple(_said(name, *probe(phone), values) for name, probe in _JUDGES.items())


def report(phone: Phone) -> Report:
    """The same as the doctor's report of the site."""
    return Report(phone.base.text, tuple(said.probe for said in judge(phone)))


def _said(name: str, verdict: Verdict, outcome: str, values: dict[str, str]) -> Said:
    (asked, why), (answered, fix) = PROBES[name], OUTCOMES[outcome]
    return Said(
        name,
        verdict,
        _filled(asked, values),
        _filled(answered, values),
        _filled(why, values),
        _filled(fix, values) if fix else None,
    )


def _filled(words: str, values: dict[str, str]) -> Sentence:
    return sentence(words, {name: value for name, value in values.items() if f"%({name})s" in words})


_PROTOCOLS = {
    Protocol.UNTOLD: "",
    Protocol.HTTP_1_0: "HTTP/1.0",
    Protocol.HTTP_1_1: "HTTP/1.1",
    Protocol.HTTP_2: "HTTP/2",
    Protocol.HTTP_3: "HTTP/3",
}


def _browser(phone: Phone) -> Outcome:
    if phone.app is not None:
        return _WARNING, "browser-view-of" if phone.app else "browser-view"
    return (_OK, "browser-own") if phone.is_phone else (_UNKNOWN, "browser-computer")


def _connection(phone: Phone) -> Outcome:
    if not phone.base.secure:
        return _OK, "connection-trial"
    if phone.told.secure is None:
        return _UNKNOWN, "no-script"
    if not phone.told.secure:
        return _WRONG, "connection-plain"
    return _OK, "connection-https" if phone.told.protocol is Protocol.UNTOLD else "connection-secure"


def _clock(phone: Phone) -> Outcome:
    off = phone.told.skew
    if off is None:
        return _UNKNOWN, "no-script"
    if abs(off) <= SKEW_DOUBTFUL_MS:
        return _OK, "clock-right"
    return _WRONG if abs(off) > SKEW_WRONG_MS else _WARNING, "clock-ahead" if off > 0 else "clock-behind"


def _cookies(phone: Phone) -> Outcome:
    kept = phone.told.cookies
    if kept is Cookies.UNTOLD:
        return _UNKNOWN, "no-script"
    if kept is Cookies.KEPT:
        return _OK, "cookies-kept"
    if phone.base.secure and phone.told.secure is False:
        # RFC 6265 4.1.2.5: over plain http no browser takes a cookie that is for https.
        return _UNKNOWN, "see-connection"
    return _WRONG, f"cookies-{kept.value}"


def _cookies_after_return(phone: Phone) -> Outcome:
    if phone.told.cookies is not Cookies.KEPT:
        return _UNKNOWN, "see-cookies"
    return {
        Crossing.UNTOLD: (_UNKNOWN, "return-away"),
        Crossing.AWAY: (_UNKNOWN, "return-away"),
        Crossing.KEPT: (_OK, "return-kept"),
        Crossing.LOST: (_WRONG, "return-lost"),
        Crossing.SAME: (_UNKNOWN, "return-same"),
    }[phone.told.crossing]


def _info(phone: Phone) -> Outcome:
    return {
        Info.UNTOLD: (_UNKNOWN, "no-script"),
        Info.ANNOUNCED: (_OK, "info-announced"),
        Info.OFF: (_WARNING, "info-off"),
        Info.REDIRECTED: (_WRONG, "info-redirected"),
        Info.STATUS: (_WRONG, "info-status"),
        Info.OTHER: (_WRONG, "info-other"),
        Info.UNREACHABLE: (_WRONG, "info-unreachable"),
    }[phone.told.info]


def _passkeys(phone: Phone) -> Outcome:
    found = phone.told.passkeys
    if found is Passkeys.UNTOLD:
        return _UNKNOWN, "no-script"
    if phone.app is not None:
        return _UNKNOWN, "see-browser"
    if not phone.base.is_loopback and (uri.is_ipv4(phone.base.host) or uri.is_ipv6(phone.base.host)):
        # WebAuthn 5.1.3: a relying party is a domain, never an address
        return _WRONG, "passkeys-address"
    verdict = {Passkeys.PLATFORM: _OK, Passkeys.INSECURE: _WRONG}.get(found, _WARNING)
    return verdict, f"passkeys-{found.value}"


def _autofill(phone: Phone) -> Outcome:
    if phone.told.autofill is Autofill.UNTOLD:
        return _UNKNOWN, "no-script"
    if phone.app is not None or phone.told.passkeys in {Passkeys.NONE, Passkeys.INSECURE}:
        return _UNKNOWN, "see-passkeys"
    return _OK, f"autofill-{phone.told.autofill.value}"


def _certificate(phone: Phone) -> Outcome:
    found = phone.told.certificate
    if not phone.origin:
        return _OK, "certificate-off"
    if found is Certificate.REFUSED:
        return _WRONG, FAULTS.get(phone.told.fault, "certificate-unfit")
    if found is Certificate.AWAY and phone.still_for > PATIENCE_MS:
        return _WRONG, "certificate-lost"
    return {
        Certificate.UNTOLD: (_UNKNOWN, "certificate-untried"),
        Certificate.AWAY: (_UNKNOWN, "certificate-away"),
        Certificate.NONE: (_WARNING, "certificate-none"),
        Certificate.ACCEPTED: (_OK, "certificate-accepted"),
    }[found]


def _return(phone: Phone) -> Outcome:
    if phone.told.app is Return.NO and not phone.is_phone:
        return _UNKNOWN, "app-computer"
    return {
        Return.UNTOLD: (_UNKNOWN, "app-untried"),
        Return.ASKED: (_UNKNOWN, "app-asked"),
        Return.LEFT: (_OK, "app-left"),
        Return.YES: (_OK, "app-yes"),
        Return.NO: (_WRONG, "app-no"),
    }[phone.told.app]


_JUDGES: dict[str, Callable[[Phone], Outcome]] = {
    "browser": _browser,
    "connection": _connection,
    "clock": _clock,
    "cookies": _cookies,
    "cookies-after-return": _cookies_after_return,
    "info-login": _info,
    "passkeys": _passkeys,
    "passkey-autofill": _autofill,
    "certificate": _certificate,
    "return-to-app": _return,
}
