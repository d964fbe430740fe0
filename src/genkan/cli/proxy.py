"""genkan proxy: prints a working reverse-proxy configuration for this site. What is in it is ``genkan.ops.proxy``'s."""

from collections.abc import Callable, Sequence
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, DataDir, Stop, load_settings, told
from genkan.ops.proxy import Layout, caddy_config, nginx_config, proxy_problem

app = cyclopts.App(name="proxy")
USUAL = Layout()
_NOT_IN_A_WORD = frozenset(" \"'`;{}#$\\")

Upstream = Annotated[str, Parameter(help="Where the site listens (host:port); its own settings when left out.")]
AppUpstream = Annotated[str, Parameter(help="Where the guarded application listens (host:port).")]
AppPath = Annotated[str, Parameter(help="The guarded application's path, as in /app/.")]
Bind = Annotated[str, Parameter(help="The address that the proxy listens on; every one when left out.")]
Certificate = Annotated[str, Parameter(help="The certificate's file; the usual place when left out.")]
CertificateKey = Annotated[str, Parameter(help="The file of the certificate's key.")]
LogFile = Annotated[str, Parameter(help="Where the proxy logs; the usual place when left out.")]
Sessions = Annotated[bool, Parameter(negative="", help="Browsers that are signed in to the site pass too.")]


@app.command
@told
def nginx(
    *,
    upstream: Upstream = "",
    app_upstream: AppUpstream = "127.0.0.1:3000",
    app_path: AppPath = USUAL.app_path,
    bind: Bind = "",
    certificate: Certificate = "",
    certificate_key: CertificateKey = "",
    log_file: LogFile = "",
    sessions: Sessions = False,
    data_dir: DataDir = None,
) -> None:
    """Print a file to include inside nginx's http block. It holds the proxy's secret.

    Example: genkan proxy nginx --app-path /wiki/ --app-upstream 127.0.0.1:8090
    """
    layout = Layout(app_path, bind, certificate, certificate_key, log_file, sessions)
    _print(nginx_config, upstream, app_upstream, layout, data_dir)


@app.command
@told
def caddy(
    *,
    upstream: Upstream = "",
    app_upstream: AppUpstream = "127.0.0.1:3000",
    app_path: AppPath = USUAL.app_path,
    bind: Bind = "",
    certificate: Certificate = "",
    certificate_key: CertificateKey = "",
    log_file: LogFile = "",
    sessions: Sessions = False,
    data_dir: DataDir = None,
) -> None:
    """Print a file to import into the Caddyfile. It holds the proxy's secret.

    Example: genkan proxy caddy --app-path /wiki/ --app-upstream 127.0.0.1:8090
    """
    layout = Layout(app_path, bind, certificate, certificate_key, log_file, sessions)
    _print(caddy_config, upstream, app_upstream, layout, data_dir)


def _print(config: Callable[..., str], upstream: str, app_upstream: str, layout: Layout, data_dir: str | None) -> None:
    settings = load_settings(data_dir)
    written = (upstream, app_upstream, layout.bind, layout.certificate, layout.certificate_key, layout.log_file)
    problem = proxy_problem(settings, layout) or _words_fault(written) or _address_fault(upstream, app_upstream)
    if problem is not None:
        raise Stop(problem, SET_UP)
    print(config(settings, upstream=upstream, app_upstream=app_upstream, layout=layout), end="")


def _words_fault(written: Sequence[str]) -> str | None:
    """Each is one word of the configuration, and shall stay one."""
    for text in written:
        if not text.isprintable() or set(text) & _NOT_IN_A_WORD:
            return f"{text!r} cannot stand in a configuration: write it without spaces, quotes, braces and semicolons"
    return None


def _address_fault(*addresses: str) -> str | None:
    for address in filter(None, addresses):
        host, _, port = address.rpartition(":")
        if not host or "/" in host or not (port.isascii() and port.isdigit()):
            return f"{address!r} is not an address: write host:port, as in 127.0.0.1:3000"
    return None
