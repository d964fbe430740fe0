"""Rules for what the site says of itself: server info, base URL, clock, versions (the compatibility rules)."""

from genkan.doctor.gateways import turned_away
from genkan.doctor.inflate import UNREADABLE
from genkan.doctor.judge_tls import wants_certificate
from genkan.doctor.manifest import CONFLUENCE, MANIFEST
from genkan.doctor.moves import move_at
from genkan.doctor.observed import Q, Seen, Silence, Silent
from genkan.doctor.saying import plain, say
from genkan.doctor.table import (
    Rule,
    Values,
    always,
    brief,
    heard,
    is_silent,
    ok,
    silence,
    status,
    unknown,
    warning,
    wrong,
)
from genkan.doctor.turned_away import exempt, sent_where
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
LIMITED = frozenset({408, 429})  # RFC 9110 15.5.9, RFC 6585 4: they tell nothing of the site
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


def _is(seen: Seen, *kinds: Silence) -> bool:
    answer = seen.first(Q.SERVER_INFO)
    return isinstance(answer, Silent) and answer.silence in kinds


def _is_known(seen: Seen) -> bool:
    return version(seen) is not None and (status(seen, Q.SERVER_INFO) == 200 or is_confluence(seen))


def _title(seen: Seen) -> str:
    return shown(member(seen, "serverTitle"), 60) or ""


def is_unreadable(seen: Seen, question: Q) -> bool:
    """Whether it came in a compression that this cannot take off."""
    answer = heard(seen, question)
    return answer.status == 200 and answer.header("content-encoding").strip().lower() in UNREADABLE


def is_kept_out(seen: Seen, question: Q) -> bool:
    """Whether something turned the anonymous question away."""
    answer = seen.heard(question)
    return answer is not None and turned_away(answer, seen.target.base.origin)


def _sent_where(seen: Seen) -> Sentence:
    """Who turned it away, and where it leads."""
    return sent_where(heard(seen, Q.SERVER_INFO), seen.target.base.text)


def _exempt(seen: Seen) -> Sentence:
    """The exact exception for the gateway, or what the site itself must answer."""
    base = seen.target.base
    return exempt(heard(seen, Q.SERVER_INFO), [base.path + SERVER_INFO], base.text)


def _is_below(seen: Seen) -> Sentence:
    """The start page leads to the site, at an address that was forgotten in part."""
    return say(
        "%(briefly)s: its start page leads to the site at %(address)s",
        briefly=heard(seen, Q.SERVER_INFO).briefly,
        address=seen.below,
    )


def _skips(seen: Seen) -> bool:
    return seen.target.skip_info


COMPRESSED = (
    say("200, compressed although that was not asked for"),
    say("Let the proxy compress only what the caller says it takes (Accept-Encoding)."),
)
_silence, _moved = silence(Q.SERVER_INFO), move_at(Q.SERVER_INFO, SERVER_INFO)
_SITE: Values = {
    "address": lambda seen: seen.target.base.text,
    "path": lambda seen: MANIFEST if is_confluence(seen) else SERVER_INFO,
    "what": product,
    "version": lambda seen: member(seen, "version"),
    "title": _title,
    "briefly": brief(Q.SERVER_INFO),
    "origin": lambda seen: seen.target.base.origin,
    "sent_where": _sent_where,
}
SITE = Rule(
    "server-info",
    say("GET %(address)s%(path)s, as nobody"),
    say("The app looks here first for what the site is, unless MDM says skipInfo."),
    (
        unknown(lambda seen: _is(seen, Silence.NOT_ASKED, Silence.CLIENT_CERTIFICATE), _silence),
        unknown(
            lambda seen: is_silent(Q.SERVER_INFO)(seen) and seen.http_2_alone,
            say("an answer by HTTP/2 alone, which this check does not speak"),
            say("Let the server take HTTP/1.1 beside HTTP/2: this check asks by it, and so do many proxies."),
        ),
        unknown(
            lambda seen: _is(seen, Silence.SLOW),
            _silence,
            say("See whether the site hangs, or its proxy waits for a site that does not answer."),
        ),
        wrong(
            lambda seen: _is(seen, Silence.GARBAGE),
            _silence,
            say("See what listens at %(origin)s: it does not speak HTTP/1.1."),
        ),
        wrong(
            is_silent(Q.SERVER_INFO),
            _silence,
            say("See the log of the site or of its proxy: connections are taken and dropped."),
        ),
        ok(lambda seen: _is_known(seen) and bool(_title(seen)), say("%(what)s, version %(version)s, “%(title)s”")),
        ok(_is_known, say("%(what)s, version %(version)s")),
        unknown(lambda seen: is_unreadable(seen, Q.SERVER_INFO), *COMPRESSED),
        unknown(lambda seen: wants_certificate(heard(seen, Q.SERVER_INFO)), say("%(briefly)s: see client-certificate")),
        # A missing context path is named here, before what follows from it.
        warning(lambda seen: _skips(seen) and _moved[0](seen), *_moved[1:]),
        wrong(*_moved),
        # The gateway is named once, by the rule of info/login, unless only this path is kept from anonymous callers.
        unknown(
            lambda seen: is_kept_out(seen, Q.SERVER_INFO) and is_kept_out(seen, Q.INFO_LOGIN),
            say("%(sent_where)s: see info-login"),
        ),
        warning(
            lambda seen: is_kept_out(seen, Q.SERVER_INFO) and _skips(seen),
            _sent_where,
            say("Keep skipInfo in the MDM value, or exempt the path."),
        ),
        wrong(lambda seen: is_kept_out(seen, Q.SERVER_INFO), _sent_where, _exempt),
        wrong(
            lambda seen: bool(seen.below),
            _is_below,
            lambda seen: say("Use %(address)s in the app, and in the MDM value.", address=seen.below),
        ),
        wrong(
            lambda seen: status(seen, Q.SERVER_INFO) >= 500,
            say("%(briefly)s: the site is down, or its proxy does not reach it"),
            say("Start the site, or see in the proxy's log why it cannot reach it."),
        ),
        unknown(lambda seen: status(seen, Q.SERVER_INFO) in LIMITED, say("%(briefly)s: busy or down"), BUSY),
        warning(
            _skips,
            lambda seen: heard(seen, Q.SERVER_INFO).briefly,
            say("Keep skipInfo in the MDM value: the app then does not ask this."),
        ),
        wrong(
            always,
            say("%(briefly)s: no site answers at this address"),
            say("Check the address, context path included: is the site's start page at %(address)s/?"),
        ),
    ),
    _SITE,
)


def _own(seen: Seen) -> BaseURL | None:
    found = parse_base_url(member(seen, "baseUrl"), allow_http=True)
    return found if isinstance(found, BaseURL) else None


def _own_text(seen: Seen) -> str:
    own = _own(seen)
    return own.text if own is not None else shown(member(seen, "baseUrl"), 100) or ""


def _said_url(seen: Seen) -> Sentence:
    """The base URL that the site names."""
    return plain(_own_text(seen)) if _own_text(seen) else say("none")


def _keeps_scheme(seen: Seen) -> bool:
    own = _own(seen)
    return own is not None and own.scheme == seen.target.base.scheme


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


def _differing(seen: Seen) -> Sentence:
    """The base URL that the site names, and in what it differs."""
    base = seen.target.base
    return say("%(address)s: %(difference)s", address=_own_text(seen), difference=_difference(base, _own(seen) or base))


BASE_URL = Rule(
    "base-url",
    say("baseUrl in serverInfo, against %(address)s"),
    say(
        "Sign-in pages, links and the issuer are built from the base URL: the app and the browser must "
        "arrive at the same address."
    ),
    (
        unknown(lambda seen: version(seen) is None, _NO_INFO),
        wrong(lambda seen: _own(seen) is None, _said_url, say("Set %(where)s to %(address)s.")),
        ok(lambda seen: _own_text(seen) == seen.target.base.text, _said_url),
        wrong(
            _keeps_scheme,
            _differing,
            say("Use %(own)s in the app, or set %(where)s to %(asked)s."),
        ),
        wrong(
            always,
            _differing,
            say(
                "Use %(own)s in the app, or set %(where)s to %(asked)s (and let the proxy tell the site "
                "X-Forwarded-Proto)."
            ),
        ),
    ),
    {
        "asked": lambda seen: seen.target.base.text,
        "address": lambda seen: seen.target.base.text,
        "own": _own_text,
        "where": lambda seen: _WHERE[product(seen)],
    },
)


def _found(seen: Seen) -> Version:
    return version(seen) or Version(())


def _ruled(seen: Seen) -> Judgement:
    return judged(seen, _found(seen))


def _said_version(seen: Seen) -> Sentence:
    """What the compatibility rule says of the version."""
    return _ruled(seen).said


def _named_version(seen: Seen) -> Sentence:
    """The product and its version."""
    return plain(f"{product(seen)} {_found(seen)}")


def _needed_version(seen: Seen) -> Sentence:
    """OAuth 2.0 in the app needs Jira 9.12.14 or later on line 9, 10.1.0 or later above; Confluence 9.1 or later."""
    if is_confluence(seen):
        return say("OAuth 2.0 in the app needs Confluence %(needed)s or later.", needed=CONFLUENCE_9)
    return say("OAuth 2.0 in the app needs Jira 9.12.14 or later on line 9, 10.1.0 or later above.")


SITE_VERSION = Rule(
    "site-version",
    say("version in serverInfo"),
    _needed_version,
    (
        unknown(lambda seen: version(seen) is None, _NO_INFO),
        ok(lambda seen: _ruled(seen).ok and is_genkan(seen), say("Genkan, with the surface of %(found)s")),
        ok(lambda seen: _ruled(seen).ok, _said_version),
        wrong(always, _named_version, _said_version),
    ),
    {"found": _found},
)


def _app(seen: Seen) -> Version:
    return parse_version(seen.target.app_version) or Version(())


def _said_app(seen: Seen) -> Sentence:
    """What the compatibility rule says of the app: 2.0 or later."""
    return judge_app(_app(seen)).said


APP_VERSION = Rule(
    "app-version",
    say("the app's version, as it was given"),
    say("The app knows OAuth 2.0 from a version on; an older one does not ask for it."),
    (
        ok(lambda seen: judge_app(_app(seen)).ok, _said_app),
        wrong(always, lambda seen: plain(str(_app(seen))), _said_app),
    ),
)
