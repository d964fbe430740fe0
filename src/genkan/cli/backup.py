"""genkan backup: the running site as one encrypted file, and for PostgreSQL the words to run beside it."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.output import print_json, print_warning, say
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, load_settings, told
from genkan.ops.archive import BadArchive
from genkan.ops.backup import BackedUp, BackupFailed, read_passphrase
from genkan.ops.backup import backup as back_up
from genkan.ops.workshop import NoWorkshop
from genkan.site.api.documents import moment
from genkan.store.places import Place

PassphraseFile = Annotated[Path | None, Parameter(name="--passphrase-file", help="The file with the passphrase.")]


@told
def backup(
    file: Annotated[Path, Parameter(help="The file to make; one that is there is never overwritten.")],
    /,
    *,
    passphrase_file: PassphraseFile = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Back the site up into one encrypted file while it runs: database, key ring, settings.

    Of a site on PostgreSQL the file holds key ring and settings; the database is backed up by its own programs.

    Example: genkan backup genkan-2026-11-01.backup --passphrase-file backup.pass
    """
    if passphrase_file is None:
        raise Stop(
            "a backup holds every secret of the site and is always encrypted: name a file with its passphrase "
            "(--passphrase-file)",
            SET_UP,
        )
    settings = load_settings(data_dir)
    try:
        passphrase = passphrase_in(passphrase_file)
        done = asyncio.run(back_up(settings, file, passphrase, clock.system_env()))
    except (BackupFailed, BadArchive, NoWorkshop) as problem:
        raise Stop(str(problem), SET_UP) from None
    if json:
        print_json(document(done, settings.store_place))
    else:
        _tell(done, passphrase_file, settings.store_place)


def document(done: BackedUp, place: Place) -> dict[str, object]:
    """What was written, as JSON."""
    return {
        "file": str(done.file),
        "bytes": done.size,
        "madeAt": moment(done.manifest.made_at),
        "engine": done.manifest.engine,
        "ringVersion": done.manifest.ring_version,
        "holdsDatabase": done.database,
        "database": str(place),
    }


def _tell(done: BackedUp, passphrase_file: Path, place: Place) -> None:
    what = "database, key ring and settings" if done.database else "key ring and settings"
    say(f"{done.file} holds {what} as of {moment(done.manifest.made_at)}, {done.size} bytes.")
    say(f"Without the passphrase of {passphrase_file} nobody can open it, you neither: keep it, not beside the file.")
    dump = quote(f"{done.file}.dump")
    if not done.database:
        say("The database itself is backed up by PostgreSQL's own programs, with its connection's user and password:")
        say(f"  pg_dump --format=custom --file={dump} {quote(str(place))}")
    say(f"See that it can be restored: genkan restore {quote(str(done.file))} --verify"
        f"{'' if done.database else f' --dump {dump}'} --passphrase-file {quote(str(passphrase_file))}")  # fmt: skip


def passphrase_in(path: Path) -> bytes:
    """What opens a backup, with a warning where others can read it too. Raises BackupFailed."""
    passphrase = read_passphrase(path)
    if path.stat().st_mode & 0o077:
        print_warning(f"{path} can be read by others, and opens every backup that is made with it: chmod 600 {path}")
    return passphrase
