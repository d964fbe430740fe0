"""genkan serve on PostgreSQL: killed under load, and PostgreSQL restarted under it. What was acknowledged holds."""

import asyncio
import json
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.postgres import Server, running_postgres
from tests.security.load import PASSWORD, REDIRECT, Load, Phone
from tests.security.serving import COMMAND, Serving

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.xdist_group("crash")]

KILLS = 2
RESTARTS = 1


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """With fsync: what it says is written is on the disk."""
    with running_postgres(("autovacuum=off",)) as server:
        server.sql("CREATE DATABASE site")
        yield server


@pytest.fixture
def site(server: Server, tmp_path: Path) -> Iterator[Serving]:
    """A site over the empty database; stopped whatever happens."""
    site = Serving(
        tmp_path, GENKAN_DATABASE_URL=server.url("site"), GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
        GENKAN_ROTATIONS_PER_SECOND="0",
        GENKAN_SIGN_INS_PER_ACCOUNT="0",
    )  # fmt: skip
    yield site
    site.kill()


def refused(site: Serving, **changes: str) -> str:
    """What serve says where it does not start."""
    environment = {name: value for name, value in (site.environment | changes).items() if value}
    done = subprocess.run(
        [*COMMAND, "serve"], env=environment, capture_output=True, text=True, timeout=60, check=False, cwd=site.folder
    )
    assert done.returncode == 2, done.stdout
    return done.stderr


async def test_nothing_acknowledged_is_lost(site: Serving, server: Server) -> None:
    """Kill -9 of the site, then crashes of PostgreSQL, both under load; in between 503 and the truth
    in readyz, afterwards everything by itself.
    """
    assert "genkan migrate" in refused(site)
    assert "GENKAN_SECRET_FILE" in refused(site, GENKAN_SECRET_FILE="")
    plan = json.loads(site.command("migrate", "--plan", "--json"))
    assert (plan["before"], plan["undo"], len(plan["steps"])) == (0, None, plan["after"])
    assert site.command("migrate") == f"schema 0 became {plan['after']}\n"
    one_down = site.command("migrate", "--plan", "--to", "1").splitlines()
    assert one_down[-2:] == [
        "make a backup before (pg_dump)", "what is lost on the way down does not come back by going up",
    ]  # fmt: skip
    site.start()
    load = a_load(site)
    try:
        await load.sign_in()
        for _ in range(KILLS):
            await outlive_a_kill(site, load)
        for _ in range(RESTARTS):
            await outlive_a_restart(server, load)
        assert json.loads(site.command("status", "--json"))["healthy"]
    finally:
        await load.http.aclose()


def a_load(site: Serving) -> Load:
    """Clients of a confidential link whose consent is remembered."""
    site.command("user", "add", "alice", "--admin", "--password-stdin", given=PASSWORD)
    words = ("--name", "Load", "--redirect", REDIRECT, "--confidential", "--consent", "remember", "--json")
    made = json.loads(site.command("link", "create", *words))
    return Load(site, made["clientId"], made["clientSecret"], random.Random(7))


async def outlive_a_kill(site: Serving, load: Load) -> None:
    """Killed once enough was acknowledged, while more is on its way; then everything that was is asked for."""
    running = asyncio.create_task(load.run())
    before = load.ledger.refreshes
    async with asyncio.timeout(60):
        while load.ledger.refreshes < before + 20:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(site.kill)
    await running
    await asyncio.to_thread(site.start)
    await load.check()


async def outlive_a_restart(server: Server, load: Load) -> None:
    """Phones refresh all the while; whoever is answered 503 tries again with the same token."""
    phones = [phone for phone in load.ledger.phones if not phone.revoke_sent][:8]
    assert phones
    over = asyncio.Event()
    refreshing = [asyncio.create_task(refresh_until(over, load, phone)) for phone in phones]
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.stop, signal.SIGQUIT)
    away = await load.http.get("/readyz")
    assert (away.status_code, away.json()["ready"]) == (503, False)
    assert "the store does not answer" in away.json()["reasons"]
    answer = await load.refresh(phones[0].token)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(60):
        while (await load.http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
    before = load.ledger.refreshes
    async with asyncio.timeout(60):
        while load.ledger.refreshes < before + 3 * len(phones):
            await asyncio.sleep(0.01)
    over.set()
    await asyncio.gather(*refreshing)
    await load.check()


async def refresh_until(over: asyncio.Event, load: Load, phone: Phone) -> None:
    while not over.is_set():
        shown = phone.token
        answer: httpx2.Response = await load.refresh(shown)
        if answer.status_code == 200:
            load.acknowledge(phone, shown, answer.json()["refresh_token"])
        else:
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.02)
