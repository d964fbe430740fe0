"""genkan restore: a backup in the present site's place, and in words what it cannot know."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.addresses import address, address_in
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
from genkan.ops.verify import Dumped
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


Verify = Annotated[
    bool, Parameter(negative="", help="Change nothing: try the backup in a place of its own, say what it lacks.")
]
DumpFile = Annotated[
    Path | None, Parameter(name="--dump", help="With --verify: what pg_dump made of the site's PostgreSQL database.")
]
Trial = Annotated[
    str | None,
    Parameter(
        name="--trial", help="An empty PostgreSQL database to try the dump in; else one is made beside the site's."
    ),
]
TrialFile = Annotated[
    Path | None, Parameter(name="--trial-file", help="The file that holds its address, password included.")
]


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
    verify: Verify = False,
    dump: DumpFile = None,
    trial: Trial = None,
    trial_file: TrialFile = None,
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
    dumped = _dumped(dump, trial, trial_file, verify=verify)
    if len(chosen) + verify != 1:
        raise Stop(
            "choose one of --heal, --sign-out-all and --as-copy: what becomes of those who are signed in; or --verify",
            SET_UP,
        )
    settings, manner = load_settings(data_dir), Manner.HEAL if verify else chosen[0]
    try:
        passphrase = passphrase_in(passphrase_file) if passphrase_file else None
        wanted = Asked(file, passphrase, manner, actor_name())
        return _verify(settings, wanted, dumped, json) if verify else _restore(settings, wanted, json)
    except (BadArchive, Damaged) as problem:
        raise Stop(str(problem), NO if verify else SET_UP) from None
    except (RestoreFailed, BackupFailed, NoWorkshop) as problem:
        raise Stop(str(problem), SET_UP) from None


def _dumped(dump: Path | None, trial: str | None, trial_file: Path | None, *, verify: bool) -> Dumped | None:
    if dump is None and trial is None and trial_file is None:
        return None
    if dump is None or not verify:
        raise Stop("a dump is tried: write --verify and --dump FILE", SET_UP)
    if trial is not None and trial_file is not None:
        raise Stop("name one database for the trial: --trial or --trial-file", SET_UP)
    if trial is not None:
        return Dumped(dump, address(trial, "--trial-file"))
    return Dumped(dump, address_in(trial_file) if trial_file else None)


def _restore(settings: Settings, asked: Asked, json: bool) -> int:
    done = asyncio.run(put_back(settings, asked, clock.system_env()))
    if json:
        print_json(document(done))
    else:
        _tell(asked.backup, done)
    return DONE


def _verify(settings: Settings, asked: Asked, dumped: Dumped | None, json: bool) -> int:
    """Exit status 1 where the backup opens and would be no site to go on with."""
    what = f"{dumped.file} with {asked.backup}" if dumped else str(asked.backup)
    try:
        found = asyncio.run(try_out(settings, asked, clock.system_env, dumped))
    except DoesNotServe as problem:
        raise Stop(f"{what} cannot be relied on: {problem}", NO) from None
    if json:
        print_json(verified_document(found))
    else:
        tell_verified(what, found)
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
