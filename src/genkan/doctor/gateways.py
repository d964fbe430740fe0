"""Recognising what stands in front of a site by how it turns anonymous callers away; changes and asks nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from genkan.doctor.observed import Heard, host_of, origin_of
from genkan.doctor.saying import say
from genkan.wire.sentences import Sentence


class Front(StrEnum):
    """What an exemption can be written for."""

    NGINX = "nginx"
    APACHE = "Apache"
    CADDY = "Caddy"
    HAPROXY = "HAProxy"
    TRAEFIK = "Traefik"
    F5 = "F5 BIG-IP APM"
    AZURE = "Azure Application Proxy"
    CLOUDFLARE = "Cloudflare Access"
    OTHER = "the gateway"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A sign-on gateway with its name for people, and what has to be changed to let the app through."""

    name: Sentence
    front: Front


# Each sees one answer: host of the redirect, its path, header lookup.
_Mark = Callable[[Heard], bool]


def _leads_to(*ends: str) -> _Mark:
    """The redirect leads to one of these hosts or below it."""
    return lambda answer: answer.redirects and _below(host_of(answer.target), ends)


def _below(host: str, ends: tuple[str, ...]) -> bool:
    return any(host == end or host.endswith("." + end) for end in ends)


def _path_has(*pieces: str) -> _Mark:
    return lambda answer: answer.redirects and any(piece in _path(answer.target) for piece in pieces)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def _sets_cookie(*beginnings: str) -> _Mark:
    return lambda answer: any(cookie.lower().startswith(beginnings) for cookie in answer.every("set-cookie"))


def _says(name: str, *pieces: str) -> _Mark:
    return lambda answer: any(piece in value.lower() for value in answer.every(name) for piece in pieces)


# The most telling first: a gateway often hands on to an identity provider that has marks of its own.
_KNOWN: tuple[tuple[str, Front, tuple[_Mark, ...]], ...] = (
    ("Cloudflare Access", Front.CLOUDFLARE,
     (_leads_to("cloudflareaccess.com"), _path_has("/cdn-cgi/access/"),
      _says("www-authenticate", "cloudflare-access"))),
    ("Azure Application Proxy (Microsoft Entra)", Front.AZURE,
     (_sets_cookie("azureappproxy"), _says("x-ms-proxy-app-id", ""), _says("x-ms-proxy-group-id", ""))),
    ("Google Identity-Aware Proxy", Front.OTHER, (_says("x-goog-iap-generated-response", "true"),
     _sets_cookie("gcp_iaap"))),
    ("F5 BIG-IP APM", Front.F5, (_sets_cookie("mrhsession", "lastmrh_session", "f5_st"), _path_has("/my.policy",
     "/vdesk/"))),
    ("Citrix NetScaler Gateway", Front.OTHER, (_path_has("/vpn/index.html", "/logon/logonpoint"),
     _sets_cookie("nsc_aaac", "nsc_tass"))),
    ("PingAccess", Front.OTHER, (_sets_cookie("pa.", "pa_was"), _path_has("/pa/oidc/", "/as/authorization.oauth2"))),
    ("Authelia", Front.OTHER, (_sets_cookie("authelia_session"),
     lambda answer: answer.redirects and "rd=" in answer.target and "authelia" in host_of(answer.target))),
    ("authentik", Front.OTHER, (_path_has("/outpost.goauthentik.io/"), _sets_cookie("authentik_proxy"))),
    ("oauth2-proxy", Front.OTHER, (_path_has("/oauth2/start", "/oauth2/sign_in"), _sets_cookie("_oauth2_proxy"))),
    ("Traefik forward authentication", Front.TRAEFIK, (_sets_cookie("_forward_auth"), _path_has("/_oauth"))),
    ("Pomerium", Front.OTHER, (_path_has("/.pomerium/"), _sets_cookie("_pomerium"))),
    ("Apache mod_auth_openidc", Front.APACHE, (_sets_cookie("mod_auth_openidc"),)),
    ("Apache mod_auth_mellon", Front.APACHE, (_path_has("/mellon/"), _sets_cookie("mellon-cookie"))),
    ("Shibboleth", Front.APACHE, (_path_has("/shibboleth.sso/"), _sets_cookie("_shibstate", "_shibsession"))),
    ("Amazon Cognito through a load balancer", Front.OTHER, (_leads_to("amazoncognito.com"),
     _sets_cookie("awselbauthsessioncookie"))),
    ("Microsoft Entra ID", Front.OTHER, (_leads_to("login.microsoftonline.com", "login.microsoftonline.us",
     "login.windows.net", "login.partner.microsoftonline.cn", "msappproxy.net"),)),
    ("Okta", Front.OTHER, (_leads_to("okta.com", "oktapreview.com", "okta-emea.com", "auth0.com"),)),
    ("Google sign-in", Front.OTHER, (_leads_to("accounts.google.com"),)),
    ("Duo", Front.OTHER, (_leads_to("duosecurity.com"),)),
    ("OneLogin", Front.OTHER, (_leads_to("onelogin.com"),)),
    ("PingOne", Front.OTHER, (_leads_to("pingone.com", "pingone.eu", "pingidentity.com"),)),
    ("Zscaler", Front.OTHER, (_leads_to("zscaler.com", "zscaler.net", "zscalerone.net", "zscalertwo.net"),)),
    ("Keycloak", Front.OTHER, (_path_has("/protocol/openid-connect/auth", "/protocol/saml"),)),
    ("Active Directory Federation Services", Front.OTHER, (_path_has("/adfs/ls", "/adfs/oauth2/"),)),
    ("a CAS server", Front.OTHER, (_path_has("/cas/login"),)),
    ("a SAML identity provider", Front.OTHER, (_path_has("/idp/profile/saml", "/saml2/", "/simplesaml/", "/sso/saml"),
     lambda answer: answer.redirects and "SAMLRequest=" in answer.target)),
    ("HTTP Basic authentication", Front.OTHER, (lambda answer: answer.status == 401 and any(
        value.lower().startswith("basic") for value in answer.every("www-authenticate")),)),
    ("Kerberos or NTLM authentication", Front.OTHER, (lambda answer: answer.status == 401 and any(
        value.lower().startswith(("negotiate", "ntlm")) for value in answer.every("www-authenticate")),)),
)  # fmt: skip
_PORTALS = ("captive", "hotspot", "wispaccess", "wisp access", "guest wi-fi", "guest wifi", "guest network")
_SERVERS = (
    ("nginx", Front.NGINX), ("openresty", Front.NGINX), ("apache", Front.APACHE), ("caddy", Front.CADDY),
    ("haproxy", Front.HAPROXY), ("traefik", Front.TRAEFIK), ("bigip", Front.F5), ("big-ip", Front.F5),
    ("cloudflare", Front.CLOUDFLARE),
)  # fmt: skip


def recognise(answer: Heard) -> Gateway | None:
    """The gateway that answered, where its marks are known."""
    for name, front, marks in _KNOWN:
        if any(mark(answer) for mark in marks):
            return Gateway(Sentence(name), front if front is not Front.OTHER else _server(answer))
    return None


def _server(answer: Heard) -> Front:
    """The server in front by the name it gives: one that asks elsewhere who somebody is has the exemption itself."""
    said = " ".join((*answer.every("server"), *answer.every("via"))).lower()
    return next((front for word, front in _SERVERS if word in said and front is not Front.CLOUDFLARE), Front.OTHER)


def turned_away(answer: Heard, origin: str) -> bool:
    """Whether an anonymous question was not answered by the site but turned away: to another host, to a sign-in."""
    if answer.redirects:
        return origin_of(answer.target) != origin or recognise(answer) is not None or _is_sign_in(answer)
    return answer.status in {401, 403, 407, 511} or bool(answer.header("cf-mitigated"))


def _is_sign_in(answer: Heard) -> bool:
    added = _added(answer)
    return any(word in added for word in ("login", "signin", "sign-in", "sign_in", "logon", "/auth", "sso"))


def _added(answer: Heard) -> str:
    """What is new in the path that it leads to: the site's own paths have words of a sign-in in them too."""
    asked, there = _path(answer.url).split("/"), _path(answer.target).split("/")
    same = next((at for at, pair in enumerate(zip(asked, there, strict=False)) if pair[0] != pair[1]), None)
    same = min(len(asked), len(there)) if same is None else same
    left, new = asked[same:], there[same:]
    if left and new[-len(left) :] == left:
        new = new[: -len(left)]
    return "".join(f"/{piece}" for piece in new)


# The site's own sign-in pages: of Jira, of Confluence, of Genkan.
_OWN_SIGN_IN = ("/login.jsp", "/login.action", "/dologin.action", "/login", "/plugins/servlet/samlsso",
                "/plugins/servlet/external-login")  # fmt: skip
# Headers with which Jira and Confluence say who asked (Seraph and their request log).
_OWN_HEADERS = ("x-seraph-loginreason", "x-ausername", "x-arequestid", "x-asen")


def is_own(answer: Heard, base: str) -> bool:
    """Whether the site itself turned the caller away: to a sign-in page of its own, or in its own JSON."""
    if recognise(answer) is not None or answer.header("cf-mitigated"):
        return False
    if answer.redirects:
        return answer.target.partition("?")[0].removeprefix(base).partition(";")[0] in _OWN_SIGN_IN
    return answer.status in {401, 403} and (any(map(answer.header, _OWN_HEADERS)) or _has_own_shape(answer))


def _has_own_shape(answer: Heard) -> bool:
    """The bodies of Jira's REST: a list of messages, or a message beside its status; no gateway writes either."""
    members = answer.json or {}
    return isinstance(members.get("errorMessages"), list) or members.get("status-code") == answer.status


def is_firewall(answer: Heard) -> bool:
    """Whether a firewall or a check for robots refused: nobody asks for a sign-in there, and no sign-in would help."""
    return bool(answer.header("cf-mitigated")) or (answer.status == 403 and recognise(answer) is None)


def gateway_of(answer: Heard) -> Gateway:
    """The gateway that turned somebody away; one without known marks is named by where it leads."""
    known = recognise(answer)
    if known is not None:
        return known
    host = host_of(answer.target) if answer.redirects else ""
    name = say("a sign-on gateway at %(host)s", host=host) if host else say("something in front of the site")
    return Gateway(name, _server(answer))


def is_portal(answer: Heard) -> bool:
    """Whether this looks like the sign-in page of a hotel's or an airport's network, not like the site."""
    # RFC 6585 6: 511 is what such a portal ought to say.
    if answer.status == 511:
        return True
    # A refusal is somebody's who was reached: its page may speak of the guest network for help.
    is_page = answer.redirects or (answer.status < 400 and "html" in answer.header("content-type"))
    where = answer.target.lower() if answer.redirects else ""
    return is_page and any(word in where or word in answer.text.lower() for word in _PORTALS)
