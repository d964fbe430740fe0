"""Every way to say no to somebody who signs in: the part of the table of reasons that is about people's ways in."""

from collections.abc import Mapping

from genkan.protocol.refusals import Entry, Reason
from genkan.protocol.refusals import to_client as _to_client
from genkan.wire.oauth import ErrorCode as E

SIGN_IN_REASONS: Mapping[Reason, Entry] = {
    Reason.SIGN_IN_FAILED: _to_client(
        E.ACCESS_DENIED,
        401,
        "Name or password is not right, or there were too many tries. "
        "Wait a little; if you forgot it, ask an administrator.",
        "One answer for every failure; the audit event knows which.",
    ),
    Reason.SETUP_LINK_DEAD: _to_client(
        E.INVALID_REQUEST,
        404,
        "This set-up link does not work: it is not the newest one, or the first administrator has been made already.",
        "It dies with the first administrator and at each start; genkan serve prints the present one.",
    ),
    Reason.RECOVERY_LINK_DEAD: _to_client(
        E.INVALID_REQUEST,
        404,
        "This link does not work any more: it was used, too old, or replaced. Ask an administrator for a new one.",
        "A one-time link dies when it is used, late, replaced or taken back, and when the person is stopped.",
    ),
    Reason.SESSION_REQUIRED: _to_client(E.INVALID_TOKEN, 401, "Please sign in.", "No live browser session."),
    Reason.SIGN_IN_NOT_RECENT: _to_client(
        E.INVALID_REQUEST, 403, "Your sign-in is too old for this. Sign in again first.", "It counts for 15 minutes."
    ),
    Reason.KEYS_OWN_MAKER: _to_client(
        E.INSUFFICIENT_SCOPE,
        403,
        "This credential changes nothing about who made it or answers for it.",
        "A key falls with its maker, so it must not lift its maker up again: a person does that.",
    ),
    Reason.PERSON_NEEDED: _to_client(
        E.INSUFFICIENT_SCOPE,
        403,
        "This is done by a person who has just signed in in a browser, not by a program.",
        "No API key or access token makes or adopts an API key: the console does, or genkan api-key on the box.",
    ),
    Reason.CERTIFICATE_REFUSED: _to_client(
        E.INVALID_TOKEN,
        401,
        "Your client certificate does not open anything here.",
        "The audit names the fault, the log the whole of it; genkan user certificate explain says what is wrong.",
    ),
    Reason.CERTIFICATE_LATE: _to_client(
        E.INVALID_REQUEST,
        403,
        "Signing in with the certificate took too long, or was done before. Please try once more.",
        "The hand-over is older than its 30 seconds, of another browser, or was used.",
    ),
    Reason.CERTIFICATE_ALONE: _to_client(
        E.ACCESS_DENIED,
        403,
        "A client certificate alone changes nothing: send JSON, or a header X-Requested-With.",
        "Any page can make a browser send a form with the certificate; JSON and headers of one's own it cannot.",
    ),
    Reason.CERTIFICATE_ANOTHERS: _to_client(
        E.INVALID_REQUEST,
        409,
        "This certificate signs somebody else in. Take it from that account first.",
        "A pin goes before the site's rules, so it would take a way in from the other account. "
        "genkan user certificate explain says whose it is and why.",
    ),
    Reason.ADDRESS_ANOTHERS: _to_client(
        E.INVALID_REQUEST,
        409,
        "Somebody else has this e-mail address, and certificates find their accounts by it here.",
        "GENKAN_CERTIFICATE_RULES has a rule that ends in =email: with two accounts of one address it names nobody.",
    ),
    Reason.PASSKEY_REFUSED: _to_client(
        E.ACCESS_DENIED,
        401,
        "This passkey does not open anything here. Take another one or sign in another way; an administrator can help.",
        "One answer for an unknown passkey, a person who may not sign in and a broken answer of the browser; "
        "the log names the check that failed.",
    ),
    Reason.PASSKEY_CLONED: _to_client(
        E.ACCESS_DENIED,
        401,
        "This passkey counts backwards, as a copy of it would. Sign in another way and remove it from your account.",
        "The signature counter did not grow (WebAuthn 6.1.1). The passkey stays refused until it is removed.",
    ),
    Reason.PASSKEY_LATE: _to_client(
        E.INVALID_REQUEST,
        403,
        "That took too long, or was done before. Please try once more.",
        "The challenge is older than its five minutes, of another browser, or was used.",
    ),
    Reason.PASSKEY_UNFIT: _to_client(
        E.INVALID_REQUEST,
        400,
        "The passkey could not be taken: it must be kept on the device and ask for a PIN, a fingerprint or a face.",
        "The browser's answer to navigator.credentials.create() failed a check; the log names it.",
    ),
    Reason.PASSKEY_MODEL: _to_client(
        E.ACCESS_DENIED,
        403,
        "This site takes only certain models of security keys, and this one is none of them or did not prove "
        "what it is.",
        "GENKAN_PASSKEY_AAGUIDS: the AAGUID is not in the list, or its attestation does not lead to a root of the "
        "metadata file; the log says which.",
    ),
    Reason.PASSKEY_KNOWN: _to_client(
        E.INVALID_REQUEST, 409, "This passkey is known already.", "The credential id is in the store."
    ),
    Reason.PASSKEY_LIMIT: _to_client(
        E.INVALID_REQUEST,
        409,
        "You have as many passkeys as anybody may have. Remove one that you do not use first.",
        "At most 20 passkeys an account.",
    ),
}
