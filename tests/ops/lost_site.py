"""A site whose backup was made, after which a phone went on and another signed in: what restores are tried on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from genkan.ops.restore import Asked, Restored, restore
from genkan.outside.ring_file import make_ring_file, read_ring
from genkan.protocol.env import HOUR
from genkan.protocol.records import Link
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import Ring
from genkan.settings import Settings
from genkan.store.sqlite_copy import copy_database
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


@dataclass
class Lost:
    """A site whose backup was made, after which a phone went on, another signed in, and the server stopped."""

    folder: Path
    clock: TestClock
    backup: Path
    link: Link
    at_backup: dict[str, object]
    later: dict[str, object]
    newcomer: dict[str, object]
    code: str

    @property
    def settings(self) -> Settings:
        """Where the site lies."""
        return Settings(data_dir=str(self.folder), base_url="https://site.example")

    @property
    def ring(self) -> Ring:
        """The ring in the file."""
        found = read_ring(self.settings.ring_path)
        assert isinstance(found, Ring)
        return found

    async def restored(self, manner: Manner, backup: Path | None = None, passphrase: bytes | None = None) -> Restored:
        """Put the backup back."""
        return await restore(self.settings, Asked(backup or self.backup, passphrase, manner, "test"), self.clock())

    async def opened(self) -> SiteUnderTest:
        """The site as it is served now."""
        return await open_site(self.folder, self.clock, self.ring)


Backup = Callable[[Settings], Awaitable[Path]]


async def bare(settings: Settings) -> Path:
    """A bare copy of the database beside the data folder."""
    path = Path(settings.data_dir).parent / "backup.sqlite3"
    copy_database(settings.database_path, path)
    return path


async def a_lost_site(tmp_path: Path, backup: Backup) -> Lost:
    """The story up to the restore; ``backup`` makes the file."""
    folder, clock = tmp_path / "data", TestClock()
    site = await open_site(folder, clock)
    settings = Settings(data_dir=str(folder))
    assert make_ring_file(settings.ring_path, site.ring[0]) is None
    await site.make_account()
    await site.make_account("bob")
    link = await site.turn_mobile_on()
    at_backup = await site.issue_tokens(link)
    made = await backup(settings)
    clock.advance(HOUR)
    later = (await site.refresh(str(at_backup["refresh_token"]), link)).json()
    await site.client.post("/logout")
    site.client.cookies.clear()
    newcomer = await site.issue_tokens(link, "bob")
    code = await site.get_code(link, "bob")
    await close_site(site)
    return Lost(folder, clock, made, link, at_backup, later, newcomer, code)


async def refreshed(site: SiteUnderTest, tokens: dict[str, object], link: Link) -> tuple[int, object]:
    """What a refresh is answered: the status and the error."""
    answer = await site.refresh(str(tokens["refresh_token"]), link)
    return answer.status_code, answer.json().get("error")
