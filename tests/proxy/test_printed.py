"""The printed configurations as texts: what they hold for which settings, and when none can be printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genkan.ops.proxied import IDENTITY, TOLD_BY_PROXY, proxied
from genkan.ops.proxy import Layout, caddy_config, nginx_config, proxy_problem
from genkan.settings import Settings

SECRET = "a-secret-of-at-least-16"
BUILDERS = [nginx_config, caddy_config]
Build = Callable[..., str]


def settings(tmp_path: Path, secret: str = SECRET, **chosen: Any) -> Settings:
    """Settings of a site that knows its proxy."""
    file = tmp_path / "secret"
    file.write_text(secret + "\n")
    values = {"base_url": "https://site.example.com/jira", "trusted_proxies": ("127.0.0.1",), **chosen}
    return Settings(proxy_secret_file=str(file), **values)


@pytest.mark.parametrize("build", BUILDERS)
def test_what_only_the_proxy_may_say_is_overwritten(build: Build, tmp_path: Path) -> None:
    """The secret is set, and every header that the site or the application believes is named."""
    text = build(settings(tmp_path))
    assert f'X-Genkan-Proxy "{SECRET}"' in text
    for name in (*IDENTITY, *TOLD_BY_PROXY, "X-Forwarded-For", "X-Forwarded-Proto"):
        assert name in text, name


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("base_url", "verify"),
    [("https://site.example.com", " /auth/verify?"), ("https://site.example.com/a/b", "/a/b/auth/verify?")],
)
def test_the_question_always_has_a_query_of_its_own(build: Build, tmp_path: Path, base_url: str, verify: str) -> None:
    """Where none is written some proxies send the client's."""
    text = build(settings(tmp_path, base_url=base_url))
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
    named = build(settings(tmp_path, **chosen), upstream="genkan:8080")
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
    for sessions in (False, True):
        depth = 0
        for line in build(settings(tmp_path), layout=Layout(sessions=sessions)).splitlines():
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


@pytest.mark.parametrize(
    "path", ["/", "app", "/app", "app/", "/jira/", "//", "/a//b/", "/a/../b/", "/a;b/", "/a {/", "/a\n/"]
)
def test_the_applications_path_is_a_folder_of_its_own(tmp_path: Path, path: str) -> None:
    """Anything else would guard too little or break the text."""
    assert repr(path) in (proxy_problem(settings(tmp_path), Layout(app_path=path)) or "")
    assert proxy_problem(settings(tmp_path), Layout(app_path="/board/")) is None


def test_the_secret_is_in_no_representation(tmp_path: Path) -> None:
    """What is printed on purpose is not printed by accident."""
    assert SECRET not in repr(proxied(settings(tmp_path), "", "a:1", Layout()))
