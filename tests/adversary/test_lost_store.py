"""A volume that is not mounted, a database file that is empty: the ring that is left knows that there was a site."""

import asyncio
import shutil
import subprocess

import pytest

from tests.adversary.aftermath import healed, nothing_lost
from tests.security.load import Load
from tests.security.serving import COMMAND, Serving


def _refused(site: Serving, *words: str) -> str:
    """What a start says that is none."""
    done = subprocess.run(
        [*COMMAND, "serve", *words], env=site.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("left", ["an empty folder", "a 0-byte file"])
async def test_an_empty_store_beside_a_ring_that_served_is_refused(site: Serving, load: Load, left: str) -> None:
    """Seen: serve founded a new site silently, was ready, and every phone was told invalid_client. Now it says in one
    line what to do, makes nothing there, and goes on as if nothing had been once the data is back.
    """
    running = asyncio.create_task(load.run())
    await asyncio.sleep(0.7)
    await asyncio.to_thread(site.kill)
    await running
    data, away = site.folder / "data", site.folder / "away"
    away.mkdir()
    for path in data.glob("genkan.sqlite3*"):
        shutil.move(path, away / path.name)
    database = data / "genkan.sqlite3"
    if left == "a 0-byte file":
        database.touch(0o600)
    before = sorted(path.name for path in data.iterdir())
    said = _refused(site)
    assert said.count("\n") == 1
    assert "there is no site in" in said
    assert "--found-anew" in said
    assert sorted(path.name for path in data.iterdir()) == before
    assert not database.exists() or database.stat().st_size == 0
    for path in away.iterdir():
        path.replace(data / path.name)
    assert "there is a site" in _refused(site, "--found-anew")
    site.start()
    await healed(site)
    await nothing_lost(load)


def test_a_new_site_is_founded_where_the_operator_says_so(site: Serving) -> None:
    """By its name alone, once; from then on the ring knows the new site, and needs no word for it."""
    site.stop()
    for path in (site.folder / "data").glob("genkan.sqlite3*"):
        path.unlink()
    site.start(words=("--found-anew",))
    site.stop()
    site.start()
