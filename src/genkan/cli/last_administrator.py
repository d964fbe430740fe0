"""The last administrator of a site: nobody ends the last one by mistake, and whoever means it is told the way back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.output import print_warning
from genkan.cli.workbench import CHANGED, NO, Stop, Workbench
from genkan.protocol.outcomes import Change, NeedAdministrator
from genkan.protocol.records import Account, Standing
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission

LastAdministrator = Annotated[
    bool, Parameter(name="--last-administrator", negative="", help="Also when nobody administers the site afterwards.")
]


def administers(account: Account) -> bool:
    """Whether this account counts as an administrator of the site."""
    return account.standing is Standing.ACTIVE and account.permission >= Permission.ADMIN


async def keep_one(site: Workbench, account: Account, *, meant: bool) -> bool:
    """Before an administrator ends: whether nobody else who can sign in may as much. Stops unless that is meant."""
    if not administers(account) or await _has_another(site, account):
        return False
    if not meant:
        raise Stop(_only(account), NO)
    return True


async def _has_another(site: Workbench, account: Account) -> bool:
    return await site.store.has_other_administrator(account, site.entrances, site.env().now)


async def end_way(site: Workbench, account: Account, decide: Callable[[], Awaitable[Change]], *, meant: bool) -> bool:
    """Apply what takes a way in from an account; whether nobody administers the site then. Stops unless that is meant.
    ``decide`` says what fails where nobody is left (``keeping_a_way_in``).
    """
    for _ in range(TRIES):
        change = await decide()
        if await site.store.apply(change):
            return False
        if administers(account) and not await _has_another(site, account):
            break
    else:
        raise Stop(CHANGED)
    if not meant:
        raise Stop(_only(account), NO)

    async def unguarded() -> Change:
        change = await decide()
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
