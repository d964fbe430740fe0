"""The servers of a directory as an operator writes them: ldaps://host, or ldap://host with StartTLS."""

from dataclasses import dataclass
from enum import StrEnum

from genkan.wire import uri

_PORTS = {"ldaps": 636, "ldap": 389}


class Security(StrEnum):
    """How a connection is kept from others."""

    TLS = "tls"
    START_TLS = "start_tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """One server. Its certificate must be for ``host``."""

    host: str
    port: int
    security: Security

    @property
    def text(self) -> str:
        """As it is called in sentences."""
        scheme = "ldaps" if self.security is Security.TLS else "ldap"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


class BadServer(ValueError):
    """Why a text is no server."""


def parse(text: str, *, plain: bool) -> Server:
    """The server that a text means; ``plain``: ldap:// goes on without StartTLS. Raises BadServer."""
    parts = uri.split(text) if uri.odd_character(text) is None else None
    authority = uri.split_authority(parts.authority or "") if parts else None
    scheme = parts.scheme.lower() if parts else ""
    if parts is None or authority is None or scheme not in _PORTS:
        raise BadServer(f"{text[:80]!r} is no server, as in ldaps://ldap.example.com")
    if parts.path not in {"", "/"} or parts.query is not None or parts.fragment is not None:
        raise BadServer(f"{text[:80]!r}: write the server alone; the rest has settings of its own")
    security = Security.TLS if scheme == "ldaps" else Security.NONE if plain else Security.START_TLS
    return Server(authority.host.lower(), authority.port or _PORTS[scheme], security)
