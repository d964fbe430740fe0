"""The rows of the table of reasons about corporate sign-in."""

from collections.abc import Mapping

from genkan.protocol.refusals import Entry, Reason, to_client
from genkan.wire.oauth import ErrorCode as E

SIGN_ON_REASONS: Mapping[Reason, Entry] = {
    Reason.SIGN_ON_REFUSED: to_client(
        E.ACCESS_DENIED,
        403,
        "Your organisation's sign-in worked, but it does not let you in here. Ask an administrator of this site.",
        "The audit event says why: not linked, several accounts match, the account is not active, or a name is taken.",
    ),
    Reason.SIGN_ON_BROKEN: to_client(
        E.INVALID_REQUEST,
        400,
        "This sign-in was begun in another browser, long ago, or was used already. Begin again.",
        "The answer of the OpenID provider does not belong to a sign-in that this browser has begun and not ended.",
    ),
    Reason.SIGN_ON_DENIED: to_client(
        E.ACCESS_DENIED,
        403,
        "Your organisation's sign-in did not go through. Try again, or sign in in another way.",
        "The OpenID provider answered with an error; the detail has its code.",
    ),
    Reason.SIGN_ON_INVALID: to_client(
        E.ACCESS_DENIED,
        502,
        "The answer of your organisation's sign-in cannot be trusted. Tell an administrator of this site.",
        "The detail names the check that the provider's token failed; genkan sign-on test looks at the provider.",
    ),
    Reason.SIGN_ON_NOT_FRESH: to_client(
        E.ACCESS_DENIED,
        403,
        "Your organisation's sign-in did not ask you to sign in anew, which is needed here. Sign in in another way.",
        "The provider must honour prompt=login or max_age and tell auth_time in its ID token.",
    ),
    Reason.SIGN_ON_UNAVAILABLE: to_client(
        E.TEMPORARILY_UNAVAILABLE,
        503,
        "Your organisation's sign-in cannot be reached just now. Try again in a moment, or sign in in another way.",
        "The detail says which request failed; the health page shows since when.",
    ),
    Reason.LAST_WAY_IN: to_client(
        E.ACCESS_DENIED,
        409,
        "This is the only way to sign in to this account. Add another one first.",
        "A password, a passkey or another directory must be there before the link goes.",
    ),
}
