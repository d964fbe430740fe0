"""genkan api-key: keys for automation and for callers of introspection."""

from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from genkan.cli.named import PermissionName, account_named, permission_named
from genkan.cli.output import print_fields, print_json, print_table, say
from genkan.cli.workbench import SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.protocol import api_keys
from genkan.protocol.api_keys import USUAL_LIFETIME, ApiKeyWish, NewApiKey
from genkan.protocol.env import DAY
from genkan.protocol.facts import KeyFacts
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import MACHINE
from genkan.site.api.documents import plain, public_id
from genkan.site.api.key_documents import api_key_document
from genkan.wire.scopes import Permission

app = cyclopts.App(name="api-key")


@app.command
@told
def create(
    name: Annotated[str, Parameter(help="What the audit calls whoever uses it.")],
    /,
    *,
    permission: PermissionName = None,
    days: Annotated[int | None, Parameter(help="How long it works; 90 days when left out.")] = None,
    without_end: Annotated[bool, Parameter(negative="", help="It works until it is revoked.")] = False,
    owner: Annotated[str | None, Parameter(help="The account that answers for it; the machine when left out.")] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key, which is shown this once. READ is enough to introspect; the administration API wants ADMIN.

    A key with an owner never may more than its owner, and opens nothing once they are disabled or deleted.

    Example: genkan api-key create "MDM job" --permission ADMIN --days 365
    """
    if without_end and days is not None:
        raise Stop("--days and --without-end contradict each other", SET_UP)
    lifetime = None if without_end else USUAL_LIFETIME if days is None else days * DAY
    wish = ApiKeyWish(name, permission_named(permission, Permission.READ), lifetime)

    async def work(site: Workbench) -> None:
        async def decide() -> NewApiKey | Refused:
            return api_keys.create(wish, await site.store.api_keys(), site.actor, maker, site.env())

        account = None if owner is None else await account_named(site, owner)
        maker = MACHINE if account is None else account.id
        made = await site.apply(decide)
        if json:
            return print_json(plain(api_key_document(KeyFacts(made.key, account), site.env().now, made.text)))
        return print_fields([("id", public_id(made.key.id)), ("API key", f"{made.text}  (shown this once)")])

    at_site(data_dir, work)


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the keys, those that were revoked too.

    Example: genkan api-key list
    """

    async def work(site: Workbench) -> None:
        known = [plain(api_key_document(facts, site.env().now)) for facts in await site.store.api_keys()]
        if json:
            return print_json(known)
        names = ("id", "name", "permission", "createdAt", "expiresAt", "state")
        rows = [(*(str(key[name] or "never") for name in names), _owner(key)) for key in known]
        return print_table(("ID", "NAME", "PERMISSION", "MADE", "EXPIRES", "STATE", "OWNER"), rows)

    at_site(data_dir, work)


@app.command
@told
def revoke(
    key: Annotated[str, Parameter(help="The key's id from genkan api-key list.")], /, *, data_dir: DataDir = None
) -> None:
    """Revoke a key; it opens nothing from the next request on.

    Example: genkan api-key revoke 38843a89f2b02a47
    """

    async def work(site: Workbench) -> None:
        name = (await _key(site, key)).key.name

        async def decide() -> Change | Refused:
            return api_keys.revoke((await _key(site, key)).key, site.actor, site.env())

        await site.apply(decide)
        say(f"{name} is revoked")

    at_site(data_dir, work)


@app.command
@told
def adopt(
    key: Annotated[str, Parameter(help="The key's id from genkan api-key list.")],
    /,
    *,
    owner: Annotated[str, Parameter(help="The system administrator who answers for it from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Have a system administrator answer for a key, whatever becomes of its maker. One without end ends in a year.

    Example: genkan api-key adopt 38843a89f2b02a47 --owner alice
    """

    async def work(site: Workbench) -> None:
        facts = await _key(site, key)

        async def decide() -> Change | Refused:
            adopter = await account_named(site, owner)
            return api_keys.adopt(await _key(site, key), adopter, site.actor, site.env())

        await site.apply(decide)
        say(f"{owner} answers for {facts.key.name} from now on")

    at_site(data_dir, work)


def _owner(key: dict[str, Any]) -> str:
    """Who answers for the key, for people to read."""
    return str(key["ownerName"] or key["owner"] or "nobody: genkan api-key adopt")


async def _key(site: Workbench, text: str) -> KeyFacts:
    for facts in await site.store.api_keys():
        if public_id(facts.key.id) == text:
            return facts
    raise Stop(f"there is no API key {text}; genkan api-key list shows them")
