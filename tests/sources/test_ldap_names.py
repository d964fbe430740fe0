"""Distinguished names: written so that no value breaks out, compared by what they mean (row 27's kind of mistake)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.sources import ldap_names as names
from genkan.sources.ldap_names import BadName


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=Admins,ou=Groups,dc=example,dc=com", "CN=admins, OU=groups,DC=Example,  dc=COM"),
        ("cn=a b", "cn=a   B"),
        ("cn=a\\,b,dc=x", "cn=a\\2cb,dc=x"),
        ("cn=x+ou=y,dc=z", "ou=Y+cn=X,dc=z"),
        ("cn=\\c3\\a9t\\c3\\a9", "cn=ÉTÉ"),
        ("cn=a,dc=x", "cn=a;dc=x"),
        ("oid.2.5.4.3=a", "2.5.4.3=a"),
        ("", "  "),
    ],
)
def test_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    """Case, spaces, escapes and the order within a level do not tell names apart."""
    assert names.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a,dc=x", "cn=a\\,dc\\=x"),
        ("cn=a,dc=x", "cn=a+dc=x"),
        ("cn=admins,ou=groups,dc=example,dc=com", "cn=admins,dc=example,dc=com"),
        ("cn=a", "sn=a"),
        ("cn=a\\00", "cn=a"),
        ("cn=a\\+b", "cn=a"),
        ("cn=admins\\,ou=groups,dc=x", "cn=admins,ou=groups,dc=x"),
        ("cn=\\ff", "cn=\\fe"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    """An escaped comma is part of a value: it never makes a name look like a deeper one."""
    assert names.parse(one) != names.parse(other)


@pytest.mark.parametrize(
    "text", ["a", "=a", "cn=a,", "cn=a,b", 'cn="a"', "cn=a\\", "cn=a\\g0", "c n=a", "cn=a\0", "cn=a+", "x=" * 5000]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """A text that is not wholly a name is equal to none, itself included."""
    with pytest.raises(BadName):
        names.parse(text)
    assert not names.same(text, text)


@given(st.text(max_size=60))
def test_an_escaped_value_stays_one_value(value: str) -> None:
    """Whatever is put into a template, the name has the levels that the template has."""
    levels = names.parse(f"uid={names.escape(value)},ou=people,dc=x")
    assert len(levels) == 3
    assert levels[1:] == names.parse("ou=people,dc=x")
    assert {attribute for attribute, _ in levels[0]} == {"uid"}


@given(st.text(alphabet='cn=,+;"\\ 0aZ#é\0', max_size=40))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    """Reading ends in a name or in BadName: never in anything else."""
    try:
        names.parse(text)
        names.first_value(text)
    except BadName:
        return


@pytest.mark.parametrize(
    ("dn", "called"), [("cn=Staff\\, all,ou=g", "Staff, all"), ("cn=a,dc=x", "a"), ("CN=\\e7\\8e\\84,dc=x", "\u7384")]
)
def test_a_group_is_called_by_its_first_part(dn: str, called: str) -> None:
    """The name of a group that people read is unescaped and keeps its case."""
    assert names.first_value(dn) == called
