"""Accounts: wishes and their faults, what a change keeps, and which change ends everything."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol import accounts
from genkan.protocol.accounts import PASSWORD_CHARACTERS, AccountWish, NewAccount, password_fault
from genkan.protocol.outcomes import (
    AddAccount,
    Change,
    EventKind,
    PutAccount,
    RaiseStop,
    Refused,
    SetPassword,
    Subject,
)
from genkan.protocol.passkey_steps import DropPasskeys
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Standing
from genkan.protocol.signin_steps import PutRecoveryCodes
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, an_account, an_env
from tests.wire.strategies import any_text

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"


def a_wish(**changes: Any) -> AccountWish:
    return replace(AccountWish("alice"), **changes)


def test_an_account_is_made_with_what_was_wished() -> None:
    """Spaces are tidied, groups sorted and counted once, the name kept as written and folded for looking up."""
    wish = AccountWish(" Alice  A. ", " Alice ", " a@example.com ", Permission.READ, ("b", " a ", "b"), HASH)
    made = accounts.create(wish, "admin", an_env())
    assert isinstance(made, NewAccount)
    account = made.account
    assert (account.name, account.folded, account.display_name) == ("Alice A.", "alice a.", "Alice")
    assert (account.email, account.permission, account.groups) == ("a@example.com", Permission.READ, ("a", "b"))
    assert (account.standing, account.stop, account.version, account.created_at) == (Standing.ACTIVE, 0, 1, NOW)
    assert made.change.steps == (AddAccount(account), SetPassword(account.id, HASH, NOW))
    assert made.change.events[0].kind is EventKind.ACCOUNT_ADDED


def test_an_account_needs_no_more_than_a_name() -> None:
    """WRITE, no password, and shown by its name."""
    made = accounts.create(a_wish(), "admin", an_env())
    assert isinstance(made, NewAccount)
    assert made.account.permission is Permission.WRITE
    assert made.account.display_name == "alice"
    assert made.change.steps == (AddAccount(made.account),)


def test_the_limits_themselves_are_allowed() -> None:
    """What is refused one beyond is good at the limit."""
    groups = tuple(f"{n:0100}" for n in range(100))
    wish = a_wish(name="x" * 100, display_name="x" * 200, email="a@" + "x" * 198, groups=groups)
    made = accounts.create(wish, "admin", an_env())
    assert isinstance(made, NewAccount)
    assert made.account.groups == groups


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name"),
    "hidden name": ({"name": "a\u200b"}, "name"),
    "long display name": ({"display_name": "x" * 201}, "display name"),
    "display name with a line end": ({"display_name": "a\r\nSet-Cookie: x"}, "display name"),
    "display name turned round": ({"display_name": "a\u202e"}, "display name"),
    "long e-mail": ({"email": "a@" + "x" * 200}, "e-mail"),
    "e-mail without @": ({"email": "alice"}, "e-mail"),
    "e-mail without a name": ({"email": "@example.com"}, "e-mail"),
    "e-mail without a host": ({"email": "alice@"}, "e-mail"),
    "e-mail with a line end": ({"email": "a@b\n"}, "e-mail"),
    "empty group": ({"groups": ("",)}, "group"),
    "blank group": ({"groups": ("a", " ")}, "group"),
    "group with a comma": ({"groups": ("a,admins",)}, "group"),
    "group with a line end": ({"groups": ("a\nb",)}, "group"),
    "long group": ({"groups": ("x" * 101,)}, "group"),
    "too many groups": ({"groups": tuple(f"g{n}" for n in range(101))}, "group"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    """The detail names the field, for a new account and for a change alike."""
    for refused in (
        accounts.create(a_wish(**changes), "admin", an_env()),
        accounts.change(an_account(), a_wish(**changes), "admin", an_env()),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.INVALID_VALUE
        assert refused.detail.startswith(field)


@given(any_text, any_text, any_text, st.lists(any_text, max_size=3).map(tuple))
def test_any_wish_is_an_account_or_a_refusal(name: str, display: str, email: str, groups: tuple[str, ...]) -> None:
    """Whatever is typed, nothing raises, and what passes holds no line end for a header to trip over."""
    made = accounts.create(AccountWish(name, display, email, groups=groups), "admin", an_env())
    if isinstance(made, NewAccount):
        shown = (made.account.name, made.account.display_name, made.account.email, *made.account.groups)
        assert all(text.isprintable() for text in shown)


@pytest.mark.parametrize(
    ("length", "good"), [(0, False), (9, False), (10, True), (1024, True), (1025, False), (10**6, False)]
)
def test_passwords_have_a_length(length: int, good: bool) -> None:
    """NIST SP 800-63B 3.1.1: length is what counts; the bounds are named."""
    fault = password_fault("x" * length)
    assert (fault is None) == good
    if fault is not None:
        assert all(str(bound) in fault.detail for bound in PASSWORD_CHARACTERS)


def test_a_change_keeps_what_is_not_its_own() -> None:
    """Id, standing, stop counter and birth stay; the version moves by one; nobody is signed out."""
    account = an_account(stop=4, standing=Standing.DISABLED, version=7)
    wish = a_wish(name="ALICE", display_name="New", email="", permission=Permission.READ, groups=("x",))
    change = accounts.change(account, wish, "admin", an_env())
    assert isinstance(change, Change)
    expected = replace(
        account, name="ALICE", display_name="New", email="", permission=Permission.READ, groups=("x",), version=8
    )
    assert change.steps == (PutAccount(expected),)
    assert change.events[0].kind is EventKind.ACCOUNT_CHANGED


def test_a_change_may_set_a_password() -> None:
    """In the same change."""
    change = accounts.change(an_account(), a_wish(password_hash=HASH), "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps[1] == SetPassword(an_account().id, HASH, NOW)


def test_an_account_keeps_its_name() -> None:
    """Another spelling of it is welcome, another name is another person."""
    assert isinstance(accounts.change(an_account(), a_wish(name=" Alice "), "admin", an_env()), Change)
    refused = accounts.change(an_account(), a_wish(name="bob"), "admin", an_env())
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("name")


def test_enabling_brings_nothing_back() -> None:
    """Only the standing changes; what disabling ended stays ended."""
    disabled = an_account(standing=Standing.DISABLED, stop=2)
    change = accounts.set_standing(disabled, Standing.ACTIVE, "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (PutAccount(replace(disabled, standing=Standing.ACTIVE, version=2)),)
    assert change.events[0].kind is EventKind.ACCOUNT_ENABLED


def test_disabling_ends_everything() -> None:
    """One stop for every session, code and sign-in."""
    change = accounts.set_standing(an_account(), Standing.DISABLED, "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (
        PutAccount(an_account(standing=Standing.DISABLED, version=2)),
        RaiseStop(Subject.ACCOUNT, an_account().id, EndReason.ACCOUNT_DISABLED, NOW),
    )
    assert change.events[0].kind is EventKind.ACCOUNT_DISABLED


def test_deleting_forgets_the_person_and_keeps_the_id() -> None:
    """The name is free for somebody else, whom no old sign-in will ever mean; the password is gone."""
    change = accounts.set_standing(an_account(), Standing.DELETED, "admin", an_env())
    assert isinstance(change, Change)
    put, stop, password, passkeys, codes = change.steps
    assert isinstance(put, PutAccount)
    assert (put.account.id, put.account.standing) == (an_account().id, Standing.DELETED)
    assert (put.account.display_name, put.account.email, put.account.groups) == ("", "", ())
    assert accounts.fold(put.account.folded) is None, "nobody can type the tombstone's name"
    assert stop == RaiseStop(Subject.ACCOUNT, an_account().id, EndReason.ACCOUNT_DELETED, NOW)
    assert (password, passkeys) == (SetPassword(an_account().id, None, NOW), DropPasskeys(an_account().id))
    assert codes == PutRecoveryCodes(an_account().id, (), NOW)
    assert change.events[0].kind is EventKind.ACCOUNT_DELETED


def test_a_deleted_account_stays_deleted() -> None:
    """Neither enabled nor changed nor recovered."""
    gone, refused = an_account(standing=Standing.DELETED), Refused(Reason.NOT_FOUND)
    for standing in Standing:
        assert accounts.set_standing(gone, standing, "admin", an_env()) == refused
    assert accounts.change(gone, a_wish(), "admin", an_env()) == refused
    assert accounts.recover(gone, HASH, "root", an_env()) == refused


@pytest.mark.parametrize("sign_out", [False, True])
def test_a_new_password_signs_out_when_asked_to(sign_out: bool) -> None:
    """The person chooses."""
    change = accounts.set_password(an_account(), HASH, sign_out, "alice", an_env())
    stop = RaiseStop(Subject.ACCOUNT, an_account().id, EndReason.PASSWORD_CHANGED, NOW)
    assert change.steps == (SetPassword(an_account().id, HASH, NOW), *((stop,) if sign_out else ()))
    assert change.events[0].kind is EventKind.PASSWORD_CHANGED


def test_signing_out_everywhere_is_one_stop() -> None:
    """With the reason that was given."""
    change = accounts.sign_out_everywhere(an_account(), EndReason.PERSON_SIGNED_OUT_EVERYWHERE, "alice", an_env())
    reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
    assert change.steps == (RaiseStop(Subject.ACCOUNT, an_account().id, reason, NOW),)


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.DISABLED])
def test_recovering_opens_the_door_and_shuts_everybody_out(standing: Standing) -> None:
    """Enabled, administrator, a new password, and whoever was signed in as that person is not any more."""
    change = accounts.recover(an_account(standing=standing), HASH, "root", an_env())
    assert isinstance(change, Change)
    assert change.steps == (
        PutAccount(an_account(standing=Standing.ACTIVE, permission=Permission.SYSTEM_ADMIN, version=2)),
        SetPassword(an_account().id, HASH, NOW),
        RaiseStop(Subject.ACCOUNT, an_account().id, EndReason.PASSWORD_CHANGED, NOW),
    )
    assert change.events[0].kind is EventKind.ACCOUNT_RECOVERED


def test_no_hash_is_printed() -> None:
    """Neither a wish nor a step shows the password's hash."""
    assert HASH not in repr(a_wish(password_hash=HASH))
    assert HASH not in repr(SetPassword(1, HASH, 2))
