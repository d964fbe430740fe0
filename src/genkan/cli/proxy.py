"""genkan proxy: prints a working reverse-proxy configuration for this site. What is in it is ``genkan.ops.proxy``'s."""

from collections.abc import Callable, Iterable
from dataclasses import astuple
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, DataDir, Stop, served_settings, told
from genkan.ops.proxy import Layout, caddy_config, nginx_config, proxy_problem
from genkan.settings import Settings

app = cyclopts.App(name="proxy")
USUAL = Layout()
_NOT_IN_A_WORD = frozenset(" \"'`;{}#$\\")

Upstream = Annotated[str, Parameter(help="Where the site listens (host:port); its own settings when left out.")]
AppUpstream = Annotated[str, Parameter(help="Where the guarded application listens (host:port); left out: none is.")]
AppPath = Annotated[str, Parameter(help="The guarded application's path, as in /app/.")]
Bind = Annotated[str, Parameter(help="The IP address that the proxy listens on; every one when left out.")]
Certificate = Annotated[str, Parameter(help="The certificate's file; the usual place when left out.")]
CertificateKey = Annotated[str, Parameter(help="The file of the certificate's key.")]
ClientCA = Annotated[str, Parameter(help="The client CA's file on the proxy's machine; the site's own when left out.")]
OriginCertificate = Annotated[str, Parameter(help="The certificate's file of the origin that asks for certificates.")]
OriginKey = Annotated[str, Parameter(name="--origin-certificate-key", help="The file of that certificate's key.")]
LogFile = Annotated[str, Parameter(help="Where the proxy logs; the usual place when left out.")]
UserHeader = Annotated[str, Parameter(help="The header in which the application reads the name; Remote-User.")]
GroupsHeader = Annotated[str, Parameter(help="The header of the groups, with commas; Remote-Groups.")]
NameHeader = Annotated[str, Parameter(help="The header of the display name; Remote-Name.")]
EmailHeader = Annotated[str, Parameter(help="The header of the e-mail address; Remote-Email.")]
Encoding = Annotated[str, Parameter(help="How they are written beyond ASCII: percent (the usual), utf-8 or latin-1.")]
Redirect = Annotated[bool, Parameter(help="Also answer plain http on port 80, and send it to https.")]
Sessions = Annotated[bool, Parameter(negative="", help="Browsers that are signed in to the site pass too.")]


@app.command
@told
def nginx(
    *,
    upstream: Upstream = "",
    app_upstream: AppUpstream = "",
    app_path: AppPath = USUAL.app_path,
    bind: Bind = "",
    certificate: Certificate = "",
    certificate_key: CertificateKey = "",
    log_file: LogFile = "",
    client_ca: ClientCA = "",
    origin_certificate: OriginCertificate = "",
    origin_key: OriginKey = "",
    user_header: UserHeader = "",
    groups_header: GroupsHeader = "",
    name_header: NameHeader = "",
    email_header: EmailHeader = "",
    encoding: Encoding = "",
    sessions: Sessions = False,
    redirect: Redirect = True,
    data_dir: DataDir = None,
) -> None:
    """Print a file to include inside nginx's http block. It holds the proxy's secret.

    Example: genkan proxy nginx --app-path /wiki/ --app-upstream 127.0.0.1:8090
    """
    where = (upstream, app_upstream, app_path, bind, certificate, certificate_key, log_file)
    read = (user_header, groups_header, name_header, email_header, encoding)
    asking = Layout(*where, sessions, redirect, client_ca, origin_certificate, origin_key, *read)
    _print(nginx_config, asking, data_dir)


@app.command
@told
def caddy(
    *,
    upstream: Upstream = "",
    app_upstream: AppUpstream = "",
    app_path: AppPath = USUAL.app_path,
    bind: Bind = "",
    certificate: Certificate = "",
    certificate_key: CertificateKey = "",
    log_file: LogFile = "",
    client_ca: ClientCA = "",
    origin_certificate: OriginCertificate = "",
    origin_key: OriginKey = "",
    user_header: UserHeader = "",
    groups_header: GroupsHeader = "",
    name_header: NameHeader = "",
    email_header: EmailHeader = "",
    encoding: Encoding = "",
    sessions: Sessions = False,
    data_dir: DataDir = None,
) -> None:
    """Print a file to import into the Caddyfile. It holds the proxy's secret.

    Example: genkan proxy caddy --app-path /wiki/ --app-upstream 127.0.0.1:8090
    """
    where = (upstream, app_upstream, app_path, bind, certificate, certificate_key, log_file)
    read = (user_header, groups_header, name_header, email_header, encoding)
    asking = Layout(*where, sessions, USUAL.redirect, client_ca, origin_certificate, origin_key, *read)
    _print(caddy_config, asking, data_dir)


def _print(config: Callable[[Settings, Layout], str], layout: Layout, data_dir: str | None) -> None:
    settings = served_settings(data_dir)
    problem = _words_fault(value for value in astuple(layout) if isinstance(value, str))
    problem = problem or proxy_problem(settings, layout)
    if problem is not None:
        raise Stop(problem, SET_UP)
    print(config(settings, layout), end="")


def _words_fault(written: Iterable[str]) -> str | None:
    """Each is one word of the configuration, and shall stay one."""
    for text in written:
        if not text.isprintable() or set(text) & _NOT_IN_A_WORD:
            return f"{text!r} cannot stand in a configuration: write it without spaces, quotes, braces and semicolons"
    return None
