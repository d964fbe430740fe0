"""The configuration that `genkan proxy caddy` prints: this site behind Caddy, and an application that it guards."""

from genkan.ops.proxied import (
    COOKIE_LEFT,
    COOKIE_NAME,
    RELATED_ORIGINS,
    Layout,
    Proxied,
    block,
    head,
    proxied,
)
from genkan.ops.proxied_certificates import PRESENT
from genkan.ops.proxied_headers import CLAIMS, TOLD_BY_PROXY
from genkan.settings import Settings

# Cookies of the site that stand together, wherever they do: Caddy replaces every match.
_COOKIES = rf"(?i)(^|;\s*)(?:{COOKIE_NAME}[^;]*(?:;\s*|$))+"
# Caddy writes these anew for every request; with trusted proxies of its own, behind what the client said.
_ADDED = ("X-Forwarded-For", "X-Forwarded-Proto")
# Every header that tells a certificate; Caddy's wildcards mind the case that Go gives to names.
_CERTIFICATES = ("Client-Cert*", "X-Ssl*")
# CGI and WSGI read an underscore as a dash.
_TWINS = "*_*"
_NO_APPLICATION = ["# To guard an application too, print again with --app-path /app/ --app-upstream 127.0.0.1:3000."]


def caddy_config(settings: Settings, layout: Layout | None = None) -> str:
    """A file to import into the Caddyfile. It holds the proxy's secret. Raises ValueError where ``proxy_problem``
    says why.
    """
    site = proxied(settings, layout or Layout())
    app = _app(site) if site.layout.app_upstream else _NO_APPLICATION
    before = [["# A former address of the site.", *_served(at)] for at in site.elsewhere]
    about = head(site, "Caddy", "Import this file into the Caddyfile.")
    parts = (about, _served(site, app), *_certificate_site(site), *before)
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def caddy_problem(_settings: Settings, layout: Layout) -> str | None:
    """What Caddy cannot carry of this."""
    return None if layout.redirect else "Caddy sends plain http to https by itself: leave out --no-redirect"


def _served(site: Proxied, *app: list[str]) -> list[str]:
    return block(site.public.origin, _listening(site), _log(site), *app, *_site(site), _failures())


def _listening(site: Proxied) -> list[str]:
    lines = [f"bind {site.bind}"] if site.bind else []
    own = f" {site.layout.certificate} {site.layout.certificate_key}" if site.layout.certificate else ""
    if site.asking.everywhere:
        # The authorities are what browsers choose by; the site judges, and says what is wrong with a certificate.
        asks = block("client_auth", ["mode request", f"trusted_ca_cert_file {site.asking.authorities}"])
        return [*lines, *block(f"tls{own}", asks)]
    return [*lines, f"tls{own}"] if own else lines


def _certificate_site(site: Proxied) -> list[list[str]]:
    """The origin that asks for client certificates. Asked for it on another host's connection Caddy answers 421."""
    at = site.at_origin
    if at is None:
        return []
    passed = block("route", _no_hops(), _forgotten(at), block(f"reverse_proxy {at.upstream}", _to_site(at)))
    serves = [f"@genkan path {PRESENT}"], block("handle @genkan", passed), block("handle", ["respond 404"])
    said = "# Asks for client certificates, and serves nothing but the sign-in by one."
    return [[said, *block(at.public.origin, _listening(at), _log(at), *serves, _failures())]]


def _forgotten(site: Proxied, *more: str) -> list[str]:
    """What clients may not say to the site, and then what the proxy itself says of their certificates."""
    told = _CERTIFICATES if site.asking.everywhere else ()
    names = dict.fromkeys((*_ADDED, *TOLD_BY_PROXY, *more))
    return [*_forget(_TWINS, "Remote*", "X-Genkan*", *told, *names), *_shown(site)]


def _shown(site: Proxied) -> list[str]:
    """RFC 9440 2.2: base64 between colons. Where no certificate came Caddy would write the name of the placeholder."""
    if not site.asking.everywhere:
        return []
    return [
        '@genkan_certificate vars_regexp {http.request.tls.client.fingerprint} "^[0-9a-f]+$"',
        'request_header @genkan_certificate Client-Cert ":{http.request.tls.client.certificate_der_base64}:"',
    ]


def _log(site: Proxied) -> list[str]:
    """Addresses without their query, no headers: codes and secrets reach no log."""
    fields = ['request>uri regexp "\\?.*" ""', "request>headers delete", "resp_headers delete"]
    written = [f"output file {site.layout.log_file or '/var/log/caddy/genkan.log'}"]
    return [
        "# Addresses without their query, and no headers: codes and secrets reach no log.",
        *block("log", [*written, *block("format filter", ["wrap json", *block("fields", fields)])]),
    ]


def _failures() -> list[str]:
    answer = [
        "header Content-Type application/json",
        """respond `{"error": "temporarily_unavailable"}` {err.status_code}""",
    ]
    return [
        "# Answered here: a failure left to Caddy goes into its error log with the whole address, query and all.",
        *block("handle_errors", answer),
    ]


def _to_site(site: Proxied) -> list[str]:
    """What the site hears from its proxy alone. Caddy itself adds who asks, and how: what the client said of it is
    forgotten before.
    """
    return [f'header_up X-Genkan-Proxy "{site.proof}"']


def _forget(*names: str) -> list[str]:
    return [f"request_header -{name}" for name in names]


def _no_hops() -> list[str]:
    """RFC 9110 7.6.1: what Connection names a proxy takes out, and Caddy does so after it set headers of its own."""
    return ["# Clients name in Connection what a proxy shall take out: nothing is.", *_forget("Connection", "Upgrade")]


def _one_hop() -> list[str]:
    """The same where a WebSocket may be opened. Each request_header is a step of its own: only openings keep one."""
    opening = [
        r"header_regexp Upgrade (?i)^\s*websocket\s*$",
        r"header_regexp Connection (?i)(?:^|[,\s])upgrade(?:[,\s]|$)",
    ]
    return [
        "# Clients name in Connection what a proxy shall take out: nothing but the opening of a WebSocket passes.",
        *block("@genkan_plain", block("not", opening)),
        "request_header @genkan_plain -Connection",
        "request_header @genkan_plain -Upgrade",
        "@genkan_socket header Connection *",
        "request_header @genkan_socket Connection Upgrade",
        "request_header @genkan_socket Upgrade websocket",
    ]


def _without_cookies() -> list[str]:
    """Each request_header is a step of its own, so the matcher sees what the steps before it left. Caddy takes an empty
    replacement for none at all and the pattern for the value: hence "$1".
    """
    return [
        "# The browser's cookies without the site's, or none where one of those is left.",
        f'request_header Cookie "{_COOKIES}" "$1"',
        r'request_header Cookie "^(.*?)(?:;\s*)?$" "$1"',
        f'@genkan_cookies header_regexp Cookie "(?i){COOKIE_LEFT}"',
        "request_header @genkan_cookies -Cookie",
    ]


def _app(site: Proxied) -> list[str]:
    """Requests to the application pass when the site says so, with the person in headers."""
    asking = block(
        f"forward_auth {site.upstream}",
        [f"uri {site.verify(302)}", *_to_site(site), f"copy_headers {' '.join(site.identity)}"],
    )
    return [
        "# An application that lets the site sign people in.",
        *block(
            f"handle {site.layout.app_path}*",
            block(
                "route",
                _one_hop(),
                [
                    "# What some application takes for who asks or where it stands.",
                    *_forgotten(site, *CLAIMS, *site.identity),
                ],
                asking,
                _forget("Authorization", *(("Client-Cert",) if site.asking.everywhere else ())),
                _without_cookies(),
                [f"reverse_proxy {site.layout.app_upstream}"],
            ),
        ),
    ]


def _site(site: Proxied) -> list[list[str]]:
    path = site.public.path
    passed = block("route", _no_hops(), _forgotten(site), block(f"reverse_proxy {site.upstream}", _to_site(site)))
    if site.metadata_path is None or "" in site.paths_before:
        return [block("handle", passed)]
    paths = " ".join(f"{below}/*" for below in (path, *site.paths_before))
    return [
        [f"@genkan path {paths} {site.metadata_path} {RELATED_ORIGINS}"],
        block("handle @genkan", passed),
        [f"redir {path} {site.public.text}/ 301"],
        block("handle", ["respond 404"]),
    ]
