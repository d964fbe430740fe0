"""The people of an LDAP directory as the background asks after them, and as the rules want them described."""

from collections.abc import Callable, Sequence

from genkan.outside.ldap import LdapDirectory
from genkan.outside.ldap_connection import Cannot
from genkan.protocol.directory import Person
from genkan.protocol.env import Env
from genkan.protocol.offboarding import Checked, Presence
from genkan.protocol.records import Identity
from genkan.sources import ldap_entries
from genkan.sources.ldap import LdapSource
from genkan.sources.ldap_entries import Described


class LdapPeople:
    """One directory, asked after many people in few searches."""

    def __init__(self, directory: LdapDirectory, env: Callable[[], Env]) -> None:
        self._directory = directory
        self._env = env

    @property
    def source(self) -> LdapSource:
        """What the operator wrote of it."""
        return self._directory.source

    async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
        """One answer for each, in their order. Never raises for what the directory does."""
        binary = self._directory.schema.binary_id
        # An id that was typed wrongly cannot be asked for, so it says nothing of anybody.
        asked = [one.subject for one in identities if ldap_entries.raw_id(one.subject, binary=binary)]
        try:
            found = await self._directory.look_after(asked, self._env())
        except Cannot:
            return [Checked(Presence.UNREACHABLE) for _ in identities]
        by_id = {subject.lower(): person for subject, person in found.items()}
        known = set(asked)
        return [
            self._checked(by_id.get(one.subject.lower())) if one.subject in known else Checked(Presence.UNREACHABLE)
            for one in identities
        ]

    def _checked(self, found: Described | None) -> Checked:
        if found is None:
            return Checked(Presence.GONE)
        if found.out:
            return Checked(Presence.DISABLED)
        return Checked(Presence.PRESENT, person=person_of(self._directory, found))

    async def trouble(self) -> str:
        """Why it cannot be asked at this moment, as half a sentence; empty where it can."""
        try:
            async with self._directory.talking_beside() as talk:
                await self._directory.serve(talk)
                await self._directory.see_anybody(talk)
        except Cannot as problem:
            return problem.sentence
        return ""


def person_of(directory: LdapDirectory, described: Described) -> Person:
    """Somebody of this directory as the rules want them."""
    says_groups = directory.schema.groups != "-" or bool(directory.source.group_base)
    return Person(
        directory.source.name,
        described.subject,
        described.login,
        described.display_name,
        described.email,
        # An organisation's own directory vouches for the addresses in it, within email_domains.
        email_verified=True,
        groups=described.groups if says_groups else None,
        permission=described.permission,
    )
