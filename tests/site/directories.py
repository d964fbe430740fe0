"""A directory that says what a test makes it say, and accounts that are linked to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from genkan.protocol.directory import link_by_hand
from genkan.protocol.offboarding import Checked, Presence
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Account, Identity
from genkan.site.directory_keeper import DirectoryKeeper
from genkan.sources.base import Source
from tests.site.world import SiteUnderTest


@dataclass
class FakeDirectory:
    """``says`` by subject; whom it does not name is there. ``away``: nobody can be asked after."""

    source: Source = field(default_factory=lambda: Source(name="corp", title="Example Corp"))
    says: dict[str, Presence] = field(default_factory=dict)
    away: bool = False
    asked: list[list[str]] = field(default_factory=list)

    async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
        self.asked.append([one.subject for one in identities])
        gone = Presence.UNREACHABLE
        return [Checked(gone if self.away else self.says.get(one.subject, Presence.PRESENT)) for one in identities]

    async def trouble(self) -> str:
        return "nobody answers" if self.away else ""


async def linked(site: SiteUnderTest, account: Account, subject: str = "", source: str = "corp") -> None:
    """The account is this subject of the directory."""
    change = link_by_hand(account, source, subject or account.name, account.name, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)


async def asked_after(site: SiteUnderTest, presence: Presence, account: Account) -> None:
    """The directory is asked after everybody and says this of the account."""
    if not await site.store.identities_of(account.id):
        await linked(site, account)
    site.env.advance(16 * 60_000)
    await DirectoryKeeper(FakeDirectory(says={account.name: presence}), site.door).round()
