"""The command ``genkan``: its groups are imported only when called, so that every command starts fast."""

import platform
import sys
from collections.abc import Sequence

import cyclopts

from genkan import __version__
from genkan.cli import streams


def _version() -> str:
    """What a report of a fault has to name."""
    import sqlite3  # noqa: PLC0415 - every command starts here, and few need it

    return f"genkan {__version__} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version})"


app = cyclopts.App(
    name="genkan",
    help="The front door for the mobile apps of self-hosted sites.",
    version=_version,
    version_flags=["--version"],
)
USAGE = 2
HELP_WORDS = ("--help", "-h")
GROUPS = {
    "user": "Accounts of people.",
    "link": "Incoming application links: who may sign people in through this site.",
    "sign-in": "How people sign in: which ways are taken, how recent a sign-in must be.",
    "mobile": "The mobile switch: does the site announce OAuth 2.0 to the app?",
    "phones": "Signed-in phones and applications: one row a sign-in.",
    "deploy": "Files for Compose and Kubernetes, made from this site's settings.",
    "proxy": "Working reverse-proxy configurations for this site.",
    "api-key": "Keys for automation and for callers of introspection.",
    "keys": "The key ring that seals tokens.",
    "sign-on": "The organisation's directories that people sign in by.",
    "clock": "What the machine's clock is worth where it leapt under a serving site.",
    "audit": "Who did what, is the record whole, and which refusals were counted.",
    "mdm": "Managed app configuration: built for each MDM, checked, explained.",
    "app": "The app's side on a terminal: find a site, sign in through the browser, call its API.",
}
SINGLE = {
    "serve": "serve:serve",
    "apply": "configuration:apply",
    "export": "configuration:export",
    "status": "status:status",
    "check": "check:check",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "migrate": "migrate:migrate",
    "migrate-store": "migrate_store:migrate_store",
    "completion": "completion:completion",
}
# For tools/run.sh, which says before the start where the site will be.
HIDDEN = {"where": "where:where"}

for _name, _help in GROUPS.items():
    app.command(f"genkan.cli.{_name.replace('-', '_')}:app", name=_name, help=_help)
for _name, _place in SINGLE.items():
    app.command(f"genkan.cli.{_place}", name=_name)
for _name, _place in HIDDEN.items():
    app.command(f"genkan.cli.{_place}", name=_name, show=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Exit status 0, 1 (the answer is no), 2 (usage or set-up), 75 (the store is away)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    streams.make_ready()
    try:
        _run(words)
    except cyclopts.CycloptsError as problem:
        from genkan.cli import usage  # noqa: PLC0415 - only wrong usage needs it so early

        sys.exit(_fail(usage.sentence(problem)))
    except BrokenPipeError:
        # Whoever read has seen enough.
        streams.give_up(sys.stdout)
        sys.exit(1)
    except OSError as trouble:
        if trouble.errno not in streams.FAULTS or trouble.filename is not None:
            raise
        streams.give_up(sys.stdout)
        sys.exit(_fail(f"Input or output failed: {trouble.strerror}."))


def _fail(sentence: str) -> int:
    from genkan.cli.output import fail  # noqa: PLC0415 - only what goes wrong needs it so early

    try:
        return fail(sentence, USAGE)
    except OSError:
        # Nobody can be told; the status says it.
        streams.give_up(sys.stderr)
        return USAGE


def _run(words: list[str]) -> None:
    if not words or words[0] in HELP_WORDS:
        # The list of commands says what each does, which the single ones only say themselves.
        for name in SINGLE:
            app[name]
    try:
        app(words, exit_on_error=False, print_error=False)
    finally:
        sys.stdout.flush()
