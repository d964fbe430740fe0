"""What is no site: servers that hang, that answer garbage, gateways, portals, redirects, names that lead nowhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.world import (
    AUTHORIZE,
    CLIENT_ID,
    INFO,
    SERVER,
    Answering,
    Asked,
    Front,
    Jira,
    Told,
    document,
    faults,
    looked,
    means,
    opened,
    page,
    probe,
    resolving,
    sent_to,
)

APP_PATHS = (INFO, SERVER, "/rest/authconfig/1.0/login-options")


@contextlib.asynccontextmanager
async def fronted(told: Told | bytes | None, *, only: Sequence[str] = ("/",), host: str = "localhost",
                  extra: tuple[tuple[str, str], ...] = ()) -> AsyncIterator[tuple[Front, str]]:  # fmt: skip
    """An imitated Jira behind a front that answers like this on some paths."""
    jira = Jira()

    async def tamper(asked: Asked, site: Answering) -> Told | bytes | None:
        if any(asked.path.startswith(path) for path in only):
            return told
        return (await site(asked)).plus(*extra)

    async with opened(Front(jira, tamper)) as front:
        jira.base = f"http://{host}:{front.port}"
        yield front, jira.base


async def seen(told: Told | bytes | None, *, only: Sequence[str] = ("/",), client_id: str | None = None) -> Report:
    async with fronted(told, only=only) as (_, base):
        return await looked(base, reaching=means(question_seconds=1.0), client_id=client_id)


async def test_a_server_that_hangs() -> None:
    """It takes connections and says nothing: said of the site, and the check ends within its deadlines."""
    report = await seen(None)
    named = probe(report, "server-info")
    assert named.verdict is Verdict.UNKNOWN
    assert "no answer in time" in named.answered
    assert not report.ready
    assert report.first == named
    assert probe(report, "info-login").verdict is Verdict.UNKNOWN


async def test_the_whole_has_a_deadline() -> None:
    """When the time is over, what was not asked is unknown, and the report says that it ran out."""
    async with fronted(None) as (_, base):
        report = await looked(base, reaching=means(seconds=0.5))
    assert any("ran out" in str(note) for note in report.notes)
    assert probe(report, "info-login").verdict is Verdict.UNKNOWN
    assert len(report.probes) == len({one.id for one in report.probes}) == 31


async def test_a_path_that_hangs() -> None:
    """One path that hangs costs its own answer only."""
    report = await seen(None, only=["/rest/authconfig"])
    assert probe(report, "sign-in-options").verdict is Verdict.UNKNOWN
    assert probe(report, "info-login").verdict is Verdict.OK


GARBAGE = [b"\x00\x01\x02\xff\xfe" * 100, b"SSH-2.0-OpenSSH_9.7\r\n", b"", b"HTTP/1.1\r\n\r\n", b"HTTP/9.9 9 x\r\n\r\n",
           b"220 mail.example.com ESMTP\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
           b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{}", b"\r\n" * 1000]  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_a_server_that_answers_garbage(garbage: bytes) -> None:
    """Whatever comes, there is a verdict: no site."""
    report = await seen(garbage)
    assert probe(report, "server-info").verdict is Verdict.WRONG
    assert report.verdict is Verdict.WRONG


async def test_an_answer_without_end() -> None:
    """A body of megabytes is read up to a bound, and judged by its beginning."""
    report = await seen(page("x" * 3_000_000))
    assert probe(report, "server-info").verdict is Verdict.WRONG


async def test_a_captive_portal() -> None:
    """The sign-in page of a hotel's network is not taken for the site's gateway."""
    portal = sent_to("http://portal.hotel-captive.example/login?mac=00")
    report = await seen(portal)
    named = probe(report, "info-login")
    assert named.verdict is Verdict.WRONG
    assert "network that this machine is in" in named.answered
    assert "another one" in named.fix


async def test_a_captive_portal_that_answers_itself() -> None:
    """Also where it answers 200 or 511 with a page of its own."""
    for told in (page("<title>Guest Wi-Fi</title> Hotspot sign-in"), page("login to continue", 511)):
        assert "another one" in probe(await seen(told), "info-login").fix


GATEWAYS = {
    "Cloudflare Access": (sent_to("https://team.cloudflareaccess.com/cdn-cgi/access/login/x"), "Cloudflare Zero Trust"),
    "Azure Application Proxy": (sent_to("https://login.microsoftonline.com/tenant/oauth2/authorize", 302,
                                ("set-cookie", "AzureAppProxyPreauth=1; Secure")), "Passthrough"),
    "Microsoft Entra ID": (sent_to("https://login.microsoftonline.com/t/oauth2/v2.0/authorize"), "nginx"),
    "Okta": (sent_to("https://corp.okta.com/app/jira/sso/saml"), "nginx"),
    "Keycloak": (sent_to("https://id.example/realms/corp/protocol/openid-connect/auth?x"), "Traefik"),
    "oauth2-proxy": (sent_to("/oauth2/start?rd=/x", 302, ("server", "nginx/1.29")),
                     "auth_request off"),
    "Authelia": (sent_to("https://authelia.example/?rd=https%3A%2F%2Fjira.example.com%2F"), "Caddy"),
    "authentik": (sent_to("/outpost.goauthentik.io/start?rd=x", 302, ("server", "Caddy")), "forward_auth @others"),
    "F5 BIG-IP APM": (sent_to("/my.policy", 302, ("set-cookie", "MRHSession=x; path=/")), "ACCESS::disable"),
    "PingAccess": (sent_to("https://ping.example/as/authorization.oauth2", 302, ("set-cookie", "PA.n=1")), "HAProxy"),
    "Active Directory Federation Services": (sent_to("https://fs.example/adfs/ls/?wa=wsignin1.0"), "Apache"),
    "Google Identity-Aware Proxy": (sent_to("https://accounts.google.com/o/oauth2/v2/auth", 302,
                                            ("x-goog-iap-generated-response", "true")), "priority: 1000"),
    "Traefik forward authentication": (sent_to("https://auth.example/x", 307, ("set-cookie", "_forward_auth_csrf=1")),
                                       "priority: 1000"),
    "Apache mod_auth_openidc": (sent_to("https://id.example/x", 302, ("set-cookie", "mod_auth_openidc_state_1=2")),
                                "Require all granted"),
    "Shibboleth": (sent_to("/Shibboleth.sso/Login?target=x", 302, ("server", "Apache/2.4")), "Require all granted"),
    "Pomerium": (sent_to("/.pomerium/sign_in"), "nginx"),
    "Kerberos or NTLM": (Told(401, (("www-authenticate", "Negotiate"), ("server", "Apache"))), "Require all granted"),
    "HTTP Basic": (Told(401, (("www-authenticate", 'Basic realm="x"'), ("server", "nginx"))), "auth_basic off"),
    "a sign-on gateway at sso.corp.example": (sent_to("https://sso.corp.example/x", 302, ("server", "haproxy")),
                                              "acl app_anonymous"),
}  # fmt: skip


@pytest.mark.parametrize("name", GATEWAYS)
async def test_a_gateway_is_known_by_its_redirect(name: str) -> None:
    """It is named, the exact exception with the exact path is printed, and its host is not contacted."""
    told, phrase = GATEWAYS[name]
    report = await seen(told, only=APP_PATHS)
    named = probe(report, "info-login")
    assert named.verdict is Verdict.WRONG
    assert name in named.answered
    assert phrase in named.fix
    assert INFO in named.fix
    assert "MDM" in named.fix
    assert report.first == named, faults(report)


async def test_a_gateway_is_no_obstacle_with_mdm() -> None:
    """With the client id by MDM the app does without info/login: a warning, with the exception to add all the same."""
    report = await seen(GATEWAYS["Okta"][0], only=[INFO], client_id=CLIENT_ID)
    assert probe(report, "info-login").verdict is Verdict.WARNING
    assert report.verdict is Verdict.WARNING


async def test_a_gateway_before_the_browser_alone_is_fine() -> None:
    """Single sign-on before the pages that people see is what the browser hop is for."""
    report = await seen(GATEWAYS["Okta"][0], only=[AUTHORIZE, "/login", "/secure"])
    unknown = {"unknown-client", "client", "redirect", "permission", "pkce", "return-to-app", "oauth-plugin"}
    assert faults(report) == dict.fromkeys(unknown, "unknown")


@pytest.mark.parametrize("location", ["http://10.1.2.3/rest", "http://169.254.169.254/latest/meta-data", "http://[fd00::1]/",
                                      "http://127.0.0.1:9/", "http://evil.example/x"])  # fmt: skip
async def test_no_redirect_to_another_place_is_followed(location: str) -> None:
    """Every path redirects to another host or a private address: it is told, and nobody goes there."""
    asked: list[str] = []

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with fronted(sent_to(location)) as (_, base):
        report = await looked(base, reaching=means(resolver=resolver))
    assert set(asked) == {"localhost"}
    named = probe(report, "info-login")
    assert named.verdict is Verdict.WRONG
    assert location.split("/")[2] in named.answered
    assert "not followed" in named.answered


async def test_a_redirect_that_has_no_end() -> None:
    """A page that redirects to itself is followed a few times only."""
    async with fronted(sent_to("/secure/Dashboard.jspa"), only=["/secure"]) as (front, base):
        report = await looked(base)
        hops = [asked for asked in front.heard if asked.path.startswith("/secure")]
    assert len(hops) <= 5
    assert probe(report, "proxy-headers").verdict is Verdict.WRONG


async def test_a_name_that_leads_nowhere() -> None:
    """No address, an error of the resolver, a resolver that hangs: each is told, and nothing else is asked."""

    async def fails(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    for resolver in (fails, resolving()):
        report = await looked("https://nowhere.example", reaching=means(resolver=resolver))
        named = probe(report, "name")
        assert named.verdict is Verdict.WRONG
        assert report.first == named
        assert report.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("addresses", "verdict"),
    [(["192.0.2.1"], "wrong"), (["10.1.2.3"], "ok"), (["10.1.2.3", "93.184.215.14"], "warning"),
     (["127.0.0.1"], "warning"),
     (["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"], "ok"), (["fe80::1%eth0"], "wrong"),
     (["fd00::7"], "ok"),
     (["169.254.169.254"], "wrong"), (["0.0.0.0"], "wrong"), (["100.64.0.9"], "ok"), (["64:ff9b::5db8:d70e"], "ok")],
)  # fmt: skip
async def test_what_a_name_leads_to(addresses: list[str], verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public addresses, private ones, a mixture, and such that no phone reaches."""
    from genkan.doctor import reach
    from genkan.doctor.observed import Tried
    from genkan.doctor.saying import plain

    async def nobody(addresses: Sequence[str], port: int) -> tuple[Tried, ...]:
        return tuple(Tried(address, plain("not tried")) for address in addresses)

    monkeypatch.setattr(reach, "tried", nobody)
    report = await looked("https://jira.example.com", reaching=means(resolver=resolving(*addresses)))
    assert probe(report, "name").verdict.value == verdict


async def test_nobody_takes_the_connection() -> None:
    """A port where nobody listens."""
    async with opened(Front(Jira())) as front:
        port = front.port
    report = await looked(f"http://localhost:{port}")
    named = probe(report, "connection")
    assert named.verdict is Verdict.WRONG
    assert report.first == named


async def test_plain_http_outside_of_this_machine() -> None:
    """A site by plain http is wrong for that, whatever else is fine."""
    async with fronted(None, only=["/no-such-path"], host="jira.example.com") as (_, base):
        report = await looked(base)
    named = probe(report, "address")
    assert named.verdict is Verdict.WRONG
    assert "https://jira.example.com" in named.fix


async def test_a_resolver_that_hangs_ends_with_the_rest() -> None:
    """The look-up has a deadline, and the whole one ends it too."""

    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    report = await looked("https://jira.example.com", reaching=means(resolver=hangs, seconds=0.2))
    assert probe(report, "name").verdict is Verdict.UNKNOWN
    assert any("ran out" in str(note) for note in report.notes)


async def test_a_site_that_says_too_little() -> None:
    """serverInfo without version or base URL is no site; with an odd base URL it is one with a fault."""
    assert probe(await seen(document({"hello": 1}), only=[SERVER]), "server-info").verdict is Verdict.WRONG
    odd = document({"version": "10.1.0", "baseUrl": "javascript:alert(1)"})
    assert probe(await seen(odd, only=[SERVER]), "base-url").verdict is Verdict.WRONG
