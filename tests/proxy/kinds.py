"""The reverse proxies that a configuration is printed for, each as a program on this machine: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genkan.ops.proxy import PROXIES, Proxy
from tests.conftest import installed_program


@dataclass(frozen=True)
class Kind:
    """``command`` runs the printed file, included as an operator includes it. ``hidden_scheme`` is what of the text
    tells the site https, and what does not instead. ``moved`` runs what is printed for the usual ports, of plain http
    and of https, on others. ``log_file`` where it cannot log into a file of its own.
    """

    program: str
    command: Callable[[Path, Path], list[str]]
    moved: Callable[[Path, Path, int, int], list[str]]
    hidden_scheme: tuple[str, str]
    log_file: str = ""


def nginx_command(folder: Path, config: Path) -> list[str]:
    """Temporary files are in the test's folder."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log warn;\n"
        f"events {{}}\nhttp {{ {temporary} include {config}; }}\n"
    )
    return [installed_program("nginx"), "-p", str(folder), "-e", f"{folder}/nginx-start.log", "-c", str(main)]


def nginx_moved(folder: Path, config: Path, plain: int, tls: int) -> list[str]:
    """The ports stand in the text."""
    replace_once(config, "listen 127.0.0.1:80;", f"listen 127.0.0.1:{plain};")
    replace_once(config, "listen 127.0.0.1:443 ssl;", f"listen 127.0.0.1:{tls} ssl;")
    return nginx_command(folder, config)


def caddy_command(folder: Path, config: Path, options: str = "auto_https disable_redirects") -> list[str]:
    """No administration port, nothing written outside the test's folder."""
    main = folder / "Caddyfile"
    main.write_text(f"{{\n    admin off\n    {options}\n    storage file_system {folder}/caddy\n}}\nimport {config}\n")
    return [installed_program("caddy"), "run", "--config", str(main), "--adapter", "caddyfile"]


def caddy_moved(folder: Path, config: Path, plain: int, tls: int) -> list[str]:
    """Its own options say which ports are the usual ones."""
    return caddy_command(folder, config, f"http_port {plain}\n    https_port {tls}")


def replace_once(config: Path, line: str, by: str) -> None:
    """Change the one place of the printed text where this stands."""
    text = config.read_text()
    assert text.count(line) == 1, text
    config.write_text(text.replace(line, by))


KINDS = {
    "nginx": Kind("nginx", nginx_command, nginx_moved, ("X-Forwarded-Proto $scheme", 'X-Forwarded-Proto ""')),
    "caddy": Kind(
        "caddy",
        caddy_command,
        caddy_moved,
        ("header_up X-Genkan-Proxy", "header_up -X-Forwarded-Proto\n header_up X-Genkan-Proxy"),
    ),
}


def printed_into(folder: Path, proxy: Proxy, text: str) -> Path:
    """The files that `genkan proxy --into` writes, with this text; the configuration's path."""
    config = folder / proxy.file
    config.write_text(text)
    if proxy.beside:
        (folder / proxy.beside).write_text(proxy.beside_text)
    return config


assert KINDS.keys() == PROXIES.keys()
