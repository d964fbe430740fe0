"""API keys: told once, found by their hash, one working key a name, revoked for ever."""

from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol import api_keys
from genkan.protocol.api_keys import ApiKeyWish, NewApiKey, works
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import AddApiKey, Change, EventKind, Refused, RevokeApiKey
from genkan.protocol.reasons import Reason
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, a_sealer, an_env


def created(**changes: Any) -> NewApiKey:
    wish = replace(ApiKeyWish("monitoring", Permission.READ), **changes)
    made = api_keys.create(wish, (), "admin", an_env())
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
    assert works(created(lifetime=lifetime).key, now) is good


def test_a_revoked_key_is_dead_for_ever() -> None:
    """It is revoked once; revoking again is told."""
    key = created().key
    change = api_keys.revoke(key, "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (RevokeApiKey(key.id, NOW),)
    gone = replace(key, revoked_at=NOW)
    assert not works(gone, NOW - DAY)
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
        ({"name": " monitoring "}, Reason.CONFLICT),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    """Bad names, no lifetime, and a name that a working key has."""
    wish = replace(ApiKeyWish("another", Permission.READ), **changes)
    refused = api_keys.create(wish, [created().key], "admin", an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize("changes", [{"revoked_at": NOW}, {"expires_at": NOW}])
def test_the_name_of_a_dead_key_is_free(changes: dict[str, Any]) -> None:
    """Rotation keeps names."""
    dead = replace(created().key, **changes)
    assert isinstance(api_keys.create(ApiKeyWish("monitoring", Permission.READ), [dead], "admin", an_env()), NewApiKey)
