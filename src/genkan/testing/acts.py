"""What tests do at the open site besides what an app can: administration, decided by the site's own rules.

Owns load, decide, apply for a test; nothing is written that an administrator could not have the site write.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar

from genkan.ops import ring_change
from genkan.ops.refusals import OPTIONS, sentence
from genkan.ops.ring_change import RingAtSite
from genkan.outside.passwords import hash_now
from genkan.protocol import accounts, links, phones
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, RaiseStop, Refused, Subject
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import ConsentMode, Link, LinkKind
from genkan.site.door import Door
from genkan.site.switch import load_switch
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES, settle_all
from genkan.testing.setup import AppLink, Credentials, SetupRefused, Somebody

ACTOR = "test"
Decided = TypeVar("Decided", bound=Change | NewLink | NewAccount)
_hash_of = cache(hash_now)  # argon2id costs a noticeable part of a start, and the people of tests share a password


async def applied(door: Door, decide: Callable[[], Awaitable[Decided | Refused]]) -> Decided:
    """Decide and write, anew when the facts moved on. Raises SetupRefused."""
    for _ in range(TRIES):
        decided = await decide()
        if isinstance(decided, Refused):
            raise SetupRefused(sentence(decided, OPTIONS))
        change = decided if isinstance(decided, Change) else decided.change
        if await door.store.apply(change):
            if any(isinstance(step, RaiseStop) for step in change.steps):
                await settle_all(door.store)
            return decided
    raise SetupRefused("it exists already")


async def add_person(door: Door, wanted: Somebody) -> None:
    """An account with a password."""
    wish = AccountWish(
        wanted.name, wanted.display_name, wanted.email, wanted.permission, wanted.groups, _hash_of(wanted.password)
    )

    async def decide() -> NewAccount | Refused:
        return accounts.password_fault(wanted.password) or accounts.create(wish, ACTOR, door.env())

    await applied(door, decide)


async def add_link(door: Door, wanted: AppLink) -> Credentials:
    """An application link, as *Create link* makes it."""
    kinds = {None: None, True: LinkKind.CONFIDENTIAL, False: LinkKind.NATIVE}
    consent = ConsentMode.REMEMBER if wanted.remember_consent else ConsentMode.ALWAYS
    wish = LinkWish(
        wanted.name,
        wanted.redirects,
        wanted.permission,
        kinds[wanted.confidential],
        consent=consent,
        introspect=wanted.introspect,
    )

    async def decide() -> NewLink | Refused:
        return links.create(wish, ACTOR, door.env(), allow_http=door.settings.insecure_redirects)

    made = await applied(door, decide)
    return _credentials(made.link, made.secret)


async def rotate_secret(door: Door, client_id: str) -> Credentials:
    """A new secret for a confidential link, at once."""

    async def decide() -> NewLink | Refused:
        link = await door.store.link_by_client_id(client_id)
        return Refused(Reason.NOT_FOUND) if link is None else links.rotate_secret(link, 0, ACTOR, door.env())

    made = await applied(door, decide)
    return _credentials(made.link, made.secret)


async def turn_switch(door: Door, on: bool, sign_out: bool) -> Credentials | None:
    """The mobile switch; the app's link, None where it was never on."""

    async def decide() -> Change | Refused:
        return links.turned(*await load_switch(door.store), on, sign_out, ACTOR, door.env())

    await applied(door, decide)
    return await app_link(door)


async def app_link(door: Door) -> Credentials | None:
    """The app's link; None where the switch was never on."""
    _, link = await load_switch(door.store)
    return None if link is None else _credentials(link, None)


def _credentials(link: Link, secret: str | None) -> Credentials:
    return Credentials(link.client_id, link.redirects, link.permission, secret)


async def each_phone(door: Door) -> list[phones.Phone]:
    """Every sign-in that there was, newest first."""
    return [phones.judge(row, door.env()) for row in await door.store.phones(PhoneQuery(limit=500))]


async def sign_out_phone(door: Door, grant_id: bytes) -> None:
    """One phone, as an administrator signs out a lost one."""

    async def decide() -> Change | Refused:
        row = await door.store.phone(grant_id)
        if row is None:
            return Refused(Reason.NOT_FOUND)
        return phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, ACTOR, door.env())

    await applied(door, decide)


async def sign_out_person(door: Door, name: str) -> None:
    """Everything of a person."""

    async def decide() -> Change | Refused:
        account = await door.store.account_by_name(accounts.fold(name) or "")
        if account is None:
            return Refused(Reason.NOT_FOUND)
        return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, ACTOR, door.env())

    await applied(door, decide)


async def sign_out_everyone(door: Door) -> None:
    """Every sign-in of the site."""
    stop = RaiseStop(Subject.EVERYTHING, 0, EndReason.SIGNED_OUT_BY_ADMIN, door.env().now)

    async def decide() -> Change:
        return Change((stop,))

    await applied(door, decide)


async def rotate_keys(door: Door, *, revoke: bool) -> None:
    """A new key seals from now on. With ``revoke`` the one before opens nothing any more, and its sign-ins end."""
    at = RingAtSite(door.settings.ring_path, door.store, ACTOR, door.env())
    before = door.sealer.ring.active.id
    await ring_change.activate_key(at, await ring_change.add_key(at), now=True)
    if revoke:
        await ring_change.revoke_key(at, before)
    door.ring.renew(door.env().now)
