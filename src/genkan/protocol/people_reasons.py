"""The part of the table of reasons that people who sign in meet; reasons puts it together with the rest."""

from collections.abc import Mapping

from genkan.protocol.refusals import Entry, Reason, to_app, to_client
from genkan.wire.oauth import ErrorCode as E

PEOPLE: Mapping[Reason, Entry] = {
    Reason.SIGN_IN_FAILED: to_client(
        E.ACCESS_DENIED,
        401,
        "Name or password is not right, or there were too many tries. "
        "Wait a little; if you forgot it, ask an administrator.",
        "One answer for every failure; the audit event knows which.",
    ),
    Reason.PAGE_STALE: to_client(
        E.INVALID_REQUEST,
        403,
        "This page was open too long. Please try once more.",
        "The page's token is missing, of another browser or too old.",
    ),
    Reason.CROSS_ORIGIN: to_client(
        E.INVALID_REQUEST,
        403,
        "This form was sent from another site.",
        "Origin or Sec-Fetch-Site names another origin than the base URL.",
    ),
    Reason.SETUP_LINK_DEAD: to_client(
        E.INVALID_REQUEST,
        404,
        "This set-up link does not work: it is not the newest one, or the first administrator has been made already.",
        "It dies with the first administrator and at each start; genkan serve prints the present one.",
    ),
    Reason.RECOVERY_LINK_DEAD: to_client(
        E.INVALID_REQUEST,
        404,
        "This link does not work any more: it was used, too old, or replaced. Ask an administrator for a new one.",
        "A one-time link dies when it is used, late, replaced or taken back, and when the person is stopped.",
    ),
    Reason.SESSION_REQUIRED: to_client(E.INVALID_TOKEN, 401, "Please sign in.", "No live browser session."),
    Reason.SIGN_IN_NOT_RECENT: to_client(
        E.INVALID_REQUEST, 403, "Your sign-in is too old for this. Sign in again first.", "It counts for 15 minutes."
    ),
    Reason.WAY_NOT_TAKEN: to_client(
        E.ACCESS_DENIED,
        403,
        "This way of signing in is not taken here. Choose one of those on the sign-in page.",
        "The policy of the site or of the application link leaves this way out (Settings, Sign-in).",
    ),
    Reason.NOBODY_COULD_SIGN_IN: to_client(
        E.INVALID_REQUEST,
        409,
        "No system administrator could sign in by what is left. Set up such a way in for one first.",
        "A policy must leave an active system administrator a way in. genkan user recover works on the box.",
    ),
    Reason.AUTHENTICATION_UNMET: to_app(
        E.UNMET_AUTHENTICATION_REQUIREMENTS,
        "The sign-in that the application asks for is not possible here.",
        "RFC 9470 5: no way that the policy allows reaches the acr_values of the request, or the person has none.",
    ),
    Reason.AUTHENTICATION_TOO_WEAK: to_client(
        E.INSUFFICIENT_USER_AUTHENTICATION,
        401,
        "Sign in again, in the way that is asked for here.",
        "RFC 9470 3: the sign-in is older than max_age or not of a class in acr_values.",
    ),
    Reason.MAX_AGE_MALFORMED: to_app(
        E.INVALID_REQUEST,
        "The max_age is not a number of seconds.",
        "OpenID Connect Core 3.1.2.1: max_age is a whole number of seconds, zero or more, in digits.",
    ),
    Reason.ACR_VALUES_TOO_LONG: to_app(
        E.INVALID_REQUEST,
        "The acr_values are longer than 1000 characters.",
        "acr_values are some names with spaces between them, the best first.",
    ),
}
