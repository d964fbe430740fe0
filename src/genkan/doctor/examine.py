"""The runner: reaches out in rounds, each question and the whole with a deadline, and has what came judged."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from genkan.doctor import (
    judge_client,
    judge_clock,
    judge_front,
    judge_login,
    judge_oauth,
    judge_plugins,
    judge_reach,
    judge_site,
    judge_tls,
    manifest,
    questions,
    reach,
    trust,
)
from genkan.doctor.observed import (
    APP_REDIRECT,
    APP_SCOPE,
    CONFLUENCE_REDIRECT,
    Heard,
    Q,
    Seen,
    Silence,
    Silent,
    Target,
    origin_of,
    path_of,
)
from genkan.doctor.reach import Asking, Clocks, Line, Resolver
from genkan.doctor.saying import say
from genkan.doctor.table import Rule
from genkan.doctor.trust import asking
from genkan.doctor.verdicts import Report, Verdict
from genkan.wire import login_screen
from genkan.wire.login_info import LoginInfo
from genkan.wire.managed_entry import before_page
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL, BaseURLProblem

WHOLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Means:
    """What the runner reaches out with. ``authorities``: a PEM file that counts beside the system's; ``token``: a
    system administrator's; ``plain_port``: where plain http is looked for at a site without a port of its own.
    """

    clocks: Clocks
    resolver: Resolver = reach.resolve
    authorities: str = ""
    token: str = field(default="", repr=False)
    plain_port: int | None = None
    seconds: float = WHOLE_SECONDS
    question_seconds: float = reach.QUESTION_SECONDS


def target_of(
    typed: str,
    *,
    client_id: str | None = None,
    redirect_uri: str = APP_REDIRECT,
    scope: str = APP_SCOPE,
    skip_info: bool = False,
) -> Target | BaseURLProblem:
    """The site that is meant by an address; a page's address is read as its site's."""
    base = login_screen.typed(typed, allow_http=True)
    if isinstance(base, BaseURLProblem):
        return base
    context = before_page(base.path)
    if context is not None:
        base = _at(base, context)
    return Target(typed, base, context is not None, client_id, redirect_uri, scope, skip_info)


def _at(base: BaseURL, context: str) -> BaseURL:
    return BaseURL(base.origin + context, base.scheme, base.host, base.port, context)


# In the order in which one fault explains the next; the first that is wrong is the one to change first.
RULES: tuple[Rule, ...] = (
    judge_reach.ADDRESS,
    judge_reach.NAME,
    judge_reach.CONNECTION,
    judge_tls.TLS,
    judge_tls.CERTIFICATE,
    judge_tls.CLIENT_CERTIFICATE,
    judge_site.SITE,
    judge_site.BASE_URL,
    judge_front.PROXY_HEADERS,
    judge_site.SITE_VERSION,
    judge_plugins.MOBILE_PLUGIN,
    judge_login.INFO,
    judge_login.SWITCH,
    judge_oauth.ENDPOINTS,
    judge_plugins.OAUTH_PLUGIN,
    judge_oauth.TOKEN_ENDPOINT,
    judge_oauth.UNKNOWN_CLIENT,
    judge_front.ADDRESS_FILTER,
    judge_front.LONG_ADDRESS,
    judge_client.CLIENT,
    judge_client.REDIRECT,
    judge_client.PERMISSION,
    judge_client.PKCE,
    judge_client.RETURN_TO_APP,
    judge_front.COOKIES,
    judge_reach.HTTP_REDIRECT,
    judge_tls.HTTP_VERSION,
    judge_clock.CLOCK,
    judge_login.OPTIONS,
    judge_oauth.METADATA,
    judge_front.SPEED,
)


# Without an answer to these no app signs in: where one is unknown, the site is not called ready.
NEEDED = frozenset(
    {"name", "connection", "server-info", "info-login", "mobile-switch", "oauth-endpoints", "token-endpoint"}
)


def judge(seen: Seen, now: int) -> Report:
    """Every probe's judgement of what was seen."""
    seen.now = now
    needed = NEEDED - _needless(seen.target)
    probes = (rule.judge(seen) for rule in RULES)
    marked = (
        replace(one, blocks=True) if one.id in needed and one.verdict is Verdict.UNKNOWN else one for one in probes
    )
    given = (judge_site.APP_VERSION.judge(seen),) if seen.target.app_version else ()
    return Report(seen.target.base.text, (*marked, *given), tuple(_notes(seen)))


def _needless(target: Target) -> set[str]:
    """What the app does without, by what MDM tells it."""
    by_mdm = {"info-login", "mobile-switch"} if target.client_id is not None else set()
    return by_mdm | ({"server-info"} if target.skip_info else set())


def _notes(seen: Seen) -> list[Sentence]:
    notes = []
    if seen.handshake is not None and seen.handshake.refused:
        notes.append(say("The certificate is not trusted: the rest was asked all the same, without any secret."))
    if seen.target.has_token and seen.token_kept:
        notes.append(say("The administrator's token was not sent: %(why)s.", why=seen.token_kept))
    if seen.out_of_time:
        notes.append(say("The time for the whole check ran out: what was not asked by then is unknown."))
    return notes


async def examine(target: Target, means: Means) -> Report:
    """Look at a site. Ends within the deadline, and never raises for what others answer."""
    seen = Seen(target)
    try:
        async with asyncio.timeout(means.seconds):
            await _look(seen, means)
    except TimeoutError:
        seen.out_of_time = True
    return judge(seen, means.clocks.now())


async def _look(seen: Seen, means: Means) -> None:
    base = seen.target.base
    seen.names = await reach.names(base, means.resolver)
    seen.tried = await reach.tried(seen.names.addresses, reach.port_of(base))
    address = next((one.address for one in seen.tried if not one.fault), None)
    if address is None:
        return
    if base.secure:
        seen.handshake = await reach.handshake(base, address, means.authorities)
        if seen.handshake.fault or seen.handshake.wants_certificate:
            return
        seen.old_tls = await reach.old_tls(base, address)
    verify = seen.handshake is not None and seen.handshake.trusted
    context = asking(means.authorities, verify=verify) if base.secure else None
    line = Line(base, address, context, means.clocks, means.question_seconds)
    try:
        await _ask(seen, line, means)
    finally:
        with suppress(Exception):
            await line.close()


async def _ask(seen: Seen, line: Line, means: Means) -> None:
    target = seen.target
    await _round(seen, line, questions.first(target))
    if not any(seen.heard(question) for question in (Q.SERVER_INFO, Q.INFO_LOGIN)):
        # Nobody who answers: further questions would only wait as long.
        await _see_protocol(seen, means)
        return
    found = judge_login.read_info(seen)
    seen.info = found if isinstance(found, LoginInfo) else None
    if judge_site.version(seen) is None:
        await _identify(seen, line)
        target = seen.target
    await _round(seen, line, questions.second(target, _plain_port(target, means)))
    if judge_site.version(seen) is None and (address := _context(seen)):
        await _look_below(seen, line, address)
    info = seen.heard(Q.INFO_LOGIN)
    if info is not None and info.status == 404:
        await _round(seen, line, questions.of_old_plugin(target))
    if seen.client_id is not None:
        await _round(seen, line, questions.of_client(target, seen.client_id))
    await _ask_with_token(seen, line, means)


async def _see_protocol(seen: Seen, means: Means) -> None:
    """Where something is said, and not by HTTP/1.1: is it HTTP/2?"""
    answer, base = seen.first(Q.SERVER_INFO), seen.target.base
    if isinstance(answer, Silent) and answer.silence in {Silence.GARBAGE, Silence.TLS, Silence.CONNECTION}:
        address = next(one.address for one in seen.tried if not one.fault)
        context = trust.looking(means.authorities, verify=False) if base.secure else None
        seen.http_2_alone = await reach.speaks_http_2(base, address, context)


async def _identify(seen: Seen, line: Line) -> None:
    """A Confluence has another way to say what it is, and its app another redirect."""
    await _round(seen, line, questions.of_manifest(seen.target))
    found = _told_by(seen.heard(Q.MANIFEST))
    if found.get("typeId") != manifest.CONFLUENCE:
        return
    seen.manifest = found
    if seen.target.redirect_uri == APP_REDIRECT:
        seen.target = replace(seen.target, redirect_uri=CONFLUENCE_REDIRECT)


def _told_by(answer: Heard | None) -> Mapping[str, str]:
    return manifest.read(answer.body) if answer is not None and answer.status == 200 else {}


def _context(seen: Seen) -> str:
    """The address below this one to which the start page leads, where that may be the site's with its context path."""
    base, page = seen.target.base, seen.heard(Q.PAGE)
    if page is None or not page.redirects or origin_of(page.target) != base.origin:
        return ""
    path = path_of(page.target)
    found = before_page(path)
    context = found if found is not None else "/" + path.strip("/").partition("/")[0]
    return base.origin + context if context not in {"", "/", base.path} else ""


async def _look_below(seen: Seen, line: Line, address: str) -> None:
    await _round(seen, line, questions.of_context(address))
    info = seen.heard(Q.INFO_BELOW)
    members = info.json if info is not None and info.status == 200 else None
    if (members or {}).get("version") or _told_by(seen.heard(Q.MANIFEST_BELOW)):
        seen.below = address


def _plain_port(target: Target, means: Means) -> int | None:
    return means.plain_port if means.plain_port is not None else (80 if target.base.port is None else None)


async def _ask_with_token(seen: Seen, line: Line, means: Means) -> None:
    """The one secret goes to the site's own origin, over TLS that was verified, or nowhere."""
    if not means.token or judge_site.is_genkan(seen) or judge_site.version(seen) is None:
        return
    shaken = seen.handshake
    if shaken is None or not shaken.trusted or shaken.version not in {"TLSv1.2", "TLSv1.3"}:
        seen.token_kept = say("the connection is not TLS that could be verified")
        return
    await _round(seen, line, questions.of_plugins(seen.target, means.token))
    if any(judge_plugins.plugin_version(seen, which) is None for which in ("oauth", "mobile")):
        await _round(seen, line, questions.of_all_plugins(seen.target, means.token))


async def _round(seen: Seen, line: Line, asked: Mapping[Q, Asking]) -> None:
    """Ask side by side; each answer counts as soon as it is there, whatever becomes of the others."""

    async def one(question: Q, asking_: Asking) -> None:
        seen.hops[question] = await line.ask(asking_)

    await asyncio.gather(*(one(question, asking_) for question, asking_ in asked.items()))
