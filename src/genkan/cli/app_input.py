"""What a person hands to ``genkan app`` in files, options and variables: read, or refused with one line."""

import os
from collections.abc import Mapping
from pathlib import Path

from genkan.app.delivered import FILE_VARIABLE, from_environment, from_file
from genkan.app.troubles import ManagedUnreadable
from genkan.cli.app_words import SET_UP, fail
from genkan.settings_given import YES
from genkan.wire.managed import Managed
from genkan.wire.urls import join


def insecure_http(environ: Mapping[str, str]) -> bool:
    """Whether plain http beyond this machine was asked for, by the name that a site uses for it too."""
    return environ.get("GENKAN_INSECURE_HTTP", "").strip().lower() in YES


def delivered_in(
    file: Path | None, environ: Mapping[str, str] = os.environ, *, allow_http: bool = False
) -> Managed | int | None:
    """What MDM set up: the file that was named, else what the environment says; faults of the value are findings."""
    try:
        if file is not None and str(file) != environ.get(FILE_VARIABLE):
            return from_file(file, allow_http=allow_http)
        return from_environment(environ, allow_http=allow_http)
    except ManagedUnreadable as trouble:
        return fail(str(trouble), SET_UP)


def secret_in(file: Path | None) -> str | int | None:
    """A client secret, from a file so that it is in no process list and no shell history."""
    if file is None:
        return None
    try:
        return file.read_text().strip() or fail(f"{file} is empty: write the client secret into it.", SET_UP)
    except (OSError, UnicodeError):
        return fail(f"{file} cannot be read: it should hold the client secret and nothing else.", SET_UP)


def is_path(text: str) -> bool:
    """Whether a path can be joined to a site's address without leaving the site."""
    try:
        join("https://site.example", text)
    except ValueError:
        return False
    return True
