"""The part of the table of reasons about what a sign-in must be like: the ways that are taken, step-up, policy."""

from collections.abc import Mapping

from genkan.protocol.refusals import Entry, Reason, to_app, to_client
from genkan.wire.oauth import ErrorCode as E

POLICY_REASONS: Mapping[Reason, Entry] = {
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
    Reason.DEVICE_LINK_DEAD: to_client(
        E.INVALID_REQUEST,
        404,
        "This code does not work any more. Make a new one on your other device.",
        "A QR code to add a device is good for five minutes.",
    ),
    Reason.DEVICE_NOT_LET_IN: to_client(
        E.ACCESS_DENIED,
        403,
        "This device was not let in: its number was not typed on the other one. "
        "If you mistyped it, make a new code there.",
        "The number belongs to this very browser; whoever reads the picture elsewhere is shown another one.",
    ),
    Reason.PHONE_CHECK_DEAD: to_client(
        E.INVALID_REQUEST,
        404,
        "This check is over. Ask for a new QR code, and open that.",
        "The address of a check from a phone opens for fifteen minutes, and what a phone told is kept for a day.",
    ),
    Reason.PHONE_CHECK_FULL: to_client(
        E.INVALID_REQUEST,
        409,
        "This check has been used as often as it may. Ask for a new QR code, and open that.",
        "Ten browsers may tell something to one check, and each some dozen times.",
    ),
    Reason.RECOVERY_CODE_REFUSED: to_client(
        E.ACCESS_DENIED,
        401,
        "Name or recovery code is not right or was used, or there were too many tries. "
        "Wait a little or ask an administrator.",
        "One answer for every failure. It counts in the same budget as wrong passwords.",
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
