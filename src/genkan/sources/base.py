"""What is said of every source of people, whatever it speaks: who they are here, and how they are looked after."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from genkan.protocol.directory import Match, SourceRule
from genkan.protocol.env import HOUR, MINUTE
from genkan.wire.scopes import Permission

NAME_CHARACTERS = 32


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[openid]]`` or ``[[ldap]]`` table of the sign-on file."""

    name: Annotated[
        str,
        Meta(
            description="What addresses, the audit and commands call it: small letters, digits and hyphens. Never "
            "change it: people are linked under it."
        ),
    ]
    title: Annotated[
        str, Meta(description="What people read on the button and in their account.", min_length=1, max_length=60)
    ]
    match: Annotated[
        Literal["none", "name", "email"],
        Meta(
            description="Which account somebody is who comes for the first time: the one with the same user name, the "
            "one with the same verified e-mail address, or none, unless an administrator linked them."
        ),
    ] = "none"
    match_administrators: Annotated[
        bool,
        Meta(
            description="Whether match may find accounts that administer: whoever runs the directory can then become "
            "an administrator here."
        ),
    ] = False
    create: Annotated[
        bool, Meta(description="Whether somebody who comes for the first time and has no account gets one.")
    ] = False
    permission: Annotated[
        Literal["READ", "WRITE"], Meta(description="What an account that is created may do. Never more than WRITE.")
    ] = "WRITE"
    sync: Annotated[
        bool,
        Meta(description="Whether display name, e-mail address and groups follow the directory at each sign-in."),
    ] = True
    email_domains: Annotated[
        tuple[str, ...],
        Meta(
            description="The domains whose e-mail addresses the source may vouch for; others are not taken over and "
            "match nobody. Empty: all."
        ),
    ] = ()
    check_minutes: Annotated[
        int, Meta(description="How often its people are asked after, in minutes.", ge=1, le=1440)
    ] = 15
    kept_hours: Annotated[
        int,
        Meta(
            description="For how many hours its people are kept signed in while it cannot be asked. After that they "
            "are held: disabled until it answers that they are there. 0: for ever.",
            ge=0,
            le=8760,
        ),
    ] = 24

    def __post_init__(self) -> None:
        """What no type says."""
        good = self.name[:1].isalpha() and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in self.name)
        if not good or len(self.name) > NAME_CHARACTERS:
            raise ValueError(f"name: write at most {NAME_CHARACTERS} small letters, digits and hyphens, a letter first")
        if not self.title.strip() or not self.title.isprintable():
            raise ValueError("title: write what people shall read on the button")
        for domain in self.email_domains:
            if domain != domain.strip().lower() or "." not in domain or "@" in domain or not domain.isascii():
                raise ValueError(f"email_domains: {domain[:80]!r} is not a domain in small letters, as in example.com")

    @property
    def rule(self) -> SourceRule:
        """The same as the rules want it."""
        return SourceRule(
            name=self.name,
            match=Match(self.match),
            match_administrators=self.match_administrators,
            create=self.create,
            permission=Permission[self.permission],
            sync=self.sync,
            email_domains=self.email_domains,
            check_every=self.check_minutes * MINUTE,
            kept=self.kept_hours * HOUR,
        )
