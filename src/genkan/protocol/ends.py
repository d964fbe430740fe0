"""Why sign-ins end, as kept on their rows and as sentences for people."""

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


# The same to the person whose sign-in it was, where that reads otherwise.
OWN_END_SENTENCES: Mapping[str, str] = {
    EndReason.SIGNED_OUT_BY_PERSON: "You signed it out.",
    EndReason.PERSON_SIGNED_OUT_EVERYWHERE: "You were signed out everywhere.",
    EndReason.PASSWORD_CHANGED: "Your password was changed and everything signed out.",
    EndReason.CONSENT_WITHDRAWN: "You withdrew the application's access.",
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
}
