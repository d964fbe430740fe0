"""The JSON bodies of the API for people and keys: what an account or a key shall be."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Meta, Struct, UnsetType

from genkan.protocol.accounts import PASSWORD_CHARACTERS, AccountWish
from genkan.protocol.api_keys import LONGEST_LIFETIME, USUAL_LIFETIME, ApiKeyWish
from genkan.protocol.env import SECOND
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing
from genkan.site.api.bodies import standing_asked
from genkan.site.api.documents import PermissionWord
from genkan.site.received import Malformed
from genkan.wire.scopes import Permission

MOST_SIGNED_OUT = 100
Password = Annotated[str, Meta(min_length=PASSWORD_CHARACTERS[0], max_length=PASSWORD_CHARACTERS[1])]
Lifetime = Annotated[int, Meta(ge=1, le=10 * 365 * 86400, description="Seconds.")]
KeyLifetime = Annotated[int, Meta(ge=1, le=LONGEST_LIFETIME // SECOND, description="Seconds.")]
PhoneIds = Annotated[tuple[str, ...], Meta(min_length=1, max_length=MOST_SIGNED_OUT)]


class NewPersonBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A new account. Without a password nobody can sign in with it until it is given one."""

    name: str
    display_name: str = ""
    email: str = ""
    permission: PermissionWord = "WRITE"
    groups: tuple[str, ...] = ()
    locale: str = ""
    time_zone: str = "UTC"
    password: Password | None = None

    def wish(self, password_hash: str | None) -> AccountWish:
        """The same for the rules to judge."""
        right = Permission[self.permission]
        return AccountWish(
            self.name, self.display_name, self.email, right, self.groups, password_hash, self.locale,
            checked_zone(self.time_zone),
        )  # fmt: skip


class PersonChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What shall be different about an account. ``state`` is changed in a request of its own."""

    display_name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    permission: PermissionWord | UnsetType = UNSET
    groups: tuple[str, ...] | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    state: Standing | UnsetType = UNSET

    def standing(self) -> Standing | None:
        """The state asked for, None where something else is. Malformed for both at once, and for deleting."""
        return standing_asked(self.state, alone=self == PersonChange(state=self.state))

    def wish(self, account: Account) -> AccountWish:
        """The account as it is, but for what was asked."""
        zone = None if isinstance(self.time_zone, UnsetType) else checked_zone(self.time_zone)
        return AccountWish(
            account.name,
            account.display_name if isinstance(self.display_name, UnsetType) else self.display_name,
            account.email if isinstance(self.email, UnsetType) else self.email,
            account.permission if isinstance(self.permission, UnsetType) else Permission[self.permission],
            account.groups if isinstance(self.groups, UnsetType) else self.groups,
            locale=None if isinstance(self.locale, UnsetType) else self.locale,
            time_zone=zone,
        )


class PasswordBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A new password; ``signOut`` also ends all that is signed in."""

    password: Password
    sign_out: bool = True


class RecoveryBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The password of an account that is let in again, as system administrator."""

    password: Password


class NewApiKeyBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A new API key. It works for 90 days unless said otherwise, a year at most."""

    name: str
    permission: PermissionWord = "READ"
    lifetime_seconds: KeyLifetime = USUAL_LIFETIME // SECOND

    def wish(self) -> ApiKeyWish:
        """The same for the rules to judge."""
        return ApiKeyWish(self.name, Permission[self.permission], self.lifetime_seconds * SECOND)


class SignOutBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom to sign out: the phones of these ids, everything of a person, or all of a link. One of the three."""

    ids: PhoneIds | UnsetType = UNSET
    person: str | UnsetType = UNSET
    link: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Exactly one; msgspec names what is raised here."""
        given = [value for value in (self.ids, self.person, self.link) if not isinstance(value, UnsetType)]
        if len(given) != 1:
            raise ValueError("say which: ids, person or link")


def checked_zone(name: str) -> str:
    """The name of a time zone that this machine knows, or Malformed."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Malformed(Reason.INVALID_VALUE, "timeZone: a name like Europe/Vienna, or UTC") from None
    return name
