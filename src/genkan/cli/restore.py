"""genkan restore: a backup in the present site's place, and in words what it cannot know."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.backup import PassphraseFile, passphrase_in
from genkan.cli.output import print_json, say
from genkan.cli.verified import tell_verified, verified_document
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, DataDir, Stop, actor_name, load_settings, told
from genkan.ops.archive import BadArchive
from genkan.ops.backup import BackupFailed
from genkan.ops.booting import DoesNotServe
from genkan.ops.restore import Asked, Restored
from genkan.ops.restore import restore as put_back
from genkan.ops.taking import Damaged, RestoreFailed
from genkan.ops.verify import verify as try_out
from genkan.ops.workshop import NoWorkshop
from genkan.protocol.restoring import Manner
from genkan.settings import Settings
from genkan.site.api.documents import moment
from genkan.store.sqlite_examine import moved_from

WHAT_BECOMES = {
    Manner.HEAL: "Phones that went on after the backup was made stay signed in: for 24 hours their newer tokens are "
    "believed. Who signed in after it signs in again.",
    Manner.SIGN_OUT_ALL: "Everyone is signed out: people sign in again.",
    Manner.AS_COPY: "This is a site of its own: nobody is signed in, and no token of the original opens here. "
    "Passwords, link secrets and API keys are those of the original.",
}


@told
def restore(
    file: Annotated[Path, Parameter(help="What genkan backup made, or a bare copy of the site's SQLite database.")],
    /,
    *,
    heal: Annotated[
        bool, Parameter(negative="", help="Phones stay signed in, also those that went on after the backup.")
    ] = False,
    sign_out_all: Annotated[bool, Parameter(negative="", help="Everyone signs in again.")] = False,
    as_copy: Annotated[
        bool, Parameter(negative="", help="Make another site from it, where no token of the original opens.")
    ] = False,
    verify: Annotated[
        bool, Parameter(negative="", help="Change nothing: try the backup in a folder of its own, say what it lacks.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Put a backup in the present site's place; the file that was there is kept beside it. No server may run.

    A PostgreSQL database is put back by its own programs first; then this makes it the site again, with its key ring.

    Example: genkan restore genkan-2026-11-01.backup --heal --passphrase-file backup.pass
    """
    asked = {Manner.HEAL: heal, Manner.SIGN_OUT_ALL: sign_out_all, Manner.AS_COPY: as_copy}
    chosen = [manner for manner, is_asked in asked.items() if is_asked]
    if len(chosen) + verify != 1:
        raise Stop(
            "choose one of --heal, --sign-out-all and --as-copy: what becomes of those who are signed in; or --verify",
            SET_UP,
        )
    settings = load_settings(data_dir)
    try:
        passphrase = passphrase_in(passphrase_file) if passphrase_file else None
        if verify:
            return _verify(settings, file, passphrase, json=json)
        wanted = Asked(file, passphrase, chosen[0], actor_name())
        done = asyncio.run(put_back(settings, wanted, clock.system_env()))
    except (BadArchive, Damaged) as problem:
        raise Stop(str(problem), NO if verify else SET_UP) from None
    except (RestoreFailed, BackupFailed, NoWorkshop) as problem:
        raise Stop(str(problem), SET_UP) from None
    if json:
        print_json(document(done))
    else:
        _tell(file, done)
    return DONE


def _verify(settings: Settings, file: Path, passphrase: bytes | None, *, json: bool) -> int:
    """Exit status 1 where the backup opens and would be no site to go on with."""
    try:
        found = asyncio.run(try_out(settings, file, passphrase, actor_name(), clock.system_env))
    except DoesNotServe as problem:
        raise Stop(f"{file} cannot be relied on: {problem}", NO) from None
    if json:
        print_json(verified_document(found))
    else:
        tell_verified(file, found)
    return DONE if found.good else NO


def document(done: Restored) -> dict[str, object]:
    """What was done, as JSON."""
    return {
        "manner": done.manner.value,
        "asOf": moment(done.as_of),
        "lastEvent": done.last_event,
        "ringVersion": done.ring_version,
        "replaced": str(done.aside) if done.aside else None,
        "settings": str(done.settings) if done.settings else None,
    }


def _tell(file: Path, done: Restored) -> None:
    say(f"Restored {file}, as of {moment(done.as_of)}.")
    say(WHAT_BECOMES[done.manner])
    say("Whoever was about to sign in starts again: no authorization code of before is taken.")
    if done.manner is not Manner.AS_COPY:
        say(
            "It cannot know what was done after that moment: disabled and deleted accounts, changed passwords and "
            "permissions, signed-out phones, withdrawn consents, deleted links, rotated secrets, revoked API keys. "
            "Do again what shall hold."
        )
    if done.settings is not None:
        say(f"The settings that it was made with are not those of now; they lie in {done.settings}.")
    if done.aside is not None and moved_from(done.aside) is None:
        say(f"What was there is kept as {done.aside}; its audit says what was done since, if it can be read:")
        say(f"  GENKAN_DATABASE_URL={quote(f'sqlite:///{done.aside}')} genkan audit list --after {done.last_event}")
