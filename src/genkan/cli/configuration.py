"""genkan apply and genkan export: users, links and the mobile switch as code."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from genkan.cli.output import print_fields, print_json, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.ops.apply import Applying
from genkan.ops.configuration import Configuration, ConfigurationProblem, parse
from genkan.ops.draft import Plan, Unplannable
from genkan.ops.export import export as exported
from genkan.ops.present import load_present
from genkan.ops.secrets_named import NamedSecrets, read_secrets
from genkan.protocol.outcomes import Change
from genkan.site.api.documents import new_link_document, plain

Read = TypeVar("Read", Configuration, NamedSecrets)
STANDARD_INPUT = Path("-")


@told
def apply(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True, help="The TOML file; - reads standard input.")],
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Show the difference and change nothing.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make users, links and the mobile switch agree with a file, all of it or nothing; shows what differs.

    What the file does not name stays as it is.

    Example: genkan apply site.toml --dry-run
    """
    with _naming(file):
        configuration = _good(parse(_text(file)))
        secrets = _good(read_secrets(configuration, Path() if file == STANDARD_INPUT else file.parent, os.environ))

    async def work(site: Workbench) -> None:
        applying = Applying(configuration, secrets, site.settings.insecure_redirects, site.entrances)
        with _naming(file):
            plan = await _planned(site, applying) if dry_run else await _applied(site, applying)
        if json:
            return print_json(document(plan, applied=not dry_run))
        return _tell(plan, dry_run=dry_run)

    at_site(data_dir, work)


@contextlib.contextmanager
def _naming(file: Path) -> Iterator[None]:
    """What is wrong in a file is said with the file's name."""
    try:
        yield
    except Unplannable as problem:
        raise Stop(f"{'standard input' if file == STANDARD_INPUT else file}: {problem}", SET_UP) from None


async def _planned(site: Workbench, applying: Applying) -> Plan:
    return await applying.plan(site.store, site.actor, site.env())


async def _applied(site: Workbench, applying: Applying) -> Plan:
    tried: list[Plan] = []

    async def decide() -> Change:
        tried.append(await _planned(site, applying))
        return tried[-1].change

    try:
        await site.apply(decide)
    except Stop:
        why = await applying.why_refused(tried[-1], site.store)
        if why is not None:
            raise Stop(why, NO) from None
        raise
    return tried[-1]


def document(plan: Plan, *, applied: bool) -> dict[str, object]:
    """What differs, as JSON; secrets of new links only when they were made."""
    new_links = [plain(new_link_document(made)) for made in plan.new_links] if applied else []
    return {"applied": applied, "changes": list(plan.lines), "newLinks": new_links}


def _tell(plan: Plan, *, dry_run: bool) -> None:
    for line in plan.lines:
        say(line)
    if not plan.lines:
        return say("nothing to change")
    if dry_run:
        return say("nothing was changed: this was a dry run")
    for made in plan.new_links:
        secret = f"{made.secret}  (shown this once)"
        print_fields([("link", made.link.name), ("client id", made.link.client_id), ("client secret", secret)])
    return None


def _text(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    except OSError as problem:
        raise Stop(f"{file} cannot be read: {problem.strerror}", SET_UP) from None


def _good(read: Read | ConfigurationProblem) -> Read:
    if isinstance(read, ConfigurationProblem):
        raise Unplannable(read.sentence)
    return read


@told
def export(*, data_dir: DataDir = None) -> None:
    """Print users, links and the mobile switch as a TOML file for genkan apply. No secret is in it.

    Example: genkan export
    """

    async def work(site: Workbench) -> None:
        print(exported(await load_present(site.store)), end="")

    at_site(data_dir, work)
