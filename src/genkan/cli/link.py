"""genkan link: incoming application links: making, showing and changing them."""

from dataclasses import replace
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from genkan.cli import link_access
from genkan.cli.named import LinkId, PermissionName, link_named, permission_named, ways_of
from genkan.cli.output import print_fields, print_json, print_table, print_warning
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.ops.present import link_wish
from genkan.protocol import links
from genkan.protocol.env import DAY, MINUTE
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing, Way
from genkan.site.api.documents import link_document, plain, public_id
from genkan.wire import redirects
from genkan.wire.scopes import Permission

app = cyclopts.App(name="link")

Redirect = Parameter(name="--redirect", negative="", help="A redirect URL; may be repeated.")
Consent = Annotated[
    str | None, Parameter(help="always, or remember (asks each person once; confidential and https only).")
]
LinkWays = Annotated[
    str | None,
    Parameter(help="Ways to sign in that it takes, with commas: password, passkey, certificate, corporate; or site."),
]
LinkMaxAge = Annotated[
    int | None, Parameter(help="How many minutes old a sign-in may be when it asks for one; 0: as the site says.")
]
AbsoluteDays = Annotated[
    int | None, Parameter(help="Sign out this many days after sign-in, refreshed or not; 0: never.")
]


@app.command
@told
def create(
    *,
    name: Annotated[str, Parameter(help="What people see when they are asked.")],
    redirect: Annotated[list[str], Redirect],
    permission: PermissionName = None,
    native: Annotated[bool, Parameter(negative="", help="No secret, PKCE required.")] = False,
    confidential: Annotated[bool, Parameter(negative="", help="With a secret.")] = False,
    introspect: Annotated[bool, Parameter(negative="", help="It may ask about tokens (RFC 7662).")] = False,
    consent: Consent = None,
    pkce_required: Annotated[bool, Parameter(negative="", help="Also a confidential link must use PKCE.")] = False,
    client_id: Annotated[str | None, Parameter(help="Take over an id that phones know already.")] = None,
    absolute_days: AbsoluteDays = None,
    ways: LinkWays = None,
    max_age_minutes: LinkMaxAge = None,
    plain_pkce_exposes_codes: Annotated[
        bool, Parameter(negative="", help="Accept the method plain: who reads the request can use the code.")
    ] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a link; the secret of a confidential one is shown this once.

    Example: genkan link create --name "My app" --redirect jira-server://oauth-callback --permission WRITE
    """
    wish = LinkWish(
        name,
        tuple(redirect),
        permission_named(permission, Permission.WRITE),
        _kind_named(native=native, confidential=confidential),
        _consent_named(consent, ConsentMode.ALWAYS),
        introspect,
        pkce_required,
        plain_pkce_exposes_codes,
        _milliseconds(absolute_days),
        client_id,
        _link_ways(ways) or Way.NONE,
        max_age_minutes * MINUTE if max_age_minutes else None,
    )

    async def work(site: Workbench) -> None:
        async def decide() -> NewLink | Refused:
            if client_id is not None and await site.store.link_by_client_id(client_id) is not None:
                raise Stop(f"the client id {client_id} is taken, perhaps by a link that was deleted")
            return links.create(wish, site.actor, site.env(), allow_http=site.settings.insecure_redirects)

        made = await site.apply(decide)
        await _note_namesakes(site, made.link)
        _show_new(made, json, decided_by_redirect=wish.kind is None)

    at_site(data_dir, work)


async def _note_namesakes(site: Workbench, link: Link) -> None:
    """Nothing forbids it, and yet people cannot tell them apart when they are asked."""
    named = [
        public_id(other.id)
        for other in await site.store.links()
        if other.name == link.name and other.id != link.id and other.standing is not Standing.DELETED
    ]
    if named:
        print_warning(
            f"note: {link.name} is the name of another link too (id {', '.join(named)}); genkan link change ID --name "
            "gives one of them another"
        )


def _show_new(made: NewLink, as_json: bool, *, decided_by_redirect: bool) -> None:
    for redirect in made.link.redirects:
        parsed = redirects.parse_redirect(redirect, allow_http=True)
        if isinstance(parsed, redirects.RedirectURI) and parsed.advice:
            print_warning(f"note: {parsed.advice}")
    if as_json:
        return print_json(link_document(made.link, made.secret))
    kind = f"{made.link.kind.value} (decided by the redirect)" if decided_by_redirect else made.link.kind.value
    return print_fields([("id", public_id(made.link.id)), *link_access.credentials(made), ("kind", kind)])


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the links.

    Example: genkan link list
    """

    async def work(site: Workbench) -> None:
        known = [link for link in await site.store.links() if link.standing is not Standing.DELETED]
        if json:
            return print_json([plain(link_document(link)) for link in known])
        rows = [(public_id(k.id), k.name, k.client_id, k.kind, k.permission.name, k.standing) for k in known]
        return print_table(("ID", "NAME", "CLIENT ID", "KIND", "PERMISSION", "STATE"), rows)

    at_site(data_dir, work)


@app.command
@told
def show(link: LinkId, /, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one link.

    Example: genkan link show 38843a89f2b02a471000bc022e4b9de8
    """
    at_site(data_dir, lambda site: _show(site, link, json))


async def _show(site: Workbench, text: str, as_json: bool) -> None:
    document = link_document(await link_named(site, text))
    if as_json:
        return print_json(document)
    return print_fields([(name, _cell(value)) for name, value in plain(document).items()])


def _cell(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)


@app.command
@told
def change(
    link: LinkId,
    /,
    *,
    name: Annotated[str | None, Parameter(help="What people see when they are asked.")] = None,
    redirect: Annotated[list[str] | None, Redirect] = None,
    permission: PermissionName = None,
    consent: Consent = None,
    introspect: Annotated[bool | None, Parameter(help="Whether it may ask about tokens (RFC 7662).")] = None,
    pkce_required: Annotated[bool | None, Parameter(help="Whether a confidential link must use PKCE.")] = None,
    absolute_days: AbsoluteDays = None,
    ways: LinkWays = None,
    max_age_minutes: LinkMaxAge = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change a link; what is not named stays. Nobody is signed out by it.

    Example: genkan link change 38843a89f2b02a47 --permission READ
    """
    asked: dict[str, Any] = {
        "name": name,
        "redirects": tuple(redirect) if redirect else None,
        "permission": permission_named(permission) if permission else None,
        "consent": _consent_named(consent) if consent else None,
        "introspect": introspect,
        "pkce_required": pkce_required,
        "ways": _link_ways(ways),
    }
    given = {field: value for field, value in asked.items() if value is not None}
    if absolute_days is not None:
        given["absolute_lifetime"] = _milliseconds(absolute_days)
    if max_age_minutes is not None:
        given["max_age"] = max_age_minutes * MINUTE or None
    if not given:
        raise Stop("nothing to change: name at least one option", SET_UP)

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            now = await link_named(site, link)
            wish = replace(link_wish(now), **given)
            return links.change(now, wish, site.actor, site.env(), allow_http=site.settings.insecure_redirects)

        await site.apply(decide)
        if name is not None:
            await _note_namesakes(site, await link_named(site, link))
        await _show(site, link, json)

    at_site(data_dir, work)


def _link_ways(text: str | None) -> Way | None:
    """``site`` leaves it to the site."""
    if text is None:
        return None
    return Way.NONE if text == "site" else ways_of(text)


def _consent_named(text: str | None, otherwise: ConsentMode | None = None) -> ConsentMode:
    if text is None and otherwise is not None:
        return otherwise
    if text not in list(ConsentMode):
        raise Stop(f"consent {text}: write always or remember", SET_UP)
    return ConsentMode(text)


def _kind_named(*, native: bool, confidential: bool) -> LinkKind | None:
    """The kind that the flags ask for; None lets the redirects decide."""
    if native and confidential:
        raise Stop("--native and --confidential exclude each other", SET_UP)
    return LinkKind.NATIVE if native else LinkKind.CONFIDENTIAL if confidential else None


def _milliseconds(days: int | None) -> int | None:
    return days * DAY if days else None


for _command in (
    link_access.rotate_secret,
    link_access.disable,
    link_access.enable,
    link_access.delete,
    link_access.sign_out,
):
    app.command(_command)
