"""Finding out how to sign in at a site: what MDM says, what ``info/login`` says, or a typed client id.

Owns the reading of a site from outside and the sentence for every way it can be blocked; signs nobody in.
"""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from genkan.app.outcomes import (
    ClientIdUnknown,
    Discovery,
    GatewayInTheWay,
    NotReady,
    Ready,
    Retry,
    Route,
    SiteSetUpWrong,
    SwitchedOff,
    TooOld,
    WrongAddress,
)
from genkan.app.state import Site
from genkan.app.steps import SET_UP_FAULTS, Answer, Ask, Flow, Loss, Lost, ask
from genkan.wire import login_info, login_screen, metadata
from genkan.wire.jsontext import decode_object, shown, text
from genkan.wire.login_info import LoginInfo, LoginInfoProblem
from genkan.wire.managed import SiteEntry
from genkan.wire.managed_entry import before_page
from genkan.wire.metadata import Endpoints, ServerMetadata
from genkan.wire.redirects import Kind, RedirectURI, parse_redirect
from genkan.wire.urls import BaseURL, BaseURLProblem, parse_base_url
from genkan.wire.versions import judge_jira, parse_version

INFO_LOGIN = "/rest/nativemobile/1.1/info/login"
APP_REDIRECT = "jira-server://oauth-callback"
APP_SCOPE = "WRITE"
LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person or the administrator asked for: an address, perhaps an MDM entry, perhaps a client id."""

    address: str
    entry: SiteEntry | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scope: str | None = None
    allow_http: bool = False
    redirect_uris: tuple[str, ...] = ()
    """Of a link of the caller's own: what is registered there, since no site tells it of other links than the app's."""


def discover(wanted: Wanted) -> Flow[Discovery]:
    """Find out how to sign in; every one of the five routes ends in a value with a sentence."""
    base = parse_base_url(wanted.address, allow_http=wanted.allow_http)
    if isinstance(base, BaseURLProblem):
        return WrongAddress(base.sentence)
    if wrong := wrong_redirect(wanted.redirect_uris):
        return wrong
    oauth = wanted.entry.oauth if wanted.entry else None
    if wanted.client_id is not None:
        return (yield from _known_client(wanted, base, wanted.client_id, Route.TYPED_CLIENT_ID))
    if oauth is not None:
        return (yield from _known_client(wanted, base, oauth.client_id, Route.MANAGED_OAUTH))
    info = yield from _read_info(base, skip_info=bool(wanted.entry and wanted.entry.skip_info))
    if not isinstance(info, LoginInfo):
        return _page_pasted(base, info) or info
    if not info.enabled or info.client_id is None:
        return SwitchedOff(str(login_screen.switched_off(base.text)))
    route = Route.MANAGED_SWITCH if wanted.entry else Route.TYPED_SWITCH
    return (yield from _ready(wanted, base, info.client_id, info, route))


def _page_pasted(base: BaseURL, found: NotReady) -> WrongAddress | None:
    """An address out of the browser's address bar: whatever answers there, it is not asked as a site."""
    context = before_page(base.path)
    if context is None or isinstance(found, Retry):
        return None
    site = base.origin + context
    return WrongAddress(f"{base.text} is the address of a page: use {site}, the site's own.", site)


def _known_client(wanted: Wanted, base: BaseURL, client_id: str, route: Route) -> Flow[Discovery]:
    """The client id is known, so ``info/login`` is only asked which redirects are registered, and may fail.

    What it says counts only when it speaks of the same client: another link has other redirects.
    """
    answer = yield from ask(Ask("GET", Endpoints(base.text).info_login))
    if isinstance(answer, Lost) and answer.loss is not Loss.UNREADABLE:
        return _unreachable(answer)
    info = login_info.parse(answer.body) if isinstance(answer, Answer) and answer.status == 200 else None
    if not isinstance(info, LoginInfo) or info.client_id != client_id:
        info = LoginInfo(enabled=True, client_id=client_id)
    return (yield from _ready(wanted, base, client_id, info, route))


def _ready(wanted: Wanted, base: BaseURL, client_id: str, info: LoginInfo, route: Route) -> Flow[Discovery]:
    if elsewhere := _elsewhere(base, info.authorization_endpoint, info.token_endpoint):
        return elsewhere
    described, notes = yield from _read_metadata(base)
    oauth = wanted.entry.oauth if wanted.entry else None
    site = Site(
        base_url=base.text,
        client_id=client_id,
        client_secret=wanted.client_secret,
        linked=wanted.client_id is not None or wanted.scope is not None,
        redirect_uris=wanted.redirect_uris or _usable(info.redirect_uris) or (APP_REDIRECT,),
        authorization_endpoint=described.authorization_endpoint,
        token_endpoint=described.token_endpoint,
        revocation_endpoint=described.revocation_endpoint or Endpoints(base.text).revocation,
        issuer=described.issuer,
        issuer_promised=described.iss_parameter,
        # RFC 9700 2.3: no more than the app needs; a link that gives less says so (invalid_scope)
        scope=wanted.scope or info.scope or APP_SCOPE,
        title=wanted.entry.title if wanted.entry else None,
        share_browser_session=oauth.cache_session_in_mobile_browser if oauth else True,
    )
    return Ready(site, route, notes)


def wrong_redirect(given: tuple[str, ...]) -> SiteSetUpWrong | None:
    """A redirect of the caller's own is used as it is or refused; a web address among them is for the person to paste.

    Another in its place would end on a page of the site that speaks of one that nobody wrote.
    """
    for each in given:
        parsed = parse_redirect(each)
        if not isinstance(parsed, RedirectURI):
            return SiteSetUpWrong(f"{shown(each, LONGEST_SHOWN) or 'A redirect URL'}: {parsed.sentence}")
    return None


def _usable(redirect_uris: tuple[str, ...]) -> tuple[str, ...]:
    """What an app can take an answer on: its own scheme and this machine, never a web address of somebody else."""
    parsed = (parse_redirect(text) for text in redirect_uris)
    return tuple(uri.text for uri in parsed if isinstance(uri, RedirectURI) and uri.kind is not Kind.HTTPS)


def _read_metadata(base: BaseURL) -> Flow[tuple[ServerMetadata, tuple[str, ...]]]:
    """RFC 8414 3.1, both places; most sites of this kind have none, so its absence says nothing.

    Without one, a provider of OpenID Connect has the same document under another name.
    """
    notes: list[str] = []
    openid = metadata.openid_path(base.text)
    for path in dict.fromkeys((*metadata.well_known_paths(base.text), openid)):
        if path == openid and notes:
            break
        answer = yield from ask(Ask("GET", base.origin + path))
        if not isinstance(answer, Answer) or answer.status != 200 or not _is_json(answer):
            continue
        # RFC 8414 3.3: a document of another issuer is not used
        described = metadata.parse(answer.body, issuer=base.text)
        if not isinstance(described, ServerMetadata):
            notes.append(described.sentence)
        elif _elsewhere(base, *_called(described)):
            notes.append(f"The metadata of {base.text} points to another server and is not used.")
        else:
            return described, ()
    return _by_convention(base), tuple(notes)


def _called(described: ServerMetadata) -> tuple[str | None, ...]:
    return described.authorization_endpoint, described.token_endpoint, described.revocation_endpoint


def _by_convention(base: BaseURL) -> ServerMetadata:
    """The endpoints of a site that describes none: they are always at the same paths."""
    ends = Endpoints(base.text)
    return ServerMetadata(
        ends.issuer, ends.authorization, ends.token, ends.revocation, None, (), (), iss_parameter=False
    )


def _read_info(base: BaseURL, *, skip_info: bool) -> Flow[LoginInfo | NotReady]:
    answer = yield from ask(Ask("GET", Endpoints(base.text).info_login))
    if isinstance(answer, Lost):
        return _unreachable(answer)
    if answer.status == 404:
        return (yield from _why_not_there(base, skip_info=skip_info))
    if refused := _refused(base, answer):
        return refused
    info = login_info.parse(answer.body)
    if isinstance(info, LoginInfoProblem):
        return ClientIdUnknown(info.sentence)
    return info


def _refused(base: BaseURL, answer: Answer) -> NotReady | None:
    """Everything but an answer of the site itself."""
    if answer.status in {408, 429} or answer.status >= 500:
        return Retry(f"{base.text} is busy or down (status {answer.status}): try again later.", _after(answer))
    if 300 <= answer.status <= 399:
        return _redirected(base, answer)
    if answer.status in {401, 403, 407} or (answer.status == 200 and not _is_json(answer)):
        return _gateway(base, None)
    if answer.status != 200:
        sentence = f"{base.text} answers {answer.status} to the app's first question: ask the site's administrator."
        return SiteSetUpWrong(sentence)
    return None


def _redirected(base: BaseURL, answer: Answer) -> NotReady:
    asked = base.text + INFO_LOGIN
    try:
        target = urljoin(asked, answer.headers.get("location", ""))
        sent_to = _origin_of(target)
    except ValueError:
        return _gateway(base, None)
    # The same document under another address is a move (http to https, another host, a context path), not a gateway.
    moved = parse_base_url(target.removesuffix(INFO_LOGIN)) if target.endswith(INFO_LOGIN) else None
    if isinstance(moved, BaseURL) and moved.text != base.text:
        return WrongAddress(f"{base.text} sends the app to {moved.text}: use that address.", moved.text)
    return _gateway(base, sent_to)


def _gateway(base: BaseURL, sent_to: str | None) -> GatewayInTheWay:
    path = base.path + INFO_LOGIN
    return GatewayInTheWay(str(login_screen.gateway(base.text, path, sent_to)), path, sent_to)


def _origin_of(target: str) -> str | None:
    """Only scheme and host: what follows may hold a session of somebody's."""
    parts = urlsplit(target)
    return shown(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", 200) if parts.netloc else None


def _why_not_there(base: BaseURL, *, skip_info: bool) -> Flow[NotReady]:
    """No ``info/login``: too old, or no such site at all; ``serverInfo`` tells, unless MDM says not to ask it."""
    old = f"{base.text} has no sign-in for the app: its mobile plugin is too old or turned off; ask its administrator."
    if skip_info:
        return TooOld(old)
    answer = yield from ask(Ask("GET", Endpoints(base.text).server_info))
    version = parse_version(_version_in(answer)) if isinstance(answer, Answer) and answer.status == 200 else None
    if version is None:
        return WrongAddress(f"No site was found at {base.text}: check the address, context path included.")
    judged = judge_jira(version)
    return TooOld(old if judged.ok else judged.sentence)


def _version_in(answer: Answer) -> str:
    return text((decode_object(answer.body) or {}).get("version")) or ""


def _elsewhere(base: BaseURL, *endpoints: str | None) -> WrongAddress | None:
    """A site that names endpoints on another server is either known by another address or not to be trusted."""
    for endpoint in endpoints:
        if endpoint is None or endpoint.startswith(base.text + "/"):
            continue
        parsed = parse_base_url(endpoint.partition("?")[0].partition("/rest/oauth2/")[0])
        if isinstance(parsed, BaseURL):
            if parsed.text == base.text:
                continue
            sentence = f"The site at {base.text} calls itself {parsed.text}: use that address, or correct its base URL."
            return WrongAddress(sentence, parsed.text)
        return WrongAddress(f"The site at {base.text} names an address that cannot be used: check its base URL.")
    return None


def _unreachable(lost: Lost) -> NotReady:
    if lost.loss in SET_UP_FAULTS or lost.loss is Loss.UNREADABLE:
        return SiteSetUpWrong(lost.sentence)
    return Retry(lost.sentence)


def _is_json(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in {"application/json", ""} or kind.endswith("+json")


def _after(answer: Answer) -> int | None:
    text = answer.headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
