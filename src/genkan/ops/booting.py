"""A copy of a site served on loopback by a process of its own, and a canary's session tried at it."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx2
from msgspec import structs

from genkan.protocol.canary import Canary
from genkan.settings import Settings
from genkan.settings_given import FILE_VARIABLE
from genkan.store.places import Postgres

HOST = "127.0.0.1"
READY_SECONDS = 60
ANSWER_SECONDS = 20
END_SECONDS = 20
# How genkan serve ends where its store is away.
AWAY = 75
TOKENS = "/rest/oauth2/latest"
# A copy of the site lives no longer than who tries it: however that ends, the pipe closes.
_SERVE = """
import os, sys, threading
def end():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=end, daemon=True).start()
sys.argv = ["genkan", "serve"]
from genkan.cli.root import main
sys.exit(main())
"""


class DoesNotServe(Exception):
    """Why the copy is no site that signed-in phones could go on with, as one sentence."""


class IsUnavailable(DoesNotServe):
    """It says itself that its store is away or full just now, which need not be the copy's fault."""


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def served(copied: Settings) -> AsyncIterator[str]:
    """``genkan serve`` over the copy, asked for nothing from outside; its base URL once it answers."""
    # Chosen only now: what restores a copy takes a while, in which others may begin to listen.
    port = free_port()
    copied = structs.replace(copied, port=port, base_url=f"http://{HOST}:{port}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVE, env=_environment(copied),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    errors = asyncio.ensure_future(_drained(process.stderr))
    try:
        await _until_ready(process, errors)
        yield copied.base_url
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        await asyncio.gather(errors, return_exceptions=True)


async def try_canary(base: str, canary: Canary) -> None:
    """Refresh as a phone does, ask about the new token as an application does. Raises DoesNotServe."""
    async with httpx2.AsyncClient(base_url=base, trust_env=False, timeout=ANSWER_SECONDS) as client:
        try:
            form = {"grant_type": "refresh_token", "refresh_token": canary.refresh, "client_id": canary.client_id}
            refreshed = await _posted(client, "token", form, {})
            asks = {"authorization": f"Bearer {canary.api_key}"}
            now = await _posted(client, "introspect", {"token": str(refreshed.get("access_token"))}, asks)
            before = await _posted(client, "introspect", {"token": canary.access}, asks)
        except httpx2.HTTPError as problem:
            raise DoesNotServe(f"the copy does not answer: {type(problem).__name__}") from problem
    if now.get("active") is not True:
        raise DoesNotServe("the copy refreshes a session, and its new token opens nothing")
    if before.get("active") is not False:
        raise DoesNotServe("the copy goes on taking a token that was replaced")


async def _posted(
    client: httpx2.AsyncClient, what: str, form: Mapping[str, str], headers: Mapping[str, str]
) -> dict[str, object]:
    answer = await client.post(f"{TOKENS}/{what}", data=dict(form), headers=dict(headers))
    if answer.status_code != 200:
        kind = IsUnavailable if answer.status_code == 503 else DoesNotServe
        raise kind(f"the copy answers {answer.status_code} where a phone's session is tried ({what})")
    found: dict[str, object] = answer.json()
    return found


def _environment(copied: Settings) -> dict[str, str]:
    """Nothing of the site's own settings: the copy calls no directory, and listens where nobody else can reach it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
    own = {
        FILE_VARIABLE: os.devnull, "GENKAN_DATA_DIR": str(Path(copied.data_dir).absolute()), "GENKAN_HOST": HOST,
        "GENKAN_PORT": str(copied.port), "GENKAN_BASE_URL": copied.base_url, "GENKAN_LOG_LEVEL": "error",
    }  # fmt: skip
    if isinstance(copied.store_place, Postgres):
        own |= {"GENKAN_DATABASE_URL": copied.database_url, "GENKAN_SECRET_FILE": str(copied.ring_path.absolute())}
    return {**plain, **own}


async def _until_ready(process: asyncio.subprocess.Process, errors: "asyncio.Future[str]") -> None:
    out = process.stdout
    if out is None:
        raise DoesNotServe("the copy's server says nothing")
    try:
        line = await asyncio.wait_for(out.readline(), READY_SECONDS)
    except TimeoutError:
        raise DoesNotServe(f"the copy does not come up within {READY_SECONDS} s") from None
    if not line.startswith(b"ready "):
        said = f"the copy does not start: {(await errors).strip().removeprefix('genkan: ')}"
        raise IsUnavailable(said) if await process.wait() == AWAY else DoesNotServe(said)


async def _drained(stream: asyncio.StreamReader | None) -> str:
    """The last of what it says on standard error; read on, so that it never waits for us."""
    kept = b""
    while stream is not None and (part := await stream.read(4096)):
        kept = (kept + part)[-2000:]
    return kept.decode("utf-8", "replace")
