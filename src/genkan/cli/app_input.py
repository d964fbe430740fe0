"""What a person hands to ``genkan app`` in files, options and variables: read, or refused with one line."""

from collections.abc import Mapping
from pathlib import Path

from genkan.cli.app_words import SET_UP, fail
from genkan.settings_given import YES
from genkan.wire import managed
from genkan.wire.managed import Managed
from genkan.wire.urls import join


def insecure_http(environ: Mapping[str, str]) -> bool:
    """Whether plain http beyond this machine was asked for, by the name that a site uses for it too."""
    return environ.get("GENKAN_INSECURE_HTTP", "").strip().lower() in YES


def delivered_in(file: Path | None, *, allow_http: bool = False) -> Managed | int | None:
    """The `sites` value of the MDM set-up in a file; what is wrong with the value itself are findings."""
    if file is None:
        return None
    try:
        return managed.parse(file.read_bytes(), allow_http=allow_http)
    except OSError as trouble:
        return fail(f"{file} cannot be read: {trouble.strerror}.", SET_UP)


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
