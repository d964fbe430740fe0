"""The exact exception to write so that paths of the site answer anonymous callers, for each product that may stand
in front. Only these paths: the site itself says who may do what there.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from genkan.doctor.gateways import Front
from genkan.doctor.saying import joined, say
from genkan.wire.sentences import Sentence


def exemption(front: Front, paths: Sequence[str]) -> Sentence:
    """What to change, lines of configuration included; where the product is not known, for each that is common."""
    if front is not Front.OTHER:
        return _WRITERS[front](paths)
    common = (Front.NGINX, Front.APACHE, Front.CADDY, Front.HAPROXY, Front.TRAEFIK)
    return joined([_WRITERS[each](paths) for each in common], "\n")


def _nginx(paths: Sequence[str]) -> Sentence:
    lines = [
        f"    location = {path} {{ auth_request off; auth_basic off; proxy_pass http://YOUR-UPSTREAM; }}"
        for path in paths
    ]
    return say(
        "nginx, inside the server block, with the proxy_pass and proxy_set_header lines of your location /:\n%(lines)s",
        lines="\n".join(lines),
    )


def _apache(paths: Sequence[str]) -> Sentence:
    lines = [
        f'    <Location "{path}">\n        AuthType None\n        Require all granted\n    </Location>'
        for path in paths
    ]
    return say(
        "Apache, inside the virtual host, after the section that asks for the sign-in:\n%(lines)s",
        lines="\n".join(lines),
    )


def _caddy(paths: Sequence[str]) -> Sentence:
    # Caddy puts directives into an order of its own, so that only a matcher on the very directive exempts for certain.
    lines = f"    @others not path {' '.join(paths)}\n    forward_auth @others …"
    return say(
        "Caddy, with the matcher on the line that asks for the sign-in (forward_auth, or basic_auth):\n%(lines)s",
        lines=lines,
    )


def _haproxy(paths: Sequence[str]) -> Sentence:
    lines = f"    acl app_anonymous path {' '.join(paths)}\n    http-request auth unless app_anonymous"
    return say(
        "HAProxy, in the frontend, and the condition on the rule that asks for the sign-in:\n%(lines)s", lines=lines
    )


def _traefik(paths: Sequence[str]) -> Sentence:
    rule = " || ".join(f"Path(`{path}`)" for path in paths)
    lines = "\n".join([
        "    http:\n      routers:\n        app-anonymous:",
        f'          rule: "Host(`YOUR-HOST`) && ({rule})"',
        "          priority: 1000\n          service: YOUR-SERVICE\n          tls: {}",
    ])  # fmt: skip
    return say(
        "Traefik, a router of its own without the forward-auth middleware and with a higher priority:\n%(lines)s",
        lines=lines,
    )


def _f5(paths: Sequence[str]) -> Sentence:
    cases = " || ".join(f'[HTTP::path] eq "{path}"' for path in paths)
    lines = "\n".join([
        "    when HTTP_REQUEST {",
        f"        if {{ {cases} }} {{ ACCESS::disable }}",
        "    }",
    ])  # fmt: skip
    return say("F5 BIG-IP, an iRule on the virtual server with the access policy:\n%(lines)s", lines=lines)


def _azure(paths: Sequence[str]) -> Sentence:
    return say(
        "Azure Application Proxy: publish one more application for each of these paths with the same external host,\n"
        "Pre-authentication set to Passthrough (the longest path wins), under Enterprise applications, Application "
        "proxy:\n%(lines)s",
        lines="\n".join(f"    {path}" for path in paths),
    )


def _cloudflare(paths: Sequence[str]) -> Sentence:
    return say(
        "Cloudflare Zero Trust, Access, Applications: add a self-hosted application for each of these paths, with one\n"
        "policy whose action is Bypass and whose rule includes Everyone:\n%(lines)s",
        lines="\n".join(f"    YOUR-HOST{quote(path)}" for path in paths),
    )


_WRITERS: Mapping[Front, Callable[[Sequence[str]], Sentence]] = {
    Front.NGINX: _nginx,
    Front.APACHE: _apache,
    Front.CADDY: _caddy,
    Front.HAPROXY: _haproxy,
    Front.TRAEFIK: _traefik,
    Front.F5: _f5,
    Front.AZURE: _azure,
    Front.CLOUDFLARE: _cloudflare,
}
