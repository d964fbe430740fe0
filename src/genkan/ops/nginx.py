"""The configuration that `genkan proxy nginx` prints: this site behind nginx, and an application that it guards."""

from collections.abc import Mapping
from itertools import pairwise

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
from genkan.ops.proxied_certificates import PRESENT, TOLD_OF_CERTIFICATES
from genkan.ops.proxied_headers import CLAIMS, IDENTITY, TOLD_BY_PROXY
from genkan.ops.proxy_addresses import PLAIN_PORT, redirects
from genkan.settings import Settings

# Cookies of the site that stand together, with what stands before and after them.
_COOKIES = rf"~*^(?<genkan_before>|.*?;\s*)(?:{COOKIE_NAME}[^;]*(?:;\s*|$))+(?<genkan_after>.*)$"
# As many groups of them as one browser can hold: three names, each with and without __Host-.
_GROUPS = 6

_NO_APPLICATION = ["# To guard an application too, print again with --app-path /app/ --app-upstream 127.0.0.1:3000."]
_WITHOUT_BODY = ("client_max_body_size 0;", "proxy_pass_request_body off;", 'proxy_set_header Content-Length "";')
_STREAMS = ("proxy_buffering off;", "proxy_read_timeout 1h;", "proxy_send_timeout 1h;")
_MANY_HEADERS = ("proxy_headers_hash_max_size 4096;", "proxy_headers_hash_bucket_size 128;")


def nginx_config(settings: Settings, layout: Layout | None = None) -> str:
    """A file to include inside http { }. It holds the proxy's secret. Raises ValueError where ``proxy_problem`` says
    why.
    """
    site = proxied(settings, layout or Layout())
    app = _guard(site) if site.layout.app_upstream else [_NO_APPLICATION]
    maps = [*_cookie_maps(), _socket_maps()] if site.layout.app_upstream else []
    servers = [_redirect(site), _server(site, *app), *_certificate_server(site), *_before(site)]
    about = head(site, "nginx", "Include this file inside http { }.")
    parts = [about, _log_format(), *maps, *_upstreams(site), *servers]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _log_format() -> list[str]:
    return [
        "# Addresses without their query: codes and secrets that clients put there reach no log.",
        "log_format genkan '$remote_addr [$time_local] \"$request_method $uri $server_protocol\" $status '",
        "    '$body_bytes_sent $request_time \"$http_user_agent\"';",
    ]


def _cookie_maps() -> list[list[str]]:
    """A map replaces once, so each takes out one group and the last sees whether any is left. Its default is nothing:
    that is also what counts where matching fails.
    """
    names = ["$http_cookie", *(f"$genkan_cookies_{number}" for number in range(1, _GROUPS + 1))]
    removals = [
        block(f"map {source} {rest}", [f"default {source};", f'"{_COOKIES}" "$genkan_before$genkan_after";'])
        for source, rest in pairwise(names)
    ]
    passed = ['default "";', f'"~*{COOKIE_LEFT}" "";', r'"~^(?<genkan_cookies>.*?)(?:;\s*)?$" $genkan_cookies;']
    return [
        ["# The application gets the browser's cookies without the site's, or none where one of those is left."]
        + [line for removal in removals for line in removal],
        block(f"map {names[-1]} $genkan_app_cookie", passed),
    ]


def _socket_maps() -> list[str]:
    """The application may be asked for a WebSocket and for no other protocol (h2c would lead around the guard)."""
    return [
        "# No other protocol than a WebSocket is opened.",
        *block("map $http_upgrade $genkan_upgrade", ['default "";', "~*^websocket$ websocket;"]),
        *block("map $genkan_upgrade $genkan_connection", ['default "";', "websocket upgrade;"]),
    ]


def _upstreams(site: Proxied) -> list[list[str]]:
    named = {"genkan_site": site.upstream, "genkan_app": site.layout.app_upstream}
    return [
        block(f"upstream {at}", [f"server {address};", "keepalive 32;"]) for at, address in named.items() if address
    ]


def _redirect(site: Proxied) -> list[str]:
    """Who types the host alone comes by plain http. The address is the base URL's, never the client's `Host`."""
    if not redirects(site.public, site.layout):
        return []
    return block(
        "server",
        [*_listens(site, str(PLAIN_PORT)), f"server_name {_server_name(site)};", _access_log(site)],
        block("location /", [f"return 301 {site.public.origin}$request_uri;"]),
    )


def _server(site: Proxied, *more: list[str]) -> list[str]:
    return block(
        "server",
        _listening(site),
        _limits(site),
        _defaults(),
        [
            "# What the site hears of a client: what the client itself says of proxies and identity is dropped.",
            *_to_site(site),
        ],
        _site_locations(site),
        *more,
    )


def _before(site: Proxied) -> list[list[str]]:
    """The servers of former addresses: the site itself leads pages on from there, and answers programs."""
    said = "# A former address of the site."
    return [part for at in site.elsewhere for part in (_redirect(at), [said, *_server(at)])]


def _guard(site: Proxied) -> list[list[str]]:
    return [_app_locations(site), _verify_location(site), *_answers(site)]


def _listening(site: Proxied) -> list[str]:
    tls = " ssl" if site.public.secure else ""
    named = f"server_name {_server_name(site)};"
    return [*_listens(site, f"{site.port}{tls}"), named, *(_tls(site) if tls else []), *_asks(site)]


def _listens(site: Proxied, port: str) -> list[str]:
    return [f"listen {at}{port};" for at in ([f"{site.bind}:"] if site.bind else ["", "[::]:"])]


def _server_name(site: Proxied) -> str:
    return f"[{site.public.host}]" if ":" in site.public.host else site.public.host


def _access_log(site: Proxied) -> str:
    return f"access_log {site.layout.log_file or '/var/log/nginx/genkan.log'} genkan;"


def _tls(site: Proxied) -> list[str]:
    folder = f"/etc/letsencrypt/live/{site.public.host}"
    return [
        f"ssl_certificate {site.layout.certificate or folder + '/fullchain.pem'};",
        f"ssl_certificate_key {site.layout.certificate_key or folder + '/privkey.pem'};",
        "ssl_protocols TLSv1.2 TLSv1.3;",
    ]


def _asks(site: Proxied) -> list[str]:
    """nginx itself lets a certificate of an unknown authority through; what else is wrong with one it would answer by
    itself, and the site can say what.
    """
    if not site.asking.everywhere:
        return []
    return [
        "# Every client certificate goes to the site, which judges it and says what is wrong with it.",
        f"ssl_client_certificate {site.asking.authorities};",
        "ssl_verify_client optional_no_ca;",
        "ssl_verify_depth 8;",
        "error_page 495 = @genkan_certificate;",
    ]


def _told_certificates(site: Proxied) -> dict[str, str]:
    if not site.asking.everywhere:
        return {}
    told = dict.fromkeys(TOLD_OF_CERTIFICATES, '""')
    return {**told, "X-SSL-Client-Cert": "$ssl_client_escaped_cert"}


def _certificate_server(site: Proxied) -> list[list[str]]:
    """The origin that asks for client certificates. Asked for it on another host's connection nginx answers 421."""
    at = site.at_origin
    if at is None:
        return []
    locations = block(f"location = {PRESENT}", ["proxy_pass http://genkan_site;"])
    shared = [_limits(at), _defaults(), _to_site(at), [*locations, *_with_bad_certificate(at)]]
    said = "# Asks for client certificates, and serves nothing but the sign-in by one."
    return [[said, *block("server", _listening(at), *shared, block("location /", ["return 404;"]))]]


def _with_bad_certificate(site: Proxied) -> list[str]:
    return block("location @genkan_certificate", ["proxy_pass http://genkan_site;"]) if site.asking.everywhere else []


def _limits(site: Proxied) -> list[str]:
    return [
        _access_log(site),
        "# Sign-in carries its request sealed in the address.",
        "large_client_header_buffers 4 32k;",
        "# The site refuses large bodies itself, in the words of the protocol.",
        "client_max_body_size 128k;",
        "# Headers whose underscores some programs read as dashes are dropped.",
        "underscores_in_headers off;",
        "ignore_invalid_headers on;",
    ]


def _defaults() -> list[str]:
    return [
        "proxy_http_version 1.1;",
        "proxy_redirect off;",
        "proxy_buffer_size 32k;",
        "proxy_buffers 8 32k;",
        "# A code works once: no request is ever sent a second time.",
        "proxy_next_upstream off;",
    ]


def _set(headers: Mapping[str, str]) -> list[str]:
    """nginx forwards no header whose value is empty."""
    return [f"proxy_set_header {name} {value};" for name, value in headers.items()]


def _to_site(site: Proxied, **told: str) -> list[str]:
    """What the site hears: the client's own words about proxies and identity never arrive."""
    silent = dict.fromkeys((*TOLD_BY_PROXY, *IDENTITY), '""')
    return _set(
        {
            "Host": "$http_host",
            "Connection": '""',
            "X-Forwarded-For": "$remote_addr",
            "X-Forwarded-Proto": "$scheme",
            "X-Genkan-Proxy": f'"{site.proof}"',
            **silent,
            **_told_certificates(site),
            **{name.replace("_", "-"): value for name, value in told.items()},
        }
    )


def _site_locations(site: Proxied) -> list[str]:
    path, passed = site.public.path, "proxy_pass http://genkan_site;"
    literal = path.replace(".", "\\.")
    lines = [
        *block(f"location {path}/", [passed]),
        "# Codes and secrets may stand in the query here, and nginx writes a failed request's whole address into its",
        "# error log.",
        *block(
            f"location ~ ^{literal}/rest/oauth2/(latest|1\\.0)/(token|revoke|introspect)$",
            ["error_log /dev/null emerg;", passed],
        ),
    ]
    if site.metadata_path is not None:
        lines += block(f"location = {site.metadata_path}", [passed])
        lines += block(f"location = {RELATED_ORIGINS}", [passed])
        lines += block(f"location = {path}", [f"return 301 {site.public.text}/;"])
        lines += [line for before in filter(None, site.paths_before) for line in block(f"location {before}/", [passed])]
        lines += block("location /", [passed if "" in site.paths_before else "return 404;"])
    return [*lines, *_with_bad_certificate(site)]


def _app_locations(site: Proxied) -> list[str]:
    """Requests to the application pass when the site says so, with the person in headers."""
    usual = (f"$genkan_{name.lower().replace('-', '_')}" for name in IDENTITY)
    heard = dict(zip(site.identity, usual, strict=True))
    heard_from = {value: f"$upstream_http_{name.lower().replace('-', '_')}" for name, value in heard.items()}
    told = {
        "Host": f'"{site.authority}"',
        "Connection": "$genkan_connection",
        "Upgrade": "$genkan_upgrade",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-Host": f'"{site.authority}"',
        **heard,
        "Cookie": "$genkan_app_cookie",
        **dict.fromkeys(("Authorization", "X-Genkan-Proxy"), '""'),
    }
    said = {name.casefold() for name in told}
    silent = {name: '""' for name in CLAIMS if name.casefold() not in said}
    return [
        "# An application that lets the site sign people in: it listens where genkan_app above says.",
        *block(
            f"location {site.layout.app_path}",
            [
                "auth_request /_genkan_verify;",
                *(f"auth_request_set {own} {source};" for own, source in heard_from.items()),
            ],
            [
                "auth_request_set $genkan_challenge $upstream_http_www_authenticate;",
                *(["auth_request_set $genkan_sign_in $upstream_http_location;"] if site.layout.sessions else []),
                "error_page 401 = @genkan_unknown;",
                "error_page 403 = @genkan_refused;",
                "error_page 500 = @genkan_busy;",
            ],
            ["proxy_pass http://genkan_app;", *_set(told)],
            ["# What some application takes for who asks or where it stands.", *_MANY_HEADERS, *_set(silent)],
            ["# The application's own limits count.", "client_max_body_size 0;", "proxy_request_buffering off;"],
            ["# WebSockets and event streams: what is said arrives at once, and may be silent for an hour.", *_STREAMS],
        ),
    ]


def _verify_location(site: Proxied) -> list[str]:
    told = {
        "X_Forwarded_Method": "$request_method",
        "X_Forwarded_Uri": "$request_uri",
        "X_Forwarded_Host": "$http_host",
        # The site refuses who claims a certificate; to the application such a claim never comes.
        **({} if site.asking.everywhere else dict.fromkeys(TOLD_OF_CERTIFICATES, '""')),
    }
    return block(
        "location = /_genkan_verify",
        ["internal;", f"proxy_pass http://genkan_site{site.verify(401)};"],
        ["# The body is not sent along; its size is no business of this question.", *_WITHOUT_BODY],
        _to_site(site, **told),
    )


def _answers(site: Proxied) -> list[list[str]]:
    to_sign_in = ["if ($genkan_sign_in) {", "    return 302 $genkan_sign_in;", "}"] if site.layout.sessions else []
    as_json = ["internal;", "default_type application/json;", "add_header Cache-Control no-store always;"]
    return [
        # nginx itself passes WWW-Authenticate on with 401, and with nothing else.
        block("location @genkan_unknown", as_json, [*to_sign_in, """return 401 '{"error": "invalid_token"}';"""]),
        block(
            "location @genkan_refused",
            [*as_json, "add_header WWW-Authenticate $genkan_challenge always;"],
            ["""return 403 '{"error": "insufficient_scope"}';"""],
        ),
        block(
            "location @genkan_busy",
            [*as_json, "add_header Retry-After 1 always;"],
            ["""return 503 '{"error": "temporarily_unavailable"}';"""],
        ),
    ]
