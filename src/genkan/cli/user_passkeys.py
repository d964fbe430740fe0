"""genkan user passkeys: which passkeys an account has, and taking one away."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.last_administrator import LastAdministrator, end_way, tell_way_back
from genkan.cli.named import AccountName, account_named
from genkan.cli.output import print_json, print_table, say
from genkan.cli.workbench import AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import needed_after, public_id
from genkan.protocol.signin.passkey import remove as removed
from genkan.site.api.documents import moment, plain
from genkan.site.api.passkey_documents import passkey_document

app = cyclopts.App(name="passkeys", help="Passkeys of accounts. They are made in a browser, under Account.")
HEADINGS = ("ID", "NAME", "KEPT", "CREATED", "LAST USED", "STATE")


@app.command(name="list")
@told
def list_(name: AccountName, /, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the passkeys of an account.

    Example: genkan user passkeys list alice
    """

    async def work(site: Workbench) -> None:
        known = await site.store.passkeys((await account_named(site, name)).id)
        if json:
            return print_json([plain(passkey_document(one)) for one in known])
        return print_table(HEADINGS, [_row(one) for one in known])

    at_site(data_dir, work)


def _row(passkey: Passkey) -> tuple[str, ...]:
    return (
        public_id(passkey),
        passkey.name,
        "synced" if passkey.backed_up else "this device",
        moment(passkey.created_at),
        moment(passkey.last_used_at) if passkey.last_used_at else "never",
        "refused: perhaps copied" if passkey.cloned_at else "good",
    )


@app.command
@told
def remove(
    name: AccountName,
    id: Annotated[str, Parameter(help="The id that list shows.")],  # noqa: A002 - what the command line calls it
    /,
    *,
    last_administrator: LastAdministrator = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take a passkey from an account. Nobody is signed out by it.

    Example: genkan user passkeys remove alice 3fd5e0a1b2c4d697
    """

    async def work(site: Workbench) -> None:
        account = await account_named(site, name)
        passkey = await _named(site, account, id)

        async def decide() -> Change:
            named, needs = await _named(site, account, id), needed_after(account)
            return removed(named, site.entrances, site.actor, site.env(), last_too=True, needs=needs)

        is_last = await end_way(site, account, decide, meant=last_administrator)
        if json:
            return print_json(passkey_document(passkey))
        say(f"{account.name} no longer has the passkey {passkey.name}")
        if is_last:
            tell_way_back(account.name)
        return None

    at_site(data_dir, work)


async def _named(site: Workbench, account: Account, name: str) -> Passkey:
    found = next((one for one in await site.store.passkeys(account.id) if public_id(one) == name), None)
    if found is None:
        raise Stop(f"{account.name} has no passkey {name}; genkan user passkeys list {account.name} shows them")
    return found
