"""genkan link: incoming application links."""

import sys
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.workbench import AsJson, DataDir, Stop, Workbench, at_site, moment, print_json, print_table, told
from genkan.protocol import links
from genkan.protocol.env import DAY, SECOND
from genkan.protocol.links import LinkWish, NewLink
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing
from genkan.wire import redirects
from genkan.wire.scopes import Permission

app = cyclopts.App(name="link", help="Incoming application links: who may sign people in through this site.")

LinkId = Annotated[str, Parameter(help="The link's id or client id.")]
RightName = Annotated[str, Parameter(name="--permission", help="READ, WRITE, ADMIN or SYSTEM_ADMIN.")]


@app.command
@told
def create(
    *,
    name: str,
    redirect: Annotated[list[str], Parameter(name="--redirect", negative="", help="A redirect URL; may be repeated.")],
    permission: RightName = "WRITE",
    native: Annotated[bool, Parameter(negative="", help="No secret, PKCE required.")] = False,
    confidential: Annotated[bool, Parameter(negative="", help="With a secret.")] = False,
    introspect: Annotated[bool, Parameter(negative="", help="It may ask about tokens (RFC 7662).")] = False,
    consent: Annotated[str, Parameter(help="always, or remember (confidential and https only).")] = "always",
    pkce_required: Annotated[bool, Parameter(negative="", help="Also a confidential link must use PKCE.")] = False,
    client_id: Annotated[str | None, Parameter(help="Take over an id that phones know already.")] = None,
    absolute_days: Annotated[int | None, Parameter(help="Sign out this long after sign-in, refreshed or not.")] = None,
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
        permission_named(permission),
        kind_named(native, confidential),
        consent_named(consent),
        introspect,
        pkce_required,
        plain_pkce_exposes_codes,
        absolute_days * DAY if absolute_days else None,
        client_id,
    )

    async def work(site: Workbench) -> None:
        async def decide() -> NewLink | Refused:
            return links.create(wish, site.actor, site.env(), allow_http=site.settings.insecure_redirects)

        _show_new(await site.apply(decide), json, decided=not (native or confidential))

    at_site(data_dir, work)


def _show_new(made: NewLink, as_json: bool, *, decided: bool) -> None:
    for redirect in made.link.redirects:
        parsed = redirects.parse_redirect(redirect, allow_http=True)
        if isinstance(parsed, redirects.RedirectURI) and parsed.advice:
            print(f"genkan: note: {parsed.advice}", file=sys.stderr)
    if as_json:
        return print_json(document(made.link, made.secret))
    print(f"client id      {made.link.client_id}")
    if made.secret:
        print(f"client secret  {made.secret}   (shown this once)")
    why = " (decided by the redirect)" if decided else ""
    print(f"kind           {made.link.kind.value}{why}")
    return None


def document(link: Link, secret: str | None = None) -> dict[str, object]:
    """A link as JSON; the secret only where it has just been made."""
    told_once = {"clientSecret": secret} if secret else {}
    return {
        "id": f"{link.id:016x}",
        "name": link.name,
        "clientId": link.client_id,
        **told_once,
        "redirects": list(link.redirects),
        "permission": link.permission.name,
        "kind": link.kind.value,
        "consent": link.consent.value,
        "introspect": link.introspect,
        "pkceRequired": link.pkce_required,
        "state": link.standing.value,
        "createdAt": moment(link.created_at),
    }


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the links. Example: genkan link list"""

    async def work(site: Workbench) -> None:
        known = [link for link in await site.store.links() if link.standing is not Standing.DELETED]
        if json:
            return print_json([document(link) for link in known])
        rows = [(f"{k.id:016x}", k.name, k.client_id, k.kind.value, k.permission.name, k.standing.value) for k in known]
        return print_table(("ID", "NAME", "CLIENT ID", "KIND", "PERMISSION", "STATE"), rows)

    at_site(data_dir, work)


@app.command
@told
def show(link: LinkId, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one link. Example: genkan link show 38843a89f2b02a471000bc022e4b9de8"""

    async def work(site: Workbench) -> None:
        found = document(await link_named(site, link))
        if json:
            return print_json(found)
        return print_table(("FIELD", "VALUE"), [(name, _cell(value)) for name, value in found.items()])

    at_site(data_dir, work)


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@app.command
@told
def change(
    link: LinkId,
    *,
    name: str | None = None,
    redirect: Annotated[list[str] | None, Parameter(name="--redirect", negative="")] = None,
    permission: Annotated[str | None, Parameter(name="--permission")] = None,
    consent: str | None = None,
    introspect: bool | None = None,
    pkce_required: bool | None = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change a link; what is not named stays. Example: genkan link change 38843a89f2b02a47 --permission READ"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            now = await link_named(site, link)
            wish = LinkWish(
                now.name if name is None else name,
                now.redirects if redirect is None else tuple(redirect),
                now.permission if permission is None else permission_named(permission),
                None,
                now.consent if consent is None else consent_named(consent),
                now.introspect if introspect is None else introspect,
                now.pkce_required if pkce_required is None else pkce_required,
                now.plain_pkce,
                now.absolute_lifetime,
            )
            allow_http = site.settings.insecure_redirects
            return links.change(now, wish, site.actor, site.env(), allow_http=allow_http)

        await site.apply(decide)
        if json:
            print_json(document(await link_named(site, link)))

    at_site(data_dir, work)


@app.command
@told
def rotate_secret(
    link: LinkId,
    *,
    overlap: Annotated[int, Parameter(help="Seconds for which the old secret works on.")] = links.DEFAULT_OVERLAP
    // SECOND,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give a confidential link a new secret. Example: genkan link rotate-secret 38843a89f2b02a47 --overlap 3600"""

    async def work(site: Workbench) -> None:
        async def decide() -> NewLink | Refused:
            return links.rotate_secret(await link_named(site, link), overlap * SECOND, site.actor, site.env())

        _show_new(await site.apply(decide), json, decided=False)

    at_site(data_dir, work)


@app.command
@told
def disable(link: LinkId, *, data_dir: DataDir = None) -> None:
    """Suspend a link; its sign-ins resume when it is enabled. Example: genkan link disable 38843a89f2b02a47"""
    _set_standing(link, Standing.DISABLED, data_dir)


@app.command
@told
def enable(link: LinkId, *, data_dir: DataDir = None) -> None:
    """Let a disabled link work again. Example: genkan link enable 38843a89f2b02a47"""
    _set_standing(link, Standing.ACTIVE, data_dir)


@app.command
@told
def delete(link: LinkId, *, data_dir: DataDir = None) -> None:
    """Delete a link and end all its sign-ins, for ever. Example: genkan link delete 38843a89f2b02a47"""
    _set_standing(link, Standing.DELETED, data_dir)


@app.command
@told
def sign_out(link: LinkId, *, data_dir: DataDir = None) -> None:
    """End all sign-ins of a link; the link stays. Example: genkan link sign-out 38843a89f2b02a47"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return links.sign_out_all(await link_named(site, link), site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


def _set_standing(link: str, standing: Standing, data_dir: str | None) -> None:
    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return links.set_standing(await link_named(site, link), standing, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


async def link_named(site: Workbench, text: str) -> Link:
    """The link with this id or client id, or Stop."""
    for link in await site.store.links():
        if link.standing is not Standing.DELETED and text in (link.client_id, f"{link.id:016x}"):
            return link
    raise Stop(f"there is no link {text}; genkan link list shows them")


def permission_named(text: str) -> Permission:
    """The permission of this name, or Stop."""
    if text not in Permission.__members__:
        raise Stop(f"permission {text}: write one of {', '.join(Permission.__members__)}", 2)
    return Permission[text]


def consent_named(text: str) -> ConsentMode:
    """The consent mode of this name, or Stop."""
    if text not in [mode.value for mode in ConsentMode]:
        raise Stop(f"consent {text}: write always or remember", 2)
    return ConsentMode(text)


def kind_named(native: bool, confidential: bool) -> LinkKind | None:
    """The kind that the flags ask for; None lets the redirects decide."""
    if native and confidential:
        raise Stop("--native and --confidential exclude each other", 2)
    return LinkKind.NATIVE if native else LinkKind.CONFIDENTIAL if confidential else None
