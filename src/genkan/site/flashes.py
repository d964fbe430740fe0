"""What a page says once after something was done: a word in the address, a sentence here. No words of anybody else."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

FLASH = "done"


class Flash(StrEnum):
    """What was done; the value stands in the address of the page that says so."""

    SAVED = "saved"
    ONCE_MORE = "once-more"
    GONE = "gone"
    LINK_MADE = "link-made"
    LINK_DISABLED = "link-disabled"
    LINK_ENABLED = "link-enabled"
    LINK_DELETED = "link-deleted"
    LINK_SIGNED_OUT = "link-signed-out"
    SECRET_MADE = "secret-made"
    SIGNED_OUT = "signed-out"
    PHONES_SIGNED_OUT = "phones-signed-out"
    NOTHING_CHOSEN = "nothing-chosen"
    WITHDRAWN = "withdrawn"
    BROWSERS_ENDED = "browsers-signed-out"
    ADDED = "added"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    ERASED = "erased"
    PERSON_SIGNED_OUT = "person-signed-out"
    LINK_WITHDRAWN = "link-withdrawn"
    GUESSES_LIFTED = "guesses-lifted"
    PASSWORD_CHANGED = "password-changed"
    PASSWORD_CHANGED_EVERYWHERE = "password-changed-everywhere"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    KEY_MADE = "key-made"
    KEY_REVOKED = "key-revoked"
    KEY_ADOPTED = "key-adopted"
    CODE_USED = "code-used"
    CODES_TAKEN = "codes-taken"
    DEVICE_CONFIRMED = "device-confirmed"
    DEVICE_IN = "device-in"
    MOBILE_ON = "mobile-on"
    MOBILE_OFF = "mobile-off"
    MOBILE_OUT = "mobile-out"
    CERTIFICATE_TIED = "certificate-tied"
    CERTIFICATE_UNTIED = "certificate-untied"
    CERTIFICATE_ENDED = "certificate-ended"
    IDENTITY_LINKED = "identity-linked"
    IDENTITY_UNLINKED = "identity-unlinked"


SENTENCES: Mapping[Flash, str] = MappingProxyType(
    {
        Flash.SAVED: "Saved.",
        Flash.KEY_MADE: "The API key is made.",
        Flash.KEY_REVOKED: "The API key is revoked: it opens nothing from the next request on.",
        Flash.KEY_ADOPTED: "You answer for the API key from now on.",
        Flash.IDENTITY_LINKED: "Linked. The next sign-in there leads to this account.",
        Flash.IDENTITY_UNLINKED: "Unlinked. Nobody was signed out by it.",
        Flash.ONCE_MORE: "Nothing was changed, because the page was open too long. Please try once more.",
        Flash.GONE: "It is not there any more.",
        Flash.LINK_MADE: "The application link is made.",
        Flash.LINK_DISABLED: "The link is disabled: nobody signs in or refreshes through it until it is enabled again.",
        Flash.LINK_ENABLED: "The link is enabled: who was signed in goes on.",
        Flash.LINK_DELETED: "The link is deleted, and everybody who was signed in through it is signed out.",
        Flash.LINK_SIGNED_OUT: "Everybody who was signed in through this link is signed out.",
        Flash.SECRET_MADE: "The new secret is made.",
        Flash.PHONES_SIGNED_OUT: "Signed out, from the next request on.",
        Flash.NOTHING_CHOSEN: "Nothing was chosen, so nothing was changed.",
        Flash.SIGNED_OUT: "It is signed out.",
        Flash.WITHDRAWN: "Access is withdrawn. The application has to ask again.",
        Flash.BROWSERS_ENDED: "Signed out there.",
        Flash.ADDED: "The account is added.",
        Flash.ENABLED: "The account is enabled.",
        Flash.DISABLED: "The account is disabled and signed out everywhere.",
        Flash.DELETED: "The account is deleted and signed out everywhere.",
        Flash.ERASED: "The person is erased.",
        Flash.PERSON_SIGNED_OUT: "Signed out everywhere.",
        Flash.LINK_WITHDRAWN: "The one-time link opens nothing any more.",
        Flash.CERTIFICATE_TIED: "The certificate is tied to this person.",
        Flash.CERTIFICATE_UNTIED: "The certificate is tied to this person no more. Who is signed in by it stays so.",
        Flash.CERTIFICATE_ENDED: "The certificate signs in nobody any more, and what it had signed in is signed out.",
        Flash.GUESSES_LIFTED: "The wrong tries are forgotten.",
        Flash.PASSWORD_CHANGED: "Your password is changed.",
        Flash.PASSWORD_CHANGED_EVERYWHERE: "Your password is changed, and everything else is signed out.",
        Flash.PASSKEY_ADDED: "The passkey is added. You can sign in with it from now on.",
        Flash.PASSKEY_REMOVED: "The passkey is removed: it opens nothing any more.",
        Flash.CODE_USED: "You are signed in, and the code is used up. Make a passkey or choose a password now.",
        Flash.CODES_TAKEN: "The recovery codes open nothing any more.",
        Flash.DEVICE_CONFIRMED: "The number is noted. Go on at your other device.",
        Flash.DEVICE_IN: "You are signed in on this device. Make a passkey of its own now.",
        Flash.MOBILE_ON: "The mobile app is on.",
        Flash.MOBILE_OFF: "The mobile app is off. Phones that were signed in still are.",
        Flash.MOBILE_OUT: "The mobile app is off, and its phones are signed out.",
    }
)


def sentence(word: str) -> str:
    """What to say, nothing for a word that is none of ours."""
    return SENTENCES[Flash(word)] if word in frozenset(Flash) else ""
