"""Why sign-ins end, as kept on their rows and as sentences for people, and what whoever runs the site does then."""

from collections.abc import Mapping
from enum import StrEnum


class EndReason(StrEnum):
    """Why a sign-in ended, as kept on its row and shown to administrators."""

    SIGNED_IN_AGAIN = "signed_in_again"
    SIGNED_OUT_BY_APP = "signed_out_by_app"
    SIGNED_OUT_BY_PERSON = "signed_out_by_person"
    SIGNED_OUT_BY_ADMIN = "signed_out_by_admin"
    PERSON_SIGNED_OUT_EVERYWHERE = "person_signed_out_everywhere"
    PASSWORD_CHANGED = "password_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DELETED = "account_deleted"
    LINK_SIGNED_OUT = "link_signed_out"
    LINK_DELETED = "link_deleted"
    MOBILE_SWITCHED_OFF = "mobile_switched_off"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    REPLAYED = "replayed"
    CODE_REPLAYED = "code_replayed"
    EXHAUSTED = "exhausted"
    KEY_REVOKED = "key_revoked"
    RESTORED = "restored"
    DIRECTORY = "directory"
    SIGNED_OUT_UPSTREAM = "signed_out_upstream"
    CERTIFICATE_REVOKED = "certificate_revoked"


# The same to the person whose sign-in it was, where that reads otherwise.
OWN_END_SENTENCES: Mapping[str, str] = {
    EndReason.SIGNED_OUT_BY_PERSON: "You signed it out.",
    EndReason.PERSON_SIGNED_OUT_EVERYWHERE: "You were signed out everywhere.",
    EndReason.PASSWORD_CHANGED: "Your password was changed and everything signed out.",
    EndReason.CONSENT_WITHDRAWN: "You withdrew the application's access.",
    EndReason.SIGNED_OUT_UPSTREAM: "You signed out at your organisation's sign-in.",
}

END_SENTENCES: Mapping[str, str] = {
    EndReason.SIGNED_IN_AGAIN: "The same phone signed in again.",
    EndReason.SIGNED_OUT_BY_APP: "The app signed out.",
    EndReason.SIGNED_OUT_BY_PERSON: "The person signed this phone out.",
    EndReason.SIGNED_OUT_BY_ADMIN: "An administrator signed this phone out.",
    EndReason.PERSON_SIGNED_OUT_EVERYWHERE: "The person was signed out everywhere.",
    EndReason.PASSWORD_CHANGED: "The password was changed and everything signed out.",
    EndReason.ACCOUNT_DISABLED: "The account was disabled.",
    EndReason.ACCOUNT_DELETED: "The account was deleted.",
    EndReason.LINK_SIGNED_OUT: "Everyone was signed out of this application link.",
    EndReason.LINK_DELETED: "The application link was deleted.",
    EndReason.MOBILE_SWITCHED_OFF: "The mobile switch was turned off with sign-out.",
    EndReason.CONSENT_WITHDRAWN: "The person withdrew the application's access.",
    EndReason.REPLAYED: "An old refresh token was shown after its successor was used: somebody else may have a copy.",
    EndReason.CODE_REPLAYED: "The authorization code was used a second time: somebody else may have seen it.",
    EndReason.EXHAUSTED: "The sign-in was refreshed as often as it can be.",
    EndReason.KEY_REVOKED: "The key that sealed its tokens was revoked.",
    EndReason.RESTORED: "A backup was restored with sign-out of everyone.",
    EndReason.DIRECTORY: "The organisation's directory says that the person is disabled or gone.",
    EndReason.SIGNED_OUT_UPSTREAM: "The person signed out at the organisation's sign-in.",
    EndReason.CERTIFICATE_REVOKED: "The certificate that it was signed in with was revoked.",
}

# What is behind it and what to do next, for an administrator who is asked why a phone was signed out.
END_HINTS: Mapping[str, str] = {
    EndReason.SIGNED_IN_AGAIN: "Nothing is to be done: the person goes on with the newer sign-in of this phone.",
    EndReason.SIGNED_OUT_BY_APP: "Nothing is to be done: somebody chose to sign out in the app, and can sign in again.",
    EndReason.SIGNED_OUT_BY_PERSON: "If it was not the person who did this, somebody else may know the password: "
    "change it and sign the person out everywhere.",
    EndReason.SIGNED_OUT_BY_ADMIN: "The person can sign in again, unless the account is disabled.",
    EndReason.PERSON_SIGNED_OUT_EVERYWHERE: "The person can sign in again on each phone.",
    EndReason.PASSWORD_CHANGED: "The person signs in again with the new password.",
    EndReason.ACCOUNT_DISABLED: "Enable the account if the person is to sign in again; each phone then needs a new "
    "sign-in.",
    EndReason.ACCOUNT_DELETED: "Nobody can sign in with this account any more.",
    EndReason.LINK_SIGNED_OUT: "People can sign in again in the application.",
    EndReason.LINK_DELETED: "The application needs a new application link, and from it a new client ID.",
    EndReason.MOBILE_SWITCHED_OFF: "Turn on OAuth 2.0 for the mobile app, then people can sign in again.",
    EndReason.CONSENT_WITHDRAWN: "The application asks the person again at the next sign-in.",
    EndReason.REPLAYED: "Ask whether the phone was restored from a backup or its app was copied: that does the same. "
    "If nobody can explain it, change the password and look for sign-ins from places that the person does not know.",
    EndReason.CODE_REPLAYED: "An app that sends its request twice does the same. If it happens again, find out whether "
    "another app on the phone also answers to the redirect URL.",
    EndReason.EXHAUSTED: "The app refreshes far too often: tell whoever makes it. The person signs in again.",
    EndReason.KEY_REVOKED: "Everybody whose tokens were sealed with that key signs in again.",
    EndReason.RESTORED: "People sign in again. What was signed out after the backup was made is not known any more.",
    EndReason.DIRECTORY: "If the person is to sign in again, mend it in the directory, then enable the account here.",
    EndReason.SIGNED_OUT_UPSTREAM: "Nothing is to be done: the person can sign in again.",
    EndReason.CERTIFICATE_REVOKED: "The person signs in again with a new certificate, or in another way.",
}
EXPIRED_SENTENCE = "It was not used for so long that its time ran out."
EXPIRED_HINT = "Nothing is to be done: the person signs in again."
