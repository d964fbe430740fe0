"""Every way to say no, in one table split by audience: wire code, status, may it travel by redirect, public text,
operator hint.
"""

from collections.abc import Mapping

from genkan.protocol.ends import END_SENTENCES, EndReason
from genkan.protocol.policy_reasons import POLICY_REASONS
from genkan.protocol.refusals import OF_BEFORE, Entry, Reason
from genkan.protocol.refusals import to_app as _to_app
from genkan.protocol.refusals import to_client as _to_client
from genkan.protocol.request_reasons import REQUEST_REASONS
from genkan.protocol.sign_in_reasons import SIGN_IN_REASONS
from genkan.protocol.sign_on_reasons import SIGN_ON_REASONS
from genkan.wire.oauth import ErrorCode as E

__all__ = ["END_SENTENCES", "TABLE", "EndReason", "Entry", "Reason", "entry"]


TABLE: Mapping[Reason, Entry] = {
    Reason.MALFORMED: _to_client(
        E.INVALID_REQUEST,
        400,
        "The request cannot be read.",
        "Broken encoding or form syntax; the client sends something that is not a form.",
    ),
    Reason.REPEATED_PARAMETER: _to_client(
        E.INVALID_REQUEST,
        400,
        "A parameter is given more than once.",
        "RFC 6749 3.1 forbids repeats; look for a proxy or client that appends.",
    ),
    Reason.PARAMETERS_IN_QUERY_AND_BODY: _to_client(
        E.INVALID_REQUEST,
        400,
        "Parameters are given in the address and in the body.",
        "The client must use one place, the form body.",
    ),
    Reason.WRONG_CONTENT_TYPE: _to_client(
        E.INVALID_REQUEST,
        415,
        "The body is of the wrong content type.",
        "RFC 6749 B: the client sends JSON or another type.",
    ),
    Reason.TOO_LARGE: _to_client(
        E.INVALID_REQUEST, 413, "The request is too large.", "Nothing legitimate is this long; look at who sends it."
    ),
    Reason.MISSING_PARAMETER: _to_client(
        E.INVALID_REQUEST, 400, "A required parameter is missing.", "The detail names the parameter."
    ),
    Reason.WRONG_HOST: _to_client(
        E.INVALID_REQUEST,
        400,
        "This site was reached under another address than its own.",
        "Host or scheme differ from GENKAN_BASE_URL: make the reverse proxy pass Host and X-Forwarded-Proto, and trust "
        "it with GENKAN_TRUSTED_PROXIES and GENKAN_PROXY_SECRET_FILE.",
    ),
    Reason.MISDIRECTED: _to_client(
        E.INVALID_REQUEST,
        421,
        "This connection is not the one for this address.",
        "RFC 9110 15.5.20: the origin that asks for client certificates answers on connections of its own.",
    ),
    Reason.SERVER_ERROR: _to_client(
        E.SERVER_ERROR,
        500,
        "Something went wrong on our side.",
        "A bug: the log has it, with its traceback, under the request id that the answer carries.",
    ),
    Reason.UNKNOWN_CLIENT: _to_client(
        E.INVALID_REQUEST,
        400,
        "This site does not know the application that sent you here.",
        "No application link has this client id: compare it with the link's credentials and the value pushed by MDM."
        + OF_BEFORE,
    ),
    Reason.REDIRECT_NOT_REGISTERED: _to_client(
        E.INVALID_REQUEST,
        400,
        "The application asked to be answered at an address that is not registered for it.",
        "Add the exact redirect URL to the application link; comparison is byte by byte, only loopback ports are free.",
    ),
    Reason.REDIRECT_MISSING: _to_client(
        E.INVALID_REQUEST,
        400,
        "The application did not say where to send the answer.",
        "redirect_uri may be left out only where the link has exactly one redirect URL.",
    ),
    Reason.LINK_DISABLED: _to_client(
        E.UNAUTHORIZED_CLIENT,
        400,
        "This application is switched off on this site at the moment.",
        "The application link is disabled; enabling it resumes its sign-ins.",
    ),
    Reason.RESPONSE_TYPE_MISSING: _to_app(
        E.INVALID_REQUEST, "The response_type is missing.", "RFC 6749 3.1.1: the client must send response_type=code."
    ),
    Reason.UNSUPPORTED_RESPONSE_TYPE: _to_app(
        E.UNSUPPORTED_RESPONSE_TYPE,
        "Only the authorization code flow is offered.",
        "The client must send response_type=code.",
    ),
    Reason.PKCE_REQUIRED: _to_app(
        E.INVALID_REQUEST,
        "PKCE is required: code_challenge is missing.",
        "RFC 7636: the link is native or says PKCE required.",
    ),
    Reason.PKCE_MALFORMED: _to_app(
        E.INVALID_REQUEST, "The code_challenge is malformed.", "RFC 7636 4.2: 43 base64url characters without padding."
    ),
    Reason.PKCE_METHOD_UNKNOWN: _to_app(
        E.INVALID_REQUEST,
        "The code_challenge_method is unknown; use S256.",
        "RFC 7636 4.4.1: S256 (alias sha256) is the method.",
    ),
    Reason.PKCE_PLAIN_REFUSED: _to_app(
        E.INVALID_REQUEST,
        "The code_challenge_method plain is refused; use S256.",
        "plain lets whoever reads the authorization request use the code; a link may allow it by name.",
    ),
    Reason.SCOPE_UNKNOWN: _to_app(
        E.INVALID_SCOPE, "The scope has an unknown word.", "Scopes are READ, WRITE, ADMIN and SYSTEM_ADMIN."
    ),
    Reason.SCOPE_TOO_WIDE: _to_app(
        E.INVALID_SCOPE,
        "The application asks for more than it may have.",
        "Raise the application link's permission or lower what the client asks.",
    ),
    Reason.PROMPT_CONTRADICTS: _to_app(
        E.INVALID_REQUEST,
        "The prompt contradicts itself.",
        "prompt=none asks nobody anything; it cannot be combined with login or consent.",
    ),
    Reason.STATE_TOO_LONG: _to_app(
        E.INVALID_REQUEST,
        "The state is longer than 8000 characters.",
        "The client should keep what it wants to remember and send a short key.",
    ),
    Reason.LOGIN_REQUIRED: _to_app(
        E.LOGIN_REQUIRED, "Signing in is required.", "The client sent prompt=none and nobody is signed in."
    ),
    Reason.CONSENT_REQUIRED: _to_app(
        E.CONSENT_REQUIRED,
        "The person must be asked first.",
        "The client sent prompt=none and no consent is remembered.",
    ),
    Reason.CONSENT_DENIED: _to_app(E.ACCESS_DENIED, "The request was denied.", "The person chose Deny."),
    Reason.INTERACTION_BROKEN: _to_client(
        E.INVALID_REQUEST,
        400,
        "This sign-in address is damaged. Go back to the app and start again.",
        "The sealed interaction does not open: cut off, edited, or of another site.",
    ),
    Reason.INTERACTION_EXPIRED: _to_client(
        E.INVALID_REQUEST,
        400,
        "This sign-in has waited too long. Go back to the app and start again.",
        "The interaction is older than its lifetime.",
    ),
    Reason.TOKENS_SWITCHED_OFF: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        503,
        "This site has switched access tokens off.",
        "GENKAN_ENABLE_ACCESS_TOKENS is false.",
    ),
    Reason.CLIENT_UNAUTHENTICATED: _to_client(
        E.INVALID_CLIENT, 401, "The client is unknown.", "No usable application link has this client id." + OF_BEFORE
    ),
    Reason.CLIENT_SECRET_WRONG: _to_client(
        E.INVALID_CLIENT,
        401,
        "Client authentication failed.",
        "The client secret is wrong or its overlap after rotation has passed.",
    ),
    Reason.CLIENT_SECRET_MISSING: _to_client(
        E.INVALID_CLIENT, 401, "Client authentication is required.", "A confidential link must send its secret."
    ),
    Reason.CLIENT_AUTHENTICATED_TWICE: _to_client(
        E.INVALID_REQUEST,
        400,
        "The client authenticates in two ways at once.",
        "RFC 6749 2.3: either HTTP Basic or the body.",
    ),
    Reason.UNKNOWN_GRANT_TYPE: _to_client(
        E.UNSUPPORTED_GRANT_TYPE, 400, "The grant type is not offered.", "authorization_code and refresh_token are."
    ),
    Reason.CODE_BROKEN: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code is not valid.",
        "The code does not open: cut off, edited, of another site or under a dropped key." + OF_BEFORE,
    ),
    Reason.CODE_FOREIGN: _to_client(
        E.INVALID_GRANT, 400, "The authorization code is not valid.", "The code was issued to another application link."
    ),
    Reason.CODE_EXPIRED: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code has expired.",
        "Redeemed later than the code's lifetime; look at clocks and slow clients.",
    ),
    Reason.CODE_FROM_FUTURE: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code is not valid yet.",
        "This node's clock is behind the one that issued the code.",
    ),
    Reason.CODE_REDEEMED: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code was used before.",
        "RFC 6749 4.1.2: a second redemption is denied.",
    ),
    Reason.CODE_STOPPED: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code is not valid any more.",
        "The account or the link was stopped after the code was issued.",
    ),
    Reason.CODE_CONSENT_WITHDRAWN: _to_client(
        E.INVALID_GRANT,
        400,
        "The authorization code is not valid any more.",
        "The consent it was issued under was withdrawn.",
    ),
    Reason.REDIRECT_MISMATCH: _to_client(
        E.INVALID_GRANT,
        400,
        "redirect_uri differs from the one in the authorization request.",
        "RFC 6749 4.1.3: it must be identical.",
    ),
    Reason.VERIFIER_MISSING: _to_client(
        E.INVALID_GRANT, 400, "code_verifier is missing.", "RFC 7636 4.5: the authorization request had a challenge."
    ),
    Reason.VERIFIER_UNEXPECTED: _to_client(
        E.INVALID_GRANT,
        400,
        "code_verifier was sent, but the authorization request had no code_challenge.",
        "RFC 9700 4.8.2: a stripped challenge looks like this.",
    ),
    Reason.VERIFIER_WRONG: _to_client(E.INVALID_GRANT, 400, "code_verifier does not match.", "RFC 7636 4.6."),
    Reason.TOKEN_BROKEN: _to_client(
        E.INVALID_GRANT,
        400,
        "The token is not valid.",
        "The seal does not hold: forged, cut off, or of another site." + OF_BEFORE,
    ),
    Reason.TOKEN_KIND: _to_client(
        E.INVALID_GRANT,
        400,
        "The token is of the wrong kind.",
        "An access token where a refresh token belongs, or the reverse.",
    ),
    Reason.TOKEN_FOREIGN: _to_client(
        E.INVALID_GRANT, 400, "The token is not valid.", "The token belongs to another application link."
    ),
    Reason.TOKEN_UNKNOWN: _to_client(
        E.INVALID_GRANT, 400, "The token is not valid.", "Its sign-in was removed long ago, or lost with a restore."
    ),
    Reason.TOKEN_EXPIRED: _to_client(
        E.INVALID_GRANT, 400, "The token has expired.", "Not refreshed within its lifetime."
    ),
    Reason.TOKEN_OLD: _to_client(
        E.INVALID_GRANT,
        400,
        "The token is not valid.",
        "The client refreshed since, or the store was restored: a refresh tells whether the sign-in goes on.",
    ),
    Reason.GRANT_ENDED: _to_client(E.INVALID_GRANT, 400, "This sign-in has ended.", "genkan phones list says why."),
    Reason.GRANT_STOPPED: _to_client(
        E.INVALID_GRANT, 400, "This sign-in has ended.", "The account or link was stopped; genkan phones list says why."
    ),
    Reason.REFRESH_REPLAYED: _to_client(
        E.INVALID_GRANT,
        400,
        "This sign-in has ended.",
        "RFC 9700 4.14.2: an old refresh token was shown after its successor was used; two holders.",
    ),
    Reason.REFRESH_SCOPE_CHANGED: _to_client(
        E.INVALID_SCOPE,
        400,
        "The scope is wider than the sign-in's, or a retry asks for another one.",
        "RFC 6749 6: a refresh may only narrow.",
    ),
    Reason.GENERATIONS_EXHAUSTED: _to_client(
        E.INVALID_GRANT, 400, "This sign-in has ended.", "Refreshed 2^31 times; the person signs in again."
    ),
    Reason.ROTATING_TOO_FAST: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        429,
        "Too many refreshes of one sign-in.",
        "More than one a second after a burst: a client in a loop.",
    ),
    Reason.SIGNING_IN_TOO_FAST: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        429,
        "Too many sign-ins of one person or application.",
        "More codes than GENKAN_SIGN_INS_PER_ACCOUNT or GENKAN_SIGN_INS_PER_LINK lets through; the code stays good.",
    ),
    Reason.STORE_BEHIND: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        503,
        "The site cannot answer at the moment.",
        "A genuine token is ahead of its row: the store lost writes (restored backup, failover). See genkan restore "
        "--heal.",
    ),
    Reason.RING_BEHIND: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        503,
        "The site cannot answer at the moment.",
        "This node's key ring file is older than the store says; copy the newer one to it.",
    ),
    Reason.BUSY: _to_client(
        E.TEMPORARILY_UNAVAILABLE,
        503,
        "The site is busy; try again.",
        "A conditional write lost eight races or a queue is full.",
    ),
    Reason.PERMISSION_TOO_NARROW: _to_client(
        E.INSUFFICIENT_SCOPE,
        403,
        "The token does not allow this.",
        "RFC 6750 3.1: scope, the link's permission or the person's right is too narrow.",
    ),
    Reason.BEARER_MISSING: _to_client(
        E.INVALID_TOKEN, 401, "An access token is required.", "RFC 6750 3: no Authorization: Bearer header."
    ),
    Reason.BEARER_TWICE: _to_client(
        E.INVALID_REQUEST, 400, "Two Authorization headers.", "RFC 6750 2: a client must use one method."
    ),
    Reason.INTROSPECTION_FORBIDDEN: _to_client(
        E.UNAUTHORIZED_CLIENT,
        403,
        "This client may not introspect.",
        "Make the link with --introspect or use an API key.",
    ),
    **SIGN_IN_REASONS,
    **POLICY_REASONS,
    **SIGN_ON_REASONS,
    Reason.PAGE_STALE: _to_client(
        E.INVALID_REQUEST,
        403,
        "This page was open too long. Please try once more.",
        "The page's token is missing, of another browser or too old.",
    ),
    Reason.CROSS_ORIGIN: _to_client(
        E.INVALID_REQUEST,
        403,
        "This form was sent from another site.",
        "Origin or Sec-Fetch-Site names another origin than the base URL.",
    ),
    Reason.NOT_AUTHENTICATED: _to_client(
        E.INVALID_TOKEN,
        401,
        "Authentication is required.",
        "An administrator's session, an API key or an access token is needed.",
    ),
    Reason.NOT_ALLOWED: _to_client(
        E.INSUFFICIENT_SCOPE, 403, "You are not allowed to do this.", "The caller lacks the ADMIN permission."
    ),
    Reason.NOT_FOUND: _to_client(E.INVALID_REQUEST, 404, "No page has this address.", "Unknown id or path."),
    **REQUEST_REASONS,
    Reason.NAME_IS_SET: _to_client(
        E.INVALID_REQUEST,
        409,
        "The site's name is set where the site runs and cannot be changed here.",
        "GENKAN_SITE_TITLE names it; take the setting out, and the name can be chosen in the console.",
    ),
    Reason.LAST_ADMINISTRATOR: _to_client(
        E.INVALID_REQUEST,
        409,
        "Nobody else with this permission can sign in: give it to somebody else first.",
        "The last account with this permission and a password was to lose it. genkan user recover works on the box.",
    ),
    Reason.ABOVE_CALLER: _to_client(
        E.INSUFFICIENT_SCOPE,
        403,
        "This takes a permission that the caller does not have.",
        "With ADMIN one changes nobody with SYSTEM_ADMIN, and gives nobody more than one has.",
    ),
    Reason.INVALID_VALUE: _to_client(
        E.INVALID_REQUEST, 400, "A value is not valid.", "The detail names the field and what to write."
    ),
    Reason.PROXY_UNTRUSTED: _to_client(
        E.INVALID_REQUEST,
        403,
        "This request must come through the site's own proxy.",
        "The caller is not in GENKAN_TRUSTED_PROXIES or lacks the secret in X-Genkan-Proxy.",
    ),
}


def entry(reason: Reason) -> Entry:
    """The table's row for a reason; every reason has one (a test says so)."""
    return TABLE[reason]
