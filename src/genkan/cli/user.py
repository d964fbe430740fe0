"""genkan user: accounts, their rights and passwords, and the break-glass recovery on the box."""

import getpass
import sys
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.link import permission_named
from genkan.cli.workbench import (
    SET_UP,
    AsJson,
    DataDir,
    Stop,
    Workbench,
    at_site,
    moment,
    print_json,
    print_table,
    told,
)
from genkan.outside.passwords import hash_now
from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission

app = cyclopts.App(name="user", help="Accounts of people.")
PAGE = 500

PasswordStdin = Annotated[
    bool, Parameter(name="--password-stdin", negative="", help="Read the password from standard input.")
]
Name = Annotated[str, Parameter(help="The account's name.")]


@app.command
@told
def add(
    name: Name,
    /,
    *,
    password_stdin: PasswordStdin = False,
    admin: Annotated[bool, Parameter(negative="", help="The right SYSTEM_ADMIN.")] = False,
    permission: Annotated[str, Parameter(help="READ, WRITE, ADMIN or SYSTEM_ADMIN.")] = "WRITE",
    email: str = "",
    display_name: Annotated[str, Parameter(name="--name", help="The name that people see.")] = "",
    group: Annotated[list[str] | None, Parameter(name="--group", negative="", help="A group; may be repeated.")] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add an account.

    Example: printf '%s' "$PW" | genkan user add alice --password-stdin --email alice@example.com --name "Alice A."
    """
    right = Permission.SYSTEM_ADMIN if admin else permission_named(permission)

    async def work(site: Workbench) -> None:
        folded = accounts.fold(name)
        if folded is not None and await site.store.account_by_name(folded) is not None:
            raise Stop(f"there is an account {name} already")
        wish = AccountWish(name, display_name, email, right, tuple(group or ()), _new_password_hash(password_stdin))

        async def decide() -> NewAccount | Refused:
            return accounts.create(wish, site.actor, site.env())

        made = await site.apply(decide)
        if json:
            print_json(document(made.account))

    at_site(data_dir, work)


def _new_password_hash(from_stdin: bool) -> str:
    password = _read_password(from_stdin)
    fault = accounts.password_fault(password)
    if fault is not None:
        raise Stop(fault.detail, SET_UP)
    return hash_now(password)


def _read_password(from_stdin: bool) -> str:
    """One final newline is dropped; typed passwords are asked for twice."""
    if from_stdin:
        try:
            return sys.stdin.read().removesuffix("\n")
        except UnicodeDecodeError:
            raise Stop("the password on standard input is not UTF-8", SET_UP) from None
    if not sys.stdin.isatty():
        raise Stop("no terminal to ask for the password at; use --password-stdin", SET_UP)
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise Stop("the two passwords differ", SET_UP)
    return password


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the accounts. Example: genkan user list"""

    async def work(site: Workbench) -> None:
        found = await _all(site)
        if json:
            return print_json([document(account) for account in found])
        rows = [(a.name, a.display_name, a.email, a.permission.name, a.standing.value) for a in found]
        return print_table(("NAME", "DISPLAY NAME", "E-MAIL", "PERMISSION", "STATE"), rows)

    at_site(data_dir, work)


async def _all(site: Workbench) -> list[Account]:
    found: list[Account] = []
    after = ""
    while page := await site.store.accounts(after, PAGE):
        found += page
        after = page[-1].folded
    return [account for account in found if account.standing is not Standing.DELETED]


def document(account: Account) -> dict[str, object]:
    """An account as JSON."""
    return {
        "id": f"{account.id:016x}",
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
def show(name: Name, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one account. Example: genkan user show alice"""

    async def work(site: Workbench) -> None:
        found = document(await account_named(site, name))
        if json:
            return print_json(found)
        rows = [(key, ", ".join(value) if isinstance(value, list) else str(value)) for key, value in found.items()]
        return print_table(("FIELD", "VALUE"), rows)

    at_site(data_dir, work)


@app.command
@told
def disable(name: Name, *, data_dir: DataDir = None) -> None:
    """Disable an account and end all it is signed in with. Example: genkan user disable alice"""
    _set_standing(name, Standing.DISABLED, data_dir)


@app.command
@told
def enable(name: Name, *, data_dir: DataDir = None) -> None:
    """Enable it again; a new sign-in is needed everywhere. Example: genkan user enable alice"""
    _set_standing(name, Standing.ACTIVE, data_dir)


@app.command
@told
def delete(name: Name, *, data_dir: DataDir = None) -> None:
    """Delete an account and forget the person. Example: genkan user delete alice"""
    _set_standing(name, Standing.DELETED, data_dir)


def _set_standing(name: str, standing: Standing, data_dir: str | None) -> None:
    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return accounts.set_standing(await account_named(site, name), standing, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


@app.command
@told
def set_password(
    name: Name,
    *,
    password_stdin: PasswordStdin = False,
    sign_out: Annotated[bool, Parameter(negative="", help="Also end all it is signed in with.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Set a password. Example: printf '%s' "$PW" | genkan user set-password alice --password-stdin --sign-out"""

    async def work(site: Workbench) -> None:
        await account_named(site, name)
        password_hash = _new_password_hash(password_stdin)

        async def decide() -> Change | Refused:
            account = await account_named(site, name)
            return accounts.set_password(account, password_hash, sign_out, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


@app.command
@told
def change(
    name: Name,
    /,
    *,
    permission: str | None = None,
    email: str | None = None,
    display_name: Annotated[str | None, Parameter(name="--name")] = None,
    group: Annotated[list[str] | None, Parameter(name="--group", negative="", help="All groups, anew.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Change what is known of a person and what they may. Example: genkan user change alice --permission READ"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            now = await account_named(site, name)
            wish = AccountWish(
                now.name,
                now.display_name if display_name is None else display_name,
                now.email if email is None else email,
                now.permission if permission is None else permission_named(permission),
                now.groups if group is None else tuple(group),
            )
            return accounts.change(now, wish, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


@app.command
@told
def sign_out(name: Name, *, data_dir: DataDir = None) -> None:
    """End every browser session and sign-in of a person. Example: genkan user sign-out alice"""

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            account = await account_named(site, name)
            reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
            return accounts.sign_out_everywhere(account, reason, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


@app.command
@told
def recover(name: Name, *, password_stdin: PasswordStdin = False, data_dir: DataDir = None) -> None:
    """Break-glass: enable the account, make it administrator, set a password, sign everything else out.

    Whoever can run commands on the box may do this. Example: genkan user recover alice
    """

    async def work(site: Workbench) -> None:
        await account_named(site, name)
        password_hash = _new_password_hash(password_stdin)

        async def decide() -> Change | Refused:
            return accounts.recover(await account_named(site, name), password_hash, site.actor, site.env())

        await site.apply(decide)

    at_site(data_dir, work)


async def account_named(site: Workbench, name: str) -> Account:
    """The account of this name in any spelling, or Stop."""
    folded = accounts.fold(name)
    account = await site.store.account_by_name(folded) if folded else None
    if account is None:
        raise Stop(f"there is no account {name}; genkan user list shows them")
    return account
