"""What a reverse proxy must know of client certificates: where it asks, for whose, and how it tells the site."""

from dataclasses import dataclass

from genkan.settings import Settings
from genkan.wire.urls import BaseURL

# Behind the secret of a proxy that tells certificates itself and lets no client tell them (``site.peer``).
TELLING = " certificates"
TOLD_OF_CERTIFICATES = ("Client-Cert", "Client-Cert-Chain", "X-SSL-Client-Cert")
PRESENT = "/login/certificate"
_NOT_IN_A_PATH = frozenset(" \"'`;{}#$\\")


@dataclass(frozen=True, slots=True)
class Asking:
    """``everywhere``: the site's own server asks. ``origin``: the one of its own that does, None where there is none.
    ``authorities`` is the CA file on the proxy's machine, ``certificate`` and its key are the origin's own.
    """

    everywhere: bool = False
    origin: BaseURL | None = None
    authorities: str = ""
    certificate: str = ""
    certificate_key: str = ""


def asking(settings: Settings, authorities: str, certificate: str, key: str) -> Asking:
    """What the settings want of a proxy."""
    return Asking(
        settings.certificate_on_every_hop,
        settings.certificate_origin,
        authorities or settings.client_ca,
        certificate,
        key,
    )


def asking_problem(settings: Settings, authorities: str, certificate: str, key: str) -> str | None:
    """Why it cannot be printed, as one sentence."""
    wanted = bool(settings.certificate_url) or settings.certificate_on_every_hop
    if bool(certificate) != bool(key):
        return "a certificate and its key belong together: name both --origin-certificate and --origin-certificate-key"
    if (certificate and not settings.certificate_url) or (authorities and not wanted):
        return "no client certificates are asked for: set GENKAN_CERTIFICATE_URL or GENKAN_CERTIFICATE_ON_EVERY_HOP"
    if wanted and settings.tls_cert:
        return "GENKAN_TLS_CERT: the site speaks TLS and asks for certificates by itself; leave it out behind a proxy"
    if wanted and set(authorities or settings.client_ca) & _NOT_IN_A_PATH:
        return "GENKAN_CLIENT_CA: name a path without spaces and quotes, so that a configuration can hold it"
    if settings.certificate_on_every_hop and not settings.public.secure:
        return f"GENKAN_BASE_URL: {settings.public.text} is not https, and certificates are shown in TLS alone"
    return None
