"""The command ``genkan``: its groups are imported only when called, so that every command starts fast."""

import sys

import cyclopts

from genkan import __version__

app = cyclopts.App(
    name="genkan",
    help="The front door for the mobile apps of self-hosted sites.",
    version=__version__,
    version_flags=["--version"],
)
app.command("genkan.cli.serve:serve", name="serve")
for _group in ("user", "link", "mobile", "phones", "app"):
    app.command(f"genkan.cli.{_group}:app", name=_group)


def main() -> None:
    """Entry point. Exit status 0, 1 (the answer is no), 2 (usage or set-up)."""
    app(sys.argv[1:])
