"""What the drills of the manual share: blocks of a page by their headings, typed into a shell beside a real site."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Protocol

import httpx2

from genkan import clock
from genkan.main import load_ring
from genkan.protocol.canary import Canary, canary
from genkan.protocol.policy import Lifetimes
from genkan.protocol.sealing import Sealer
from genkan.settings import Settings
from genkan.store.api import Store
from genkan.store.places import open_store
from tests.workshop.tree import ROOT

BLOCK = re.compile(r"^( *)```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(page: str, heading: str | None = None) -> list[str]:
    """The blocks of one section of a how-to, or of all of it, in order."""
    text = (ROOT / "docs/how-to" / page).read_text(encoding="utf-8")
    if heading is not None:
        section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, heading
        text = section[1]
    return [textwrap.dedent(block) for _, block in BLOCK.findall(text)]


def typed(block: str, folder: Path, environment: dict[str, str], *more_path: Path) -> str:
    """What a shell prints that runs these lines and stops at the first that fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), *map(str, more_path), environment["PATH"]])
    done = subprocess.run(
        ["bash", "-eu", "-c", block], cwd=folder, env={**environment, "PATH": path}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


async def a_phone(settings: Settings) -> Canary:
    """A signed-in phone of the site at these settings."""
    store: Store = open_store(settings.store_place, create=True, env=clock.system_env())
    try:
        ring = await load_ring(store, settings.ring_path)
        phone = canary(Sealer(ring, (await store.site()).site_id), clock.system_env(), Lifetimes())
        for change in phone.changes:
            assert await store.apply(change)
        assert await store.apply(phone.sign_in)
        return phone
    finally:
        await store.close()


class Served(Protocol):
    """A site by its address."""

    base: str


class Phone:
    """An app session at a served site: it refreshes, and keeps what it got."""

    def __init__(self, site: Served, signed_in: Canary) -> None:
        self.site = site
        self.access, self.refresh_token = signed_in.access, signed_in.refresh
        self._client_id, self._api_key = signed_in.client_id, signed_in.api_key

    def refresh(self) -> httpx2.Response:
        """Ask for the next tokens; keep them where there are any."""
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token, "client_id": self._client_id}
        answer = httpx2.post(f"{self.site.base}/rest/oauth2/latest/token", data=form, timeout=30)
        if answer.status_code == 200:
            self.access, self.refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]
        return answer

    def is_live(self) -> bool:
        """Whether the access token opens something, as an application behind the site asks."""
        answer = httpx2.post(
            f"{self.site.base}/rest/oauth2/latest/introspect", data={"token": self.access}, timeout=30,
            headers={"authorization": f"Bearer {self._api_key}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])
