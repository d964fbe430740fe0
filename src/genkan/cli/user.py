"""genkan user: accounts, what is known of them and what they may. Letting them in and out is ``user_access``."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli import user_access, user_certificate, user_passkeys
from genkan.cli.last_administrator import LastAdministrator, keep_one, tell_way_back
from genkan.cli.named import AccountName, PermissionName, account_named, permission_named
from genkan.cli.output import print_fields, print_json, print_table, say
from genkan.cli.passwords import PasswordStdin, new_password_hash
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.ops.present import account_wish
from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Account, Standing
from genkan.site.api.documents import moment, public_id
from genkan.wire.scopes import Permission

PAGE = 500

app = cyclopts.App(name="user")

Email = Annotated[str | None, Parameter(name="--email", help="The e-mail address.")]
DisplayName = Annotated[str | None, Parameter(name="--name", help="The name that people see.")]
Groups = Annotated[list[str] | None, Parameter(name="--group", negative="", help="A group; may be repeated.")]


@app.command
@told
def add(
    name: AccountName,
    /,
    *,
    password_stdin: PasswordStdin = False,
    admin: Annotated[bool, Parameter(negative="", help="The permission SYSTEM_ADMIN.")] = False,
    permission: PermissionName = None,
    email: Email = None,
    display_name: DisplayName = None,
    group: Groups = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add an account.

    Example: printf '%s' "$PW" | genkan user add alice --password-stdin --email alice@example.com --name "Alice A."
    """
    if admin and permission is not None:
        raise Stop("give --admin or --permission, not both", SET_UP)
    right = Permission.SYSTEM_ADMIN if admin else permission_named(permission, Permission.WRITE)

    async def work(site: Workbench) -> None:
        await _must_be_free(site, name)
        password_hash = new_password_hash(from_stdin=password_stdin)
        wish = AccountWish(name, display_name or "", email or "", right, tuple(group or ()), password_hash)

        async def decide() -> NewAccount | Refused:
            return accounts.create(wish, site.actor, site.env())

        made = (await site.apply(decide)).account
        _show_changed(made, f"added {made.name} with the permission {made.permission.name}", json)

    at_site(data_dir, work)


async def _must_be_free(site: Workbench, name: str) -> None:
    folded = accounts.fold(name)
    if folded is not None and await site.store.account_by_name(folded) is not None:
        raise Stop(f"there is an account {name} already", NO)


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the accounts.

    Example: genkan user list
    """

    async def work(site: Workbench) -> None:
        found = [account async for account in _all_accounts(site)]
        if json:
            return print_json([document(account) for account in found])
        rows = [(a.name, a.display_name, a.email, a.permission.name, ", ".join(a.groups), a.standing) for a in found]
        return print_table(("NAME", "DISPLAY NAME", "E-MAIL", "PERMISSION", "GROUPS", "STATE"), rows)

    at_site(data_dir, work)


def document(account: Account) -> dict[str, object]:
    """An account as JSON."""
    return {
        "id": public_id(account.id),
        "name": account.name,
        "displayName": account.display_name,
        "email": account.email,
        "permission": account.permission.name,
        "groups": list(account.groups),
        "state": account.standing.value,
        "createdAt": moment(account.created_at),
    }


@app.command
@told
def show(name: AccountName, /, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one account.

    Example: genkan user show alice
    """

    async def work(site: Workbench) -> None:
        found = document(await account_named(site, name))
        if json:
            return print_json(found)
        cells = {key: ", ".join(value) if isinstance(value, list) else str(value) for key, value in found.items()}
        return print_fields(list(cells.items()))

    at_site(data_dir, work)


@app.command
@told
def change(
    name: AccountName,
    /,
    *,
    email: Email = None,
    display_name: DisplayName = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change what is known of a person; what is not named stays.

    Example: genkan user change alice --email alice@example.com
    """
    if email is None and display_name is None:
        raise Stop("nothing to change: give --email or --name", SET_UP)

    def wish(now: AccountWish) -> AccountWish:
        return replace(
            now,
            email=now.email if email is None else email,
            display_name=now.display_name if display_name is None else display_name,
        )

    _change(name, wish, lambda account: f"changed {account.name}", json, data_dir)


@app.command
@told
def permission(
    name: AccountName,
    permission: Annotated[str, Parameter(help="READ, WRITE, ADMIN or SYSTEM_ADMIN.")],
    /,
    *,
    last_administrator: LastAdministrator = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say what a person may; a lower permission counts from the next request, and nobody is signed out.

    Example: genkan user permission alice READ
    """
    right = permission_named(permission)

    def said(account: Account) -> str:
        return f"{account.name} has the permission {account.permission.name}"

    async def work(site: Workbench) -> None:
        def decide(account: Account, env: Env) -> Change | Refused:
            return accounts.change(account, replace(account_wish(account), permission=right), site.actor, env)

        is_last = await keep_one(site, name, decide, meant=last_administrator)
        changed = await account_named(site, name)
        _show_changed(changed, said(changed), json)
        if is_last:
            tell_way_back(changed.name)

    at_site(data_dir, work)


@app.command
@told
def groups(
    name: AccountName,
    /,
    *groups: Annotated[str, Parameter(help="All groups, anew; none at all takes the person out of every group.")],
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say which groups a person is in.

    Example: genkan user groups alice developers release-managers
    """

    def said(account: Account) -> str:
        return f"{account.name} is in {', '.join(account.groups) or 'no group'}"

    _change(name, lambda now: replace(now, groups=groups), said, json, data_dir)


async def _all_accounts(site: Workbench) -> AsyncIterator[Account]:
    """Every account that is not deleted."""
    after = ""
    while page := await site.store.accounts(after, PAGE):
        for account in page:
            if account.standing is not Standing.DELETED:
                yield account
        after = page[-1].folded


def _change(
    name: str,
    wish: Callable[[AccountWish], AccountWish],
    said: Callable[[Account], str],
    json: bool,
    data_dir: str | None,
) -> None:
    at_site(data_dir, lambda site: _apply_change(site, name, wish, said, json))


async def _apply_change(
    site: Workbench,
    name: str,
    wish: Callable[[AccountWish], AccountWish],
    said: Callable[[Account], str],
    json: bool,
) -> None:
    async def decide() -> Change | Refused:
        account = await account_named(site, name)
        return accounts.change(account, wish(account_wish(account)), site.actor, site.env())

    await site.apply(decide)
    changed = await account_named(site, name)
    _show_changed(changed, said(changed), json)


def _show_changed(account: Account, said: str, json: bool) -> None:
    if json:
        return print_json(document(account))
    return say(said)


for _command in (
    user_access.disable,
    user_access.enable,
    user_access.delete,
    user_access.set_password,
    user_access.recover,
    user_access.sign_out,
):
    app.command(_command)
app.command(user_certificate.app)
app.command(user_passkeys.app)
