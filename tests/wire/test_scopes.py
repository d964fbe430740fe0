"""Scopes: the order of the permissions, and what a scope value means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire.scopes import WORDS, Permission, parse_scope
from tests.wire.strategies import any_text

permissions = st.sampled_from(list(Permission))


def test_permissions_are_nested_in_the_vendors_order() -> None:
    """READ is the least and SYSTEM_ADMIN the most, so the smaller of two is what both allow."""
    assert sorted(Permission) == [Permission.READ, Permission.WRITE, Permission.ADMIN, Permission.SYSTEM_ADMIN]
    assert min(Permission.ADMIN, Permission.WRITE) is Permission.WRITE


@given(st.lists(permissions, min_size=1, max_size=6))
def test_the_widest_word_counts(asked: list[Permission]) -> None:
    """A list of words means its widest, in whatever order and however often (RFC 6749 3.3)."""
    assert parse_scope(" ".join(permission.name for permission in asked)) is max(asked)


@pytest.mark.parametrize(
    "text", ["", " ", "read", "Read", "READ,WRITE", "READ\tWRITE", "READ\nWRITE", "read:jira-work"]
)
def test_other_words_are_no_scope(text: str) -> None:
    """Nothing, another case, another separator and another provider's words give no permission."""
    assert parse_scope(text) is None


@given(
    permissions,
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1).filter(
        lambda t: t not in Permission.__members__
    ),
)
def test_one_unknown_word_spoils_the_list(known: Permission, unknown: str) -> None:
    """A known word beside an unknown one is refused as a whole: half of what was asked is not what was asked."""
    assert parse_scope(f"{known.name} {unknown}") is None
    assert parse_scope(f"{unknown} {known.name}") is None


@given(any_text)
def test_any_text_is_read(text: str) -> None:
    """Reading never raises, and gives a permission only for words that are all known."""
    scope = parse_scope(text)
    assert scope is None or {word for word in text.split(" ") if word} <= set(Permission.__members__)


def test_every_permission_has_words_of_ours() -> None:
    """Each permission says to a person what it allows, each in another way, and speaks of a site."""
    assert set(WORDS) == set(Permission)
    assert len(set(WORDS.values())) == len(Permission)
    assert all("site" in words and "Jira" not in words for words in WORDS.values())
