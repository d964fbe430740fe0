"""The names of every way to say no, and the form of what each audience is told; the table of it is in reasons."""

from dataclasses import dataclass
from enum import StrEnum

from genkan.wire.oauth import ErrorCode as E

# What is shown to a site that was founded in the place of another one, and counted and logged as such for a day.
OF_BEFORE = " If this site was founded today, it is of the one whose data should be here: see that its disk is mounted."


class Reason(StrEnum):
    """Why a request was refused; the value is what audit, metrics and tests see."""

    # The request itself
    MALFORMED = "malformed"
    REPEATED_PARAMETER = "repeated_parameter"
    PARAMETERS_IN_QUERY_AND_BODY = "parameters_in_query_and_body"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    TOO_LARGE = "too_large"
    MISSING_PARAMETER = "missing_parameter"
    WRONG_HOST = "wrong_host"
    MISDIRECTED = "misdirected"
    SERVER_ERROR = "server_error"
    # Authorization request
    UNKNOWN_CLIENT = "unknown_client"
    REDIRECT_NOT_REGISTERED = "redirect_not_registered"
    REDIRECT_MISSING = "redirect_missing"
    LINK_DISABLED = "link_disabled"
    RESPONSE_TYPE_MISSING = "response_type_missing"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    PKCE_REQUIRED = "pkce_required"
    PKCE_MALFORMED = "pkce_malformed"
    PKCE_METHOD_UNKNOWN = "pkce_method_unknown"
    PKCE_PLAIN_REFUSED = "pkce_plain_refused"
    SCOPE_UNKNOWN = "scope_unknown"
    SCOPE_TOO_WIDE = "scope_too_wide"
    RESPONSE_MODE = "response_mode"
    REQUEST_OBJECT = "request_object"
    REQUEST_BY_ADDRESS = "request_by_address"
    RESOURCE_MALFORMED = "resource_malformed"
    PROMPT_CONTRADICTS = "prompt_contradicts"
    STATE_TOO_LONG = "state_too_long"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    CONSENT_DENIED = "consent_denied"
    INTERACTION_BROKEN = "interaction_broken"
    INTERACTION_EXPIRED = "interaction_expired"
    TOKENS_SWITCHED_OFF = "tokens_switched_off"
    # Client authentication
    CLIENT_UNAUTHENTICATED = "client_unauthenticated"
    CLIENT_SECRET_WRONG = "client_secret_wrong"
    CLIENT_SECRET_MISSING = "client_secret_missing"
    CLIENT_AUTHENTICATED_TWICE = "client_authenticated_twice"
    # Code exchange
    UNKNOWN_GRANT_TYPE = "unknown_grant_type"
    CODE_BROKEN = "code_broken"
    CODE_FOREIGN = "code_foreign"
    CODE_EXPIRED = "code_expired"
    CODE_FROM_FUTURE = "code_from_future"
    CODE_REDEEMED = "code_redeemed"
    CODE_STOPPED = "code_stopped"
    CODE_CONSENT_WITHDRAWN = "code_consent_withdrawn"
    REDIRECT_MISMATCH = "redirect_mismatch"
    VERIFIER_MISSING = "verifier_missing"
    VERIFIER_UNEXPECTED = "verifier_unexpected"
    VERIFIER_WRONG = "verifier_wrong"
    # Tokens
    TOKEN_BROKEN = "token_broken"
    TOKEN_KIND = "token_kind"
    TOKEN_FOREIGN = "token_foreign"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_OLD = "token_old"
    GRANT_ENDED = "grant_ended"
    GRANT_STOPPED = "grant_stopped"
    REFRESH_REPLAYED = "refresh_replayed"
    REFRESH_SCOPE_CHANGED = "refresh_scope_changed"
    GENERATIONS_EXHAUSTED = "generations_exhausted"
    ROTATING_TOO_FAST = "rotating_too_fast"
    SIGNING_IN_TOO_FAST = "signing_in_too_fast"
    STORE_BEHIND = "store_behind"
    RING_BEHIND = "ring_behind"
    BUSY = "busy"
    PERMISSION_TOO_NARROW = "permission_too_narrow"
    BEARER_MISSING = "bearer_missing"
    BEARER_TWICE = "bearer_twice"
    INTROSPECTION_FORBIDDEN = "introspection_forbidden"
    # People
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_ON_REFUSED = "sign_on_refused"
    SIGN_ON_BROKEN = "sign_on_broken"
    SIGN_ON_DENIED = "sign_on_denied"
    SIGN_ON_INVALID = "sign_on_invalid"
    SIGN_ON_NOT_FRESH = "sign_on_not_fresh"
    SIGN_ON_UNAVAILABLE = "sign_on_unavailable"
    LAST_WAY_IN = "last_way_in"
    PAGE_STALE = "page_stale"
    CROSS_ORIGIN = "cross_origin"
    SETUP_LINK_DEAD = "setup_link_dead"
    RECOVERY_LINK_DEAD = "recovery_link_dead"
    SESSION_REQUIRED = "session_required"
    SIGN_IN_NOT_RECENT = "sign_in_not_recent"
    CERTIFICATE_REFUSED = "certificate_refused"
    CERTIFICATE_LATE = "certificate_late"
    CERTIFICATE_ALONE = "certificate_alone"
    CERTIFICATE_ANOTHERS = "certificate_anothers"
    ADDRESS_ANOTHERS = "address_anothers"
    WAY_NOT_TAKEN = "way_not_taken"
    DEVICE_LINK_DEAD = "device_link_dead"
    DEVICE_NOT_LET_IN = "device_not_let_in"
    PHONE_CHECK_DEAD = "phone_check_dead"
    PHONE_CHECK_FULL = "phone_check_full"
    RECOVERY_CODE_REFUSED = "recovery_code_refused"
    NOBODY_COULD_SIGN_IN = "nobody_could_sign_in"
    AUTHENTICATION_UNMET = "authentication_unmet"
    AUTHENTICATION_TOO_WEAK = "authentication_too_weak"
    MAX_AGE_MALFORMED = "max_age_malformed"
    ACR_VALUES_TOO_LONG = "acr_values_too_long"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_CLONED = "passkey_cloned"
    PASSKEY_LATE = "passkey_late"
    PASSKEY_UNFIT = "passkey_unfit"
    PASSKEY_MODEL = "passkey_model"
    PASSKEY_KNOWN = "passkey_known"
    PASSKEY_LIMIT = "passkey_limit"
    # Administration
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TAKEN = "taken"
    NAME_IS_SET = "name_is_set"
    LAST_ADMINISTRATOR = "last_administrator"
    ABOVE_CALLER = "above_caller"
    KEYS_OWN_MAKER = "keys_own_maker"
    PERSON_NEEDED = "person_needed"
    INVALID_VALUE = "invalid_value"
    PROXY_UNTRUSTED = "proxy_untrusted"


@dataclass(frozen=True, slots=True)
class Entry:
    """What each audience is told: ``wire`` and ``status`` for clients, ``public`` for people, ``hint`` for
    operators.
    """

    wire: E
    status: int
    redirectable: bool
    public: str
    hint: str


def to_client(wire: E, status: int, public: str, hint: str) -> Entry:
    """It is told to whoever sent the request."""
    return Entry(wire, status, False, public, hint)


def to_app(wire: E, public: str, hint: str) -> Entry:
    """RFC 6749 4.1.2.1: once client and redirect URI are known to be good, errors travel to the client by redirect."""
    return Entry(wire, 400, True, public, hint)
