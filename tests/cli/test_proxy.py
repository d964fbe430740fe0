"""genkan proxy: prints what ops makes of the settings, and refuses what would not work in a configuration."""

import pytest

from genkan.ops.proxy import PROXIES
from tests.cli.shell import Shell

SECRET = "a-secret-of-the-proxy-alone"


@pytest.fixture
def proxied(bare: Shell) -> Shell:
    """A shell with the settings of a site behind a proxy; the site itself need not be there."""
    secret = bare.folder / "proxy-secret"
    secret.write_text(SECRET + "\n")
    bare.patch.setenv("GENKAN_BASE_URL", "https://site.example.com/genkan")
    bare.patch.setenv("GENKAN_TRUSTED_PROXIES", "127.0.0.1")
    bare.patch.setenv("GENKAN_PROXY_SECRET_FILE", str(secret))
    return bare


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_configuration_is_printed(proxied: Shell, proxy: str) -> None:
    """Every option stands in the text, with the site's own address and secret; nothing else is printed or made."""
    ended = proxied.good(
        "proxy", proxy, "--upstream", "10.0.0.5:9999", "--app-upstream", "10.0.0.6:8888", "--app-path", "/wiki/",
        "--bind", "192.0.2.1", "--certificate", "/tls/site.pem", "--certificate-key", "/tls/site.key",
        "--log-file", "/logs/site.log", "--sessions",
    )  # fmt: skip
    for said in (
        "10.0.0.5:9999", "10.0.0.6:8888", "/wiki/", "192.0.2.1", "/tls/site.pem", "/tls/site.key", "/logs/site.log",
        "site.example.com", SECRET, "session=",
    ):  # fmt: skip
        assert said in ended.out, said
    assert ended.err == ""
    assert not proxied.data.exists()


@pytest.mark.parametrize("proxy", PROXIES)
def test_without_a_trusted_proxy_nothing_is_printed(bare: Shell, proxy: str) -> None:
    """The sentence names both settings that are missing."""
    said = bare.refused("proxy", proxy, status=2)
    assert "GENKAN_TRUSTED_PROXIES" in said
    assert "GENKAN_PROXY_SECRET_FILE" in said


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--app-path", "wiki"),
        ("--app-path", "/"),
        ("--app-path", "/genkan/"),
        ("--log-file", "two words"),
        ("--upstream", "http://127.0.0.1:8080"),
        ("--upstream", "127.0.0.1"),
        ("--app-upstream", "127.0.0.1:http"),
        ("--app-upstream", "127.0.0.1:80; return 200"),
        ("--bind", "127.0.0.1\n}"),
        ("--bind", "zzz"),
        ("--certificate", "/a b.pem"),
        ("--log-file", "/var/log/{x}.log"),
    ],
)
def test_what_would_break_a_configuration_is_refused(proxied: Shell, proxy: str, option: str, value: str) -> None:
    """A value that is not one word, or not an address, is named, and nothing is printed."""
    assert repr(value)[1:-1].split()[0] in proxied.refused("proxy", proxy, option, value, status=2)


@pytest.mark.parametrize("proxy", PROXIES)
def test_no_application_is_guarded_unless_one_is_named(proxied: Shell, proxy: str) -> None:
    """By default the site alone is published; a path without an application's address is refused."""
    told = [line for line in proxied.good("proxy", proxy).out.splitlines() if not line.strip().startswith("#")]
    assert "/app/" not in "\n".join(told)
    assert ":3000" not in "\n".join(told)
    assert "--app-upstream" in proxied.refused("proxy", proxy, "--app-path", "/wiki/", status=2)
    assert "--app-upstream" in proxied.refused("proxy", proxy, "--sessions", status=2)


def test_the_redirect_can_be_left_out(proxied: Shell) -> None:
    """Where something else has port 80 already."""
    assert "listen 80;" in proxied.good("proxy", "nginx").out
    assert "listen 80;" not in proxied.good("proxy", "nginx", "--no-redirect").out
    assert "--no-redirect" in proxied.refused("proxy", "caddy", "--no-redirect", status=2)


def test_a_configuration_is_written_into_a_folder(proxied: Shell) -> None:
    """It holds the secret, so the owner alone reads it; one that is there keeps its mode."""
    folder, printed = proxied.folder / "to", proxied.good("proxy", "nginx").out
    assert "cannot be written" in proxied.refused("proxy", "nginx", "--into", str(folder), status=2)
    folder.mkdir()
    assert str(folder / "genkan.conf") in proxied.good("proxy", "nginx", "--into", str(folder)).out
    file = folder / "genkan.conf"
    assert (file.read_text(), file.stat().st_mode & 0o777) == (printed, 0o600)
    file.chmod(0o640)
    file.write_text("x" * 100_000)
    proxied.good("proxy", "nginx", "--into", str(folder))
    assert (file.read_text(), file.stat().st_mode & 0o777) == (printed, 0o640)


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("option", ["--certificate", "--certificate-key"])
def test_a_certificate_comes_with_its_key(proxied: Shell, proxy: str, option: str) -> None:
    """Either alone is refused, with the names of both."""
    said = proxied.refused("proxy", proxy, option, "/tls/site.pem", status=2)
    assert "--certificate " in said
    assert "--certificate-key" in said


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_site_that_is_its_own_proxy_is_refused(proxied: Shell, proxy: str) -> None:
    """With the base URL of a first try, the proxy would stand in front of itself."""
    proxied.patch.delenv("GENKAN_BASE_URL")
    said = proxied.refused("proxy", proxy, status=2)
    assert "port 8080" in said
    assert "GENKAN_BASE_URL" in said
