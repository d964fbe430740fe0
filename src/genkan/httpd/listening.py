"""The sockets of a site: plain, or with TLS of its own, and the one that asks for client certificates."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from genkan.httpd.server import SecuredListener
from genkan.httpd.tls import TLS, BadFiles, Files
from genkan.settings import Settings
from genkan.settings_tls import certificate_port


class CannotListen(Exception):
    """Why, as one sentence."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """Bound and not yet listened to."""

    plain: tuple[socket.socket, ...] = ()
    secured: tuple[SecuredListener, ...] = ()
    handshakes: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        """Let go of this process's hold on them."""
        for one in (*self.plain, *(one.socket for one in self.secured)):
            one.close()


@contextmanager
def listening(settings: Settings, log: Callable[..., None]) -> Iterator[Sockets]:
    """Every socket that the settings want. Raises CannotListen."""
    with ExitStack() as stack:
        if not settings.tls_cert:
            yield Sockets((_bound(stack, settings.host, settings.port, "GENKAN_PORT"),))
            return
        handshakes: Counter[str] = Counter()
        yield Sockets((), tuple(_secured(stack, settings, log, handshakes)), handshakes)


def _secured(
    stack: ExitStack, settings: Settings, log: Callable[..., None], handshakes: Counter[str]
) -> Iterator[SecuredListener]:
    client_ca, everywhere = settings.client_ca, settings.certificate_on_every_hop
    own = Files(settings.tls_cert, settings.tls_key, client_ca if everywhere else None)
    bound = _bound(stack, settings.host, settings.port, "GENKAN_PORT")
    yield SecuredListener(bound, _tls(own, log, handshakes), asks=everywhere)
    origin = settings.certificate_origin
    if origin is None:
        return
    certificate, key = settings.certificate_tls_cert, settings.certificate_tls_key
    names = ("GENKAN_CERTIFICATE_TLS_CERT", "GENKAN_CERTIFICATE_TLS_KEY")
    files = Files(certificate, key, client_ca, names) if certificate else Files(own.certificate, own.key, client_ca)
    bound = _bound(stack, settings.host, certificate_port(settings, origin), "GENKAN_CERTIFICATE_PORT")
    yield SecuredListener(bound, _tls(files, log, handshakes), asks=True)


def _tls(files: Files, log: Callable[..., None], handshakes: Counter[str]) -> TLS:
    try:
        return TLS(files, log, handshakes)
    except BadFiles as fault:
        raise CannotListen(str(fault)) from None


def _bound(stack: ExitStack, host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        raise CannotListen(
            f"cannot listen on {host}:{port}: {problem.strerror}; set GENKAN_HOST or {setting}"
        ) from None
    return listener
