"""The database is removed, moved away or replaced under a serving site: nothing is acknowledged into a file that the
next start would not find.
"""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from tests.adversary.aftermath import healed, nothing_lost, told_the_truth, watching
from tests.security.load import Load
from tests.security.serving import Serving


async def test_a_moved_database_acknowledges_nothing_and_heals_when_it_is_back(site: Serving, load: Load) -> None:
    """Seen: 953 refreshes were acknowledged into the deleted file, ready 200, all lost."""
    data, away = site.folder / "data", site.folder / "away"
    await _grow(load)
    async with watching(site) as watch:
        began = time.monotonic()
        _move(data, away)
        shown = load.ledger.phones[0].token
        assert [(await load.refresh(shown)).status_code for _ in range(20)] == [503] * 20
        await asyncio.sleep(4)
        ended = time.monotonic()
        # What was asked by then is answered before the file is back.
        await asyncio.sleep(1.1)
        assert (await load.refresh(shown)).status_code == 503
        _move(away, data)
        await healed(site)
    told_the_truth(watch, began, ended)
    assert "put the same files back" in (site.folder / "serve.log").read_text()
    assert (await load.refresh(shown)).status_code == 200
    await _end(site, load)


@pytest.mark.parametrize("what", ["", "-wal"])
async def test_a_deleted_file_acknowledges_nothing(site: Serving, load: Load, what: str) -> None:
    """Also where the log alone is deleted. What was acknowledged before is in the copy that is put back."""
    data = site.folder / "data"
    await _grow(load)
    site.command("backup", str(site.folder / "b"), "--passphrase-file", str(_passphrase(site.folder)))
    (data / f"genkan.sqlite3{what}").unlink()
    began = time.monotonic()
    async with watching(site) as watch:
        answers = [(await load.refresh(phone.token)).status_code for phone in load.ledger.phones]
        await asyncio.sleep(4)
        ended = time.monotonic()
    assert set(answers) == {503}
    told_the_truth(watch, began, ended)
    site.kill()
    words = ("--heal", "--passphrase-file", str(_passphrase(site.folder)))
    site.command("restore", str(site.folder / "b"), *words)
    site.start()
    await healed(site)
    await nothing_lost(load)


async def test_a_replaced_database_is_not_taken_for_the_open_one(site: Serving, load: Load) -> None:
    """Another file under the same name: what is written would be lost, what is read would know of no stop."""
    data = site.folder / "data"
    await _grow(load)
    shutil.copy(data / "genkan.sqlite3", site.folder / "other")
    (site.folder / "other").replace(data / "genkan.sqlite3")
    assert (await load.refresh(load.ledger.phones[0].token)).status_code == 503
    await asyncio.sleep(1.5)
    assert (await load.http.get("/rest/nativemobile/1.1/info/login")).status_code == 503


async def _grow(load: Load) -> None:
    for _ in range(3):
        await load._new_phone()


async def _end(site: Serving, load: Load) -> None:
    """What was acknowledged is there after the next start."""
    for phone in load.ledger.phones[1:]:
        await load._rotate(phone)
    phone = load.ledger.phones[0]
    phone.token = (await load.refresh(phone.token)).json()["refresh_token"]
    site.kill()
    site.start()
    await nothing_lost(load)


def _move(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for path in sorted(source.glob("genkan.sqlite3*")):
        path.rename(target / path.name)


def _passphrase(folder: Path) -> Path:
    path = folder / "passphrase"
    path.write_text("a passphrase of a test\n")
    path.chmod(0o600)
    return path
