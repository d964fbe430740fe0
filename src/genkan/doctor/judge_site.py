"""Judgements of what the site says of itself: server info, base URL, clock, versions (the compatibility rules)."""

from datetime import UTC, datetime

from genkan.doctor.gateways import turned_away
from genkan.doctor.inflate import UNREADABLE
from genkan.doctor.judge_tls import wants_certificate
from genkan.doctor.manifest import CONFLUENCE, MANIFEST
from genkan.doctor.moves import move_of
from genkan.doctor.observed import Heard, Q, Seen, Silence, Silent
from genkan.doctor.saying import plain, say
from genkan.doctor.telling import Told, in_words
from genkan.doctor.turned_away import exempt, sent_where
from genkan.doctor.verdicts import Probe
from genkan.wire.jsontext import shown, text
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL, parse_base_url
from genkan.wire.versions import (
    CONFLUENCE_9,
    Judgement,
    Version,
    judge_app,
    judge_confluence,
    judge_jira,
    parse_version,
)

SERVER_INFO = "/rest/api/2/serverInfo"
SKEW_DOUBTFUL_MS = 60_000
SKEW_WRONG_MS = 300_000
BUSY = say(
    "Check again later. If this stays, let the proxy or firewall that counts requests (rate limiting) take more of "
    "them: phones behind one address of a network count as one caller."
)
_NO_INFO = say("not told: the site's serverInfo could not be read")


def member(seen: Seen, name: str) -> str:
    """One text out of serverInfo, empty where it is not told."""
    heard = seen.heard(Q.SERVER_INFO)
    members = heard.json if heard is not None and heard.status == 200 else None
    return text((members or {}).get(name)) or seen.manifest.get(_IN_MANIFEST.get(name, ""), "")


_IN_MANIFEST = {"version": "version", "baseUrl": "url", "serverTitle": "name"}


def is_confluence(seen: Seen) -> bool:
    """Whether the site says that it is a Confluence."""
    return seen.manifest.get("typeId") == CONFLUENCE


def product(seen: Seen) -> str:
    """What the site says that it is."""
    return "Genkan" if is_genkan(seen) else "Confluence" if is_confluence(seen) else "Jira"


def judged(seen: Seen, found: Version) -> Judgement:
    """The compatibility rule for the site's own version."""
    return judge_confluence(found) if is_confluence(seen) else judge_jira(found)


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
        say(
            "GET %(address)s%(path)s, as nobody",
            address=base.text,
            path=MANIFEST if is_confluence(seen) else SERVER_INFO,
        ),
        say("The app looks here first for what the site is, unless MDM says skipInfo."),
    )
    answer = seen.first(Q.SERVER_INFO)
    if isinstance(answer, Silent):
        return _no_answer(told, answer, seen)
    if version(seen) is not None and (answer.status == 200 or is_confluence(seen)):
        title = shown(member(seen, "serverTitle"), 60)
        what = {"what": product(seen), "version": member(seen, "version")}
        if title:
            return told.ok(say("%(what)s, version %(version)s, “%(title)s”", title=title, **what))
        return told.ok(say("%(what)s, version %(version)s", **what))
    if answer.status == 200 and answer.header("content-encoding").strip().lower() in UNREADABLE:
        return told.unknown(
            say("200, compressed although that was not asked for"),
            say("Let the proxy compress only what the caller says it takes (Accept-Encoding)."),
        )
    if wants_certificate(answer):
        return told.unknown(say("%(briefly)s: see client-certificate", briefly=answer.briefly))
    # A missing context path is named here, before what follows from it.
    if moved := move_of(answer, base, SERVER_INFO):
        return told.warning(*moved) if seen.target.skip_info else told.wrong(*moved)
    if turned_away(answer, base.origin):
        return _kept_out(told, answer, seen)
    return _no_site(told, answer, seen)


def _no_answer(told: Told, answer: Silent, seen: Seen) -> Probe:
    if answer.silence in {Silence.NOT_ASKED, Silence.CLIENT_CERTIFICATE}:
        return told.unknown(in_words(answer))
    if seen.http_2_alone:
        fix = say("Let the server take HTTP/1.1 beside HTTP/2: this check asks by it, and so do many proxies.")
        return told.unknown(say("an answer by HTTP/2 alone, which this check does not speak"), fix)
    if answer.silence is Silence.SLOW:
        fix = say("See whether the site hangs, or its proxy waits for a site that does not answer.")
        return told.unknown(in_words(answer), fix)
    fix = {
        Silence.GARBAGE: say(
            "See what listens at %(origin)s: it does not speak HTTP/1.1.", origin=seen.target.base.origin
        ),
    }.get(answer.silence, say("See the log of the site or of its proxy: connections are taken and dropped."))
    return told.wrong(in_words(answer), fix)


def _kept_out(told: Told, answer: Heard, seen: Seen) -> Probe:
    """The gateway is named once, by the probe of info/login, unless only this path is kept from anonymous callers."""
    info = seen.heard(Q.INFO_LOGIN)
    if info is not None and turned_away(info, seen.target.base.origin):
        return told.unknown(say("%(sent_where)s: see info-login", sent_where=sent_where(answer, seen.target.base.text)))
    if seen.target.skip_info:
        return told.warning(
            sent_where(answer, seen.target.base.text), say("Keep skipInfo in the MDM value, or exempt the path.")
        )
    return told.wrong(
        sent_where(answer, seen.target.base.text),
        exempt(answer, [seen.target.base.path + SERVER_INFO], seen.target.base.text),
    )


def _no_site(told: Told, answer: Heard, seen: Seen) -> Probe:
    if seen.below:
        answered = say("%(briefly)s: its start page leads to the site at %(address)s",
                       briefly=answer.briefly, address=seen.below)  # fmt: skip
        return told.wrong(answered, say("Use %(address)s in the app, and in the MDM value.", address=seen.below))
    if answer.status >= 500:
        fix = say("Start the site, or see in the proxy's log why it cannot reach it.")
        return told.wrong(
            say("%(briefly)s: the site is down, or its proxy does not reach it", briefly=answer.briefly), fix
        )
    if answer.status in {408, 429}:
        return told.unknown(say("%(briefly)s: busy or down", briefly=answer.briefly), BUSY)
    if seen.target.skip_info:
        return told.warning(answer.briefly, say("Keep skipInfo in the MDM value: the app then does not ask this."))
    fix = say(
        "Check the address, context path included: is the site's start page at %(address)s/?",
        address=seen.target.base.text,
    )
    return told.wrong(say("%(briefly)s: no site answers at this address", briefly=answer.briefly), fix)


def base_url(seen: Seen) -> Probe:
    """Whether the site calls itself what it was asked by."""
    base = seen.target.base
    told = Told(
        "base-url",
        say("baseUrl in serverInfo, against %(address)s", address=base.text),
        say(
            "Sign-in pages, links and the issuer are built from the base URL: the app and the browser must "
            "arrive at the same address."
        ),
    )
    said = member(seen, "baseUrl")
    if version(seen) is None:
        return told.unknown(_NO_INFO)
    own = parse_base_url(said, allow_http=True)
    where = _WHERE[product(seen)]
    if not isinstance(own, BaseURL):
        return told.wrong(
            plain(address) if (address := shown(said, 100)) else say("none"),
            say("Set %(where)s to %(address)s.", where=where, address=base.text),
        )
    if own.text == base.text:
        return told.ok(plain(own.text))
    answered = say("%(address)s: %(difference)s", address=own.text, difference=_difference(base, own))
    values = {"own": own.text, "where": where, "asked": base.text}
    if base.scheme == own.scheme:
        return told.wrong(answered, say("Use %(own)s in the app, or set %(where)s to %(asked)s.", **values))
    fix = say(
        "Use %(own)s in the app, or set %(where)s to %(asked)s (and let the proxy tell the site X-Forwarded-Proto).",
        **values,
    )
    return told.wrong(answered, fix)


_WHERE = {
    "Genkan": plain("GENKAN_BASE_URL"),
    "Jira": say("Settings → System → General configuration → Base URL"),
    "Confluence": say("General configuration → Server base URL"),
}


def _difference(asked: BaseURL, own: BaseURL) -> Sentence:
    if asked.scheme != own.scheme:
        return say("another scheme than %(scheme)s", scheme=asked.scheme)
    if asked.host != own.host:
        return say("another host")
    if asked.port != own.port:
        return say("another port")
    if not asked.path:
        return say("another context path than none")
    return say("another context path than %(path)s", path=asked.path)


def clock(seen: Seen) -> Probe:
    """Whether the site's clock agrees with this one."""
    told = Told(
        "clock",
        say("serverTime, or the Date header, against this machine's clock"),
        say("Lifetimes of codes and tokens are counted by these clocks."),
    )
    heard = seen.heard(Q.SERVER_INFO if not is_confluence(seen) else Q.MANIFEST)
    if heard is None:
        return told.unknown(say("no answer that would tell the time"))
    # Its own word goes first: Date may be a proxy's, whose clock is another. RFC 9111 5.1: what is stored says its age.
    told_at, dated = _iso(member(seen, "serverTime")), _http_date(heard.header("date"))
    at = told_at + _age(heard) if told_at is not None else dated
    if at is None:
        return told.unknown(say("the site does not tell the time"))
    off = at - heard.at
    seconds = f"{abs(off) / 1000:.0f}"
    answered = say("%(seconds)s s ahead", seconds=seconds) if off > 0 else say("%(seconds)s s behind", seconds=seconds)
    if abs(off) > SKEW_WRONG_MS:
        return told.wrong(answered, say("Set the clock of the site's machine, or of this one, by NTP."))
    if abs(off) > SKEW_DOUBTFUL_MS:
        return told.warning(answered, say("Set the clock of the site's machine, or of this one, by NTP."))
    return told.ok(say("they agree (within %(seconds)s s)", seconds=max(2, round(abs(off) / 1000))))


def _age(heard: Heard) -> int:
    written = heard.header("age").strip()
    return int(written) * 1000 if written.isascii() and written.isdigit() and len(written) < 8 else 0


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
        say("version in serverInfo"),
        say("OAuth 2.0 in the app needs Confluence %(needed)s or later.", needed=CONFLUENCE_9)
        if is_confluence(seen)
        else say("OAuth 2.0 in the app needs Jira 9.12.14 or later on line 9, 10.1.0 or later above."),
    )
    found = version(seen)
    if found is None:
        return told.unknown(_NO_INFO)
    ruled = judged(seen, found)
    if ruled.ok and is_genkan(seen):
        return told.ok(say("Genkan, with the surface of %(found)s", found=found))
    return told.ok(ruled.said) if ruled.ok else told.wrong(plain(f"{product(seen)} {found}"), ruled.said)


def app_version(seen: Seen) -> Probe | None:
    """The compatibility rule for the app itself, where somebody said which is on the phone."""
    found = parse_version(seen.target.app_version)
    if found is None:
        return None
    told = Told(
        "app-version",
        say("the app's version, as it was given"),
        say("The app knows OAuth 2.0 from a version on; an older one does not ask for it."),
    )
    ruled = judge_app(found)
    return told.ok(ruled.said) if ruled.ok else told.wrong(plain(str(found)), ruled.said)
