"""API keys: told once, found by their hash, one working key a name, revoked for ever."""

from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol import api_keys
from genkan.protocol.api_keys import ApiKeyWish, NewApiKey
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY
from genkan.protocol.facts import KeyFacts
from genkan.protocol.key_steps import AdoptApiKey
from genkan.protocol.outcomes import AddApiKey, Change, EventKind, Refused, RevokeApiKey
from genkan.protocol.reasons import Reason
from genkan.protocol.records import MACHINE, Account, Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, a_sealer, an_account, an_env


def created(**changes: Any) -> NewApiKey:
    wish = replace(ApiKeyWish("monitoring", Permission.READ), **changes)
    made = api_keys.create(wish, (), "admin", MACHINE, an_env())
    assert isinstance(made, NewApiKey)
    return made


def test_a_key_is_told_once_and_kept_as_a_hash() -> None:
    """What is stored finds the key again and shows nothing of it."""
    made = created()
    assert made.key.digest == secret_digest(made.text)
    assert made.change.steps == (AddApiKey(made.key),)
    assert made.change.events[0].kind is EventKind.API_KEY_CREATED
    assert made.text not in repr(made)
    assert made.text[7:] not in repr(made.change)
    assert made.text.startswith("gnk_ak_")
    assert len(made.text) == 51


def test_a_key_is_no_token() -> None:
    """Nothing that opens tokens takes a key for one."""
    assert not hasattr(a_sealer().open_token(created().text), "grant_id")


@pytest.mark.parametrize(
    ("lifetime", "now", "good"),
    [(None, NOW + 400 * DAY, True), (DAY, NOW + DAY - 1, True), (DAY, NOW + DAY, False)],
)
def test_a_key_works_until_it_expires(lifetime: int | None, now: int, good: bool) -> None:
    """To the millisecond."""
    assert (api_keys.right(KeyFacts(created(lifetime=lifetime).key, None), now) is Permission.READ) is good


def test_a_revoked_key_is_dead_for_ever() -> None:
    """It is revoked once; revoking again is told."""
    key = created().key
    change = api_keys.revoke(key, "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (RevokeApiKey(key.id, NOW),)
    gone = replace(key, revoked_at=NOW)
    assert not api_keys.is_open(gone, NOW - DAY)
    again = api_keys.revoke(gone, "admin", an_env())
    assert isinstance(again, Refused)
    assert again.reason is Reason.CONFLICT


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": " "}, Reason.INVALID_VALUE),
        ({"name": "x" * 101}, Reason.INVALID_VALUE),
        ({"name": "a\nb"}, Reason.INVALID_VALUE),
        ({"lifetime": 0}, Reason.INVALID_VALUE),
        ({"lifetime": -1}, Reason.INVALID_VALUE),
        ({"name": " monitoring "}, Reason.TAKEN),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    """Bad names, no lifetime, and a name that a working key has."""
    wish = replace(ApiKeyWish("another", Permission.READ), **changes)
    refused = api_keys.create(wish, [KeyFacts(created().key, None)], "admin", MACHINE, an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize("changes", [{"revoked_at": NOW}, {"expires_at": NOW}])
def test_the_name_of_a_dead_key_is_free(changes: dict[str, Any]) -> None:
    """Rotation keeps names."""
    dead = replace(created().key, **changes)
    known = [KeyFacts(dead, None)]
    again = api_keys.create(ApiKeyWish("monitoring", Permission.READ), known, "admin", MACHINE, an_env())
    assert isinstance(again, NewApiKey)


def an_owner(standing: Standing = Standing.ACTIVE, permission: Permission = Permission.SYSTEM_ADMIN) -> Account:
    return replace(an_account(), id=7, standing=standing, permission=permission)


@pytest.mark.parametrize(
    ("owner", "may"),
    [
        (an_owner(), Permission.ADMIN),
        (an_owner(permission=Permission.ADMIN), Permission.ADMIN),
        (an_owner(permission=Permission.WRITE), Permission.WRITE),
        (an_owner(permission=Permission.READ), Permission.READ),
        (an_owner(Standing.DISABLED), None),
        (an_owner(Standing.DELETED), None),
        (None, None),
    ],
)
def test_a_key_may_no_more_than_who_answers_for_it(owner: Account | None, may: Permission | None) -> None:
    """min(key, owner), and nothing while the owner cannot come in; also where the owner has adopted it."""
    key = replace(created(permission=Permission.ADMIN).key, maker=7)
    assert api_keys.right(KeyFacts(key, owner), NOW) is may
    assert api_keys.is_left(KeyFacts(key, owner), NOW) is (may is None)
    adopted = replace(key, maker=None, adopted_by=7)
    assert api_keys.right(KeyFacts(adopted, owner), NOW) is may


@pytest.mark.parametrize("lifetime", [None, 365 * DAY + 1])
def test_only_the_machine_makes_a_key_without_end(lifetime: int | None) -> None:
    """A person's key ends, within a year; the machine's own may go without an end, but not beyond a year with one."""
    wish = ApiKeyWish("job", Permission.READ, lifetime)
    made = api_keys.create(wish, (), "alice", 7, an_env())
    assert isinstance(made, Refused)
    assert made.reason is Reason.INVALID_VALUE
    assert isinstance(api_keys.create(wish, (), "root", MACHINE, an_env()), NewApiKey) is (lifetime is None)


def test_a_system_administrator_adopts_a_key() -> None:
    """It gets an end where it has none; nobody less adopts, nor one who is gone; a dead key stays dead."""
    key = replace(created(lifetime=None).key, maker=None)
    assert api_keys.is_left(KeyFacts(key, None), NOW)
    change = api_keys.adopt(KeyFacts(key, None), an_owner(), "alice", an_env())
    assert isinstance(change, Change)
    assert change.steps == (AdoptApiKey(key.id, None, 7, NOW, NOW + 365 * DAY),)
    assert change.events[0].kind is EventKind.API_KEY_ADOPTED
    for less in (an_owner(Standing.DISABLED), an_owner(permission=Permission.ADMIN)):
        assert isinstance(api_keys.adopt(KeyFacts(key, None), less, "alice", an_env()), Refused)
    for over in (replace(key, revoked_at=NOW), replace(key, expires_at=NOW), replace(key, adopted_by=7)):
        assert isinstance(api_keys.adopt(KeyFacts(over, an_owner()), an_owner(), "alice", an_env()), Refused)
