"""The half of genkan link that decides whether a link works: its secret, its standing, its sign-ins."""

from typing import Annotated

from cyclopts import Parameter

from genkan.cli.named import LinkId, link_named
from genkan.cli.output import print_fields, print_json, say
from genkan.cli.workbench import NOTHING_TO_DO, AsJson, DataDir, Workbench, at_site, told
from genkan.protocol import links
from genkan.protocol.env import SECOND
from genkan.protocol.links import DEFAULT_OVERLAP, NewLink
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Standing
from genkan.site.api.documents import moment, new_link_document


def credentials(made: NewLink) -> list[tuple[str, str]]:
    """What an application needs to know; the secret this once."""
    secret = [("client secret", f"{made.secret}  (shown this once)")] if made.secret else []
    return [("client id", made.link.client_id), *secret]


@told
def rotate_secret(
    link: LinkId,
    /,
    *,
    overlap: Annotated[int, Parameter(help="Seconds for which the old secret works on.")] = DEFAULT_OVERLAP // SECOND,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give a confidential link a new secret, which is shown this once.

    Example: genkan link rotate-secret 38843a89f2b02a47 --overlap 3600
    """

    async def work(site: Workbench) -> None:
        async def decide() -> NewLink | Refused:
            return links.rotate_secret(await link_named(site, link), overlap * SECOND, site.actor, site.env())

        made = await site.apply(decide)
        if json:
            return print_json(new_link_document(made))
        until = moment(made.link.previous_secret_until) if overlap else "has stopped working"
        return print_fields([*credentials(made), ("old secret", f"works until {until}" if overlap else until)])

    at_site(data_dir, work)


@told
def disable(link: LinkId, /, *, data_dir: DataDir = None) -> None:
    """Suspend a link; its sign-ins resume when it is enabled.

    Example: genkan link disable 38843a89f2b02a47
    """
    _set_standing(link, Standing.DISABLED, "is disabled; its sign-ins wait", data_dir)


@told
def enable(link: LinkId, /, *, data_dir: DataDir = None) -> None:
    """Let a disabled link work again.

    Example: genkan link enable 38843a89f2b02a47
    """
    _set_standing(link, Standing.ACTIVE, "is enabled", data_dir)


@told
def delete(link: LinkId, /, *, data_dir: DataDir = None) -> None:
    """Delete a link and end all its sign-ins, for ever.

    Example: genkan link delete 38843a89f2b02a47
    """
    _set_standing(link, Standing.DELETED, "is deleted and all its sign-ins have ended", data_dir)


@told
def sign_out(link: LinkId, /, *, data_dir: DataDir = None) -> None:
    """End all sign-ins of a link; the link stays.

    Example: genkan link sign-out 38843a89f2b02a47
    """

    at_site(data_dir, lambda site: end_sign_ins(site, link))


async def end_sign_ins(site: Workbench, text: str) -> None:
    """End all sign-ins of the link that is named so."""

    async def decide() -> Change:
        return links.sign_out_all(await link_named(site, text), site.actor, site.env())

    await site.apply(decide)
    say(f"{(await link_named(site, text)).name}: all sign-ins have ended")


def _set_standing(text: str, standing: Standing, said: str, data_dir: str | None) -> None:
    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            link = await link_named(site, text)
            if link.standing is standing:
                return NOTHING_TO_DO
            return links.set_standing(link, standing, site.actor, site.env())

        name = (await link_named(site, text)).name
        await site.apply(decide)
        say(f"{name} {said}")

    at_site(data_dir, work)
