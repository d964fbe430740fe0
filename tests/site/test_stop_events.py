"""The stop matrix: what ends sign-ins takes effect on the next request, everywhere, also between issue and
redemption.
"""

from collections.abc import Awaitable, Callable

import pytest

from genkan.protocol import accounts, links, phones
from genkan.protocol.certificates import revoking
from genkan.protocol.offboarding import Presence
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Link, LinkKind, Standing
from genkan.protocol.signin import recovery
from genkan.protocol.signin.new_password import NewPassword
from genkan.protocol.signin.session import Browser, NewSession
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.site.certificate_world import signed_in_by_certificate
from tests.site.directories import asked_after
from tests.site.world import PASSWORD, PASSWORD_HASH, VERIFIER, SiteUnderTest, forms_of

Stop = Callable[[SiteUnderTest, Account, Link], Awaitable[None]]


async def _apply(site: SiteUnderTest, change: Change | Refused) -> None:
    assert isinstance(change, Change), change
    assert await site.store.apply(change)


async def account_disabled(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, accounts.set_standing(account, Standing.DISABLED, "test", site.env()))


async def account_disabled_and_enabled_again(site: SiteUnderTest, account: Account, link: Link) -> None:
    await account_disabled(site, account, link)
    disabled = await site.store.account(account.id)
    assert disabled is not None
    await _apply(site, accounts.set_standing(disabled, Standing.ACTIVE, "test", site.env()))


async def account_deleted(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, accounts.set_standing(account, Standing.DELETED, "test", site.env()))


async def link_deleted(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, links.set_standing(link, Standing.DELETED, "test", site.env()))


async def link_signed_out(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, links.sign_out_all(link, "test", site.env()))


async def password_changed_with_sign_out(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, accounts.set_password(account, PASSWORD_HASH, True, "test", site.env()))


async def password_changed_on_its_page_with_sign_out(site: SiteUnderTest, account: Account, link: Link) -> None:
    page = await site.client.get(f"{site.base}/account/sign-in")
    action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/account/sign-in"))
    typed = {"current_password": PASSWORD, "password": PASSWORD, "password_again": PASSWORD, "sign_out": "yes"}
    answer = await site.client.post(site.absolute(action), data={**fields, **typed})
    assert answer.status_code == 303


async def password_set_by_one_time_link(site: SiteUnderTest, account: Account, link: Link) -> None:
    made = recovery.make(account, True, "test", site.env())
    assert isinstance(made, recovery.NewRecovery)
    await _apply(site, made.change)
    page = await site.browser().get(f"{site.base}/recover/{made.token}")
    wanted = recovery.redeem(
        await site.store.recovery(made.link.digest), NewPassword(PASSWORD_HASH, sign_out=True),
        Browser("", "", None), site.env(), site.door.lifetimes,
    )  # fmt: skip
    assert page.status_code == 200
    assert isinstance(wanted, NewSession)
    await _apply(site, wanted.change)


async def person_signed_out_everywhere(site: SiteUnderTest, account: Account, link: Link) -> None:
    reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
    await _apply(site, accounts.sign_out_everywhere(account, reason, "test", site.env()))


async def consent_withdrawn(site: SiteUnderTest, account: Account, link: Link) -> None:
    await _apply(site, phones.withdraw_consent(account, link, "test", site.env()))


async def mobile_off_with_sign_out(site: SiteUnderTest, account: Account, link: Link) -> None:
    change = links.turn_mobile_off(await site.store.site(), link, True, "test", site.env())
    await _apply(site, change)


async def mobile_off_with_sign_out_and_on_again(site: SiteUnderTest, account: Account, link: Link) -> None:
    await mobile_off_with_sign_out(site, account, link)
    now = await site.store.link(link.id)
    await _apply(site, links.turn_mobile_on(await site.store.site(), now, "test", site.env()))


async def certificate_revoked(site: SiteUnderTest, account: Account, link: Link) -> None:
    (known,) = await site.store.certificates(account.id)
    await _apply(site, revoking.revoke(known, "key_compromise", revoking.ACTOR, site.env()))


# What ends a sign-in by certificate alone
BY_CERTIFICATE = {certificate_revoked}


async def begin(site: SiteUnderTest, stop: Stop, account: Account) -> None:
    """Signed in by certificate where the stop is about one; else the test's own flow signs in by password."""
    if stop in BY_CERTIFICATE:
        await signed_in_by_certificate(site, account)


async def gone_from_the_directory(site: SiteUnderTest, account: Account, link: Link) -> None:
    await asked_after(site, Presence.GONE, account)


async def disabled_in_the_directory_and_enabled_by_an_administrator(
    site: SiteUnderTest, account: Account, link: Link
) -> None:
    await asked_after(site, Presence.DISABLED, account)
    disabled = await site.store.account(account.id)
    assert disabled is not None
    await _apply(site, accounts.set_standing(disabled, Standing.ACTIVE, "test", site.env()))


async def held_by_the_directory_and_freed_by_it(site: SiteUnderTest, account: Account, link: Link) -> None:
    await asked_after(site, Presence.LAPSED, account)
    await asked_after(site, Presence.PRESENT, account)
    freed = await site.store.account(account.id)
    assert freed is not None
    assert freed.standing is Standing.ACTIVE


BEFORE_REDEMPTION: list[Stop] = [
    certificate_revoked,
    gone_from_the_directory,
    disabled_in_the_directory_and_enabled_by_an_administrator,
    held_by_the_directory_and_freed_by_it,
    account_disabled,
    account_disabled_and_enabled_again,
    account_deleted,
    link_deleted,
    link_signed_out,
    password_changed_with_sign_out,
    password_changed_on_its_page_with_sign_out,
    password_set_by_one_time_link,
    person_signed_out_everywhere,
    consent_withdrawn,
    mobile_off_with_sign_out,
    mobile_off_with_sign_out_and_on_again,
]


async def phone_signed_out_by_administrator(site: SiteUnderTest, account: Account, link: Link) -> None:
    row = (await site.store.phones(PhoneQuery(account_id=account.id)))[0]
    await _apply(site, phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, "test", site.env()))


async def phone_signed_out_by_the_person(site: SiteUnderTest, account: Account, link: Link) -> None:
    page = await site.client.get(f"{site.base}/account/apps")
    action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/sign-out"))
    answer = await site.client.post(site.absolute(action), data=fields)
    assert answer.status_code == 303


async def consent_withdrawn_by_the_person(site: SiteUnderTest, account: Account, link: Link) -> None:
    page = await site.client.get(f"{site.base}/account/apps")
    action, fields = next(f for f in forms_of(page.text) if f[0].endswith("/withdraw"))
    answer = await site.client.post(site.absolute(action), data=fields)
    assert answer.status_code == 303


AFTER_REDEMPTION: list[Stop] = [
    *BEFORE_REDEMPTION,
    phone_signed_out_by_administrator,
    phone_signed_out_by_the_person,
    consent_withdrawn_by_the_person,
]


@pytest.mark.parametrize("stop", AFTER_REDEMPTION, ids=lambda stop: stop.__name__)
async def test_a_stop_ends_the_phone_on_the_next_request(site: SiteUnderTest, stop: Stop) -> None:
    """Refresh, introspection, forward authentication and the REST API all refuse, before any row was settled."""
    account = await site.make_account()
    caller = await site.make_link("https://rs.example/cb", kind=LinkKind.CONFIDENTIAL, introspect=True)
    link = await site.turn_mobile_on()
    await begin(site, stop, account)
    tokens = await site.issue_tokens(link)
    access, refresh = str(tokens["access_token"]), str(tokens["refresh_token"])
    assert (await site.myself(access)).status_code == 200
    await stop(site, account, link)
    assert (await site.myself(access)).status_code == 401
    assert (await site.verify(access)).status_code == 401
    assert await site.introspect(access, caller.link, str(caller.secret)) == {"active": False}
    refused = await site.refresh(refresh, link)
    assert refused.status_code in (400, 401)
    assert refused.json()["error"] in ("invalid_grant", "invalid_client")
    while await site.store.settle(10):
        pass
    assert (await site.refresh(refresh, link)).status_code in (400, 401)


@pytest.mark.parametrize("stop", BEFORE_REDEMPTION, ids=lambda stop: stop.__name__)
async def test_a_stop_between_issue_and_redemption_kills_the_code(site: SiteUnderTest, stop: Stop) -> None:
    """A code issued before the stop makes no grant after it, whatever the order of later changes."""
    account = await site.make_account()
    link = await site.turn_mobile_on()
    await begin(site, stop, account)
    code = await site.get_code(link)
    await stop(site, account, link)
    answer = await site.token(
        grant_type="authorization_code",
        code=code,
        client_id=link.client_id,
        redirect_uri=link.redirects[0],
        code_verifier=VERIFIER,
    )
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_grant", "invalid_client", "unauthorized_client")
    assert await site.store.phones(PhoneQuery(account_id=account.id)) == []


async def test_a_rotated_secret_dies_after_its_overlap(site: SiteUnderTest) -> None:
    """Within the overlap old and new secret refresh; after it only the new one does."""
    await site.make_account()
    made = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    old = str(made.secret)
    tokens = await site.issue_tokens(made.link, secret=old)
    rotated = links.rotate_secret(made.link, 60_000, "test", site.env())
    assert isinstance(rotated, links.NewLink)
    assert await site.store.apply(rotated.change)
    within = await site.refresh(str(tokens["refresh_token"]), made.link, client_secret=old)
    assert within.status_code == 200
    site.env.advance(60_000)
    successor = within.json()["refresh_token"]
    late = await site.refresh(successor, made.link, client_secret=old)
    assert (late.status_code, late.json()["error"]) == (401, "invalid_client")
    assert (await site.refresh(successor, made.link, client_secret=str(rotated.secret))).status_code == 200


async def test_a_disabled_link_suspends_and_resumes(site: SiteUnderTest) -> None:
    """tokens.md 4: nobody is signed out by it, and the refusal is no invalid_grant, which would make apps forget."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    await _apply(site, links.set_standing(link, Standing.DISABLED, "test", site.env()))
    suspended = await site.refresh(str(tokens["refresh_token"]), link)
    assert suspended.json()["error"] == "unauthorized_client"
    assert (await site.myself(str(tokens["access_token"]))).status_code == 401
    now = await site.store.link(link.id)
    assert now is not None
    await _apply(site, links.set_standing(now, Standing.ACTIVE, "test", site.env()))
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200


async def test_a_lowered_right_narrows_and_signs_nobody_out(site: SiteUnderTest) -> None:
    """The effective permission is the least of grant, link now and person now, on the next request."""
    account = await site.make_account()
    caller = await site.make_link("https://rs.example/cb", kind=LinkKind.CONFIDENTIAL, introspect=True)
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    access = str(tokens["access_token"])
    assert (await site.introspect(access, caller.link, str(caller.secret)))["scope"] == "WRITE"
    wish = accounts.AccountWish("alice", permission=Permission.READ)
    await _apply(site, accounts.change(account, wish, "test", site.env()))
    assert (await site.introspect(access, caller.link, str(caller.secret)))["scope"] == "READ"
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200
