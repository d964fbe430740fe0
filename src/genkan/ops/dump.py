"""A dump of a site's PostgreSQL database: looked at and put into an empty one by PostgreSQL's own pg_restore, with the
words of the manual, and what is wrong with it in one sentence.
"""

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from genkan.ops.taking import Damaged, RestoreFailed
from genkan.store.api import CannotOpen
from genkan.store.places import Postgres

PROGRAM = "pg_restore"
RECIPE = "pg_dump --format=custom"
_PLAIN = b"-- PostgreSQL database"
_PLAIN_WITHIN = 200
_WORDS = ("--exit-on-error", "--no-owner", "--single-transaction", "--no-password")
# What the table that every site has is called in a list of contents.
_TABLE = re.compile(r" TABLE \S+ schema_version ")
_ROWS = re.compile(r" TABLE DATA \S+ schema_version ")
_FAULT = re.compile(r"^pg_restore: (?:error|fatal): (.*)$", re.MULTILINE)
_VERSION = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump that has a site in it, and the program that puts it back."""

    file: Path
    program: str
    major: int


async def look_at(file: Path) -> Dump:
    """Read its list of contents. Raises RestoreFailed, and Damaged for what cannot be relied on."""
    if _is_plain(file):
        raise RestoreFailed(f"{file} is a dump as SQL text, which only psql runs: make one with {RECIPE}")
    program = shutil.which(PROGRAM)
    if program is None:
        raise RestoreFailed(
            f"{PROGRAM} is not on the PATH: install PostgreSQL's client programs, of its server's version"
        )
    status, contents, fault = await _run(program, "--list", str(file))
    if status and "unsupported version" in fault:
        raise RestoreFailed(f"{file} was made by a newer pg_dump than this {PROGRAM}: install its version")
    if status:
        raise Damaged(f"{file} is no dump that {PROGRAM} can read: {fault}")
    if not _TABLE.search(contents):
        raise Damaged(f"{file} is a dump of another program's database")
    if not _ROWS.search(contents):
        raise Damaged(f"{file} is a dump without the rows of its tables")
    version = _VERSION.search((await _run(program, "--version"))[1])
    return Dump(file, program, int(version[0]) if version else 0)


async def put_back(dump: Dump, place: Postgres, major: int, folder: Path) -> None:
    """Restore it into an empty database of a server of this major version. The folder is for the password: a command
    line can be seen by others.

    Raises RestoreFailed, Damaged, and CannotOpen where the program does not reach the database.
    """
    if dump.major < major:
        raise RestoreFailed(
            f"{PROGRAM} is of PostgreSQL {dump.major}, the server {major}: install the client programs of its version"
        )
    words = (*_WORDS, f"--dbname={place}", str(dump.file))
    status, _, fault = await _run(dump.program, *words, more=_secrets(place, folder))
    if status and fault.startswith("connection to "):
        raise CannotOpen(f"{PROGRAM} cannot open the database for the trial: {fault}")
    if status:
        versions = "" if dump.major == major else f" ({PROGRAM} of PostgreSQL {dump.major}, server {major})"
        raise Damaged(f"{dump.file} cannot be put back: {fault}{versions}")


def _is_plain(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return _PLAIN in opened.read(_PLAIN_WITHIN)
    except FileNotFoundError:
        raise RestoreFailed(f"there is no dump at {file}") from None
    except IsADirectoryError:
        return False
    except OSError as problem:
        raise RestoreFailed(f"{file} cannot be opened: {problem.strerror}") from None


def _secrets(place: Postgres, folder: Path) -> dict[str, str]:
    """The address's own password as a password file; without one there the program looks where it always does."""
    if place.password is None:
        return {}
    path = folder / "pgpass"
    path.touch(0o600, exist_ok=False)
    word = place.password.replace("\\", "\\\\").replace(":", "\\:")
    path.write_text(f"*:*:*:*:{word}\n", encoding="utf-8")
    return {"PGPASSFILE": str(path.absolute())}


async def _run(program: str, *words: str, more: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, what it said, and its first fault. It lives no longer than who waits for it."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GENKAN_")}
    if more:
        kept.pop("PGPASSWORD", None)
    told = {"PGTARGETSESSIONATTRS": "read-write", **kept, "LC_ALL": "C", **(more or {})}
    process = await asyncio.create_subprocess_exec(
        program, *words, env=told, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
        status = await process.wait()
    text = errors.decode("utf-8", "replace")
    found = _FAULT.search(text)
    first = found[1] if found else (text.strip().splitlines() or ["it said nothing"])[0]
    return status, said.decode("utf-8", "replace"), first
