"""The configuration that `genkan proxy caddy` prints: this site behind Caddy, and an application that it guards."""

from genkan.ops.proxied import (
    COOKIE_LEFT,
    COOKIE_NAME,
    IDENTITY,
    METHOD_OVERRIDES,
    RELATED_ORIGINS,
    TOLD_BY_PROXY,
    Layout,
    Proxied,
    block,
    proxied,
)
from genkan.settings import Settings

# Cookies of the site that stand together, wherever they do: Caddy replaces every match.
_COOKIES = rf"(?i)(^|;\s*)(?:{COOKIE_NAME}[^;]*(?:;\s*|$))+"
# Caddy writes these anew for every request; with trusted proxies of its own, behind what the client said.
_ADDED = ("X-Forwarded-For", "X-Forwarded-Proto")
_NO_APPLICATION = ["# To guard an application too, print again with --app-path /app/ --app-upstream 127.0.0.1:3000."]


def caddy_config(settings: Settings, layout: Layout | None = None) -> str:
    """A file to import into the Caddyfile. It holds the proxy's secret. Raises ValueError where ``proxy_problem``
    says why.
    """
    site = proxied(settings, layout or Layout())
    app = _app(site) if site.layout.app_upstream else _NO_APPLICATION
    before = [["# A former address of the site.", *_served(at)] for at in site.elsewhere]
    return "\n\n".join("\n".join(part) for part in (_head(site), _served(site, app), *before)) + "\n"


def _served(site: Proxied, *app: list[str]) -> list[str]:
    return block(site.public.origin, _listening(site), _log(site), *app, *_site(site), _failures())


def _head(site: Proxied) -> list[str]:
    return [
        f"# Caddy in front of {site.public.text}. Import this file into the Caddyfile.",
        "# It holds the secret by which the site knows its proxy: let nobody but the proxy read it (chmod 600).",
    ]


def _listening(site: Proxied) -> list[str]:
    lines = [f"bind {site.bind}"] if site.bind else []
    if site.layout.certificate:
        lines.append(f"tls {site.layout.certificate} {site.layout.certificate_key}")
    return lines


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
    return [f'header_up X-Genkan-Proxy "{site.secret}"']


def _forget(*names: str) -> list[str]:
    return [f"request_header -{name}" for name in names]


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
        [f"uri {site.verify(302)}", *_to_site(site), f"copy_headers {' '.join(IDENTITY)}"],
    )
    return [
        "# An application that lets the site sign people in.",
        *block(
            f"handle {site.layout.app_path}*",
            block(
                "route",
                # Remote* also drops twins with underscores, which some programs read as dashes.
                _forget("Remote*", "X-Genkan*", "X_*", *_ADDED, *TOLD_BY_PROXY, *METHOD_OVERRIDES),
                asking,
                _forget("Authorization"),
                _without_cookies(),
                [f"reverse_proxy {site.layout.app_upstream}"],
            ),
        ),
    ]


def _site(site: Proxied) -> list[list[str]]:
    path = site.public.path
    forget = _forget("Remote*", "X-Genkan*", *_ADDED, *TOLD_BY_PROXY)
    passed = block("route", forget, block(f"reverse_proxy {site.upstream}", _to_site(site)))
    if site.metadata_path is None or "" in site.paths_before:
        return [block("handle", passed)]
    paths = " ".join(f"{below}/*" for below in (path, *site.paths_before))
    return [
        [f"@genkan path {paths} {site.metadata_path} {RELATED_ORIGINS}"],
        block("handle @genkan", passed),
        [f"redir {path} {site.public.text}/ 301"],
        block("handle", ["respond 404"]),
    ]
