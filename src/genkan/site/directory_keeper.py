"""Asks directories after the people who are linked, beside the requests: whoever is gone is signed out without waiting
for their next sign-in. Always in small steps, each directory by itself, so that a slow one delays no other.
"""

import asyncio
from dataclasses import replace

from genkan.outside.ldap_people import LdapPeople
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.identity_steps import NoteSource
from genkan.protocol.offboarding import Checked, Presence, judge
from genkan.protocol.outcomes import Change
from genkan.site.addresses import as_vouched, guarded
from genkan.site.directory_facts import told_of_the_last
from genkan.site.door import Door
from genkan.site.keeping import survived
from genkan.site.openid_presence import OpenIDDirectory
from genkan.site.sign_on import Directory
from genkan.store.rounds import TRIES

BATCH = 100
ROUND_SECONDS = 10.0
PAUSE_SECONDS = 0.05


class DirectoryKeeper:
    """One directory's task for the life of the process."""

    def __init__(self, directory: Directory, door: Door) -> None:
        self._directory = directory
        self._door = door
        self._rule = directory.source.rule
        self._looked: int | None = None
        self._away: bool | None = None

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            more = await survived(self._turn, "directories", "directories wait for the store", self._door)
            await asyncio.sleep(PAUSE_SECONDS if more else ROUND_SECONDS)

    async def _turn(self) -> bool:
        """Of several processes one asks: twice as many questions would tell nothing more."""
        return await self._door.on_duty() and await self.round()

    async def round(self) -> bool:
        """Ask after whoever is due; whether more are due and can be asked after at once."""
        now = self._door.env().now
        due = await self._door.store.identities_due(self._rule.name, now - self._rule.check_every, BATCH)
        if not due:
            await self._look(now)
            return False
        answers = await self._directory.present([facts.identity for facts in due])
        for facts, checked in zip(due, answers, strict=True):
            await self._settle(facts, checked)
        away = all(checked.presence is Presence.UNREACHABLE for checked in answers)
        await self._note(away, "nobody could be asked after" if away else "")
        return len(due) == BATCH and not away

    async def _look(self, now: int) -> None:
        """Nobody is due: ask whether it answers at all, so that an administrator knows before somebody is kept out."""
        if self._looked is None or now - self._looked >= self._rule.check_every:
            trouble = await self._directory.trouble()
            await self._note(bool(trouble), trouble)

    async def _settle(self, facts: IdentityFacts, checked: Checked) -> None:
        """load, decide, apply. A sign-in since the question is newer than the answer."""
        asked = facts
        for _ in range(TRIES):
            env, said = self._door.env(), checked
            if checked.person is not None:
                said = replace(checked, person=await as_vouched(checked.person, facts.account, self._rule, self._door))
            change = judge(said, facts, await self._others(facts), self._rule, env)
            change = await guarded(change, facts.account, self._door)
            if await self._door.store.apply(await told_of_the_last(change, facts.account, self._door)):
                return
            found = await self._door.store.identity(facts.identity.source, facts.identity.subject)
            if found is None or found.identity.seen_at != asked.identity.seen_at:
                return
            facts = found

    async def _others(self, facts: IdentityFacts) -> bool:
        """Whether another directory that is asked has this person too."""
        names = {source.name for source in self._door.sign_on.sources} - {self._rule.name}
        return any(one.source in names for one in await self._door.store.identities_of(facts.account.id))

    async def _note(self, away: bool, why: str) -> None:
        self._looked = self._door.env().now
        if away and not self._away:
            self._door.log("warning", "directory cannot be asked", source=self._rule.name, why=why)
        elif self._away and not away:
            self._door.log("info", "directory answers again", source=self._rule.name)
        self._away = away
        await self._door.store.apply(Change((NoteSource(self._rule.name, self._looked, not away),)))


def keepers(door: Door) -> list[DirectoryKeeper]:
    """One for each directory of the sign-on file."""
    openid: list[Directory] = [OpenIDDirectory(upstream, door) for upstream in door.sign_on.upstreams.values()]
    ldap: list[Directory] = [LdapPeople(directory, door.env) for directory in door.directories]
    return [DirectoryKeeper(directory, door) for directory in (*openid, *ldap)]
