"""The audit in people's words: what each kind of event is called, its sentence, and who did it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import ACTOR_PREFIX

# One sentence a kind. ``person`` and ``link`` are whom it is about by their present names, ``detail`` is as written.
EVENT_SENTENCES: Mapping[EventKind, str] = {
    EventKind.SIGNED_IN: "%(person)s signed in through %(link)s.",
    EventKind.GRANT_ENDED: "A sign-in of %(person)s through %(link)s ended.",
    EventKind.GRANT_RETRIED_ELSEWHERE: "A sign-in of %(person)s through %(link)s was refreshed from a second network.",
    EventKind.GRANT_HEALED: "A sign-in of %(person)s through %(link)s was ahead of a restored store, and goes on.",
    EventKind.GRANT_NOT_HEALED: "A sign-in of %(person)s through %(link)s was ahead of the store, too late to heal.",
    EventKind.STORE_BEHIND: "A genuine token was ahead of the store: the store has lost writes.",
    EventKind.SESSION_OPENED: "%(person)s signed in in a browser.",
    EventKind.SESSION_CLOSED: "A browser of %(person)s was signed out.",
    EventKind.ACCOUNT_ADDED: "The account of %(person)s was added.",
    EventKind.ACCOUNT_CHANGED: "The account of %(person)s was changed.",
    EventKind.ACCOUNT_DISABLED: "The account of %(person)s was disabled.",
    EventKind.ACCOUNT_ENABLED: "The account of %(person)s was enabled.",
    EventKind.ACCOUNT_DELETED: "The account of %(person)s was deleted.",
    EventKind.ACCOUNT_ERASED: "What was kept about %(person)s was erased.",
    EventKind.ACCOUNT_RECOVERED: "%(person)s was let in again as system administrator.",
    EventKind.ACCOUNT_SIGNED_OUT: "%(person)s was signed out everywhere.",
    EventKind.PASSKEY_ADDED: "A passkey of %(person)s was added.",
    EventKind.PASSKEY_REMOVED: "A passkey of %(person)s was removed.",
    EventKind.PASSKEY_CLONED: "A passkey of %(person)s counted backwards: somebody may have a copy of it.",
    EventKind.RECOVERY_LINK_MADE: "A one-time link to choose a password was made for %(person)s.",
    EventKind.RECOVERY_LINK_WITHDRAWN: "The one-time link of %(person)s was taken back.",
    EventKind.GUESSES_FORGIVEN: "Wrong passwords were forgiven, so that %(person)s may try again at once.",
    EventKind.PASSWORD_CHANGED: "The password of %(person)s was changed.",
    EventKind.IDENTITY_LINKED: "%(person)s was linked to a corporate sign-in.",
    EventKind.IDENTITY_UNLINKED: "%(person)s was unlinked from a corporate sign-in.",
    EventKind.ACCOUNT_HELD: "%(person)s was disabled until the corporate sign-in knows them again.",
    EventKind.SIGN_ON_REFUSED: "Somebody whom a corporate sign-in knows was not let in.",
    EventKind.SIGNED_OUT_UPSTREAM: "%(person)s signed out at the corporate sign-in, and here with it.",
    EventKind.CONSENT_GIVEN: "%(person)s allowed access to %(link)s.",
    EventKind.CONSENT_WITHDRAWN: "The access of %(link)s to the account of %(person)s was withdrawn.",
    EventKind.LINK_CREATED: "The application link %(link)s was created.",
    EventKind.LINK_CHANGED: "The application link %(link)s was changed.",
    EventKind.LINK_SECRET_ROTATED: "The application link %(link)s was given a new secret.",
    EventKind.LINK_DISABLED: "The application link %(link)s was disabled.",
    EventKind.LINK_ENABLED: "The application link %(link)s was enabled.",
    EventKind.LINK_DELETED: "The application link %(link)s was deleted.",
    EventKind.LINK_SIGNED_OUT: "Everyone was signed out of the application link %(link)s.",
    EventKind.MOBILE_ON: "The mobile app was turned on.",
    EventKind.MOBILE_OFF: "The mobile app was turned off.",
    EventKind.API_KEY_CREATED: "An API key was made.",
    EventKind.API_KEY_REVOKED: "An API key was revoked.",
    EventKind.API_KEY_ADOPTED: "A system administrator answers for an API key from now on.",
    EventKind.KEY_ADDED: "A key was added to the key ring.",
    EventKind.KEY_ACTIVATED: "A key of the key ring began to seal.",
    EventKind.KEY_REVOKED: "A key of the key ring was revoked.",
    EventKind.KEY_DROPPED: "A key of the key ring was dropped.",
    EventKind.SITE_NAMED: "The site was given another name.",
    EventKind.ADMINISTRATORS_GONE: "A directory took away the last system administrator who could sign in, %(person)s.",
    EventKind.ADDRESS_LEFT_OUT: "A directory gave the e-mail address of %(person)s to somebody else: it was left out.",
    EventKind.SIGN_IN_POLICY_CHANGED: "The ways to sign in were changed.",
    EventKind.RECOVERY_CODES_MADE: "%(person)s made new recovery codes.",
    EventKind.DEVICE_LET_IN: "%(person)s let another device in by a QR code.",
    EventKind.RECOVERY_CODE_USED: "%(person)s used a recovery code.",
    EventKind.RECOVERY_CODES_TAKEN: "The recovery codes of %(person)s were taken away.",
    EventKind.RESTORED: "A backup was restored.",
    EventKind.MOVED: "The site moved to another database.",
    EventKind.CERTIFICATE_PINNED: "A certificate was tied to the account of %(person)s.",
    EventKind.CERTIFICATE_UNPINNED: "A certificate is no longer tied to the account of %(person)s.",
    EventKind.CERTIFICATE_REFUSED: "A client certificate was refused.",
    EventKind.CERTIFICATE_USED: "%(person)s proved with a client certificate who they are.",
    EventKind.CERTIFICATE_REVOKED: "A client certificate of %(person)s counts no more, and what it signed in ended.",
}
# The stop that reaches everybody names nobody.
EVERYONE = "Everyone was signed out everywhere."
# A line that a newer version wrote, or that somebody has changed.
UNKNOWN_EVENT = "An event that this version does not know."

# What a list of kinds to choose from says.
EVENT_NAMES: Mapping[EventKind, str] = {
    EventKind.SIGNED_IN: "Signed in",
    EventKind.GRANT_ENDED: "Sign-in ended",
    EventKind.GRANT_RETRIED_ELSEWHERE: "Refreshed from a second network",
    EventKind.GRANT_HEALED: "Went on after a restore",
    EventKind.GRANT_NOT_HEALED: "Too late for healing",
    EventKind.STORE_BEHIND: "Lost writes seen",
    EventKind.SESSION_OPENED: "Browser signed in",
    EventKind.SESSION_CLOSED: "Browser signed out",
    EventKind.ACCOUNT_ADDED: "Account added",
    EventKind.ACCOUNT_CHANGED: "Account changed",
    EventKind.ACCOUNT_DISABLED: "Account disabled",
    EventKind.ACCOUNT_ENABLED: "Account enabled",
    EventKind.ACCOUNT_DELETED: "Account deleted",
    EventKind.ACCOUNT_ERASED: "Person erased",
    EventKind.ACCOUNT_RECOVERED: "Administrator let in again",
    EventKind.ACCOUNT_SIGNED_OUT: "Signed out everywhere",
    EventKind.PASSKEY_ADDED: "Passkey added",
    EventKind.PASSKEY_REMOVED: "Passkey removed",
    EventKind.PASSKEY_CLONED: "Passkey perhaps copied",
    EventKind.RECOVERY_LINK_MADE: "One-time link made",
    EventKind.RECOVERY_LINK_WITHDRAWN: "One-time link withdrawn",
    EventKind.GUESSES_FORGIVEN: "Wrong passwords forgiven",
    EventKind.PASSWORD_CHANGED: "Password changed",
    EventKind.IDENTITY_LINKED: "Corporate sign-in linked",
    EventKind.IDENTITY_UNLINKED: "Corporate sign-in unlinked",
    EventKind.ACCOUNT_HELD: "Account held",
    EventKind.SIGN_ON_REFUSED: "Corporate sign-in refused",
    EventKind.SIGNED_OUT_UPSTREAM: "Signed out at corporate sign-in",
    EventKind.CONSENT_GIVEN: "Access allowed",
    EventKind.CONSENT_WITHDRAWN: "Access withdrawn",
    EventKind.LINK_CREATED: "Link created",
    EventKind.LINK_CHANGED: "Link changed",
    EventKind.LINK_SECRET_ROTATED: "Secret rotated",
    EventKind.LINK_DISABLED: "Link disabled",
    EventKind.LINK_ENABLED: "Link enabled",
    EventKind.LINK_DELETED: "Link deleted",
    EventKind.LINK_SIGNED_OUT: "Everyone signed out of a link",
    EventKind.MOBILE_ON: "Mobile app turned on",
    EventKind.MOBILE_OFF: "Mobile app turned off",
    EventKind.API_KEY_CREATED: "API key made",
    EventKind.API_KEY_REVOKED: "API key revoked",
    EventKind.API_KEY_ADOPTED: "API key adopted",
    EventKind.KEY_ADDED: "Key added",
    EventKind.KEY_ACTIVATED: "Key activated",
    EventKind.KEY_REVOKED: "Key revoked",
    EventKind.KEY_DROPPED: "Key dropped",
    EventKind.SITE_NAMED: "Site named",
    EventKind.ADMINISTRATORS_GONE: "Last administrator gone",
    EventKind.ADDRESS_LEFT_OUT: "E-mail address left out",
    EventKind.SIGN_IN_POLICY_CHANGED: "Sign-in changed",
    EventKind.RECOVERY_CODES_MADE: "Recovery codes made",
    EventKind.DEVICE_LET_IN: "Device let in",
    EventKind.RECOVERY_CODE_USED: "Recovery code used",
    EventKind.RECOVERY_CODES_TAKEN: "Recovery codes taken away",
    EventKind.RESTORED: "Backup restored",
    EventKind.MOVED: "Moved to another database",
    EventKind.CERTIFICATE_PINNED: "Certificate tied to an account",
    EventKind.CERTIFICATE_UNPINNED: "Certificate untied",
    EventKind.CERTIFICATE_REFUSED: "Certificate refused",
    EventKind.CERTIFICATE_USED: "Certificate used",
    EventKind.CERTIFICATE_REVOKED: "Certificate revoked",
}

# The groups of kinds, by what stands before the dot.
GROUP_NAMES: Mapping[str, str] = {
    "grant": "Phones and applications",
    "session": "Browsers",
    "account": "People",
    "consent": "Consent",
    "link": "Application links",
    "mobile": "Mobile app",
    "sign_on": "Corporate sign-in",
    "api_key": "API keys",
    "key": "Key ring",
    "site": "Site",
    "store": "Storage",
    "certificate": "Certificates",
}


class ActorKind(StrEnum):
    """What kind of somebody did it."""

    PERSON = "person"
    API_KEY = "api_key"
    COMMAND = "command"
    LINK = "link"
    BEARER = "bearer"
    OTHER = "other"


ACTOR_WORDS: Mapping[ActorKind, str] = {
    ActorKind.PERSON: "%(name)s",
    ActorKind.API_KEY: "API key %(name)s",
    ActorKind.COMMAND: "%(name)s at the command line",
    ActorKind.LINK: "Application %(name)s",
    ActorKind.BEARER: "Somebody with a token",
    ActorKind.OTHER: "%(name)s",
}
_PREFIXES = {
    ACTOR_PREFIX: ActorKind.PERSON,
    "api-key:": ActorKind.API_KEY,
    "command:": ActorKind.COMMAND,
    "link:": ActorKind.LINK,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, read from a line. ``name`` is an account's id, a client id, or what a key or user is called."""

    kind: ActorKind
    name: str


def read_actor(text: str) -> Actor:
    """The actor as a line spells it; a person who acted through an application is the person."""
    if text == "bearer":
        return Actor(ActorKind.BEARER, "")
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            return Actor(kind, rest.partition(" ")[0] if kind is ActorKind.PERSON else rest)
    return Actor(ActorKind.OTHER, text)


def group_of(kind: EventKind) -> str:
    """The group that a kind belongs to."""
    return kind.partition(".")[0]


def kinds_named(word: str) -> frozenset[str]:
    """The kinds that a word means: one kind, or the group before the dot. Empty for a word that means none."""
    return frozenset(kind.value for kind in EventKind if word in (kind, group_of(kind)))
