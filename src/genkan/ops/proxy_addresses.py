"""Where a proxy and what stands behind it listen, and whether they would get into each other's way."""

import ipaddress
from typing import Protocol

from genkan.settings import Settings
from genkan.wire import uri
from genkan.wire.urls import BaseURL, is_loopback_host

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
PLAIN_PORT, TLS_PORT = 80, 443


class Addresses(Protocol):
    """What of a layout is an address."""

    @property
    def upstream(self) -> str:
        """Where the site listens; empty: as the settings say."""

    @property
    def app_upstream(self) -> str:
        """Where the guarded application listens; empty: there is none."""

    @property
    def bind(self) -> str:
        """The one address that the proxy listens on; empty: every one."""

    @property
    def redirect(self) -> bool:
        """Whether the proxy also answers plain http."""


def own_address(settings: Settings) -> str:
    """Where the site listens, as its neighbour on the same machine reaches it."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"{uri.Authority(host, settings.port).bracketed}:{settings.port}"


def listening_port(public: BaseURL) -> int:
    """Where the proxy listens so that the base URL leads to it."""
    return public.port or (TLS_PORT if public.secure else PLAIN_PORT)


def redirects(public: BaseURL, layout: Addresses) -> bool:
    """Who types the host alone arrives by plain http at its own port; beside a port of one's own nobody does."""
    return layout.redirect and public.secure and listening_port(public) == TLS_PORT


def address_problem(settings: Settings, layout: Addresses) -> str | None:
    """The address that cannot be used, or the one that proxy and site would both want, as one sentence."""
    for text in filter(None, (layout.upstream, layout.app_upstream)):
        if _address(text) is None:
            return f"{text!r} is not an address: write host:port, as in 127.0.0.1:3000"
    if layout.bind and not (uri.is_ipv4(layout.bind) or uri.is_ipv6(layout.bind)):
        return f"{layout.bind!r} cannot be listened on: write an IP address of the machine, as in 192.0.2.1"
    return _collision(settings, layout)


def _address(text: str) -> tuple[str, int] | None:
    read = uri.split_authority(text)
    return (read.host, read.port) if read is not None and read.port else None


def _collision(settings: Settings, layout: Addresses) -> str | None:
    """A proxy in front of itself answers nobody, and two programs cannot listen on one port."""
    at = _address(layout.upstream or own_address(settings))
    if at is None or not _shares_address(settings, layout, at[0]):
        return None
    taken = {listening_port(settings.public)} | ({PLAIN_PORT} if redirects(settings.public, layout) else set())
    if at[1] not in taken:
        return None
    return (
        f"the proxy would listen on port {at[1]}, where the site itself listens: set GENKAN_BASE_URL to the public "
        "address, as in https://site.example.com, or GENKAN_PORT to another port"
    )


def _shares_address(settings: Settings, layout: Addresses, host: str) -> bool:
    """Whether one port number there would be the same port. Another machine's address says nothing of this one's."""
    here = not layout.upstream or is_loopback_host(host)
    if not here:
        return bool(layout.bind) and _same_host(layout.bind, host)
    everywhere = not layout.bind or layout.bind in _EVERYWHERE or (not layout.upstream and settings.host in _EVERYWHERE)
    return everywhere or _same_host(layout.bind, host)


def _same_host(bind: str, host: str) -> bool:
    if uri.is_ipv4(host) or uri.is_ipv6(host):
        return ipaddress.ip_address(bind) == ipaddress.ip_address(host)
    return bind == host or (is_loopback_host(host) and is_loopback_host(bind))
