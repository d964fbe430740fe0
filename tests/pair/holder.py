"""One of many programs that hold the same session, on a network that loses answers: asks, uses, and is killed sometime.

``python -m tests.pair.holder FOLDER SESSION SEED JOURNAL``. Every answer of the token endpoint goes into the journal,
those too that are then lost; a session that is over ends the program with the sentence.
"""

import json
import os
import random
import sys
from pathlib import Path
from time import sleep
from urllib.parse import parse_qs

import httpx2

from genkan import clock
from genkan.app.drive import Driver
from genkan.app.outcomes import Access, Retry
from genkan.app.sealed import KeyFile, SealedVault
from genkan.app.session import Session, Sessions
from genkan.app.steps import Answer

LOST = 0.2
OVER = 3


class Lossy(httpx2.BaseTransport):
    """The site acts, and one answer in five does not arrive."""

    def __init__(self, chance: random.Random, journal: Path) -> None:
        self._chance = chance
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._inner.handle_request(request)
        body = answer.read()
        lost = self._chance.random() < LOST
        if request.url.path.endswith("/token"):
            shown = parse_qs(request.read().decode())["refresh_token"][0]
            told = json.loads(body).get("refresh_token") if answer.status_code == 200 else None
            line = json.dumps({"shown": shown, "status": answer.status_code, "told": told, "lost": lost})
            # One write a line: the lines of ten programs do not mix.
            os.write(self._journal, f"{line}\n".encode())
        if lost:
            raise httpx2.ReadError("lost on the way")
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(body))


def vault_in(folder: Path) -> SealedVault:
    """The vault that all of them share."""
    return SealedVault(folder / "sessions", KeyFile(folder / "key", clock.draw), clock.draw)


def one_turn(session: Session, chance: random.Random, refused: str | None) -> str | None:
    """Ask for a token, now and then as if the last was refused; use it; the token, None when it has to wait."""
    found = session.access(refused if chance.random() < 0.3 else None)
    if isinstance(found, Access) and chance.random() < 0.5:
        used = session.whoami()
        if not isinstance(used, Answer | Retry):
            raise SystemExit(f"over: {used}")
    if isinstance(found, Access):
        return found.token
    if isinstance(found, Retry):
        return None
    raise SystemExit(f"over: {found}")


def main() -> None:
    """Go on until killed."""
    folder, session_id, seed, journal = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    chance = random.Random(seed)
    driver = Driver(clock.ticks, transport=Lossy(chance, journal))
    with Sessions(vault_in(folder), clock.now_ms, clock.draw, driver) as sessions:
        session = sessions.open(session_id)
        refused: str | None = None
        print("ready", flush=True)
        while True:
            refused = one_turn(session, chance, refused)
            sleep(0.05 + 0.1 * chance.random())


if __name__ == "__main__":
    main()
