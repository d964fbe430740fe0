"""The half of genkan user that lets people in and out: standing, passwords, sign-out, the break-glass recovery."""

from collections.abc import Callable
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.last_administrator import LastAdministrator, keep_one, tell_way_back
from genkan.cli.named import AccountName, account_named
from genkan.cli.output import say
from genkan.cli.passwords import PasswordStdin, new_password_hash
from genkan.cli.workbench import NOTHING_TO_DO, SET_UP, DataDir, Stop, Workbench, at_site, told
from genkan.protocol import accounts
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Standing, Way
from genkan.protocol.signin.recovery import NewRecovery, break_glass
from genkan.site.api.letting_in import RECOVER


@told
def disable(name: AccountName, /, *, last_administrator: LastAdministrator = False, data_dir: DataDir = None) -> None:
    """Disable an account and end all it is signed in with.

    Example: genkan user disable alice
    """
    _end(name, Standing.DISABLED, "is disabled and signed out everywhere", last_administrator, data_dir)


@told
def enable(name: AccountName, /, *, data_dir: DataDir = None) -> None:
    """Enable an account again; the person signs in anew everywhere.

    Example: genkan user enable alice
    """

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            return _stood(await account_named(site, name), Standing.ACTIVE, site, site.env())

        await site.apply(decide)
        say(f"{(await account_named(site, name)).name} is enabled")

    at_site(data_dir, work)


@told
def delete(name: AccountName, /, *, last_administrator: LastAdministrator = False, data_dir: DataDir = None) -> None:
    """Delete an account, end all it is signed in with, and forget the person.

    Example: genkan user delete alice
    """
    _end(name, Standing.DELETED, "is deleted and signed out everywhere", last_administrator, data_dir)


def _end(name: str, standing: Standing, said: str, meant: bool, data_dir: str | None) -> None:
    async def work(site: Workbench) -> None:
        before = await account_named(site, name)

        def decide(account: Account, env: Env) -> Change | Refused:
            return _stood(account, standing, site, env)

        is_last = await keep_one(site, name, decide, meant=meant)
        say(f"{before.name} {said}")
        if is_last:
            tell_way_back(None if standing is Standing.DELETED else before.name)

    at_site(data_dir, work)


def _stood(account: Account, standing: Standing, site: Workbench, env: Env) -> Change | Refused:
    if account.standing is standing:
        return NOTHING_TO_DO
    return accounts.set_standing(account, standing, site.actor, env)


@told
def set_password(
    name: AccountName,
    /,
    *,
    password_stdin: PasswordStdin = False,
    sign_out: Annotated[bool, Parameter(negative="", help="Also end all it is signed in with.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Set a password.

    Example: printf '%s' "$PW" | genkan user set-password alice --password-stdin --sign-out
    """

    def decide(account: Account, password_hash: str, site: Workbench) -> Change | Refused:
        return accounts.set_password(account, password_hash, sign_out, site.actor, site.env())

    _with_new_password(name, decide, "has a new password", password_stdin, data_dir)


@told
def recover(
    name: AccountName,
    /,
    *,
    password_stdin: PasswordStdin = False,
    link: Annotated[
        bool, Parameter(negative="", help="Print a one-time link instead of setting a password; it works for a day.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Break-glass: enable the account, make it administrator, set a password, end all else it is signed in with.

    Where the site takes no passwords it prints a one-time link, behind which a passkey is made. Whoever can run
    commands on the box may do this.

    Example: genkan user recover alice --link
    """
    if link and password_stdin:
        raise Stop("--link and --password-stdin exclude each other", SET_UP)
    if link or not at_site(data_dir, _takes_passwords):
        return at_site(data_dir, lambda site: _recover_by_link(site, name))

    def decide(account: Account, password_hash: str, site: Workbench) -> Change | Refused:
        return accounts.recover(account, password_hash, site.actor, site.env())

    said = "is enabled, has the permission SYSTEM_ADMIN and a new password"
    return _with_new_password(name, decide, said, password_stdin, data_dir)


async def _takes_passwords(site: Workbench) -> bool:
    return Way.PASSWORD in (await site.store.site()).ways


async def _recover_by_link(site: Workbench, name: str) -> None:
    async def decide() -> NewRecovery | Refused:
        return break_glass(await account_named(site, name), site.actor, site.env())

    # Before anything ends: a link that leads nowhere would leave the person signed out for nothing.
    address = await site.address()
    made = await site.apply(decide)
    say(f"{(await account_named(site, name)).name} is enabled and has the permission SYSTEM_ADMIN; open, within a day:")
    say(f"{address.text}{RECOVER}/{made.token}")


def _with_new_password(
    name: str,
    decide: Callable[[Account, str, Workbench], Change | Refused],
    said: str,
    from_stdin: bool,
    data_dir: str | None,
) -> None:
    async def work(site: Workbench) -> None:
        shown = (await account_named(site, name)).name
        password_hash = new_password_hash(from_stdin=from_stdin)

        async def decided() -> Change | Refused:
            return decide(await account_named(site, name), password_hash, site)

        await site.apply(decided)
        say(f"{shown} {said}")

    at_site(data_dir, work)


@told
def sign_out(name: AccountName, /, *, data_dir: DataDir = None) -> None:
    """End every browser session and sign-in of a person.

    Example: genkan user sign-out alice
    """

    async def work(site: Workbench) -> None:
        async def decide() -> Change | Refused:
            account = await account_named(site, name)
            reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
            return accounts.sign_out_everywhere(account, reason, site.actor, site.env())

        await site.apply(decide)
        say(f"{(await account_named(site, name)).name} is signed out everywhere")

    at_site(data_dir, work)
