"""genkan mobile: the switch behind which the app learns its client id."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import print_fields, print_json, say
from genkan.cli.phones import PAGE, each_phone
from genkan.cli.workbench import AsJson, DataDir, Workbench, at_site, told
from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Link
from genkan.site.api.documents import mobile_document
from genkan.site.switch import load_switch
from genkan.store.api import PhoneQuery

app = cyclopts.App(name="mobile")


@app.command
@told
def on(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Turn it on; the first time this makes the app's own link.

    Example: genkan mobile on --json
    """
    _turn(True, False, json, data_dir)


@app.command
@told
def off(
    *,
    sign_out: Annotated[bool, Parameter(negative="", help="Also sign every phone out and disable the link.")] = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Stop announcing it; signed-in phones stay signed in, and those that know the client id go on, unless --sign-out.

    Example: genkan mobile off --sign-out
    """
    _turn(False, sign_out, json, data_dir)


@app.command
@told
def status(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Say whether it is on, and with which client id.

    Example: genkan mobile status --json
    """
    at_site(data_dir, lambda site: _show(site, json))


def _turn(enabled: bool, sign_out: bool, json: bool, data_dir: str | None) -> None:
    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return turned(*await load_switch(site.store), enabled, sign_out, site.actor, site.env())

        _, link = await load_switch(site.store)
        phones = await _signed_in(site, link) if link is not None and sign_out else 0
        await site.apply(decide)
        await _show(site, json)
        if link is not None and sign_out and not json:
            say(f"The app's link is disabled, and {phones} {'phone was' if phones == 1 else 'phones were'} signed out.")

    at_site(data_dir, work)


async def _signed_in(site: Workbench, link: Link) -> int:
    live = PhoneQuery(link_id=link.id, live_only=True, limit=PAGE)
    return sum([1 async for _ in each_phone(site, live)])


async def _show(site: Workbench, as_json: bool) -> None:
    document = mobile_document(*await load_switch(site.store))
    if as_json:
        return print_json(document)
    say(f"OAuth 2.0 for the mobile app is {'on' if document.enabled else 'off'}.")
    if document.client_id is None:
        return None
    fields = {
        "client id": document.client_id,
        "redirects": " ".join(document.redirect_uris),
        "permission": document.scope,
    }
    return print_fields([(name, value or "") for name, value in fields.items()])
