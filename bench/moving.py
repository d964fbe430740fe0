"""Owns the measurement of a move: a site with many sign-ins, phones that refresh some of them all the time, the move.

python -m bench.moving --grants 1000000 postgresql://USER@HOST/EMPTY-DATABASE
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bench.copies import Changes, copy, opened
from bench.servers import free_port
from genkan import clock
from genkan.outside.ring_file import read_ring
from genkan.protocol.canary import Canary, canary
from genkan.protocol.policy import Lifetimes
from genkan.protocol.ring import Ring
from genkan.protocol.sealing import Kind, Sealer, new_grant_id
from genkan.store.sqlite import open_store

COMMAND = (sys.executable, "-m", "genkan")
PHONES = 500
PAUSE_S = 0.02


@dataclass
class Phones:
    """Sessions that refresh one after the other until they are stopped, and what they were told."""

    base: str
    client_id: str
    tokens: list[str]
    good: int = 0
    busy: int = 0
    other: dict[int, int] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """A phone that is told to come again shows the same token the next time."""
        with httpx2.Client(base_url=self.base, trust_env=False, timeout=30) as client:
            at = 0
            while not self.ended.wait(PAUSE_S):
                place = at % len(self.tokens)
                form = {"grant_type": "refresh_token", "refresh_token": self.tokens[place], "client_id": self.client_id}
                answer = client.post("/rest/oauth2/latest/token", data=form)
                if answer.status_code == 200:
                    self.tokens[place] = answer.json()["refresh_token"]
                    self.good += 1
                elif answer.status_code == 503:
                    self.busy += 1
                else:
                    self.other[answer.status_code] = self.other.get(answer.status_code, 0) + 1
                at += 1


def main() -> None:
    """Fill, serve, move, and go on over there; one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m bench.moving")
    parser.add_argument("url")
    parser.add_argument("--grants", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genkan-bench-") as folder:
        print(json.dumps(measured(Path(folder), asked.url, asked.grants), indent=2))


def measured(folder: Path, url: str, grants: int) -> dict[str, object]:
    """The figures."""
    port = free_port()
    environment = _environment(folder, port)
    with _served(environment):
        pass
    bird, tokens = _filled(folder, grants)
    phones = Phones(f"http://127.0.0.1:{port}", bird.client_id, tokens)
    thread = threading.Thread(target=phones.run)
    with _served(environment):
        thread.start()
        command = [*COMMAND, "migrate-store", url, "--json"]
        began = time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        whole = time.monotonic() - began
        phones.ended.set()
        thread.join()
    told = json.loads(done.stdout)
    there = Phones(phones.base, bird.client_id, phones.tokens)
    with _served({**environment, "GENKAN_DATABASE_URL": url, "GENKAN_SECRET_FILE": str(folder / "secrets.json")}):
        thread = threading.Thread(target=there.run)
        thread.start()
        time.sleep(PHONES * PAUSE_S * 3)
        there.ended.set()
        thread.join()
    return {
        "grants": told["tables"]["grants"]["rows"],
        "whole_s": round(whole, 2), "online_s": told["onlineSeconds"], "closed_s": told["closedSeconds"],
        "followed_rows": told["followedRows"],
        "here": {"refreshed": phones.good, "told_to_come_again": phones.busy, "other": phones.other},
        "there": {"refreshed": there.good, "told_to_come_again": there.busy, "other": there.other},
    }  # fmt: skip


def _environment(folder: Path, port: int) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
    return {**plain, "GENKAN_DATA_DIR": str(folder), "GENKAN_PORT": str(port), "GENKAN_LOG_LEVEL": "error",
            "GENKAN_BASE_URL": f"http://127.0.0.1:{port}", "GENKAN_ROTATIONS_PER_SECOND": "0"}  # fmt: skip


class _served:  # noqa: N801 - used as a block
    """``genkan serve``, stopped at the end of the block."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, "serve"], env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("ready "):
            raise RuntimeError("the server does not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)


def _filled(folder: Path, grants: int) -> tuple[Canary, list[str]]:
    """One sign-in, copied over and over; the refresh tokens of some of them."""
    path = folder / "genkan.sqlite3"
    ring = read_ring(folder / "secrets.json")
    assert isinstance(ring, Ring)

    async def one() -> tuple[Sealer, Canary]:
        store = open_store(path, create=False, env=clock.system_env())
        try:
            sealer = Sealer(ring, (await store.site()).site_id)
            bird = canary(sealer, clock.system_env(), Lifetimes())
            for change in bird.changes:
                assert await store.apply(change)
            assert await store.apply(bird.sign_in)
            return sealer, bird
        finally:
            await store.close()

    sealer, bird = asyncio.run(one())
    ids = [new_grant_id(clock.system_env()) for _ in range(grants - 1)]
    with opened(path) as connection:
        copy(connection, "grants", ("id", bird.sign_in.grant.id), _changes(ids))
    tokens = [
        sealer.token(Kind.REFRESH, sealer.active_id, grant_id, 0) for grant_id in ids[:: max(1, len(ids) // PHONES)]
    ]
    return bird, tokens


def _changes(ids: list[bytes]) -> Iterator[Changes]:
    for grant_id in ids:
        yield {"id": grant_id}


if __name__ == "__main__":
    main()
