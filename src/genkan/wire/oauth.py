"""Owns the names of RFC 6749, 6750, 7009 and 7636 parameters, error codes and requests; sends nothing."""

from dataclasses import dataclass, field
from enum import StrEnum

from genkan.wire.callback import CallbackCode, CallbackRefused, CallbackWrong, parse_callback
from genkan.wire.redirects import with_answer
from genkan.wire.token_answer import OAuthFailure, TokenAnswer, parse_revocation_answer, parse_token_answer

__all__ = [
    "ACCESS_PREFIX",
    "CODE_PREFIX",
    "REFRESH_PREFIX",
    "AuthorizationRequest",
    "CallbackCode",
    "CallbackRefused",
    "CallbackWrong",
    "CodeExchange",
    "ErrorCode",
    "GrantType",
    "OAuthFailure",
    "RefreshRequest",
    "RevocationRequest",
    "TokenAnswer",
    "parse_callback",
    "parse_revocation_answer",
    "parse_token_answer",
]

ACCESS_PREFIX = "gnk_at_"
REFRESH_PREFIX = "gnk_rt_"
CODE_PREFIX = "gnk_ac_"


class ErrorCode(StrEnum):
    """Every error code that either side writes or reads, with the clause that defines it."""

    INVALID_REQUEST = "invalid_request"  # RFC 6749 4.1.2.1, 5.2
    UNAUTHORIZED_CLIENT = "unauthorized_client"  # RFC 6749 4.1.2.1, 5.2
    ACCESS_DENIED = "access_denied"  # RFC 6749 4.1.2.1
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"  # RFC 6749 4.1.2.1
    INVALID_SCOPE = "invalid_scope"  # RFC 6749 4.1.2.1, 5.2
    SERVER_ERROR = "server_error"  # RFC 6749 4.1.2.1
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"  # RFC 6749 4.1.2.1
    INVALID_CLIENT = "invalid_client"  # RFC 6749 5.2
    INVALID_GRANT = "invalid_grant"  # RFC 6749 5.2
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"  # RFC 6749 5.2
    INVALID_TOKEN = "invalid_token"  # RFC 6750 3.1
    INSUFFICIENT_SCOPE = "insufficient_scope"  # RFC 6750 3.1
    INVALID_TARGET = "invalid_target"  # RFC 8707 2
    REQUEST_NOT_SUPPORTED = "request_not_supported"  # OpenID Connect Core 3.1.2.6
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"  # OpenID Connect Core 3.1.2.6
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # RFC 7009 2.2.1
    LOGIN_REQUIRED = "login_required"  # OpenID Connect Core 3.1.2.6, for prompt=none
    INTERACTION_REQUIRED = "interaction_required"  # OpenID Connect Core 3.1.2.6
    CONSENT_REQUIRED = "consent_required"  # OpenID Connect Core 3.1.2.6
    INSUFFICIENT_USER_AUTHENTICATION = "insufficient_user_authentication"  # RFC 9470 3
    # OpenID Connect Core Unmet Authentication Requirements 1.0, as RFC 9470 5 takes it up
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"


class GrantType(StrEnum):
    """RFC 6749 4.1.3 and 6: the grants of the token endpoint."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"


def _present(**parameters: str | None) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value is not None}


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """RFC 6749 4.1.1 with RFC 7636 4.3; `extra` goes last and never replaces a parameter of ours."""

    client_id: str
    redirect_uri: str
    scope: str | None = None
    state: str | None = field(default=None, repr=False)
    code_challenge: str | None = field(default=None, repr=False)
    code_challenge_method: str | None = None
    prompt: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def to_query(self) -> dict[str, str]:
        """The parameters in the order in which they are written."""
        own = _present(
            response_type="code",
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            scope=self.scope,
            state=self.state,
            code_challenge=self.code_challenge,
            code_challenge_method=self.code_challenge_method,
            prompt=self.prompt,
        )
        return {**own, **{name: value for name, value in self.extra if name not in own}}

    def to_url(self, endpoint: str) -> str:
        """The address to open in the browser; a query of the endpoint's own is kept (RFC 6749 3.1)."""
        return with_answer(endpoint, self.to_query())


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """RFC 6749 4.1.3 with RFC 7636 4.5; `device_id` names the device to a site that keeps one sign-in a device."""

    code: str = field(repr=False)
    redirect_uri: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    code_verifier: str | None = field(default=None, repr=False)
    device_id: str | None = None

    def to_form(self) -> dict[str, str]:
        """The form body; a secret goes into the body (RFC 6749 2.3.1), which every provider in the field reads."""
        return _present(
            grant_type=GrantType.AUTHORIZATION_CODE.value,
            code=self.code,
            redirect_uri=self.redirect_uri,
            client_id=self.client_id,
            client_secret=self.client_secret,
            code_verifier=self.code_verifier,
            device_id=self.device_id,
        )


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """RFC 6749 6; `redirect_uri` only for providers whose samples ask for it."""

    refresh_token: str = field(repr=False)
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scope: str | None = None
    redirect_uri: str | None = None

    def to_form(self) -> dict[str, str]:
        """The form body."""
        return _present(
            grant_type=GrantType.REFRESH_TOKEN.value,
            refresh_token=self.refresh_token,
            client_id=self.client_id,
            client_secret=self.client_secret,
            scope=self.scope,
            redirect_uri=self.redirect_uri,
        )


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """RFC 7009 2.1."""

    token: str = field(repr=False)
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    token_type_hint: str | None = None

    def to_form(self) -> dict[str, str]:
        """The form body."""
        return _present(
            token=self.token,
            token_type_hint=self.token_type_hint,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )
