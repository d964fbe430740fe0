"""A program at a desk, in front of a real site of ours: what it keeps, its clock, and who sits at its browser."""

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from genkan.app import App, FileVault, HandedAgent, Machine
from genkan.testing import Asked, Reply, SiteDouble

if TYPE_CHECKING:
    from tests.app.conftest import Chance, Clock

MYSELF = "/rest/api/2/myself"
ECHO = "/rest/api/2/echo"


def echo(asked: Asked) -> Reply:
    """An application behind the site, which tells what it was asked."""
    return Reply(body=json.dumps({"method": asked.method, "form": asked.form}).encode())


def generations(tokens: list[str]) -> list[int]:
    """For each token how many others came before it: 0, 0, 1 is a token that was shown twice, and its successor."""
    order = list(dict.fromkeys(tokens))
    return [order.index(token) for token in tokens]


class Desk:
    """A program on one machine, whose clock a test moves, and who sits in front of its browser."""

    def __init__(self, site: SiteDouble, folder: Path, clock: "Clock", chance: "Chance") -> None:
        self.site = site
        self.person = "alice"
        self.walked: list[dict[str, str]] = []
        self.said: list[str] = []
        self.machine = Machine({"GENKAN_APP_DIR": str(folder.parent)}, clock, chance, clock.ticks, self.said.append)
        self.vault = FileVault(folder)
        self.settings = {"vault": self.vault, "agent": HandedAgent(self.walk), "machine": self.machine}

    @property
    def visits(self) -> int:
        """How often a browser was opened."""
        return len(self.walked)

    def walk(self, url: str) -> str | None:
        self.walked.append(dict(parse_qsl(urlsplit(url).query)))
        return self.site.person(self.person)(url)

    def app(self, **more: object) -> App:
        return App(**{**self.settings, "examine": False, **more})  # type: ignore[arg-type]
