"""Judgements of what the site says of itself: server info, base URL, clock, versions (the compatibility rules)."""

from datetime import UTC, datetime

from genkan.doctor.gateways import turned_away
from genkan.doctor.judge_tls import wants_certificate
from genkan.doctor.observed import Heard, Q, Seen, Silence, Silent
from genkan.doctor.telling import Told, in_words
from genkan.doctor.turned_away import exempt, sent_where
from genkan.doctor.verdicts import Probe
from genkan.wire.jsontext import shown, text
from genkan.wire.urls import BaseURL, parse_base_url
from genkan.wire.versions import (
    Version,
    judge_jira,
    parse_version,
)

SKEW_DOUBTFUL_MS = 60_000
SKEW_WRONG_MS = 300_000
_NO_INFO = "not told: the site's serverInfo could not be read"


def member(seen: Seen, name: str) -> str:
    """One text out of serverInfo, empty where it is not told."""
    heard = seen.heard(Q.SERVER_INFO)
    members = heard.json if heard is not None and heard.status == 200 else None
    return text((members or {}).get(name)) or ""


def is_genkan(seen: Seen) -> bool:
    """Whether the site says that it is one of ours, which has no plugins."""
    return member(seen, "scmInfo").startswith("genkan-")


def version(seen: Seen) -> Version | None:
    """The version of Jira, or the one whose surface the site offers."""
    return parse_version(member(seen, "version"))


def server_info(seen: Seen) -> Probe:
    """Whether there is a site at all."""
    base = seen.target.base
    told = Told(
        "server-info",
        f"GET {base.text}/rest/api/2/serverInfo, as nobody",
        "The app looks here first for what the site is, unless MDM says skipInfo.",
    )
    answer = seen.first(Q.SERVER_INFO)
    if isinstance(answer, Silent):
        return _no_answer(told, answer, seen)
    if answer.status == 200 and version(seen) is not None:
        title = shown(member(seen, "serverTitle"), 60)
        what = "Genkan" if is_genkan(seen) else "Jira"
        return told.ok(f"{what}, version {member(seen, 'version')}" + (f", “{title}”" if title else ""))
    if wants_certificate(answer):
        return told.unknown(f"{answer.briefly}: see client-certificate")
    if turned_away(answer, base.origin):
        return _kept_out(told, answer, seen)
    return _no_site(told, answer, seen)


def _no_answer(told: Told, answer: Silent, seen: Seen) -> Probe:
    if answer.silence in {Silence.NOT_ASKED, Silence.CLIENT_CERTIFICATE}:
        return told.unknown(in_words(answer))
    fix = {
        Silence.SLOW: "See whether the site hangs, or its proxy waits for a site that does not answer.",
        Silence.GARBAGE: f"See what listens at {seen.target.base.origin}: it does not speak HTTP/1.1.",
    }.get(answer.silence, "See the log of the site or of its proxy: connections are taken and dropped.")
    return told.wrong(in_words(answer), fix)


def _kept_out(told: Told, answer: Heard, seen: Seen) -> Probe:
    """The gateway is named once, by the probe of info/login, unless only this path is kept from anonymous callers."""
    info = seen.heard(Q.INFO_LOGIN)
    if info is not None and turned_away(info, seen.target.base.origin):
        return told.unknown(f"{sent_where(answer)}: see info-login")
    if seen.target.skip_info:
        return told.warning(sent_where(answer), "Keep skipInfo in the MDM value, or exempt the path.")
    return told.wrong(sent_where(answer), exempt(answer, [f"{seen.target.base.path}/rest/api/2/serverInfo"]))


def _no_site(told: Told, answer: Heard, seen: Seen) -> Probe:
    if answer.status >= 500:
        fix = "Start the site, or see in the proxy's log why it cannot reach it."
        return told.wrong(f"{answer.briefly}: the site is down, or its proxy does not reach it", fix)
    if seen.target.skip_info:
        return told.warning(answer.briefly, "Keep skipInfo in the MDM value: the app then does not ask this.")
    fix = f"Check the address, context path included: is the site's start page at {seen.target.base.text}/?"
    return told.wrong(f"{answer.briefly}: no site answers at this address", fix)


def base_url(seen: Seen) -> Probe:
    """Whether the site calls itself what it was asked by."""
    base = seen.target.base
    told = Told(
        "base-url",
        f"baseUrl in serverInfo, against {base.text}",
        "Sign-in pages, links and the issuer are "
        "built from the base URL: the app and the browser must arrive at the same address.",
    )
    said = member(seen, "baseUrl")
    if version(seen) is None:
        return told.unknown(_NO_INFO)
    own = parse_base_url(said, allow_http=True)
    where = "GENKAN_BASE_URL" if is_genkan(seen) else "Settings → System → General configuration → Base URL"
    if not isinstance(own, BaseURL):
        return told.wrong(f"{shown(said, 100) or 'none'}", f"Set {where} to {base.text}.")
    if own.text == base.text:
        return told.ok(own.text)
    return told.wrong(
        f"{own.text}: {_difference(base, own)}",
        f"Use {own.text} in the app, or set {where} to {base.text}{_header(base, own)}.",
    )


def _difference(asked: BaseURL, own: BaseURL) -> str:
    if asked.scheme != own.scheme:
        return f"another scheme than {asked.scheme}"
    if asked.host != own.host:
        return "another host"
    if asked.port != own.port:
        return "another port"
    return f"another context path than {asked.path or 'none'}"


def _header(asked: BaseURL, own: BaseURL) -> str:
    return " (and let the proxy tell the site X-Forwarded-Proto)" if asked.scheme != own.scheme else ""


def clock(seen: Seen) -> Probe:
    """Whether the site's clock agrees with this one."""
    told = Told(
        "clock",
        "serverTime, or the Date header, against this machine's clock",
        "Lifetimes of codes and tokens are counted by these clocks.",
    )
    heard = seen.heard(Q.SERVER_INFO)
    if heard is None:
        return told.unknown("no answer that would tell the time")
    times = [at for at in (_iso(member(seen, "serverTime")), _http_date(heard.header("date"))) if at is not None]
    if not times:
        return told.unknown("the site does not tell the time")
    # The nearer of the two: one may be a cache's.
    off = min((at - heard.at for at in times), key=abs)
    answered = f"{abs(off) / 1000:.0f} s {'ahead' if off > 0 else 'behind'}"
    if abs(off) > SKEW_WRONG_MS:
        return told.wrong(answered, "Set the clock of the site's machine, or of this one, by NTP.")
    if abs(off) > SKEW_DOUBTFUL_MS:
        return told.warning(answered, "Set the clock of the site's machine, or of this one, by NTP.")
    return told.ok(f"they agree (within {max(2, round(abs(off) / 1000))} s)")


def _iso(written: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(written)
        return round(parsed.timestamp() * 1000) if parsed.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _http_date(written: str) -> int | None:
    # RFC 9110 5.6.7: the one form that is still made.
    try:
        parsed = datetime.strptime(written, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        return round(parsed.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def site_version(seen: Seen) -> Probe:
    """The compatibility rule for the site itself."""
    told = Told(
        "site-version",
        "version in serverInfo",
        "OAuth 2.0 in the app needs Jira 9.12.14 or later on line 9, 10.1.0 or later above.",
    )
    found = version(seen)
    if found is None:
        return told.unknown(_NO_INFO)
    judged = judge_jira(found)
    if judged.ok and is_genkan(seen):
        return told.ok(f"Genkan, with the surface of {found}")
    return told.ok(judged.sentence) if judged.ok else told.wrong(f"Jira {found}", judged.sentence)
