"""Owns the addresses of the provider's endpoints and the RFC 8414 document of them; serves and fetches nothing."""

from dataclasses import dataclass
from functools import cached_property

from genkan.wire import acr
from genkan.wire.jsontext import decode_object, text, texts
from genkan.wire.scopes import Permission
from genkan.wire.urls import is_endpoint, join

OPENID_WELL_KNOWN = "/.well-known/openid-configuration"
WELL_KNOWN = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True)
class Endpoints:
    """Every public address of a site, each below its base URL; joined once, since answers carry them all the time."""

    base_url: str

    @cached_property
    def issuer(self) -> str:
        """RFC 8414 2: the base URL without a trailing slash."""
        return self.base_url.rstrip("/")

    @cached_property
    def authorization(self) -> str:
        """RFC 6749 3.1."""
        return join(self.base_url, "/rest/oauth2/latest/authorize")

    @cached_property
    def token(self) -> str:
        """RFC 6749 3.2."""
        return join(self.base_url, "/rest/oauth2/latest/token")

    @cached_property
    def revocation(self) -> str:
        """RFC 7009 2."""
        return join(self.base_url, "/rest/oauth2/latest/revoke")

    @cached_property
    def introspection(self) -> str:
        """RFC 7662 2."""
        return join(self.base_url, "/rest/oauth2/latest/introspect")

    @cached_property
    def consent(self) -> str:
        """The page that asks the person."""
        return join(self.base_url, "/plugins/servlet/oauth2/consent")

    @cached_property
    def client(self) -> str:
        """Application links by REST; anonymous callers get 401, which some clients probe."""
        return join(self.base_url, "/rest/oauth2/1.0/client")

    @cached_property
    def info_login(self) -> str:
        """What the app asks first."""
        return join(self.base_url, "/rest/nativemobile/1.1/info/login")

    @cached_property
    def login_options(self) -> str:
        """The anonymous list of ways to sign in."""
        return join(self.base_url, "/rest/authconfig/1.0/login-options")

    @cached_property
    def server_info(self) -> str:
        """What the site says it is."""
        return join(self.base_url, "/rest/api/2/serverInfo")

    @cached_property
    def myself(self) -> str:
        """Who a token speaks for."""
        return join(self.base_url, "/rest/api/2/myself")

    @cached_property
    def metadata(self) -> str:
        """The document of this module, below the base URL."""
        return join(self.base_url, WELL_KNOWN)


def document(base_url: str) -> dict[str, object]:
    """The RFC 8414 2 document of a site."""
    site = Endpoints(base_url)
    client_methods = ["none", "client_secret_post", "client_secret_basic"]
    return {
        "issuer": site.issuer,
        "authorization_endpoint": site.authorization,
        "token_endpoint": site.token,
        "revocation_endpoint": site.revocation,
        "introspection_endpoint": site.introspection,
        "scopes_supported": [permission.name for permission in Permission],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "request_parameter_supported": False,  # OpenID Connect Discovery 3: left out, the latter means true
        "request_uri_parameter_supported": False,
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": [
            "S256"
        ],  # RFC 9700 2.1.1: plain exposes the verifier, so it is never offered
        "token_endpoint_auth_methods_supported": client_methods,
        "revocation_endpoint_auth_methods_supported": client_methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "Bearer"],
        "authorization_response_iss_parameter_supported": True,  # RFC 9207 3
        "acr_values_supported": list(acr.VALUES),  # RFC 9470 7
    }


def well_known_paths(base_url: str) -> tuple[str, str]:
    """The document's two paths from the host's root: that of RFC 8414 3.1, and the one below the base URL."""
    context = base_url.partition("://")[2].partition("/")[2].rstrip("/")
    path = f"/{context}" if context else ""
    return WELL_KNOWN + path, path + WELL_KNOWN


def openid_path(base_url: str) -> str:
    """Where a provider of OpenID Connect has the same document, from the host's root."""
    # OpenID Connect Discovery 1.0 4: after the issuer's path. RFC 8414 5: the same members mean the same.
    return well_known_paths(base_url)[1].removesuffix(WELL_KNOWN) + OPENID_WELL_KNOWN


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """What a client uses of a site's document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None
    introspection_endpoint: str | None
    scopes: tuple[str, ...]
    code_challenge_methods: tuple[str, ...]
    iss_parameter: bool


@dataclass(frozen=True, slots=True)
class MetadataProblem:
    """Why a document is not to be used."""

    sentence: str


def parse(body: bytes, *, issuer: str) -> ServerMetadata | MetadataProblem:
    """Read a site's document; `issuer` is the one that the document was asked of. Never raises."""
    members = decode_object(body)
    if members is None:
        return MetadataProblem("The metadata is not a JSON object.")
    if members.get("issuer") != issuer:
        # RFC 8414 3.3: identical, or the document is not used
        return MetadataProblem(f"The metadata names another issuer than {issuer}: check the site's base URL setting.")
    authorization = _endpoint(members.get("authorization_endpoint"), issuer)
    token = _endpoint(members.get("token_endpoint"), issuer)
    if authorization is None or token is None:
        return MetadataProblem("The metadata lacks a usable authorization_endpoint or token_endpoint.")
    return ServerMetadata(
        issuer,
        authorization,
        token,
        _endpoint(members.get("revocation_endpoint"), issuer),
        _endpoint(members.get("introspection_endpoint"), issuer),
        texts(members.get("scopes_supported")),
        texts(members.get("code_challenge_methods_supported")),
        members.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(value: object, issuer: str) -> str | None:
    address = text(value)
    if address is None or not is_endpoint(address):
        return None
    # RFC 8414 6.1, RFC 6749 3.2: an https site does not send its clients to plain http
    downgraded = issuer.startswith("https://") and not address.startswith("https://")
    return None if downgraded else address
