"""What a test wants of a site before it starts: people, links, the switch, settings. Plain values, checked later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from genkan.wire.scopes import Permission

PASSWORD = "correct horse battery"
"""Everybody's password, unless told otherwise."""

APP_SCHEME = "jira-server://oauth-callback"


class Profile(StrEnum):
    """Whose site it is like where sites differ. JIRA: a refresh token is taken once, and a lost answer is final."""

    GENKAN = "genkan"
    JIRA = "jira"


PROFILES: Mapping[Profile, Mapping[str, object]] = MappingProxyType(
    {Profile.GENKAN: MappingProxyType({}), Profile.JIRA: MappingProxyType({"retry_window_seconds": 0})}
)
"""The settings that make a site like that one."""


class SetupRefused(Exception):
    """What the site has against a set-up, or against an act of a test, as one sentence."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with an account. ``permission`` is their own right, which caps that of every link."""

    name: str
    password: str = field(default=PASSWORD, repr=False)
    permission: Permission = Permission.WRITE
    display_name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppLink:
    """An incoming application link. ``confidential`` None: the redirects decide, as they do in the console."""

    name: str = "Test app"
    redirects: tuple[str, ...] = (APP_SCHEME,)
    permission: Permission = Permission.WRITE
    confidential: bool | None = None
    introspect: bool = False
    remember_consent: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the console shows once a link is saved; a native link has no secret."""

    client_id: str
    redirects: tuple[str, ...]
    permission: Permission
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """A site before it starts. People may be named by their name alone.

    ``path`` is the context path. ``clock_skew``: how many seconds the site's clock is ahead of this machine's.
    ``profile`` says whose site it behaves as. ``settings`` are those of docs/reference/settings.md, by their names in
    the file, as in ``access_seconds``.
    """

    people: tuple[Somebody | str, ...] = ("alice",)
    links: tuple[AppLink, ...] = ()
    switch: bool = True
    path: str = ""
    clock_skew: float = 0
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    profile: Profile = Profile.GENKAN
