"""What ``genkan mdm`` is given: sites typed, in a file or of this machine; files and addresses to check."""

import json
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genkan.cli.mdm_fetch import fetched
from genkan.cli.output import print_warning
from genkan.cli.workbench import SET_UP, Stop, Workbench
from genkan.mdm.build import Artefact
from genkan.mdm.opening import MOST_OCTETS
from genkan.protocol.naming import title_of
from genkan.site.switch import load_switch
from genkan.wire import managed
from genkan.wire.managed import Managed, OAuthEntry, SiteEntry


@dataclass(frozen=True, slots=True)
class Given:
    """Sites as they were typed: lists of the same length, or empty."""

    sites: list[str]
    client_ids: list[str]
    titles: list[str]
    share: bool
    skip_info: bool


def typed(given: Given) -> tuple[SiteEntry, ...]:
    """The sites of the command line, each checked as a phone would."""
    count = len(given.sites)
    for name, values in (("--client-id", given.client_ids), ("--title", given.titles)):
        if len(values) not in {0, count}:
            raise Stop(f"write {name} once for each --site, in the same order, or not at all", SET_UP)
    titles = given.titles or [""] * count
    clients = given.client_ids or [""] * count
    entries = [
        managed.as_entry(SiteEntry(title or None, site, _oauth(client, given), given.skip_info))
        for site, client, title in zip(given.sites, clients, titles, strict=True)
    ]
    return _sound(managed.parse_value(entries), "--site")


def _oauth(client_id: str, given: Given) -> OAuthEntry | None:
    return OAuthEntry(client_id, given.share) if client_id else None


def recorded(path: Path) -> tuple[SiteEntry, ...]:
    """The sites of a record: TOML with ``[[sites]]``, or the JSON of the value itself."""
    octets = read(path)
    try:
        document: object = tomllib.loads(octets.decode()) if path.suffix == ".toml" else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise Stop(f"{path} is no TOML: {problem}", SET_UP) from None
    found = (
        managed.parse(octets)
        if document is None
        else managed.parse_value(json.loads(json.dumps(document, default=str)))
    )
    return _sound(found, str(path), quiet="array-in-dictionary")


def _sound(found: Managed, where: str, *, quiet: str = "") -> tuple[SiteEntry, ...]:
    for finding in found.findings:
        if finding.severity == "error":
            raise Stop(f"{where} {finding.pointer}: {finding.problem} {finding.fix}", SET_UP)
        if finding.name != quiet:
            print_warning(f"{where} {finding.pointer}: {finding.problem} {finding.fix}")
    if found.skip_info:
        return tuple(SiteEntry(site.title, site.base_url, site.oauth, skip_info=True) for site in found.sites)
    return found.sites


async def site_here(bench: Workbench, given: Given) -> SiteEntry:
    """This machine's site, with the client id of the app's link where the switch is on."""
    site, link = await load_switch(bench.store)
    title = given.titles[0] if given.titles else title_of(bench.settings.site_title, site)
    in_use = link is not None and link.usable and site.mobile_enabled
    if not in_use:
        print_warning("the mobile switch is off, so the site is only named; turn it on with: genkan mobile on")
    client_id = link.client_id if link is not None and in_use else ""
    return SiteEntry(title or None, (await bench.address()).text, _oauth(client_id, given), given.skip_info)


def octets_of(source: str) -> bytes:
    """What is to be checked: of a file, of standard input, or of an address."""
    if source.lower().startswith(("https://", "http://")):
        return fetched(source)
    if source == "-":
        return sys.stdin.buffer.read(MOST_OCTETS + 1)
    return read(Path(source))


def read(path: Path) -> bytes:
    """A file, but not more of it than anybody will look at."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_OCTETS + 1)
    except OSError as problem:
        raise Stop(f"{path} cannot be read: {problem.strerror}", SET_UP) from None


def write(path: Path, octets: bytes) -> None:
    """Write a file, or say why not."""
    try:
        path.write_bytes(octets)
    except OSError as problem:
        raise Stop(f"{path} cannot be written: {problem.strerror}", SET_UP) from None


def write_beside(path: Path, built: Artefact) -> Sequence[Path]:
    """The artefact, and what belongs to it in the same folder."""
    files = [(path, built.text), *((path.with_name(name), text) for name, text in built.beside)]
    for place, text in files:
        write(place, text.encode())
    return [place for place, _ in files]
