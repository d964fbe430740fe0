"""genkan mobile: the switch behind which the app learns its client id."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.workbench import AsJson, DataDir, Stop, Workbench, at_site, print_json, told
from genkan.protocol.links import turn_mobile_off, turn_mobile_on
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Link

app = cyclopts.App(name="mobile", help="The mobile switch: does the site announce OAuth 2.0 to the app?")


@app.command
@told
def on(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Turn it on; the first time this makes the app's own link. Example: genkan mobile on --json"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return turn_mobile_on(await site.store.site(), await _app_link(site), site.actor, site.env())

        await site.apply(decide)
        await _show(site, json)

    at_site(data_dir, work)


@app.command
@told
def off(
    *,
    sign_out: Annotated[bool, Parameter(negative="", help="Also sign every phone out and disable the link.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Stop announcing it; phones that are signed in stay so unless --sign-out. Example: genkan mobile off --sign-out"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            link = await _app_link(site)
            if link is None:
                raise Stop("the mobile switch has never been on")
            return turn_mobile_off(await site.store.site(), link, sign_out, site.actor, site.env())

        await site.apply(decide)
        await _show(site, json)

    at_site(data_dir, work)


@app.command
@told
def status(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Say whether it is on. Example: genkan mobile status"""
    at_site(data_dir, lambda site: _show(site, json))


async def _app_link(site: Workbench) -> Link | None:
    number = (await site.store.site()).mobile_link_id
    return await site.store.link(number) if number is not None else None


async def _show(site: Workbench, as_json: bool) -> None:
    enabled, link = (await site.store.site()).mobile_enabled, await _app_link(site)
    if as_json:
        return print_json(document(enabled, link))
    print(f"OAuth 2.0 for the mobile app is {'on' if enabled else 'off'}.")
    if link is not None:
        print(f"client id  {link.client_id}")
    return None


def document(enabled: bool, link: Link | None) -> dict[str, object]:
    """What ``--json`` prints."""
    if link is None:
        return {"enabled": enabled}
    return {
        "enabled": enabled,
        "clientID": link.client_id,
        "redirectURI": link.redirects[0],
        "redirectURIs": list(link.redirects),
        "scope": link.permission.name,
    }
