"""The exact exception to write so that paths of the site answer anonymous callers, for each product that may stand
in front. Only these paths: the site itself says who may do what there.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from genkan.doctor.gateways import Front


def exemption(front: Front, paths: Sequence[str]) -> str:
    """What to change, lines of configuration included; where the product is not known, for each that is common."""
    if front is not Front.OTHER:
        return _WRITERS[front](paths)
    common = (Front.NGINX, Front.APACHE, Front.CADDY, Front.HAPROXY, Front.TRAEFIK)
    return "\n".join(_WRITERS[each](paths) for each in common)


def _nginx(paths: Sequence[str]) -> str:
    lines = [
        f"    location = {path} {{ auth_request off; auth_basic off; proxy_pass http://YOUR-UPSTREAM; }}"
        for path in paths
    ]
    return "\n".join(
        ["nginx, inside the server block, with the proxy_pass and proxy_set_header lines of your location /:", *lines]
    )


def _apache(paths: Sequence[str]) -> str:
    lines = [
        f'    <Location "{path}">\n        AuthType None\n        Require all granted\n    </Location>'
        for path in paths
    ]
    return "\n".join(["Apache, inside the virtual host, after the section that asks for the sign-in:", *lines])


def _caddy(paths: Sequence[str]) -> str:
    return "\n".join([
        "Caddy, before the block with forward_auth or basic_auth:",
        f"    @app path {' '.join(paths)}",
        "    handle @app {\n        reverse_proxy YOUR-UPSTREAM\n    }",
    ])  # fmt: skip


def _haproxy(paths: Sequence[str]) -> str:
    return "\n".join([
        "HAProxy, in the frontend, and the condition on the rule that asks for the sign-in:",
        f"    acl app_anonymous path {' '.join(paths)}",
        "    http-request auth unless app_anonymous",
    ])  # fmt: skip


def _traefik(paths: Sequence[str]) -> str:
    rule = " || ".join(f"Path(`{path}`)" for path in paths)
    return "\n".join([
        "Traefik, a router of its own without the forward-auth middleware and with a higher priority:",
        "    http:\n      routers:\n        app-anonymous:",
        f'          rule: "Host(`YOUR-HOST`) && ({rule})"',
        "          priority: 1000\n          service: YOUR-SERVICE\n          tls: {}",
    ])  # fmt: skip


def _f5(paths: Sequence[str]) -> str:
    cases = " || ".join(f'[HTTP::path] eq "{path}"' for path in paths)
    return "\n".join([
        "F5 BIG-IP, an iRule on the virtual server with the access policy:",
        "    when HTTP_REQUEST {",
        f"        if {{ {cases} }} {{ ACCESS::disable }}",
        "    }",
    ])  # fmt: skip


def _azure(paths: Sequence[str]) -> str:
    listed = "\n".join(f"    {path}" for path in paths)
    return (
        "Azure Application Proxy: publish one more application for each of these paths with the same external host,\n"
        "Pre-authentication set to Passthrough (the longest path wins), under Enterprise applications, Application "
        f"proxy:\n{listed}"
    )


def _cloudflare(paths: Sequence[str]) -> str:
    listed = "\n".join(f"    YOUR-HOST{quote(path)}" for path in paths)
    return (
        "Cloudflare Zero Trust, Access, Applications: add a self-hosted application for each of these paths, with one\n"
        f"policy whose action is Bypass and whose rule includes Everyone:\n{listed}"
    )


_WRITERS: Mapping[Front, Callable[[Sequence[str]], str]] = {
    Front.NGINX: _nginx,
    Front.APACHE: _apache,
    Front.CADDY: _caddy,
    Front.HAPROXY: _haproxy,
    Front.TRAEFIK: _traefik,
    Front.F5: _f5,
    Front.AZURE: _azure,
    Front.CLOUDFLARE: _cloudflare,
}
