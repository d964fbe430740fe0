"""genkan proxy: prints a working reverse-proxy configuration for this site. What is in it is ``genkan.ops.proxy``'s."""

import os
from collections.abc import Callable, Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import say
from genkan.cli.workbench import SET_UP, DataDir, Stop, served_settings, told
from genkan.ops.proxy import PROXIES, Layout, Proxy

app = cyclopts.App(name="proxy")
USUAL = Layout()
_NOT_IN_A_WORD = frozenset(" \"'`;{}#$\\")
# A configuration holds the secret; what lies beside it is the same everywhere, and read by the proxy's own user.
_SECRET, _PUBLIC = 0o600, 0o644

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
Into = Annotated[Path | None, Parameter(help="Write into this folder instead; the proxy reads it there.")]


def _command(name: str) -> Callable[..., int]:
    """The command of one proxy: the same options for all."""

    def printed(
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
        into: Into = None,
        data_dir: DataDir = None,
    ) -> None:
        where = (upstream, app_upstream, app_path, bind, certificate, certificate_key, log_file)
        read = (user_header, groups_header, name_header, email_header, encoding)
        certificates = (client_ca, origin_certificate, origin_key)
        folder = str(into.absolute()) if into else ""
        _hand_out(PROXIES[name], Layout(*where, sessions, redirect, *certificates, *read, folder), data_dir)

    printed.__doc__ = (
        f"{PROXIES[name].how} It holds the proxy's secret.\n\n"
        f"Example: genkan proxy {name} --app-path /wiki/ --app-upstream 127.0.0.1:8090"
    )
    return told(printed)


for _name in PROXIES:
    app.command(_command(_name), name=_name)


def _hand_out(proxy: Proxy, layout: Layout, data_dir: str | None) -> None:
    settings = served_settings(data_dir)
    problem = _words_fault(value for value in astuple(layout) if isinstance(value, str))
    problem = problem or proxy.problem(settings, layout)
    beside = proxy.beside if layout.app_upstream else ""
    if beside and not layout.folder:
        problem = problem or f"to guard an application this proxy reads {beside} too: name a folder for both, --into"
    if problem is not None:
        raise Stop(problem, SET_UP)
    text = proxy.config(settings, layout)
    if not layout.folder:
        print(text, end="")
        return
    _write(Path(layout.folder), proxy.file, text, _SECRET)
    if beside:
        _write(Path(layout.folder), beside, proxy.beside_text, _PUBLIC)


def _write(folder: Path, name: str, text: str, mode: int) -> None:
    """A file that is there keeps its owner and mode."""
    try:
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
    except OSError as problem:
        raise Stop(f"{problem.filename} cannot be written: {problem.strerror}", SET_UP) from None
    say(f"wrote {folder / name}")


def _words_fault(written: Iterable[str]) -> str | None:
    """Each is one word of the configuration, and shall stay one."""
    for text in written:
        if not text.isprintable() or set(text) & _NOT_IN_A_WORD:
            return f"{text!r} cannot stand in a configuration: write it without spaces, quotes, braces and semicolons"
    return None
