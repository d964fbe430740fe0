"""The last administrator of a site: nobody ends the last one by mistake, and whoever means it is told the way back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.named import account_named
from genkan.cli.output import print_warning
from genkan.cli.workbench import CHANGED, NO, Stop, Workbench, good
from genkan.protocol.administration import administers, keeping_administrators
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, NeedAdministrator, Refused
from genkan.protocol.records import Account
from genkan.store.rounds import TRIES

LastAdministrator = Annotated[
    bool, Parameter(name="--last-administrator", negative="", help="Also when nobody administers the site afterwards.")
]


async def _has_another(site: Workbench, account: Account) -> bool:
    return await site.store.has_other_administrator(account, site.entrances, site.env().now)


async def keep_one(
    site: Workbench, name: str, decide: Callable[[Account, Env], Change | Refused], *, meant: bool
) -> bool:
    """Apply what may take from an account its right to administer; whether nobody has that right then. Stops unless
    that is meant.
    """

    async def guarded() -> Change | Refused:
        account, env = await account_named(site, name), site.env()
        change = decide(account, env)
        if isinstance(change, Refused):
            return change
        return keeping_administrators(change, account, site.entrances, env.now, others=True)

    return await end_way(site, await account_named(site, name), guarded, meant=meant)


async def end_way(
    site: Workbench, account: Account, decide: Callable[[], Awaitable[Change | Refused]], *, meant: bool
) -> bool:
    """Apply what takes a way in from an account; whether nobody administers the site then. Stops unless that is meant.
    ``decide`` says what fails where nobody is left (``keeping_a_way_in``).
    """
    for _ in range(TRIES):
        change = good(await decide())
        if await site.store.apply(change):
            await site.settle(change)
            return False
        if administers(account) and not await _has_another(site, account):
            break
    else:
        raise Stop(CHANGED)
    if not meant:
        raise Stop(_only(account), NO)

    async def unguarded() -> Change:
        change = good(await decide())
        return replace(change, steps=tuple(s for s in change.steps if not isinstance(s, NeedAdministrator)))

    await site.apply(unguarded)
    return True


def _only(account: Account) -> str:
    return (
        f"nobody else who can sign in may as much as {account.name}; make another administrator first with "
        "genkan user permission NAME SYSTEM_ADMIN, or give --last-administrator"
    )


def tell_way_back(recoverable: str | None) -> None:
    """After the last one ended; ``recoverable`` is an account that is still there."""
    recover = "" if recoverable is None else f", or: genkan user recover {quote(recoverable)}"
    print_warning(
        "nobody who can sign in has that right now; "
        f"to come back in: genkan user add NAME --admin --password-stdin{recover}"
    )
