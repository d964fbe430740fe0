"""The JSON bodies that the administration API reads: each a type, every member known or refused by name."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from genkan.protocol.env import DAY, SECOND
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import DEFAULT_OVERLAP
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ConsentMode, Link, LinkKind, Site, Standing, Way
from genkan.protocol.signin.site_policy import PolicyWish
from genkan.protocol.signin.ways import ways_named
from genkan.site import read
from genkan.site.api.documents import PermissionWord, WayWord
from genkan.site.received import Malformed, Received
from genkan.wire.scopes import Permission

LONGEST_OVERLAP = 30 * DAY // SECOND
AbsoluteLifetime = Annotated[int, Meta(ge=1, le=10 * 365 * 86400, description="Seconds.")]
MaxAge = Annotated[int, Meta(ge=60, le=10 * 365 * 86400, description="Seconds.")]
Body = TypeVar("Body", bound=Struct)


class LinkBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What an application link shall be. ``permission`` and ``scope`` are two names of one thing; one is needed."""

    name: str
    redirects: tuple[str, ...]
    permission: PermissionWord | UnsetType = UNSET
    scope: PermissionWord | UnsetType = UNSET
    kind: LinkKind | None = None
    consent: ConsentMode = ConsentMode.ALWAYS
    introspect: bool = False
    pkce_required: bool = False
    plain_pkce: bool = False
    absolute_lifetime_seconds: AbsoluteLifetime | None = None
    ways: tuple[WayWord, ...] = ()
    max_age_seconds: MaxAge | None = None

    def wish(self, client_id: str | None = None) -> LinkWish:
        """The same for the rules to judge. Malformed where it does not say what the link may."""
        permission = _permission(self.permission, self.scope)
        if permission is None:
            raise Malformed(Reason.INVALID_VALUE, "permission: READ, WRITE, ADMIN or SYSTEM_ADMIN")
        return LinkWish(
            self.name, self.redirects, permission, self.kind, self.consent, self.introspect, self.pkce_required,
            self.plain_pkce, _milliseconds(self.absolute_lifetime_seconds), client_id, ways_asked(self.ways),
            _milliseconds(self.max_age_seconds),
        )  # fmt: skip


class NewLinkBody(LinkBody, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A new link; ``clientId`` only to take over one that phones know already."""

    client_id: str | None = None


def standing_asked(state: Standing | UnsetType, *, alone: bool) -> Standing | None:
    """The state that a change asks for; ``alone``: it asks for nothing else. Raises Malformed."""
    if isinstance(state, UnsetType):
        return None
    if state is Standing.DELETED:
        raise Malformed(Reason.INVALID_VALUE, "state: active or disabled; DELETE deletes")
    if not alone:
        raise Malformed(Reason.INVALID_VALUE, "state: change it in a request of its own")
    return state


class LinkChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What shall be different about a link. ``state`` is changed in a request of its own."""

    name: str | UnsetType = UNSET
    redirects: tuple[str, ...] | UnsetType = UNSET
    permission: PermissionWord | UnsetType = UNSET
    scope: PermissionWord | UnsetType = UNSET
    consent: ConsentMode | UnsetType = UNSET
    introspect: bool | UnsetType = UNSET
    pkce_required: bool | UnsetType = UNSET
    plain_pkce: bool | UnsetType = UNSET
    absolute_lifetime_seconds: AbsoluteLifetime | UnsetType | None = UNSET
    ways: tuple[WayWord, ...] | UnsetType = UNSET
    max_age_seconds: MaxAge | UnsetType | None = UNSET
    state: Standing | UnsetType = UNSET

    def standing(self) -> Standing | None:
        """The state asked for, None where something else is. Malformed for both at once, and for deleting."""
        return standing_asked(self.state, alone=self == LinkChange(state=self.state))

    def wish(self, link: Link) -> LinkWish:
        """The link as it is, but for what was asked."""
        lifetime, age = self.absolute_lifetime_seconds, self.max_age_seconds
        return LinkWish(
            name=_or(self.name, link.name),
            redirects=_or(self.redirects, link.redirects),
            permission=_permission(self.permission, self.scope) or link.permission,
            consent=_or(self.consent, link.consent),
            introspect=_or(self.introspect, link.introspect),
            pkce_required=_or(self.pkce_required, link.pkce_required),
            plain_pkce=_or(self.plain_pkce, link.plain_pkce),
            absolute_lifetime=link.absolute_lifetime if isinstance(lifetime, UnsetType) else _milliseconds(lifetime),
            ways=link.ways if isinstance(self.ways, UnsetType) else ways_asked(self.ways),
            max_age=link.max_age if isinstance(age, UnsetType) else _milliseconds(age),
        )


class SecretBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """How long the secret before the new one goes on working."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=LONGEST_OVERLAP)] = DEFAULT_OVERLAP // SECOND


class NothingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class MobileBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The mobile switch; ``signOut`` says what turning it off does to signed-in phones."""

    enabled: bool
    sign_out: bool = False


class SiteBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What the site shall call itself; an empty text takes a chosen name back."""

    title: str


class PolicyBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """How people sign in. ``ways``: those that are taken; ``maxAgeSeconds``: how old a sign-in may be when an
    application asks for one, null for any. What is left out stays.
    """

    ways: Annotated[tuple[WayWord, ...], Meta(min_length=1)] | UnsetType = UNSET
    max_age_seconds: MaxAge | UnsetType | None = UNSET

    def wish(self, site: Site) -> PolicyWish:
        """The site's policy as it is, but for what was asked."""
        age = self.max_age_seconds
        return PolicyWish(
            site.ways if isinstance(self.ways, UnsetType) else ways_asked(self.ways),
            site.max_age if isinstance(age, UnsetType) else _milliseconds(age),
        )


def ways_asked(words: tuple[WayWord, ...]) -> Way:
    """The ways that a body names; it has been read by its type, so that every word is one."""
    return ways_named(words) or Way.NONE


def read_body(received: Received, kind: type[Body]) -> Body:
    """The request's body as this type; none at all counts as an empty object. Malformed names the member at fault."""
    given = read.json_object(received) if received.body else {}
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as fault:
        raise Malformed(Reason.INVALID_VALUE, str(fault).replace("`", "'")) from None


def _permission(permission: PermissionWord | UnsetType, scope: PermissionWord | UnsetType) -> Permission | None:
    words = {word for word in (permission, scope) if not isinstance(word, UnsetType)}
    if len(words) > 1:
        raise Malformed(Reason.INVALID_VALUE, "permission and scope: they are one thing and differ")
    return Permission[words.pop()] if words else None


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * SECOND


Value = TypeVar("Value")


def _or(given: Value | UnsetType, present: Value) -> Value:
    return present if isinstance(given, UnsetType) else given
