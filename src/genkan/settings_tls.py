"""The settings of TLS and of the origin that asks for client certificates, and what is wrong with them together."""

from collections.abc import Iterator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from genkan.wire import urls


class TLSFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator may set about TLS."""

    tls_cert: Annotated[
        str,
        Meta(
            description="A PEM file with the site's TLS certificate and its chain: Genkan then speaks https by itself, "
            "TLS 1.2 and 1.3. Read anew when it changes, without a restart. Unset: plain http for a proxy in front."
        ),
    ] = ""
    tls_key: Annotated[
        str, Meta(description="The PEM file with the private key of the TLS certificate, without a password.")
    ] = ""
    certificate_url: Annotated[
        str,
        Meta(
            description="The origin that asks for client certificates, as browsers reach it: another host name, or the "
            "same host on another port (https://site.example.com:8443). It serves /login/certificate and nothing else. "
            "With TLS of its own Genkan listens for it; else a proxy passes it on. It needs the client CA."
        ),
    ] = ""
    certificate_on_every_hop: Annotated[
        bool,
        Meta(
            description="The Android profile: certificates are asked for on the base URL itself. /login signs in by "
            "them without a form, and /auth/verify and the REST API take one as its person. iPhones need "
            "GENKAN_CERTIFICATE_URL instead."
        ),
    ] = False
    certificate_check_seconds: Annotated[
        int,
        Meta(
            description="How often certificates that people are signed in with are looked up again in CRLs and by "
            "OCSP; the sign-ins of one that was revoked end then.",
            ge=10,
            le=86400,
        ),
    ] = 300
    certificate_port: Annotated[
        int,
        Meta(
            description="The port to listen on for the origin that asks for client certificates, with TLS of our own. "
            "0: the port in its address.",
            ge=0,
            le=65535,
        ),
    ] = 0
    certificate_tls_cert: Annotated[
        str,
        Meta(
            description="A PEM file with the TLS certificate of the origin that asks for client certificates, where it "
            "has a host name of its own. Unset: the site's."
        ),
    ] = ""
    certificate_tls_key: Annotated[str, Meta(description="The PEM file with the private key of that certificate.")] = ""

    @property
    def certificate_origin(self) -> urls.BaseURL | None:
        """The origin that asks for client certificates, parsed; validated when the settings were read."""
        parsed = urls.parse_base_url(self.certificate_url) if self.certificate_url else None
        return parsed if isinstance(parsed, urls.BaseURL) else None


class TLSSettings(Protocol):
    """The settings that are judged here."""

    @property
    def base_text(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls_cert(self) -> str: ...
    @property
    def tls_key(self) -> str: ...
    @property
    def certificate_url(self) -> str: ...
    @property
    def certificate_port(self) -> int: ...
    @property
    def certificate_on_every_hop(self) -> bool: ...
    @property
    def client_ca(self) -> str: ...
    @property
    def certificate_tls_cert(self) -> str: ...
    @property
    def certificate_tls_key(self) -> str: ...
    @property
    def trusted_proxies(self) -> tuple[str, ...]: ...


def tls_faults(settings: TLSSettings) -> Iterator[tuple[str, str]]:
    """The name of a setting and what is wrong with it."""
    yield from _pair_faults(settings)
    if settings.tls_cert and settings.base_text.startswith("http:"):
        yield "base_url", f"{settings.base_text} is not https, and Genkan speaks TLS (GENKAN_TLS_CERT): write https"
    if settings.certificate_on_every_hop and not (settings.tls_cert or settings.trusted_proxies):
        yield (
            "certificate_on_every_hop",
            ("nobody asks for certificates: name GENKAN_TLS_CERT, or a proxy in GENKAN_TRUSTED_PROXIES"),
        )
    if settings.certificate_url:
        yield from _origin_faults(settings)
    elif settings.certificate_port or settings.certificate_tls_cert:
        name = "certificate_port" if settings.certificate_port else "certificate_tls_cert"
        yield name, "it counts with GENKAN_CERTIFICATE_URL alone; name the origin, or leave it out"
    if (settings.certificate_url or settings.certificate_on_every_hop) and not settings.client_ca:
        yield "client_ca", "client certificates are asked for, and nobody's counts: name a PEM file with your CAs"


def _pair_faults(settings: TLSSettings) -> Iterator[tuple[str, str]]:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        yield "tls_key" if settings.tls_cert else "tls_cert", "a certificate and its key belong together: name both"
    if bool(settings.certificate_tls_cert) != bool(settings.certificate_tls_key):
        name = "certificate_tls_key" if settings.certificate_tls_cert else "certificate_tls_cert"
        yield name, "a certificate and its key belong together: name both"
    if settings.certificate_tls_cert and not settings.tls_cert:
        yield "certificate_tls_cert", "the site itself has none; name GENKAN_TLS_CERT too, or leave TLS to the proxy"


def _origin_faults(settings: TLSSettings) -> Iterator[tuple[str, str]]:
    text = settings.certificate_url
    parsed = urls.parse_base_url(text)
    if isinstance(parsed, urls.BaseURLProblem):
        yield "certificate_url", parsed.sentence
        return
    if not parsed.secure:
        yield "certificate_url", f"{text} is not https, and certificates are shown in TLS alone: write https"
    if parsed.path:
        yield "certificate_url", f"{text} has a path; write scheme, host and port only"
    if parsed.origin == _origin_of(settings.base_text):
        yield "certificate_url", "it is the base URL's own origin; name another host, or the same host on another port"
    if not settings.tls_cert and not settings.trusted_proxies:
        yield (
            "certificate_url",
            ("nobody asks for certificates there: name GENKAN_TLS_CERT, or a proxy in GENKAN_TRUSTED_PROXIES"),
        )
    if settings.tls_cert and certificate_port(settings, parsed) == settings.port:
        yield (
            "certificate_port",
            (f"{settings.port} is the site's own port, on which no certificate is asked for; listen on another one"),
        )


def certificate_port(settings: TLSSettings, origin: urls.BaseURL) -> int:
    """Where to listen for the origin that asks for certificates."""
    return settings.certificate_port or origin.port or 443


def _origin_of(base: str) -> str:
    parsed = urls.parse_base_url(base, allow_http=True)
    return parsed.origin if isinstance(parsed, urls.BaseURL) else ""
