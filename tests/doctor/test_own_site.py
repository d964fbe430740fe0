"""The doctor before our own site: healthy it finds nothing; each of many ways to break it is named for what it is."""

import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from genkan.doctor.reach import Clocks
from genkan.doctor.verdicts import Report, Verdict
from genkan.protocol import links
from genkan.protocol.outcomes import Change as ChangeOfSite
from genkan.protocol.records import Standing
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.doctor.world import (
    APP,
    AUTHORIZE,
    CLIENTS,
    INFO,
    SERVER,
    TOKEN,
    Answering,
    Asked,
    Front,
    Told,
    document,
    faults,
    looked,
    means,
    page,
    probe,
    sent_to,
)
from tests.site.world import SiteUnderTest


async def switch_off(site: SiteUnderTest) -> None:
    """The mobile switch, off; phones stay."""
    row = await site.store.site()
    assert row.mobile_link_id is not None
    link = await site.store.link(row.mobile_link_id)
    assert link is not None
    assert await site.store.apply(links.turn_mobile_off(row, link, False, "test", site.env()))


Look = Callable[[], Awaitable[Report]]


@pytest.fixture
def look(ours: SiteUnderTest, front: Front) -> Look:
    """The doctor's report of our own site, by the site's clock."""

    async def report() -> Report:
        return await looked(ours.base, reaching=means(clocks=Clocks(lambda: ours.env.now, lambda: 0.0)))

    return report


async def test_a_healthy_site_has_no_fault(look: Look) -> None:
    """No false alarm: every probe is ok, and the site is said to be ready."""
    report = await look()
    assert faults(report) == {}
    assert report.verdict is Verdict.OK
    assert report.first is None


async def test_nothing_is_written_to_the_site(look: Look, ours: SiteUnderTest) -> None:
    """A check leaves no grant, no session, no event and no moved switch behind."""
    before = (await ours.store.site(), await ours.store.events(0, 1000))
    await look()
    assert (await ours.store.site(), await ours.store.events(0, 1000)) == before
    assert await ours.store.phones(PhoneQuery()) == []


async def test_no_secret_is_sent(look: Look, front: Front) -> None:
    """Without a token file no request carries credentials or a cookie."""
    await look()
    assert len(front.heard) > 10
    assert not any({"authorization", "cookie"} & set(asked.headers) for asked in front.heard)


Change = Callable[[Asked, Told], Told | bytes | None]


def at(path: str, change: Change) -> Callable[[Asked, Answering], Awaitable[Told | bytes | None]]:
    """A front that changes the answers of one path and of everything below it."""

    async def tamper(asked: Asked, site: Answering) -> Told | bytes | None:
        told = await site(asked)
        return change(asked, told) if asked.path.removeprefix("/jira").startswith(path) else told

    return tamper


def always(told: Told | bytes | None) -> Change:
    return lambda asked, answer: told


def when(test: Callable[[Asked], bool], told: Told) -> Change:
    return lambda asked, answer: told if test(asked) else answer


def _edited(change: dict[str, object]) -> Change:
    def edit(asked: Asked, told: Told) -> Told:
        return document({**json.loads(told.body), **change})

    return edit


def _with_policy(asked: Asked, told: Told) -> Told:
    return told.plus(("content-security-policy", "default-src 'self'; form-action 'self'"))


def _without_location(asked: Asked, told: Told) -> Told:
    return told.without("location") if told.header("location").startswith("jira-server:") else told


def _rewritten_location(asked: Asked, told: Told) -> Told:
    location = told.header("location")
    if not location.startswith("jira-server:"):
        return told
    return told.without("location").plus(("location", f"http://localhost/{location}"))


def _strict(asked: Asked, told: Told) -> Told:
    return told.plus(("set-cookie", "SERVERID=a; Path=/; SameSite=Strict"))


def _none_cookie(asked: Asked, told: Told) -> Told:
    return told.plus(("set-cookie", "SERVERID=a; Path=/; SameSite=None"))


def _open_redirect(asked: Asked, told: Told) -> Told:
    return sent_to(f"{asked.query.get('redirect_uri', APP)}?error=unauthorized_client&state=genkan-check")


def _compressed(asked: Asked, told: Told) -> Told:
    return replace(told, body=gzip.compress(told.body)).plus(("content-encoding", "gzip"))


BLOCKED = page("<h1>Request blocked</h1> Your support id is 18446744", 403)
GATE = sent_to("https://team.cloudflareaccess.com/cdn-cgi/access/login/jira.example.com?kid=1&redirect_url=%2F")
BREAKS: dict[str, tuple[str, Change, str, Verdict, str]] = {
    "serverInfo cannot be found": (SERVER, always(page("no", 404)), "server-info", Verdict.WRONG, "context path"),
    "the upstream is down": ("/", always(page("Bad Gateway", 502)), "server-info", Verdict.WRONG, "does not reach it"),
    "serverInfo is a page": (SERVER, always(page("Welcome")), "server-info", Verdict.WRONG, "no site answers"),
    "another base URL": (SERVER, _edited({"baseUrl": "http://localhost/jira"}), "base-url", Verdict.WRONG, "er port"),
    "the base URL has another context path": (SERVER, _edited({"baseUrl": "http://localhost/wiki"}), "base-url",
                                              Verdict.WRONG, "GENKAN_BASE_URL"),
    "the base URL has another scheme": (SERVER, _edited({"baseUrl": "https://localhost/jira"}), "base-url",
                                        Verdict.WRONG, "X-Forwarded-Proto"),
    "the base URL has another host": (SERVER, _edited({"baseUrl": "http://10.0.0.5/jira"}), "base-url", Verdict.WRONG,
                                      "another host"),
    "the surface is too old": (SERVER, _edited({"version": "10.0.0"}), "site-version", Verdict.WRONG, "10.1.0 or"),
    "the clock is an hour off": (SERVER, _edited({"serverTime": "2027-01-15T07:00:00.000+0000"}), "clock",
                                 Verdict.WRONG, "NTP"),
    "the clock is two minutes off": (SERVER, _edited({"serverTime": "2027-01-15T08:02:00.000+0000"}), "clock",
                                     Verdict.WARNING, "NTP"),
    "info/login is redirected": (INFO, always(GATE), "info-login", Verdict.WRONG, "Cloudflare Zero Trust"),
    "info/login is redirected to the login page": (INFO, always(sent_to("/jira/login?next=x")), "info-login",
                                                   Verdict.WRONG, "its own page"),
    "info/login is a page": (INFO, always(page("Welcome")), "info-login", Verdict.WRONG, "must reach the site"),
    "info/login cannot be found": (INFO, always(page("no", 404)), "info-login", Verdict.WRONG, "proxy passes"),
    "info/login is compressed unasked": (INFO, _compressed, "info-login", Verdict.WARNING, "Accept-Encoding"),
    "info/login is compressed unasked, in a form that is not read": (
        INFO, lambda asked, told: told.plus(("content-encoding", "br")), "info-login", Verdict.UNKNOWN, "Accept-Enc"),
    "info/login calls itself compressed": (INFO, lambda asked, told: told.plus(("content-encoding", "gzip")),
                                           "info-login", Verdict.WRONG, "must reach the site"),
    "a check for robots": (INFO, always(page("Just a moment", 403).plus(("cf-mitigated", "challenge"))), "info-login",
                           Verdict.WRONG, "Bot Fight Mode"),
    "a firewall before info/login": (INFO, always(BLOCKED.plus(("server", "AkamaiGHost"))), "info-login", Verdict.WRONG,
                                     "AkamaiGHost"),
    "a refusal with help for guests": (INFO, always(page("Guest network? Ask the desk.", 403)), "info-login",
                                       Verdict.WRONG, "which rule refuses"),
    "too many for authorize": (AUTHORIZE, when(lambda asked: "jira-server" in asked.target, page("later", 429)),
                               "address-filter", Verdict.UNKNOWN, "busy"),
    "authorize fails now and then": (AUTHORIZE, when(lambda asked: "jira-server" not in asked.target, page("x", 503)),
                                     "address-filter", Verdict.UNKNOWN, "busy"),
    "info/login wants a password": (INFO, always(Told(401, (("www-authenticate", 'Basic realm="x"'),))), "info-login",
                                    Verdict.WRONG, "auth_basic off"),
    "info/login asks too much of a phone": (INFO, always(Told(429)), "info-login", Verdict.UNKNOWN, "rate limiting"),
    "info/login names no client": (INFO, always(document({"hello": 1})), "info-login", Verdict.UNKNOWN, "client id"),
    "info/login names another server": (INFO, _edited({"oauth": {"enabled": True, "clientID": "ab" * 16,
                                        "authorizationEndpoint": "https://old.example/rest/oauth2/latest/authorize"}}),
                                        "info-login", Verdict.WRONG, "old.example/rest/oauth2"),
    "info/login has moved": (INFO, always(sent_to(f"https://jira.example.com{INFO}", 301)), "info-login", Verdict.WRONG,
                             "Use https://jira.example.com"),
    "token is eaten by a gateway": (TOKEN, always(GATE), "token-endpoint", Verdict.WRONG, "Bypass"),
    "POST is not passed on": (TOKEN, always(Told(405)), "token-endpoint", Verdict.WRONG, "POST"),
    "a firewall answers for token": (TOKEN, always(BLOCKED), "token-endpoint", Verdict.WRONG, "firewall"),
    "token fails": (TOKEN, always(page("error", 500)), "oauth-endpoints", Verdict.WRONG, "log"),
    "token cannot be found": (TOKEN, always(page("no", 404)), "oauth-endpoints", Verdict.WRONG, "/rest/oauth2"),
    "authorize cannot be found": (AUTHORIZE, always(page("no", 404)), "oauth-endpoints", Verdict.WRONG, "rest/oauth2"),
    "links are shown to anybody": (CLIENTS, always(document({"clients": []})), "oauth-endpoints", Verdict.WRONG, "401"),
    "an unknown client is sent away": (AUTHORIZE, _open_redirect, "unknown-client", Verdict.WRONG, "errors to"),
    "a firewall stops the app's scheme": (AUTHORIZE, when(lambda asked: "jira-server" in asked.target, BLOCKED),
                                          "address-filter", Verdict.WRONG, "jira-server:"),
    "a firewall stops loopback": (AUTHORIZE, when(lambda asked: "127.0.0.1" in asked.target, BLOCKED), "address-filter",
                                  Verdict.WARNING, "931100"),
    "long addresses are cut": (AUTHORIZE, when(lambda asked: len(asked.target) > 2048, page("URI Too Long", 414)),
                               "long-address", Verdict.WRONG, "8 KB"),
    "the proxy adds a policy": ("/login", _with_policy, "return-to-app", Verdict.WRONG, "form-action"),
    "the proxy drops Location": (AUTHORIZE, _without_location, "return-to-app", Verdict.WRONG, "Location"),
    "the proxy rewrites Location": (AUTHORIZE, _rewritten_location, "return-to-app", Verdict.WRONG, "proxy_redirect"),
    "a strict cookie": ("/", _strict, "cookies", Verdict.WARNING, "SameSite=Lax"),
    "a cookie that browsers drop": ("/", _none_cookie, "cookies", Verdict.WRONG, "Secure"),
    "metadata of another issuer": ("/.well-known/oauth-authorization-server", _edited({"issuer": "https://other.example"}),
                                   "metadata", Verdict.WARNING, "base URL"),
    "no S256": ("/.well-known/oauth-authorization-server", _edited({"code_challenge_methods_supported": ["plain"]}),
                "pkce", Verdict.WRONG, "S256"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "change", "where", "verdict", "phrase"), BREAKS.values(), ids=BREAKS.keys())
async def test_broken_on_the_way(
    path: str, change: Change, where: str, verdict: Verdict, phrase: str, look: Look, front: Front
) -> None:
    """What breaks between a phone and the site is named by its probe, with the change that mends it."""
    front.tamper = at(path, change)
    report = await look()
    named = probe(report, where)
    assert named.verdict is verdict, (named, faults(report))
    assert phrase in f"{named.answered} {named.fix}", named
    assert report.first is not None or verdict is Verdict.UNKNOWN
    if verdict is Verdict.WRONG:
        assert report.verdict is Verdict.WRONG


FIRST = {
    "serverInfo cannot be found": "server-info", "the upstream is down": "server-info",
    "another base URL": "base-url", "the surface is too old": "site-version", "info/login is redirected": "info-login",
    "info/login cannot be found": "info-login", "info/login names another server": "info-login",
    "token is eaten by a gateway": "token-endpoint",
    "a firewall stops the app's scheme": "address-filter", "long addresses are cut": "long-address",
    "the proxy adds a policy": "return-to-app", "the proxy drops Location": "return-to-app",
    "authorize cannot be found": "oauth-endpoints", "no S256": "pkce",
}  # fmt: skip


@pytest.mark.parametrize("broken", FIRST, ids=str)
async def test_the_one_thing_to_change_is_the_cause(broken: str, look: Look, front: Front) -> None:
    """Whatever else comes of a fault, the first to change is the fault itself."""
    path, change, *_ = BREAKS[broken]
    front.tamper = at(path, change)
    report = await look()
    assert report.first is not None
    assert report.first.id == FIRST[broken], faults(report)


async def test_the_switch_is_off(look: Look, ours: SiteUnderTest) -> None:
    """A switch that is off is wrong, and both ways to turn it on are named."""
    await switch_off(ours)
    named = probe(await look(), "mobile-switch")
    assert named.verdict is Verdict.WRONG
    assert "genkan mobile on" in named.fix
    assert "Settings → System → Mobile app" in named.fix


async def test_the_switch_may_be_off_beside_mdm(ours: SiteUnderTest, front: Front) -> None:
    """With the client id of an MDM value the switch need not be on."""
    site = await ours.store.site()
    assert site.mobile_link_id is not None
    link = await ours.store.link(site.mobile_link_id)
    assert link is not None
    await switch_off(ours)
    report = await looked(
        ours.base, client_id=link.client_id, reaching=means(clocks=Clocks(lambda: ours.env.now, lambda: 0.0))
    )
    assert faults(report) == {}


async def test_the_client_id_is_mistyped(ours: SiteUnderTest, front: Front) -> None:
    """A client id that nobody registered is named, with where to copy it from."""
    report = await looked(ours.base, client_id="38843a89f2b02a471000bc022e4b9de8")
    named = probe(report, "client")
    assert named.verdict is Verdict.WRONG
    assert "38843a89f2b02a471000bc022e4b9de8" in named.fix


async def test_the_redirect_is_not_registered(ours: SiteUnderTest, front: Front) -> None:
    """A known client with another redirect: the client is said to be known, and the redirect to be missing."""
    made = await ours.make_link("jira-server://other-callback")
    report = await looked(ours.base, client_id=made.link.client_id)
    assert probe(report, "client").verdict is Verdict.OK
    named = probe(report, "redirect")
    assert named.verdict is Verdict.WRONG
    assert APP in named.fix


async def test_the_permission_is_too_small(ours: SiteUnderTest, front: Front) -> None:
    """A link that gives READ is not enough for the app."""
    made = await ours.make_link(permission=Permission.READ)
    report = await looked(ours.base, client_id=made.link.client_id)
    assert probe(report, "redirect").verdict is Verdict.OK
    named = probe(report, "permission")
    assert named.verdict is Verdict.WRONG
    assert "WRITE" in named.fix


async def test_the_link_is_disabled(ours: SiteUnderTest, front: Front) -> None:
    """A disabled link is refused like none, and the doctor does not call it healthy."""
    made = await ours.make_link()
    change = links.set_standing(made.link, Standing.DISABLED, "test", ours.env())
    assert isinstance(change, ChangeOfSite)
    assert await ours.store.apply(change)
    report = await looked(ours.base, client_id=made.link.client_id)
    wrong = [one for one in (probe(report, "client"), probe(report, "redirect")) if one.verdict is Verdict.WRONG]
    assert wrong
    assert "enabled" in wrong[0].fix


async def test_the_proxy_says_another_host(ours: SiteUnderTest, front: Front) -> None:
    """Pages that answer 400 for a wrong Host are put down to the proxy's headers, not to the link."""

    async def other_host(asked: Asked, site: Answering) -> Told:
        return await site(replace(asked, headers={**asked.headers, "host": "internal.example:8080"}))

    front.tamper = other_host
    report = await looked(ours.base)
    assert probe(report, "proxy-headers").verdict is Verdict.WRONG
    assert "X-Forwarded-Proto" in probe(report, "proxy-headers").fix
    assert probe(report, "client").verdict is Verdict.UNKNOWN
    assert report.first is not None
    assert report.first.id == "proxy-headers"


async def test_the_address_of_a_page_was_pasted(ours: SiteUnderTest, front: Front) -> None:
    """The site behind a page's address is looked at, and the address to use instead is named."""
    report = await looked(f"{ours.base}/secure/Dashboard.jspa")
    assert report.url == ours.base
    assert probe(report, "address").verdict is Verdict.WRONG
    assert ours.base in probe(report, "address").fix
    assert probe(report, "server-info").verdict is Verdict.OK


async def test_the_context_path_is_missing(ours: SiteUnderTest, front: Front) -> None:
    """Without its context path no site is found, and that is said of the path."""
    named = probe(await looked(ours.door.public.origin), "server-info")
    assert named.verdict is Verdict.WRONG
    assert "context path" in named.fix
