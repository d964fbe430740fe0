"""TLS of our own: a context made of files that are read anew when they change, and what a handshake tells of its
client. Whether a client's certificate counts is not decided here.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genkan.protocol.certificates.presented import from_tls
from genkan.site.arrival import Secured

HANDSHAKE_SECONDS = 10.0
GOODBYE_SECONDS = 2.0
# RFC 9325 4.2.1: of TLS 1.2 only what has forward secrecy and is authenticated encryption; TLS 1.3 has nothing else.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name: whose certificate is out of date is told so by a
# page, for which the handshake has to go through. The chain's own check judges time again, and strictly.
_NO_CHECK_TIME = 0x200000
_DER = 2  # of Python's own _ssl: ENCODING_DER


class BadFiles(Exception):
    """Why TLS cannot be spoken with these files, as half a sentence; ``setting`` is the one to mend."""

    def __init__(self, setting: str, wrong: str) -> None:
        super().__init__(f"{setting}: {wrong}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Files:
    """Paths of PEM files. ``authorities``: whose clients' certificates are asked for; None where none is."""

    certificate: str
    key: str
    authorities: str | None = None
    names: tuple[str, str] = ("GENKAN_TLS_CERT", "GENKAN_TLS_KEY")

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that a context is made of."""
        return tuple(Path(path) for path in (self.certificate, self.key, self.authorities) if path)


class Handshake(ssl.SSLObject):
    """One connection's TLS, which counts how its handshake ends and keeps the name that the client asked for."""

    asked: str | None = None

    def do_handshake(self) -> None:
        """asyncio's hook into the handshake: called anew whenever more of it has come."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as fault:
            # Whoever is out there can cause this, as often as they like: a number, and no line.
            self._count("certificate" if isinstance(fault, ssl.SSLCertVerificationError) else "failed")
            raise
        self._count("done")

    def _count(self, result: str) -> None:
        counts = getattr(self.context, "handshakes", None)
        if counts is not None:
            counts[result] += 1


class _Context(ssl.SSLContext):
    sslobject_class = Handshake
    handshakes: Counter[str]


@dataclass(slots=True)
class TLS:
    """The context to listen with. Files that have changed count for the next handshake; where they cannot be used, what
    was read before goes on counting, and ``log`` is told once.
    """

    files: Files
    log: Callable[..., None] = field(default=lambda *_, **__: None)
    handshakes: Counter[str] = field(default_factory=Counter)
    context: ssl.SSLContext = field(init=False)
    _newest: ssl.SSLContext = field(init=False)
    _seen: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self._stamps()
        self.context = self._newest = made(self.files, self.handshakes)
        self.context.sni_callback = self._hello

    def renew(self) -> None:
        """Read the files anew if they changed since they were read last."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._newest = made(self.files, self.handshakes)
        except BadFiles as fault:
            self.log("error", "new TLS files cannot be used, the old ones go on", problem=str(fault))
        else:
            self.log("info", "TLS files read anew", certificate=self.files.certificate)

    def _hello(self, handshake: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Called in every handshake, named or not, before the server's part of it."""
        self.renew()
        handshake.context = self._newest
        if isinstance(handshake, Handshake):
            handshake.asked = name

    def _stamps(self) -> tuple[object, ...]:
        return tuple(_stamp(path) for path in self.files.paths)


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as fault:
        return fault.errno
    return found.st_mtime_ns, found.st_size, found.st_ino


def made(files: Files, handshakes: Counter[str]) -> ssl.SSLContext:
    """A context of these files as they are now. Raises BadFiles."""
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.handshakes = handshakes
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 3.1.1
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])  # RFC 7301 3.2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _load_own(context, files)
    if files.authorities is not None:
        _ask_clients(context, files.authorities)
    return context


def _load_own(context: ssl.SSLContext, files: Files) -> None:
    certificate, key = files.names
    for name, path in ((certificate, files.certificate), (key, files.key)):
        _readable(name, path)
    try:
        # With a word for it, for without one OpenSSL would ask for it on the terminal.
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
    except ssl.SSLError as fault:
        if fault.reason == "KEY_VALUES_MISMATCH":
            raise BadFiles(key, f"{files.key} is not the key of {files.certificate}") from None
        raise BadFiles(certificate, _unusable(files)) from None
    except (OSError, ValueError):
        raise BadFiles(certificate, _unusable(files)) from None


def _unusable(files: Files) -> str:
    key = Path(files.key).read_bytes()
    if b"ENCRYPTED" in key:
        return f"the key in {files.key} is encrypted; write it without a password, readable for Genkan alone"
    wrong = files.key if b"PRIVATE KEY-----" not in key else files.certificate
    return f"{wrong} does not hold what it should as PEM: a certificate with its chain, or a private key"


def _ask_clients(context: ssl.SSLContext, authorities: str) -> None:
    try:
        context.load_verify_locations(authorities)
    except (ssl.SSLError, OSError, ValueError):
        raise BadFiles("GENKAN_CLIENT_CA", f"{authorities} holds no PEM certificates that can be read") from None
    context.verify_mode = ssl.CERT_OPTIONAL
    # Every certificate in the bundle is an anchor, also one that is not its own issuer.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    # Each handshake shows the key's possession anew, and no browser goes on with a choice made before. Without tickets
    # TLS 1.3 has nothing to resume by (RFC 8446 4.6.1). TLS 1.2 has the session's number besides (RFC 5246 7.3), whose
    # cache Python does not let us switch off: so it is not spoken here.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0


def _readable(name: str, path: str) -> None:
    try:
        Path(path).read_bytes()
    except FileNotFoundError:
        raise BadFiles(name, f"there is no file {path}") from None
    except OSError as fault:
        raise BadFiles(name, f"{path} cannot be read: {fault.strerror}") from None
    except ValueError:
        raise BadFiles(name, f"{path!r} cannot be the name of a file") from None


def secured(transport: asyncio.BaseTransport, *, asks: bool) -> Secured:
    """What the handshake of a connection has told."""
    handshake = transport.get_extra_info("ssl_object")
    name = getattr(handshake, "asked", None)
    leaf = handshake.getpeercert(True) if asks else None
    if leaf is None:
        return Secured(name, asks)
    return Secured(name, asks, from_tls(leaf, _beside(handshake, leaf)))


def _beside(handshake: Any, leaf: bytes) -> list[bytes]:
    """What the client sent besides its own. Python before 3.13 has it below the surface only."""
    public = getattr(handshake, "get_unverified_chain", None)
    if public is not None:
        return [der for der in public() or () if der != leaf]
    below = getattr(getattr(handshake, "_sslobj", None), "get_unverified_chain", None)
    found = (below() if below is not None else None) or ()
    return [der for der in (one.public_bytes(_DER) for one in found) if der != leaf]
