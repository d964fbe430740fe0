"""Every event that ends or suspends a sign-in, as a test can bring it about."""

from collections.abc import Awaitable, Callable

from genkan.protocol import accounts, links, phones
from genkan.protocol.offboarding import Presence
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Link, Standing
from genkan.store.api import PhoneQuery
from tests.site.directories import asked_after
from tests.site.world import SiteUnderTest

Stop = Callable[[SiteUnderTest], Awaitable[None]]


async def _alice(site: SiteUnderTest) -> Account:
    account = await site.store.account_by_name("alice")
    assert account is not None
    return account


async def _app_link(site: SiteUnderTest) -> Link:
    found = await site.store.site()
    link = await site.store.link(found.mobile_link_id or 0)
    assert link is not None
    return link


async def _apply(site: SiteUnderTest, change: Change | Refused) -> None:
    assert isinstance(change, Change)
    assert await site.store.apply(change)


async def account_disabled(site: SiteUnderTest) -> None:
    """The account is disabled."""
    await _apply(site, accounts.set_standing(await _alice(site), Standing.DISABLED, "test", site.env()))


async def account_deleted(site: SiteUnderTest) -> None:
    """The account is deleted."""
    await _apply(site, accounts.set_standing(await _alice(site), Standing.DELETED, "test", site.env()))


async def signed_out_everywhere(site: SiteUnderTest) -> None:
    """The person signs out everywhere."""
    reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
    await _apply(site, accounts.sign_out_everywhere(await _alice(site), reason, "test", site.env()))


async def password_changed(site: SiteUnderTest) -> None:
    """The password is changed with "sign out everywhere"."""
    await _apply(site, accounts.set_password(await _alice(site), "$argon2id$x", True, "test", site.env()))


async def link_deleted(site: SiteUnderTest) -> None:
    """The application link is deleted."""
    await _apply(site, links.set_standing(await _app_link(site), Standing.DELETED, "test", site.env()))


async def link_signed_out(site: SiteUnderTest) -> None:
    """Everyone is signed out of the link."""
    await _apply(site, links.sign_out_all(await _app_link(site), "test", site.env()))


async def mobile_switched_off(site: SiteUnderTest) -> None:
    """The mobile switch goes off with sign-out."""
    link = await _app_link(site)
    await _apply(site, links.turn_mobile_off(await site.store.site(), link, True, "test", site.env()))


async def phone_signed_out(site: SiteUnderTest) -> None:
    """An administrator signs the phone out."""
    (row,) = await site.store.phones(PhoneQuery())
    await _apply(site, phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, "test", site.env()))


async def consent_withdrawn(site: SiteUnderTest) -> None:
    """The person withdraws the application's access."""
    change = phones.withdraw_consent(await _alice(site), await _app_link(site), "test", site.env())
    await _apply(site, change)


async def gone_from_the_directory(site: SiteUnderTest) -> None:
    """The organisation's directory does not know the person any more."""
    await asked_after(site, Presence.GONE, await _alice(site))


async def disabled_in_the_directory(site: SiteUnderTest) -> None:
    """The organisation's directory says that the person is disabled."""
    await asked_after(site, Presence.DISABLED, await _alice(site))


async def lapsed_in_the_directory(site: SiteUnderTest) -> None:
    """The organisation's directory vouches for the person no more."""
    await asked_after(site, Presence.LAPSED, await _alice(site))


STOPS: tuple[Stop, ...] = (
    gone_from_the_directory,
    disabled_in_the_directory,
    lapsed_in_the_directory,
    account_disabled,
    account_deleted,
    signed_out_everywhere,
    password_changed,
    link_deleted,
    link_signed_out,
    mobile_switched_off,
    phone_signed_out,
    consent_withdrawn,
)
