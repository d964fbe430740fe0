"""The printed configurations as texts: what they hold for which settings, and when none can be printed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.ops.proxied import proxied
from genkan.ops.proxied_headers import CLAIMS, IDENTITY, TOLD_BY_PROXY
from genkan.ops.proxy import PROXIES, Layout, caddy_config, nginx_config, proxy_problem
from genkan.settings import Settings
from genkan.site.app import route_table

SECRET = "a-secret-of-at-least-16"
GUARDING = Layout(app_upstream="127.0.0.1:3000")
Build = Callable[..., str]
BUILDERS: list[Build] = [proxy.config for proxy in PROXIES.values()]


def settings(tmp_path: Path, secret: str = SECRET, **chosen: Any) -> Settings:
    """Settings of a site that knows its proxy."""
    file = tmp_path / "secret"
    file.write_text(secret + "\n")
    values = {"base_url": "https://site.example.com/jira", "trusted_proxies": ("127.0.0.1",), **chosen}
    return Settings(proxy_secret_file=str(file), **values)


@pytest.mark.parametrize("build", BUILDERS)
def test_what_only_the_proxy_may_say_is_overwritten(build: Build, tmp_path: Path) -> None:
    """The secret is set, and every header that the site or the application believes is named."""
    text = build(settings(tmp_path), GUARDING)
    assert f'X-Genkan-Proxy "{SECRET}"' in text
    for name in (*IDENTITY, *TOLD_BY_PROXY, *CLAIMS, "X-Forwarded-For", "X-Forwarded-Proto"):
        assert name in text, name


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("base_url", "verify"),
    [("https://site.example.com", " /auth/verify?"), ("https://site.example.com/a/b", "/a/b/auth/verify?")],
)
def test_the_question_always_has_a_query_of_its_own(build: Build, tmp_path: Path, base_url: str, verify: str) -> None:
    """Where none is written some proxies send the client's."""
    text = build(settings(tmp_path, base_url=base_url), GUARDING)
    assert verify.strip() in text
    assert text.count("/auth/verify") == text.count("/auth/verify?session=")


@pytest.mark.parametrize("build", BUILDERS)
def test_the_context_path_and_the_metadata_at_the_root_are_passed_on(build: Build, tmp_path: Path) -> None:
    """RFC 8414 3.1: the document stands at the host's root with the context path after it."""
    below = build(settings(tmp_path))
    assert "/.well-known/oauth-authorization-server/jira" in below
    assert "/jira/" in below
    assert ".well-known" not in build(settings(tmp_path, base_url="https://site.example.com"))


@pytest.mark.parametrize("build", BUILDERS)
def test_former_addresses_are_passed_on_too(build: Build, tmp_path: Path) -> None:
    """Each host of before is a server of its own without the application, each path stands beside the present one."""
    former = ("https://old.example.com/tracker", "https://site.example.com/before")
    text = build(settings(tmp_path, former_base_urls=former), GUARDING)
    plain = build(settings(tmp_path), GUARDING)
    for words in ("old.example.com", "/tracker/", "/before/", "# A former address of the site."):
        assert words in text
        assert words not in plain
    assert text.count("/auth/verify?") == plain.count("/auth/verify?")
    assert text.count("{") == text.count("}")
    http = build(settings(tmp_path, former_base_urls=("http://site.example.com/jira",)), GUARDING)
    assert http == plain, "plain http of the same host is sent to https anyway"


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("chosen", "address"),
    [
        ({}, "127.0.0.1:8080"),
        ({"host": "0.0.0.0", "port": 9000}, "127.0.0.1:9000"),
        ({"host": "::", "port": 9000}, "[::1]:9000"),
        ({"host": "10.0.0.5"}, "10.0.0.5:8080"),
    ],
)
def test_the_site_is_looked_for_where_it_listens(
    build: Build, tmp_path: Path, chosen: dict[str, Any], address: str
) -> None:
    """The upstream comes from the settings unless it is named."""
    assert f" {address}" in build(settings(tmp_path, **chosen))
    named = build(settings(tmp_path, **chosen), Layout(upstream="genkan:8080"))
    assert " genkan:8080" in named
    assert f" {address}" not in named


def test_nginx_listens_as_the_base_url_says(tmp_path: Path) -> None:
    """443 with TLS for https, the named port for anything else, one address where one is asked for."""
    text = nginx_config(settings(tmp_path))
    assert "listen 443 ssl;\n    listen [::]:443 ssl;\n    server_name site.example.com;" in text
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text
    local = nginx_config(settings(tmp_path, base_url="http://[::1]:8081"), layout=Layout(bind="127.0.0.1"))
    assert "listen 127.0.0.1:8081;\n    server_name [::1];" in local
    assert "ssl" not in local


def test_caddy_gets_certificates_by_itself_unless_told(tmp_path: Path) -> None:
    """A site address is enough for it; named files are used."""
    assert "    tls " not in caddy_config(settings(tmp_path))
    told = caddy_config(settings(tmp_path), layout=Layout(certificate="/c.pem", certificate_key="/k.pem"))
    assert "    tls /c.pem /k.pem\n" in told
    assert "\nhttps://site.example.com {\n" in told


@pytest.mark.parametrize("build", BUILDERS)
def test_braces_are_balanced(build: Build, tmp_path: Path) -> None:
    """Each block is closed where it was opened, deeper lines further in."""
    for layout in (Layout(), GUARDING, replace(GUARDING, sessions=True)):
        depth = 0
        for line in build(settings(tmp_path), layout).splitlines():
            depth -= line.strip() == "}"
            assert not line.strip() or line.startswith(" " * 4 * depth), line
            depth += line.endswith("{")
        assert depth == 0


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ({"trusted_proxies": ()}, "GENKAN_TRUSTED_PROXIES"),
        ({"base_url": "https://site.example.com/%7Bx"}, "GENKAN_BASE_URL"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, chosen: dict[str, Any], name: str) -> None:
    """One sentence that begins to say what to set; building anyway raises it."""
    problem = proxy_problem(settings(tmp_path, **chosen))
    assert problem is not None
    assert name in problem
    for build in BUILDERS:
        with pytest.raises(ValueError, match=name):
            build(settings(tmp_path, **chosen))


def test_without_a_secret_there_is_no_configuration() -> None:
    """An address alone proves nothing."""
    problem = proxy_problem(Settings(trusted_proxies=("127.0.0.1",)))
    assert problem is not None
    assert "GENKAN_PROXY_SECRET_FILE" in problem


@pytest.mark.parametrize(
    "secret",
    [
        'quote"quote-quote-quote',
        "dollar$dollar-dollar",
        "brace{env.X}-brace-brace",
        "back\\slash-back-slash",
        "two words-two-words",
    ],
)
def test_a_secret_that_would_break_out_of_the_text_is_refused(tmp_path: Path, secret: str) -> None:
    """Nothing in a secret may be read as the proxy's own language."""
    assert "GENKAN_PROXY_SECRET_FILE" in (proxy_problem(settings(tmp_path, secret)) or "")


@pytest.mark.parametrize("path", ["/", "app", "/app", "app/", "//", "/a//b/", "/a/../b/", "/a;b/", "/a {/", "/a\n/"])
def test_the_applications_path_is_a_folder_of_its_own(tmp_path: Path, path: str) -> None:
    """Anything else would guard too little or break the text."""
    assert repr(path) in (proxy_problem(settings(tmp_path), replace(GUARDING, app_path=path)) or "")
    assert proxy_problem(settings(tmp_path), replace(GUARDING, app_path="/board/")) is None


OWN = ["/rest/", "/rest/oauth2/", "/login/", "/login/certificate/", "/auth/", "/admin/", "/account/app/", "/static/",
       "/secure/", "/plugins/", "/setup/", "/check/", "/healthz/", "/qr.svg/"]  # fmt: skip


@pytest.mark.parametrize("path", [*OWN, "/", "/.well-known/", "/.Well-Known/x/", "/_genkan_verify/", "/ReSt/"])
def test_no_application_stands_on_the_sites_own_paths(tmp_path: Path, path: str) -> None:
    """Else no phone would sign in: below a context path too, in any case, and where it contains what is the site's."""
    root = settings(tmp_path, base_url="https://site.example.com")
    assert repr(path) in (proxy_problem(root, replace(GUARDING, app_path=path)) or "")


@pytest.mark.parametrize("path", ["/a/", "/A/b/", "/a/b/", *(f"/a/b{path}" for path in OWN), "/old/", "/old/rest/x/"])
def test_a_context_path_is_the_sites_too(tmp_path: Path, path: str) -> None:
    """What is below it and is no word of the site is free, as is what only begins alike."""
    former = ("https://site.example.com/old", "https://other.example.com/elsewhere")
    below = settings(tmp_path, base_url="https://site.example.com/a/b", former_base_urls=former)
    assert repr(path) in (proxy_problem(below, replace(GUARDING, app_path=path)) or "")
    for free in ("/a/board/", "/a/b/board/", "/rest/", "/restaurant/", "/elsewhere/", "/old/board/"):
        assert proxy_problem(below, replace(GUARDING, app_path=free)) is None, free


def test_every_route_is_refused_to_an_application(tmp_path: Path) -> None:
    """Whatever is added to the routes."""
    root = settings(tmp_path, base_url="https://site.example.com")
    for rule in route_table("https://site.example.com"):
        path = rule.path.partition("{")[0].rstrip("/") + "/"
        assert proxy_problem(root, replace(GUARDING, app_path=path)) is not None, rule.path


def test_the_secret_is_in_no_representation(tmp_path: Path) -> None:
    """What is printed on purpose is not printed by accident."""
    assert SECRET not in repr(proxied(settings(tmp_path), Layout()))


@pytest.mark.parametrize("build", BUILDERS)
def test_without_an_application_nothing_is_forwarded_but_the_site(build: Build, tmp_path: Path) -> None:
    """No path leads to a program that nobody named; one comment says how to name it."""
    lines = build(settings(tmp_path)).splitlines()
    told = "\n".join(line for line in lines if not line.strip().startswith("#"))
    for word in ("3000", "/app/", "genkan_app", "auth_request", "forward_auth", "_genkan_verify", "cookie", "Cookie"):
        assert word not in told, word
    assert [line.strip() for line in lines if "--app-upstream" in line] != []


@pytest.mark.parametrize("layout", [Layout(app_path="/wiki/"), Layout(sessions=True)])
def test_what_only_an_application_needs_asks_for_one(tmp_path: Path, layout: Layout) -> None:
    """Whoever means to guard something hears that nothing would be guarded."""
    assert "--app-upstream" in (proxy_problem(settings(tmp_path), layout) or "")
    assert proxy_problem(settings(tmp_path), replace(layout, app_upstream="10.0.0.6:80")) is None


REDIRECT = """\
server {
    listen 80;
    listen [::]:80;
    server_name site.example.com;
    access_log /var/log/nginx/genkan.log genkan;

    location / {
        return 301 https://site.example.com$request_uri;
    }
}
"""


def test_nginx_sends_plain_http_to_https(tmp_path: Path) -> None:
    """A server of its own on port 80, to the address of the settings; not where it was left out."""
    assert f"\n\n{REDIRECT}\nserver {{\n    listen 443 ssl;" in nginx_config(settings(tmp_path))
    assert "listen 80;" not in nginx_config(settings(tmp_path), Layout(redirect=False))
    bound = nginx_config(settings(tmp_path), Layout(bind="2001:db8::1"))
    assert "    listen [2001:db8::1]:80;\n" in bound
    assert "    listen [2001:db8::1]:443 ssl;\n" in bound


@pytest.mark.parametrize("base_url", ["https://site.example.com:8443", "http://localhost"])
def test_another_port_has_no_redirect(tmp_path: Path, base_url: str) -> None:
    """Port 80 belongs to the site only where the host alone means it; plain http is not sent to itself."""
    text = nginx_config(settings(tmp_path, base_url=base_url))
    assert "return 301" not in text
    assert text.count("server_name") == 1


HTTP_8080 = {"base_url": "http://localhost:8080"}


@pytest.mark.parametrize(
    ("chosen", "layout", "port"),
    [
        ({"base_url": ""}, Layout(), 8080),
        (HTTP_8080, Layout(bind="127.0.0.1"), 8080),
        (HTTP_8080, Layout(bind="0.0.0.0"), 8080),
        (HTTP_8080 | {"host": "::"}, Layout(bind="192.0.2.1"), 8080),
        (HTTP_8080 | {"host": "localhost"}, Layout(bind="::1"), 8080),
        (HTTP_8080 | {"host": "::1"}, Layout(bind="0:0:0:0:0:0:0:1"), 8080),
        (HTTP_8080 | {"port": 9000}, Layout(upstream="127.0.0.1:8080"), 8080),
        (HTTP_8080, Layout(upstream="192.0.2.1:8080", bind="192.0.2.1"), 8080),
        ({"port": 443}, Layout(), 443),
        ({"port": 80}, Layout(), 80),
    ],
)
def test_a_proxy_in_front_of_itself_is_refused(
    tmp_path: Path, chosen: dict[str, Any], layout: Layout, port: int
) -> None:
    """Where proxy and site would listen on one port of one address, the sentence says what to set."""
    problem = proxy_problem(settings(tmp_path, **chosen), layout) or ""
    assert f"port {port}," in problem
    assert "GENKAN_BASE_URL" in problem
    assert "GENKAN_PORT" in problem


@pytest.mark.parametrize(
    ("chosen", "layout"),
    [
        (HTTP_8080, Layout(upstream="10.0.0.5:8080")),
        (HTTP_8080, Layout(upstream="genkan:8080", bind="192.0.2.1")),
        (HTTP_8080, Layout(bind="192.0.2.1")),
        (HTTP_8080, Layout(upstream="127.0.0.1:9000")),
        ({"port": 80}, Layout(redirect=False)),
        ({"port": 443}, Layout(upstream="10.0.0.5:443")),
    ],
)
def test_the_same_port_elsewhere_is_free(tmp_path: Path, chosen: dict[str, Any], layout: Layout) -> None:
    """Another machine's port, or another address's, is nobody's hindrance."""
    assert proxy_problem(settings(tmp_path, **chosen), layout) is None


@pytest.mark.parametrize("bind", ["zzz", "localhost", "[::1]", "192.0.2.1:80", "192.0.2.256", "::1%eth0"])
def test_only_an_address_is_listened_on(tmp_path: Path, bind: str) -> None:
    """Names and ports are no addresses of the machine."""
    assert repr(bind) in (proxy_problem(settings(tmp_path), Layout(bind=bind)) or "")


@pytest.mark.parametrize("address", ["127.0.0.1", ":80", "::1:80", "127.0.0.1:0", "127.0.0.1:65536", "http://a:80"])
@pytest.mark.parametrize("name", ["upstream", "app_upstream"])
def test_an_upstream_is_a_host_and_a_port(tmp_path: Path, name: str, address: str) -> None:
    """Whatever cannot be connected to is named."""
    layout = Layout(upstream=address) if name == "upstream" else Layout(app_upstream=address)
    assert repr(address) in (proxy_problem(settings(tmp_path), layout) or "")


@pytest.mark.parametrize("layout", [Layout(certificate="/c.pem"), Layout(certificate_key="/k.pem")])
def test_a_certificate_has_its_key(tmp_path: Path, layout: Layout) -> None:
    """One without the other serves nothing."""
    problem = proxy_problem(settings(tmp_path), layout) or ""
    assert "--certificate" in problem
    assert "--certificate-key" in problem


def test_plain_http_has_no_certificate(tmp_path: Path) -> None:
    """A certificate that would never be shown is a base URL written wrongly."""
    layout = Layout(certificate="/c.pem", certificate_key="/k.pem")
    problem = proxy_problem(settings(tmp_path, base_url="http://localhost"), layout) or ""
    assert problem.startswith("GENKAN_BASE_URL: ")
