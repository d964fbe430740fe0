"""One overwritten page: it is found at the start, by status --deep and by backup, and told of where it is met later."""

import subprocess
from dataclasses import replace
from pathlib import Path

import httpx2

from genkan.site.app import build
from genkan.site.peer import Peers
from genkan.site.readiness import Cause, readiness
from tests.adversary.aftermath import healed, nothing_lost
from tests.adversary.pages import damage
from tests.security.load import Load
from tests.security.serving import COMMAND, Serving
from tests.site.world import TestClock, close_site, open_site


async def test_one_overwritten_page_is_neither_served_nor_backed_up(site: Serving, load: Load) -> None:
    """Seen: it started, status said 0, and backup exited 0, so that the good copies were rotated away."""
    for _ in range(3):
        await load._new_phone()
    words = ("--passphrase-file", str(_passphrase(site.folder)))
    site.command("backup", str(site.folder / "good"), *words)
    assert "Last backup that was read back: 2" in _run(site, "status").stdout
    site.stop()
    database = site.folder / "data" / "genkan.sqlite3"
    damage(database)
    for command in (("serve",), ("status", "--deep"), ("backup", str(site.folder / "bad"), *words)):
        done = _run(site, *command)
        assert done.returncode != 0
        assert "damaged" in done.stdout + done.stderr
        assert "genkan restore" in done.stdout + done.stderr
    assert not (site.folder / "bad").exists()
    site.command("restore", str(site.folder / "good"), "--heal", *words)
    site.start()
    await healed(site)
    await nothing_lost(load)


async def test_a_damaged_page_that_is_met_while_serving_makes_unready_for_good(tmp_path: Path) -> None:
    """Ready again as soon as another page could be written, it was. Now 503, one line, and not ready until it is
    mended.
    """
    clock = TestClock()
    site = await open_site(tmp_path, clock)
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    await close_site(site)
    damage(site.settings.database_path)
    site = await open_site(tmp_path, clock, site.ring[-1])
    told: list[str] = []
    door = replace(site.door, log=lambda level, event, **_: told.append(event))
    app = build(door, Peers((), ""), lambda: 0.0)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=site.base) as http:
            form = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"])}
            for _ in range(3):
                answer = await http.post("/rest/oauth2/latest/token", data={**form, "client_id": link.client_id})
                assert answer.status_code == 503
        door.health.suspect = door.health.unwritable = False
        assert Cause.STORE in (await readiness(door)).causes
        assert len([event for event in told if "damaged" in event]) == 1
    finally:
        await close_site(site)


def _run(site: Serving, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env=site.environment, capture_output=True, text=True, timeout=60, check=False
    )


def _passphrase(folder: Path) -> Path:
    path = folder / "passphrase"
    path.write_text("a passphrase of a test\n")
    path.chmod(0o600)
    return path
