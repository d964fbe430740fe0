"""genkan check: the doctor. Is this site ready for the app? Looked at from outside, as a phone does."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from genkan import clock
from genkan.cli.check_words import tell
from genkan.cli.output import print_json
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, Stop, told
from genkan.doctor import reach
from genkan.doctor.examine import Means, examine, target_of
from genkan.doctor.observed import APP_REDIRECT, APP_SCOPE, Target
from genkan.doctor.page import Page
from genkan.doctor.reach import Clocks
from genkan.site.reader import LANGUAGES
from genkan.wire.redirects import RedirectProblem, parse_redirect
from genkan.wire.scopes import parse_scope
from genkan.wire.urls import BaseURLProblem
from genkan.wire.versions import parse_version

_LONGEST_TOKEN = 4096


@told
def check(
    url: Annotated[str, Parameter(help="The site's base URL, context path included, as app login takes it.")],
    /,
    *,
    client_id: Annotated[
        str | None, Parameter(help="The client id of an MDM value; the site's own when left out.")
    ] = None,
    redirect: Annotated[str, Parameter(help="The redirect that the app registers.")] = APP_REDIRECT,
    permission: Annotated[str, Parameter(help="The permission that the app asks for.")] = APP_SCOPE,
    app_version: Annotated[str, Parameter(help="The version of the app on the phone, to be judged too.")] = "",
    admin_token_file: Annotated[
        Path | None, Parameter(help="A file with a system administrator's token, to learn the versions of plugins.")
    ] = None,
    ca_file: Annotated[
        Path | None, Parameter(help="A PEM file with authorities that MDM puts on the phones, beside the public ones.")
    ] = None,
    html: Annotated[Path | None, Parameter(help="Also write the report to this file, to attach to a ticket.")] = None,
    language: Annotated[str, Parameter(help="The language of that file: en or ja.")] = "en",
    whole: Annotated[
        bool,
        Parameter(name="--all", negative=(), help="Show every probe, and each fault in full, not the summary alone."),
    ] = False,
    json: AsJson = False,
) -> int:
    """Look at a site from outside, as a phone does, and say what to change.

    Exit status 1 when something is wrong, or when what the app needs could not be seen. Works for Genkan, and for
    Jira and Confluence Data Center. Nothing is written there, and no secret is sent but a token file's.

    Example: genkan check https://jira.example.com
    """
    if language not in LANGUAGES:
        raise Stop(f"--language: {language!r} is none; write {' or '.join(LANGUAGES)}", SET_UP)
    target = _target(url, client_id, redirect, permission)
    if app_version and parse_version(app_version) is None:
        raise Stop("--app-version: write it as the app's page in the store does, for example 2.0.1", SET_UP)
    target = replace(
        target, app_version=app_version, has_token=admin_token_file is not None, has_authorities=ca_file is not None
    )
    reaching = means(ca_file, admin_token_file)
    report = asyncio.run(examine(target, reaching))
    if html is not None:
        _write(html, _page(language).written(report, clock.now_ms()))
    if json:
        print_json(report.document())
    else:
        tell(report, whole=whole)
    return DONE if report.ready else NO


def _page(language: str) -> Page:
    # Here and not above: only the page needs it, and a tenth of a second is felt on a terminal.
    from genkan.site.pages import catalogue  # noqa: PLC0415

    return Page(language, catalogue(language).gettext)


def means(ca_file: Path | None = None, token_file: Path | None = None) -> Means:
    """What the doctor reaches out with on this machine."""
    if ca_file is not None:
        _see_certificates(ca_file)
    token = _token(token_file) if token_file is not None else ""
    clocks = Clocks(clock.wall_ms, clock.ticks)
    return Means(clocks, reach.resolve, str(ca_file) if ca_file is not None else "", token)


def _target(url: str, client_id: str | None, redirect: str, permission: str) -> Target:
    target = target_of(url, client_id=client_id, redirect_uri=redirect, scope=permission)
    if isinstance(target, BaseURLProblem):
        raise Stop(target.sentence, SET_UP)
    parsed = parse_redirect(redirect, allow_http=True)
    if isinstance(parsed, RedirectProblem):
        raise Stop(parsed.sentence, SET_UP)
    if parse_scope(permission) is None:
        raise Stop(f"--permission: {permission!r} is none; write READ, WRITE, ADMIN or SYSTEM_ADMIN", SET_UP)
    if client_id is not None and not (client_id.isascii() and client_id.isprintable() and 0 < len(client_id) <= 255):
        # RFC 6749 A.1: visible characters and space
        raise Stop("--client-id: copy it anew, it holds characters that no client id has", SET_UP)
    return target


def _token(file: Path) -> str:
    text = _read(file, "--admin-token-file").strip()
    if not text or len(text) > _LONGEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise Stop(f"--admin-token-file: {file} holds no token; write the token alone into it, on one line", SET_UP)
    return text


def _see_certificates(file: Path) -> None:
    if "-----BEGIN CERTIFICATE-----" not in _read(file, "--ca-file"):
        raise Stop(f"--ca-file: {file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", SET_UP)
    try:
        reach.see_authorities(str(file))
    except ValueError as problem:
        raise Stop(f"--ca-file: {file} cannot be read as certificates: {problem}", SET_UP) from None


def _read(file: Path, option: str) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as problem:
        raise Stop(f"{option}: {file} cannot be read: {problem.strerror}", SET_UP) from None
    except UnicodeDecodeError:
        raise Stop(f"{option}: {file} is not text", SET_UP) from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as problem:
        raise Stop(f"--html: {file} cannot be written: {problem.strerror}", SET_UP) from None
