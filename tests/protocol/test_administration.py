"""Administration: nobody is raised above the caller, and no right to administer is lost with its last holder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.administration import keeping_administrators, reach_fault
from genkan.protocol.outcomes import (
    Change,
    EraseTraces,
    EventKind,
    NeedAdministrator,
    PutAccount,
    RaiseStop,
    Refused,
    SetPassword,
)
from genkan.protocol.passkey_steps import DropPasskeys
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE, NOW, an_account, an_env


@given(caller=st.sampled_from(Permission), rights=st.lists(st.sampled_from(Permission)))
def test_nobody_reaches_above_themselves(caller: Permission, rights: list[Permission]) -> None:
    """Every right that is touched or given away is at most the caller's own."""
    fault = reach_fault(caller, *rights)
    assert (fault is None) == all(right <= caller for right in rights)
    assert fault in (None, Refused(Reason.ABOVE_CALLER))


def lowered(account: Account, permission: Permission) -> Change:
    wish = AccountWish(account.name, permission=permission)
    change = accounts.change(account, wish, "root", an_env())
    assert isinstance(change, Change)
    return change


def standing(account: Account, to: Standing) -> Change:
    change = accounts.set_standing(account, to, "root", an_env())
    assert isinstance(change, Change)
    return change


def the_ways_to_lose(account: Account) -> list[Change]:
    return [
        lowered(account, Permission(account.permission - 1)),
        standing(account, Standing.DISABLED),
        standing(account, Standing.DELETED),
        accounts.erase(account, "root", an_env()),
    ]


@pytest.mark.parametrize("permission", [Permission.ADMIN, Permission.SYSTEM_ADMIN])
def test_the_last_administrator_stays_one(permission: Permission) -> None:
    """Lowered, disabled, deleted or erased: refused where nobody else is left, each by name."""
    account = an_account(permission=permission)
    for change in the_ways_to_lose(account):
        assert keeping_administrators(change, account, HERE, NOW, others=False) == Refused(Reason.LAST_ADMINISTRATOR)


@pytest.mark.parametrize("permission", [Permission.ADMIN, Permission.SYSTEM_ADMIN])
def test_one_of_several_may_go_while_somebody_stays(permission: Permission) -> None:
    """The change is as it was, and fails where the other one goes in the same moment."""
    account = an_account(permission=permission)
    for change in the_ways_to_lose(account):
        kept = keeping_administrators(change, account, HERE, NOW, others=True)
        assert isinstance(kept, Change)
        assert kept.steps == (*change.steps, NeedAdministrator(permission, NOW, HERE))
        assert kept.events == change.events


def test_what_takes_no_right_away_is_free() -> None:
    """Changes of other things, of other people, and of those who could not sign in anyway."""
    root, alice = an_account(permission=Permission.SYSTEM_ADMIN), an_account()
    asleep = an_account(permission=Permission.SYSTEM_ADMIN, standing=Standing.DISABLED)
    for account, change in (
        (root, lowered(root, Permission.SYSTEM_ADMIN)),
        (alice, lowered(alice, Permission.READ)),
        (alice, standing(alice, Standing.DELETED)),
        (asleep, standing(asleep, Standing.DELETED)),
        (asleep, standing(asleep, Standing.ACTIVE)),
        (root, accounts.set_password(root, "hash", True, "root", an_env())),
    ):
        assert keeping_administrators(change, account, HERE, NOW, others=False) is change


@pytest.mark.parametrize("before", list(Standing))
def test_an_erased_person_is_an_id(before: Standing) -> None:
    """Nothing that was known of the person is left in the account or its event, which names it by its id."""
    alice = an_account(
        name="Alice", display_name="Alice A.", email="a@example.com", groups=("x",), locale="ja", standing=before,
        time_zone="Asia/Tokyo",
    )  # fmt: skip
    change = accounts.erase(alice, "root", an_env())
    [put, stop, password, passkeys, traces] = change.steps
    assert isinstance(put, PutAccount)
    assert isinstance(stop, RaiseStop)
    assert put.account.standing is Standing.DELETED
    assert put.account.version == alice.version + 1
    told = repr(put.account) + repr(change.events)
    assert not [word for word in ("Alice", "alice", "example.com", "'x'", "'ja'", "Tokyo") if word in told]
    assert (password, passkeys) == (SetPassword(alice.id, None, an_env().now), DropPasskeys(alice.id))
    assert traces == EraseTraces(alice.id)
    assert [(event.kind, event.account_id) for event in change.events] == [(EventKind.ACCOUNT_ERASED, alice.id)]


@pytest.mark.parametrize(("field", "text"), [
    ("locale", "x" * 65), ("locale", "d e"), ("locale", "dé"), ("time_zone", "Asia/To;kyo"), ("time_zone", "A\0"),
])  # fmt: skip
def test_a_locale_or_time_zone_is_a_short_tag(field: str, text: str) -> None:
    """Letters, digits and few signs; the field is named."""
    wish = AccountWish("alice", **{field: text})  # type: ignore[arg-type]
    refused = accounts.create(wish, "root", an_env())
    assert isinstance(refused, Refused)
    assert refused.detail.startswith(field.replace("_", " "))


def test_a_locale_that_is_not_said_stays() -> None:
    """None keeps, a text changes, the empty text takes the locale back; a time zone there always is."""
    alice = an_account(locale="ja", time_zone="Asia/Tokyo")
    for said, kept in (
        ((None, None), ("ja", "Asia/Tokyo")),
        (("", "UTC"), ("", "UTC")),
        (("de", ""), ("de", "Asia/Tokyo")),
    ):
        change = accounts.change(alice, AccountWish(alice.name, locale=said[0], time_zone=said[1]), "root", an_env())
        assert isinstance(change, Change)
        [put] = change.steps
        assert isinstance(put, PutAccount)
        assert (put.account.locale, put.account.time_zone) == kept
