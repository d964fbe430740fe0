"""A program at a desk, in front of a real site of ours: what it keeps, its clock, and who sits at its browser."""

from pathlib import Path

from genkan.app import App, FileVault, HandedAgent, Machine
from genkan.testing import SiteDouble
from tests.app.conftest import Chance, Clock

MYSELF = "/rest/api/2/myself"


class Desk:
    """A program on one machine, whose clock a test moves, and who sits in front of its browser."""

    def __init__(self, site: SiteDouble, folder: Path, clock: Clock, chance: Chance) -> None:
        self.site = site
        self.person = "alice"
        self.visits = 0
        self.said: list[str] = []
        self.machine = Machine({"GENKAN_APP_DIR": str(folder.parent)}, clock, chance, clock.ticks, self.said.append)
        self.settings = {"vault": FileVault(folder), "agent": HandedAgent(self.walk), "machine": self.machine}

    def walk(self, url: str) -> str | None:
        self.visits += 1
        return self.site.person(self.person)(url)

    def app(self, **more: object) -> App:
        return App(**{**self.settings, "examine": False, **more})  # type: ignore[arg-type]
